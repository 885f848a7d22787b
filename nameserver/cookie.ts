/**
 * DNS cookies, the server's side (RFC 7873 §5.2), in the form that servers of one anycast address can share whatever
 * their make (RFC 9018 §4). The server keeps nothing per client: a cookie is a keyed hash of the client's cookie, its
 * address and a time stamp. Which response a cookie gets is `respond.ts`'s.
 */
import { SipHash } from "../base/index.ts";
import type { ClientAddress } from "./client.ts";

export const CLIENT_COOKIE_OCTETS = 8;
/** Client cookie, version, reserved, time stamp, hash. */
export const COOKIE_OCTETS = 24;

const VERSION = 1;
const TIME_AT = 12;
const HASH_AT = 16;

/** RFC 9018 §4.3: accepted for an hour, and five minutes ahead of our clock; renewed after half an hour. */
const OLDEST_SECONDS = 3600;
const NEWEST_SECONDS = -300;
const RENEW_SECONDS = 1800;

/** - `valid`: the client was seen at its address. - `client`: no server cookie, or one that is not ours. */
export type CookieVerdict = "valid" | "client";

export class ServerCookies {
  /** The cookie to send, of COOKIE_OCTETS, after `verify`. */
  readonly cookie = new Uint8Array(COOKIE_OCTETS);
  readonly #secrets: readonly SipHash[];
  readonly #input = new Uint8Array(16 + 16);
  readonly #hash = new Uint8Array(8);

  /**
   * @param secrets 16 octets each, the first used for making cookies and all for accepting them, so that secrets can be
   *   rolled over (RFC 9018 §5): new secret second, then first, then alone.
   */
  constructor(secrets: readonly Uint8Array[]) {
    this.#secrets = secrets.map((secret) => new SipHash(secret));
  }

  /** Judges the cookie option at request[offset, offset + length) and puts the cookie to send in `cookie`. */
  verify(
    request: Uint8Array,
    offset: number,
    length: number,
    client: ClientAddress,
    wallSeconds: number,
  ): CookieVerdict {
    if (length !== COOKIE_OCTETS || request[offset + 8] !== VERSION)
      return this.#make(request, offset, client, wallSeconds);
    // Serial arithmetic, because the stamp has 32 bits (RFC 9018 §4.3).
    const ageSeconds = (wallSeconds - stampAt(request, offset + TIME_AT)) | 0;
    if (ageSeconds > OLDEST_SECONDS || ageSeconds < NEWEST_SECONDS) {
      return this.#make(request, offset, client, wallSeconds);
    }
    const secret = this.#secretOf(request, offset, client);
    if (secret < 0) return this.#make(request, offset, client, wallSeconds);
    if (secret > 0 || ageSeconds > RENEW_SECONDS) this.#make(request, offset, client, wallSeconds);
    else for (let i = 0; i < COOKIE_OCTETS; i++) this.cookie[i] = request[offset + i]!;
    return "valid";
  }

  /** Which secret made it, or -1. Octets are compared whole, so that time tells nothing. */
  #secretOf(request: Uint8Array, offset: number, client: ClientAddress): number {
    const length = this.#fillInput(request, offset, client);
    for (let i = 0; i < HASH_AT - CLIENT_COOKIE_OCTETS; i++) this.#input[8 + i] = request[offset + 8 + i]!;
    for (let secret = 0; secret < this.#secrets.length; secret++) {
      this.#secrets[secret]!.hash(this.#input, length, this.#hash, 0);
      let difference = 0;
      for (let i = 0; i < 8; i++) difference |= this.#hash[i]! ^ request[offset + HASH_AT + i]!;
      if (difference === 0) return secret;
    }
    return -1;
  }

  #make(request: Uint8Array, offset: number, client: ClientAddress, wallSeconds: number): "client" {
    const length = this.#fillInput(request, offset, client);
    const input = this.#input;
    input[8] = VERSION;
    input[9] = input[10] = input[11] = 0;
    input[12] = wallSeconds >>> 24;
    input[13] = wallSeconds >>> 16;
    input[14] = wallSeconds >>> 8;
    input[15] = wallSeconds;
    const cookie = this.cookie;
    for (let i = 0; i < HASH_AT; i++) cookie[i] = input[i]!;
    this.#secrets[0]!.hash(input, length, cookie, HASH_AT);
    return "client";
  }

  /** Client cookie and address; returns the length of the whole input. */
  #fillInput(request: Uint8Array, offset: number, client: ClientAddress): number {
    const input = this.#input;
    const address = client.octets;
    for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) input[i] = request[offset + i]!;
    for (let i = 0; i < address.length; i++) input[16 + i] = address[i]!;
    return 16 + address.length;
  }
}

function stampAt(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
}
