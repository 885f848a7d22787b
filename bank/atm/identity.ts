/** An ATM's key (Ed25519, RFC 8032), and the headers that say and prove who asks. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Clock } from "../../base/index.ts";
import type { BankCall } from "../client/client.ts";
import { sealed, signedText } from "../http/atm-signature.ts";

export class AtmIdentity {
  readonly id: string;
  /** SPKI in base64. */
  readonly publicKey: string;
  readonly #key: KeyObject;
  readonly #clock: Pick<Clock, "wallSeconds">;

  constructor(id: string, pem: string, clock: Pick<Clock, "wallSeconds">) {
    this.id = id;
    this.#key = createPrivateKey(pem);
    this.#clock = clock;
    this.publicKey = createPublicKey(this.#key).export({ type: "spki", format: "der" }).toString("base64");
  }

  /** The call, signed anew at each try, since a signature holds for some minutes only. */
  signed(call: BankCall): BankCall {
    const signature = (text: string): string => sign(null, Buffer.from(text), this.#key).toString("base64");
    return this.#proven(call, (text) => ({ "strata-signature": signature(text) }));
  }

  /** The same within a session whose login gave that secret, which costs both sides less. */
  sealed(call: BankCall, secret: string): BankCall {
    return this.#proven(call, (text) => ({ "strata-seal": sealed(text, secret) }));
  }

  #proven(call: BankCall, proof: (text: string) => Record<string, string>): BankCall {
    const { method, path, key = "" } = call;
    const headers = (body: string): Record<string, string> => {
      const seconds = this.#clock.wallSeconds();
      const text = signedText({ method, path, seconds, key, body });
      const who = { "strata-atm": this.id, "strata-time": String(seconds) };
      return { ...call.headers?.(body), ...who, ...proof(text) };
    };
    return { ...call, headers };
  }
}

/** A new private key, PEM. */
export const makeAtmKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
