/** The bank as an ATM sees it: its requests in words, signed by the ATM, and what the answers mean. */
import { formatAmount } from "../money.ts";
import { type BankCall, type BankClient, type BankOutcome, messageIn } from "../client/client.ts";
import type { CardRequest } from "./card-request.ts";
import type { CardBank } from "./card-requests.ts";
import type { CashBank } from "./cash-machine.ts";
import type { Told } from "./cash-outcome.ts";
import type { CashOperation, Cause } from "./cash.ts";
import type { ChainHeadSeen, CutOver } from "./cut-over.ts";
import type { AtmIdentity } from "./identity.ts";
import type { Advice } from "./journal.ts";
import type { Notes } from "./notes.ts";

export interface AtmBankParts {
  readonly client: Pick<BankClient, "call">;
  readonly identity: AtmIdentity;
  readonly signal: AbortSignal;
}

type Words = Readonly<Record<string, unknown>>;

/** An answer, or why there is none. */
export type Answered<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly status: string; readonly message: string; readonly balance: string | null }
  | { readonly kind: "unknown" | "unreached"; readonly why: string };

export interface CardSession {
  readonly token: string;
  readonly account: string;
}

export interface AccountShown {
  readonly account: string;
  readonly currency: string;
  readonly balance: string;
  readonly available: string | null;
}

export interface StatementLine {
  readonly at: string;
  readonly reason: string;
  readonly reference: string;
  readonly amount: string;
  readonly balance: string;
}

/** Statuses of whoever looks at a request before the ledger does; the ledger's own are the closed list of `command.ts`. */
const BEFORE_LEDGER_CODES: ReadonlySet<number> = new Set([400, 401, 403, 404, 413, 415]);
/** The code with which the ledger refuses. */
const REFUSED = 409;
/** A statement on a small screen. */
export const STATEMENT_LINES = 10;

export class AtmBank implements CashBank, CardBank {
  readonly #parts: AtmBankParts;
  /** The last that was begun, and what its requests are sealed with. */
  #session: { readonly token: string; readonly seal: string } | null = null;

  constructor(parts: AtmBankParts) {
    this.#parts = parts;
  }

  /** The same key again changes nothing. */
  async enrol(key: string): Promise<Answered<{ readonly currency: string }>> {
    const { id, publicKey } = this.#parts.identity;
    const outcome = await this.#call({ method: "POST", path: "/v1/atms", body: { id, publicKey }, key });
    return read(outcome, ({ currency }) => ({ currency: textOf(currency) }));
  }

  async login(card: string, pin: string): Promise<Answered<CardSession>> {
    const outcome = await this.#call({ method: "POST", path: "/v1/login", body: { card, pin } });
    return read(outcome, ({ token, account, seal }) => {
      this.#session = { token: textOf(token), seal: textOf(seal) };
      return { token: textOf(token), account: textOf(account) };
    });
  }

  async account({ token, account }: CardSession): Promise<Answered<AccountShown>> {
    const outcome = await this.#call({ method: "GET", path: `/v1/accounts/${encodeURIComponent(account)}` }, token);
    return read(outcome, ({ currency, balance, available }) => ({
      account,
      currency: textOf(currency),
      balance: textOf(balance),
      available: textOrNull(available),
    }));
  }

  /** The last lines, oldest first. */
  async statement({ token, account }: CardSession): Promise<Answered<readonly StatementLine[]>> {
    const path = `/v1/accounts/${encodeURIComponent(account)}/statement?format=json`;
    return read(await this.#call({ method: "GET", path }, token), ({ lines }) =>
      (Array.isArray(lines) ? lines : []).filter(isWords).map(lineOf).slice(-STATEMENT_LINES),
    );
  }

  async transfer(token: string, { key, amount, to }: Pick<CardRequest, "key" | "amount" | "to">): Promise<Told> {
    return told(await this.#call({ method: "POST", path: "/v1/transfers", body: { amount, to }, key }, token));
  }

  async changePin(
    token: string,
    { key, ...body }: { readonly key: string; readonly old: string; readonly new: string },
  ): Promise<Told> {
    return told(await this.#call({ method: "POST", path: "/v1/pin", body, key }, token));
  }

  async outcome(key: string): Promise<Told | { readonly kind: "not-arrived" }> {
    const path = `/v1/requests?key=${encodeURIComponent(key)}`;
    const outcome = await this.#call({ method: "GET", path });
    if (outcome.kind === "answered" && outcome.code === 404) return { kind: "not-arrived" };
    // What was refused is told as such, by a request that went well.
    const status = outcome.kind === "answered" && isWords(outcome.body) ? outcome.body["status"] : null;
    const isRefused = outcome.kind === "answered" && outcome.code === 200 && status !== "ok";
    return told(isRefused ? { ...outcome, code: REFUSED } : outcome);
  }

  undo(key: string): Promise<Told> {
    return this.#reverse(key, "4021");
  }

  /** Tells that so much is in the cassettes that came from the vault. */
  async tellLoad(asked: {
    readonly key: string;
    readonly amount: string;
    readonly cassettes: readonly Notes[];
  }): Promise<Answered<null>> {
    const { key, amount } = asked;
    const cassettes = asked.cassettes.map(({ denomination, count }) => ({ denomination: String(denomination), count }));
    const body = { atm: this.#parts.identity.id, amount, cassettes };
    return read(await this.#call({ method: "POST", path: "/v1/cash-loads", body, key }), () => null);
  }

  async reconcile(count: CutOver): Promise<Answered<Words>> {
    const path = `/v1/atms/${encodeURIComponent(this.#parts.identity.id)}/reconciliation`;
    return read(await this.#call({ method: "POST", path, body: count }), (body) => body);
  }

  /** Where the bank's chain of entries ends. */
  async head(): Promise<Answered<ChainHeadSeen>> {
    return read(await this.#call({ method: "GET", path: "/v1/bank" }), ({ entries, head }) => ({
      entries: typeof entries === "number" ? entries : 0,
      link: textOf(head),
    }));
  }

  async move(operation: CashOperation, token: string): Promise<Told> {
    const path = operation.kind === "withdrawal" ? "/v1/withdrawals" : "/v1/deposits";
    const body = { amount: amountText(operation) };
    return told(await this.#call({ method: "POST", path, body, key: operation.key }, token));
  }

  reverse({ key }: CashOperation, cause: Cause): Promise<Told> {
    return this.#reverse(key, cause);
  }

  async #reverse(key: string, cause: Cause): Promise<Told> {
    const body = { of: key, cause };
    return told(await this.#call({ method: "POST", path: "/v1/reversals", body, key: `${key}.reverse` }));
  }

  async advise(advice: Advice): Promise<Told> {
    const { sequence, kind, card, key, atSeconds } = advice;
    const body = { sequence, kind, card, amount: amountText(advice), key, atSeconds };
    const path = `/v1/atms/${encodeURIComponent(this.#parts.identity.id)}/advices`;
    return told(await this.#call({ method: "POST", path, body, key }));
  }

  #call(call: BankCall, token: string | null = null): Promise<BankOutcome> {
    const { client, identity, signal } = this.#parts;
    const authorization = token === null ? {} : { headers: () => ({ authorization: `Bearer ${token}` }) };
    const whole = { ...call, ...authorization };
    const seal = this.#session?.token === token ? this.#session.seal : null;
    return client.call(seal === null ? identity.signed(whole) : identity.sealed(whole, seal), signal);
  }
}

const amountText = ({ amount, currency }: Pick<CashOperation, "amount" | "currency">): string =>
  formatAmount(amount, currency);

function read<T>(outcome: BankOutcome, decode: (body: Words) => T): Answered<T> {
  if (outcome.kind !== "answered") return { kind: outcome.kind, why: outcome.reason };
  const body = isWords(outcome.body) ? outcome.body : {};
  if (outcome.code < 300) return { kind: "done", value: decode(body) };
  return { kind: "refused", ...refusalOf(body, outcome.code) };
}

function told(outcome: BankOutcome): Told {
  if (outcome.kind !== "answered") return { kind: outcome.kind, why: outcome.reason };
  const body = isWords(outcome.body) ? outcome.body : {};
  const balance = textOrNull(body["balance"]);
  if (outcome.code < 300)
    return { kind: "done", answer: { status: "ok", balance, message: null }, moved: typeof body["entry"] === "number" };
  const answer = refusalOf(body, outcome.code);
  return { kind: "refused", answer, byLedger: !BEFORE_LEDGER_CODES.has(outcome.code) };
}

function refusalOf(body: Words, code: number): { status: string; message: string; balance: string | null } {
  const status = textOrNull(body["status"]) ?? `code-${code}`;
  return { status, message: messageIn(body) ?? status, balance: textOrNull(body["balance"]) };
}

const lineOf = (line: Words): StatementLine => ({
  at: textOf(line["at"]),
  reason: textOf(line["reason"]),
  reference: textOf(line["reference"]),
  amount: textOf(line["amount"]),
  balance: textOf(line["balance"]),
});

const isWords = (value: unknown): value is Words => typeof value === "object" && value !== null;
const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
const textOf = (value: unknown): string => (typeof value === "number" ? String(value) : (textOrNull(value) ?? ""));
