/**
 * The address of the client whose request is being answered, as octets: transports hand it over as text (node's sockets
 * do) or as octets, and access lists, cookies and rate limits want bits. One object is reused; nothing is allocated.
 */

const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const IPV4_MAPPED_AT = 10;

export class ClientAddress {
  /** 4 octets of IPv4 or 16 of IPv6; the one or the other array, so that its length says which. */
  octets: Uint8Array;
  readonly #ipv4 = new Uint8Array(4);
  readonly #ipv6 = new Uint8Array(16);
  #text = "";

  constructor() {
    this.octets = this.#ipv4;
  }

  /** An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is read as the IPv4 address in it; a zone index (%eth0) is dropped. */
  read(text: string): void {
    if (text === this.#text) return; // Clients come in runs.
    this.#text = text;
    if (text.indexOf(":") < 0) {
      this.#readIpv4(text, 0, this.#ipv4, 0);
      this.octets = this.#ipv4;
      return;
    }
    this.#readIpv6(text);
    this.octets = this.#isMapped() ? this.#unmap() : this.#ipv6;
  }

  /** As `read`, from 4 or 16 octets. */
  readOctets(given: Uint8Array): void {
    this.#text = "";
    const octets = given.length === 4 ? this.#ipv4 : this.#ipv6;
    for (let i = 0; i < octets.length; i++) octets[i] = given[i]!;
    this.octets = octets.length === 16 && this.#isMapped() ? this.#unmap() : octets;
  }

  #readIpv4(text: string, start: number, octets: Uint8Array, at: number): void {
    let value = 0;
    let place = at;
    for (let i = start; i < text.length && place < octets.length; i++) {
      const code = text.charCodeAt(i);
      if (code === DOT) {
        octets[place++] = value;
        value = 0;
      } else if (code >= ZERO && code <= NINE) {
        value = 10 * value + code - ZERO;
      }
    }
    if (place < octets.length) octets[place] = value;
  }

  #readIpv6(text: string): void {
    const octets = this.#ipv6;
    octets.fill(0);
    let at = 0;
    let gapAt = -1;
    let value = 0;
    let digits = 0;
    let groupStart = 0;
    const end = text.indexOf("%") < 0 ? text.length : text.indexOf("%");
    for (let i = 0; i <= end && at < 16; i++) {
      const code = i < end ? text.charCodeAt(i) : COLON;
      if (code === DOT) {
        this.#readIpv4(text, groupStart, octets, at);
        at += 4;
        digits = 0;
        break;
      }
      if (code !== COLON) {
        value = ((value << 4) | hexValue(code)) & 0xffff;
        digits++;
        continue;
      }
      if (digits > 0) {
        octets[at++] = value >> 8;
        octets[at++] = value;
      } else if (i > 0 && i < end && gapAt < 0) {
        gapAt = at;
      }
      value = 0;
      digits = 0;
      groupStart = i + 1;
    }
    if (gapAt >= 0) this.#spread(gapAt, Math.min(at, 16));
  }

  /** `::` stands for as many zeros as are missing. */
  #spread(gapAt: number, end: number): void {
    const octets = this.#ipv6;
    const missing = 16 - end;
    if (missing <= 0) return;
    octets.copyWithin(gapAt + missing, gapAt, end);
    octets.fill(0, gapAt, gapAt + missing);
  }

  #isMapped(): boolean {
    const octets = this.#ipv6;
    for (let i = 0; i < IPV4_MAPPED_AT; i++) if (octets[i] !== 0) return false;
    return octets[10] === 0xff && octets[11] === 0xff;
  }

  #unmap(): Uint8Array {
    for (let i = 0; i < 4; i++) this.#ipv4[i] = this.#ipv6[12 + i]!;
    return this.#ipv4;
  }
}

function hexValue(code: number): number {
  return code <= NINE ? code - ZERO : (code | 0x20) - 0x57;
}
