/**
 * PINs and passwords: argon2id (RFC 9106) over an HMAC with the server key, so that neither the database alone nor the key alone is enough to
 * try them. The work is done outside the event loop, a few at once.
 */
import { argon2, createHmac, timingSafeEqual } from "node:crypto";
import { BankError } from "../error.ts";

/** RFC 9106 §4 leaves room; these cost about 15 ms and 19 MiB, as OWASP advises at least. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_OCTETS = 32;
/** More would hold the memory of as many. */
const AT_ONCE_MAX = 4;
const WAITING_MAX = 256;

export class Pins {
  readonly #serverKey: Uint8Array;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(serverKey: Uint8Array) {
    this.#serverKey = serverKey;
  }

  /** The same for the same seed, so that a request that is asked again makes the same hash. */
  saltFor(seed: string): Uint8Array {
    return createHmac("sha256", this.#serverKey).update(`salt ${seed}`).digest().subarray(0, 16);
  }

  /** @param whose What the secret belongs to, a card's number for instance: a hash that is moved to another one does not fit. */
  async hash(whose: string, secret: string, salt: Uint8Array): Promise<string> {
    const tag = await this.#argon(whose, secret, salt);
    const parameters = `m=${MEMORY_KIB},t=${PASSES},p=1`;
    return `$argon2id$v=19$${parameters}$${base64(salt)}$${base64(tag)}`;
  }

  async matches(whose: string, secret: string, hash: string): Promise<boolean> {
    const [, , , , salt = "", tag = ""] = hash.split("$");
    const wanted = Buffer.from(tag, "base64");
    const found = await this.#argon(whose, secret, Buffer.from(salt, "base64"));
    return wanted.length === found.length && timingSafeEqual(wanted, found);
  }

  /** Takes as long as `matches`, for where there is nothing to compare with. */
  async matchesNothing(secret: string): Promise<false> {
    await this.#argon("nobody", secret, new Uint8Array(16));
    return false;
  }

  async #argon(whose: string, secret: string, nonce: Uint8Array): Promise<Buffer> {
    await this.#turn();
    const message = createHmac("sha256", this.#serverKey).update(`pin ${whose} `).update(secret).digest();
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const work = { message, nonce, parallelism: 1, tagLength: TAG_OCTETS, memory: MEMORY_KIB, passes: PASSES };
    argon2("argon2id", work, (error, tag) => {
      this.#running--;
      this.#waiting.shift()?.();
      if (error === null) resolve(tag);
      else reject(error);
    });
    return promise;
  }

  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new BankError("STORE", "too many log in at once: try again later");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString("base64").replace(/=+$/, "");
