/**
 * Asking with a key (RFC 8945 §5.4): the question is signed, and only what is signed by the same key and answers it is a reply. Such
 * questions go over TCP, where nobody can slip a wrong reply in between: so the first that is not right ends the wait, and says why.
 */
import type { Clock, Random } from "../base/index.ts";
import { type Message, signMessage, TsigError, type TsigKey, TsigVerifier, WireError } from "../dns/index.ts";
import { Asked, type Judged } from "./asked.ts";

export interface SigningParts {
  readonly clock: Clock;
  readonly random: Random;
}

export class SignedAsked extends Asked {
  readonly #clock: Clock;
  readonly #verifier: TsigVerifier;

  constructor(message: Message, key: TsigKey, { clock, random }: SigningParts) {
    super(message, random, false);
    this.#clock = clock;
    const { octets, mac } = signMessage(this.octets, key, { nowSeconds: clock.wallSeconds() });
    this.octets = octets;
    this.#verifier = new TsigVerifier(key, mac);
  }

  override get isComplete(): boolean {
    return this.#verifier.isComplete;
  }

  override judge(octets: Uint8Array): Judged {
    try {
      return super.judge(this.#verifier.verify(octets, this.#clock.wallSeconds()));
    } catch (error) {
      if (error instanceof TsigError) return { kind: "refused", reason: error.message };
      if (error instanceof WireError) return { kind: "malformed" };
      throw error;
    }
  }
}

/** The question as it goes out: signed where there is a key. */
export function askedWith(message: Message, key: TsigKey | undefined, parts: SigningParts): Asked {
  return key === undefined ? new Asked(message, parts.random, false) : new SignedAsked(message, key, parts);
}
