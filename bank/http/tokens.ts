/**
 * Tokens: who somebody is, until when, under the bank's server key (HMAC-SHA-256). Every thread and every server of the bank checks them
 * without asking anybody.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock, Random } from "../../base/index.ts";
import { BankError } from "../error.ts";

export type Role = "holder" | "teller" | "auditor" | "atm";

export interface Session {
  readonly role: Role;
  /** The holder's id, the member of staff's, the ATM's. */
  readonly subject: string;
  /** The card it was begun with; null: with a password, or it is no holder's. */
  readonly card: string | null;
  /** The account of the card. */
  readonly account: string | null;
  /** The ATM it was begun at. */
  readonly atm: string | null;
  readonly endsAtSeconds: number;
  /** Makes it the only one of its kind. */
  readonly nonce: string;
}

export interface TokenParts {
  /** 32 octets that only servers of the bank know. */
  readonly serverKey: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

/** Checked ones that are remembered. */
const KNOWN_MAX = 10_000;
const TOKEN_MAX = 1024;

export class Tokens {
  readonly #parts: TokenParts;
  readonly #known = new Map<string, Session>();
  readonly #sealSecrets = new WeakMap<Session, string>();

  constructor(parts: TokenParts) {
    this.#parts = parts;
  }

  issue(session: Omit<Session, "nonce" | "endsAtSeconds">, forSeconds: number): { token: string; session: Session } {
    const { clock, random } = this.#parts;
    const nonce = Buffer.from(random.octets(12)).toString("base64url");
    const whole = { ...session, endsAtSeconds: clock.wallSeconds() + forSeconds, nonce };
    const body = Buffer.from(JSON.stringify(whole)).toString("base64url");
    return { token: `${body}.${this.#sign(body).toString("base64url")}`, session: whole };
  }

  /** Whose it is, if it is anybody's at this time. */
  known(token: string): Session | null {
    try {
      return this.check(token);
    } catch (error) {
      if (error instanceof BankError) return null;
      throw error;
    }
  }

  /** Throws BankError "LOGIN". */
  check(token: string): Session {
    const session = this.#known.get(token) ?? this.#read(token);
    if (session.endsAtSeconds <= this.#parts.clock.wallSeconds()) {
      this.#known.delete(token);
      throw new BankError("LOGIN", "the session has ended: log in again");
    }
    return session;
  }

  /** What an ATM may seal requests of that session with, base64; told to the ATM alone, when the session begins. */
  sealSecret(session: Session): string {
    let secret = this.#sealSecrets.get(session);
    if (secret === undefined) {
      secret = createHmac("sha256", this.#parts.serverKey).update(`seal ${session.nonce}`).digest("base64");
      this.#sealSecrets.set(session, secret);
    }
    return secret;
  }

  #read(token: string): Session {
    const [body = "", signature = ""] = token.length > TOKEN_MAX ? [] : token.split(".");
    const given = Buffer.from(signature, "base64url");
    const right = this.#sign(body);
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      throw new BankError("LOGIN", "the token is not one of this bank's: log in again");
    }
    // Its signature says that `issue` wrote it.
    const session = JSON.parse(Buffer.from(body, "base64url").toString()) as Session;
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(token, session);
    return session;
  }

  #sign(body: string): Buffer {
    return createHmac("sha256", this.#parts.serverKey).update("token ").update(body).digest();
  }
}
