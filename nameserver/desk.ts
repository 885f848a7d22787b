/**
 * Where one request is answered: what was read of it, who sent it, and what the response is to be. There is one desk, cleared for
 * each request, so that a request costs no object. `respond.ts` says in which order things happen on it.
 */
import {
  CLASS,
  DNSSEC_OK,
  EDNS_VERSION,
  encodeExpire,
  encodeExtendedError,
  FLAG,
  MESSAGE_OCTETS_MAX,
  type Name,
  MessageWriter,
  OPT_OCTETS,
  OPTION,
  PAYLOAD_OCTETS_DEFAULT,
  RCODE,
  type RequestOutcome,
  RequestView,
  SECTION,
} from "../dns/index.ts";
import type { Peer } from "../net/index.ts";
import { ClientAddress } from "./client.ts";
import { COOKIE_OCTETS, type CookieVerdict, ServerCookies } from "./cookie.ts";
import { TRANSPORT } from "./counters.ts";
import { RESPONSE_KIND } from "./limiter.ts";

/** What stays the same for all requests. */
export interface DeskSettings {
  /** NSID's data (RFC 5001); empty when it is not told. */
  readonly nsid: Uint8Array;
  readonly cookieSecrets: readonly Uint8Array[];
  readonly payloadOctets: number;
  /** Told to TCP clients that ask (RFC 7828), in units of 100 ms. */
  readonly keepaliveUnits: number;
}

/** Longer identities are cut, so that a response of 512 octets always has room for question, NSID and cookie. */
export const NSID_OCTETS_MAX = 64;

const EMPTY = new Uint8Array(0);
const OPTION_HEAD_OCTETS = 4;
/** Label count, type, serial (RFC 9660 §2). */
const ZONEVERSION_OCTETS = 6;
const SOA_SERIAL = 0;
const EXPIRE_OCTETS = 4;

export class Desk {
  readonly view = new RequestView();
  readonly client = new ClientAddress();
  readonly cookies: ServerCookies;
  /** Writes into whichever buffer a response is to stand in. */
  readonly #ownWriter = new MessageWriter(EMPTY);
  writer: MessageWriter = this.#ownWriter;
  transport: number = TRANSPORT.UDP;
  cookie: CookieVerdict | "none" = "none";
  /** The name of the key that the request is signed with; null when it is not signed. */
  signedBy: Name | null = null;
  /** Puts a signature behind a response, `signatureOctets` of it at most; null when there is none to be. */
  sign: ((response: Uint8Array) => Uint8Array) | null = null;
  signatureOctets = 0;
  /** Whether this client may have names resolved for it: RA. */
  mayRecurse = false;

  rcode = 0;
  isAuthoritative = false;
  isTruncated = false;
  /** An extended error (RFC 8914), its whole data; empty when there is none. */
  extendedError: Uint8Array = EMPTY;
  /** See RESPONSE_KIND. */
  kind: number = RESPONSE_KIND.ERROR;
  nameHash = 0;
  /** Labels of the zone that has the question's name, for whoever asks for its version (RFC 9660); -1 when there is none to tell of. */
  zoneLabels = -1;
  zoneSerial = 0;
  /** For how long the zone is good, for a secondary that asks (RFC 7314); -1 when there is nothing to tell. */
  expireSeconds = -1;
  /** The answer leads out of the zones we hold: a referral, a name outside, an alias to one. */
  leavesZones = false;

  readonly nsid: Uint8Array;
  readonly #settings: DeskSettings;
  readonly #keepalive: Uint8Array;
  readonly #zoneVersion = new Uint8Array(ZONEVERSION_OCTETS);
  #peer: Peer | null = null;

  constructor(settings: DeskSettings) {
    this.#settings = settings;
    this.nsid = settings.nsid;
    this.cookies = new ServerCookies(settings.cookieSecrets);
    this.#keepalive = Uint8Array.of(settings.keepaliveUnits >> 8, settings.keepaliveUnits);
  }

  /** Reads the request; the response goes into that buffer. */
  open(request: Uint8Array, response: Uint8Array, peer: Peer): RequestOutcome {
    if (this.#ownWriter.octets !== response) this.#ownWriter.moveTo(response);
    if (this.writer !== this.#ownWriter) this.writer = this.#ownWriter;
    this.transport = peer.transport === "udp" ? TRANSPORT.UDP : TRANSPORT.TCP;
    this.#peer = peer;
    this.cookie = "none";
    if (this.sign !== null) this.#forgetSignature();
    this.mayRecurse = false;
    this.clear();
    return this.view.parse(request, request.length);
  }

  /** Forgets what was decided about the response. */
  clear(): void {
    this.rcode = RCODE.NOERROR;
    this.isAuthoritative = false;
    this.isTruncated = false;
    this.extendedError = EMPTY;
    this.kind = RESPONSE_KIND.ERROR;
    this.nameHash = 0;
    this.zoneLabels = -1;
    this.expireSeconds = -1;
    this.leavesZones = false;
  }

  /** The client's address as octets; read only when somebody wants to know. */
  readClient(): ClientAddress {
    const peer = this.#peer!;
    if (peer.addressOctets === undefined) this.client.read(peer.address);
    else this.client.readOctets(peer.addressOctets);
    return this.client;
  }

  /** Who asks, for as long as anybody wants to know. */
  readPeer(): Peer {
    const { address, port, transport } = this.#peer!;
    return { address, port, transport };
  }

  /** The longest response this client and transport take (RFC 6891 §6.2.3, DESIGN §8). */
  get octetsMax(): number {
    if (this.sign !== null) return this.#octetsMax - this.signatureOctets;
    return this.#octetsMax;
  }

  get #octetsMax(): number {
    if (this.transport === TRANSPORT.TCP) return MESSAGE_OCTETS_MAX;
    const { payloadOctets } = this.view;
    if (payloadOctets <= PAYLOAD_OCTETS_DEFAULT) return PAYLOAD_OCTETS_DEFAULT;
    return payloadOctets < this.#settings.payloadOctets ? payloadOctets : this.#settings.payloadOctets;
  }

  /** Begins a response with the question as it came, and room kept for OPT. */
  begin(): void {
    this.#begin(this.octetsMax);
  }

  /** As `begin`, with as much room as a message can have and a buffer of one's own. */
  beginIn(writer: MessageWriter): void {
    this.writer = writer;
    this.#begin(MESSAGE_OCTETS_MAX);
  }

  #begin(octetsMax: number): void {
    const { view, writer } = this;
    writer.beginResponse(view.octets, view.questionEnd === 0 ? 12 : view.questionEnd, octetsMax);
    if (view.hasEdns) writer.reserve(this.#optOctets());
  }

  #optOctets(): number {
    let octets = OPT_OCTETS;
    if (this.view.asksNsid && this.nsid.length > 0) octets += OPTION_HEAD_OCTETS + this.nsid.length;
    if (this.cookie !== "none") octets += OPTION_HEAD_OCTETS + COOKIE_OCTETS;
    if (this.view.asksZoneVersion) octets += OPTION_HEAD_OCTETS + ZONEVERSION_OCTETS;
    if (this.view.asksExpire) octets += OPTION_HEAD_OCTETS + EXPIRE_OCTETS;
    return octets;
  }

  /** An error, or a response with nothing in its sections: whatever they held is dropped. */
  refuse(rcode: number, infoCode: number = -1): void {
    this.clear();
    this.rcode = rcode;
    if (infoCode >= 0) this.extendedError = extendedErrorOf(infoCode);
    this.begin();
  }

  /** Ends the response: header, OPT. Returns its length. */
  finish(): number {
    const { view, writer } = this;
    writer.flags = this.#flags();
    writer.release();
    if (view.hasEdns) this.#writeOpt();
    const length = writer.finish();
    return this.sign === null ? length : this.#signed(length, this.sign);
  }

  /** A signature that there is no room for, which only one that tells of an error may be, is left out. */
  #signed(length: number, sign: NonNullable<Desk["sign"]>): number {
    const { octets } = this.writer;
    const signed = sign(octets.slice(0, length));
    if (signed.length > Math.min(octets.length, this.#octetsMax)) return length;
    octets.set(signed);
    return signed.length;
  }

  #forgetSignature(): void {
    this.signedBy = null;
    this.sign = null;
    this.signatureOctets = 0;
  }

  /** QR, the request's opcode, RD and CD, and what was decided; AD is never copied. */
  #flags(): number {
    return (
      FLAG.RESPONSE |
      (this.view.flags & (0x7800 | FLAG.RECURSION_DESIRED | FLAG.CHECKING_DISABLED)) |
      (this.isAuthoritative ? FLAG.AUTHORITATIVE : 0) |
      (this.isTruncated ? FLAG.TRUNCATED : 0) |
      (this.mayRecurse ? FLAG.RECURSION_AVAILABLE : 0) |
      (this.rcode & 15)
    );
  }

  #writeOpt(): void {
    const { view, writer } = this;
    const { nsid } = this;
    const { payloadOctets } = this.#settings;
    writer.writeOpt(payloadOctets, this.rcode >> 4, EDNS_VERSION, view.dnssecOk ? DNSSEC_OK : 0);
    if (view.asksNsid && nsid.length > 0) writer.writeOption(OPTION.NSID, nsid, 0, nsid.length);
    if (this.cookie !== "none") writer.writeOption(OPTION.COOKIE, this.cookies.cookie, 0, COOKIE_OCTETS);
    if (this.zoneLabels >= 0) this.#writeZoneVersion();
    if (this.expireSeconds >= 0)
      writer.writeOption(OPTION.EXPIRE, encodeExpire(this.expireSeconds).data, 0, EXPIRE_OCTETS);
    // What follows is welcome but never worth a truncation: written when there is room.
    if (this.extendedError.length > 0) {
      writer.writeOption(OPTION.EDE, this.extendedError, 0, this.extendedError.length);
    }
    if (view.asksKeepalive && this.transport === TRANSPORT.TCP) {
      writer.writeOption(OPTION.TCP_KEEPALIVE, this.#keepalive, 0, 2);
    }
  }

  #writeZoneVersion(): void {
    const octets = this.#zoneVersion;
    octets[0] = this.zoneLabels;
    octets[1] = SOA_SERIAL;
    for (let i = 0; i < 4; i++) octets[2 + i] = this.zoneSerial >>> (24 - 8 * i);
    this.writer.writeOption(OPTION.ZONEVERSION, octets, 0, ZONEVERSION_OCTETS);
  }
}

const extendedErrors = new Map<number, Uint8Array>();

/** Without text: the codes speak for themselves, and a REFUSED should be no longer than it must. */
function extendedErrorOf(infoCode: number): Uint8Array {
  const known = extendedErrors.get(infoCode);
  if (known !== undefined) return known;
  const { data } = encodeExtendedError({ infoCode, text: "" });
  extendedErrors.set(infoCode, data);
  return data;
}

/** Zone data is of this class; others are not served. */
export const SERVED_CLASS = CLASS.IN;

/** Records in the three sections, for tests of emptiness. */
export function recordsIn(writer: MessageWriter): number {
  return writer.count(SECTION.ANSWER) + writer.count(SECTION.AUTHORITY) + writer.count(SECTION.ADDITIONAL);
}
