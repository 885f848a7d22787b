/**
 * Whether a session still stands: its token is right, nobody has ended it, and who it belongs to is not blocked. A token is checked without asking
 * anybody; the rest is looked up at most once a second, so that it holds on every thread and server within that.
 */
import type { Clock } from "../../base/index.ts";
import { BankError } from "../error.ts";
import type { LedgerReader } from "../store.ts";
import { setDocument } from "./documents.ts";
import type { Desk } from "./parts.ts";
import type { Session, Tokens } from "./tokens.ts";

const FRESH_MILLISECONDS = 1000;
const KNOWN_MAX = 10_000;
/** One logout in so many clears away those that have run out since, at most so many. */
const CLEARING_ONE_IN = 64;
const CLEARED_MAX = 256;

export interface SessionParts {
  readonly tokens: Tokens;
  readonly reader: LedgerReader;
  readonly clock: Clock;
}

export class Sessions {
  readonly #parts: SessionParts;
  /** By nonce: until when it need not be looked up. */
  readonly #fresh = new Map<string, number>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Throws BankError "LOGIN". */
  async check(token: string): Promise<Session> {
    const { tokens, clock } = this.#parts;
    const session = tokens.check(token);
    const now = clock.now();
    if ((this.#fresh.get(session.nonce) ?? 0) > now) return session;
    this.#fresh.delete(session.nonce);
    await this.#look(session);
    if (this.#fresh.size >= KNOWN_MAX) this.#fresh.delete(this.#fresh.keys().next().value!);
    this.#fresh.set(session.nonce, now + FRESH_MILLISECONDS);
    return session;
  }

  /** Here at once, elsewhere within a second. */
  async end(desk: Desk, { nonce, endsAtSeconds, role, subject }: Session): Promise<void> {
    const value = { endsAtSeconds };
    await setDocument(desk, { what: "ended-session", id: nonce, by: `${role} ${subject}` }, { value, ifVersion: null });
    this.#fresh.delete(nonce);
    if (desk.random.below(CLEARING_ONE_IN) === 0) await clear(desk);
  }

  async #look({ role, subject, card, nonce }: Session): Promise<void> {
    const { reader } = this.#parts;
    if ((await reader.document("ended-session", nonce)) !== null) throw ended();
    if (role === "holder" && card !== null) {
      if ((await reader.document("card", card))?.value.state !== "active") throw ended();
    }
    if (role === "teller" || role === "auditor") {
      const staff = (await reader.document("staff", subject))?.value ?? null;
      if (staff === null || staff.state !== "active" || staff.role !== role) throw ended();
    }
  }
}

const ended = (): BankError => new BankError("LOGIN", "the session has ended: log in again");

/** A token that has run out need not be remembered as ended. */
async function clear(desk: Desk): Promise<void> {
  const now = desk.clock.wallSeconds();
  const over = (await desk.reader.documents("ended-session", "")).filter(({ value }) => value.endsAtSeconds < now);
  for (const { id, version } of over.slice(0, CLEARED_MAX)) {
    await setDocument(desk, { what: "ended-session", id, by: "bank" }, { value: null, ifVersion: version });
  }
}
