/**
 * The books in SQLite as the ledger reads them, and its changes written there, within a transaction that the caller has begun. Accounts
 * and documents are kept in memory as they were read or written last: nobody else writes.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Account } from "./account.ts";
import type { Books, Change, Hold } from "./books.ts";
import { type DocumentKind, type DocumentOf, leavesNothing, type Versioned } from "./document.ts";
import { chainLink, type Entry } from "./entry.ts";
import { encodeAnswer } from "./request-text.ts";
import { accountFrom, amount, blob, documentFrom, entryFrom, holdFrom } from "./rows.ts";

/** Kept in memory, of each kind. */
const KEPT_MAX = 100_000;

/** A request's row. */
export interface KnownRequest {
  readonly digest: Uint8Array;
  readonly answer: Uint8Array;
}

export interface RequestRow extends KnownRequest {
  readonly key: string;
  readonly entry: number | null;
  readonly kind: string;
  /** With which it was made. */
  readonly card: string | null;
  readonly by: string;
  readonly atMilliseconds: number;
}

/** Where the chain of entries ends. */
interface ChainEnd {
  readonly number: number;
  readonly link: Uint8Array;
}

export class SqliteBooks implements Books {
  readonly #accounts = new Map<string, Account | null>();
  /** Also of what was removed: those have no value. */
  readonly #documents = new Map<string, Versioned<DocumentOf<DocumentKind> | null> | null>();
  /** By id, what `flush` has to write: an account that many requests of a group change is written once. */
  readonly #changed = new Map<string, { account: Account; readonly isNew: boolean }>();
  readonly #sql: Statements;
  #end: ChainEnd;
  #epoch: number;

  constructor(database: DatabaseSync) {
    this.#sql = statementsOf(database);
    [this.#end, this.#epoch] = this.#readEnd();
  }

  get epoch(): number {
    return this.#epoch;
  }

  get nextEntry(): number {
    return this.#end.number + 1;
  }

  /** After a transaction, or a part of one, was taken back: nothing that was kept in memory is believed. */
  forget(): void {
    this.#accounts.clear();
    this.#changed.clear();
    this.#documents.clear();
    [this.#end, this.#epoch] = this.#readEnd();
  }

  account(id: string): Account | null {
    const kept = this.#changed.get(id)?.account ?? this.#accounts.get(id);
    if (kept !== undefined) return kept;
    const row = this.#sql.account.get(id);
    return keep(this.#accounts, id, row === undefined ? null : accountFrom(row));
  }

  hold(key: string): Hold | null {
    const row = this.#sql.hold.get(key);
    return row === undefined ? null : holdFrom(row);
  }

  document<K extends DocumentKind>(what: K, id: string): Versioned<DocumentOf<K>> | null {
    const found = this.#documentAt(what, id);
    if (found === null || found.value === null) return null;
    // What stands under that kind was written as that kind.
    return found as Versioned<DocumentOf<K>>;
  }

  lastVersion(what: DocumentKind, id: string): number {
    return this.#documentAt(what, id)?.version ?? 0;
  }

  #documentAt(what: DocumentKind, id: string): Versioned<DocumentOf<DocumentKind> | null> | null {
    const place = `${what} ${id}`;
    const kept = this.#documents.get(place);
    if (kept !== undefined) return kept;
    const row = this.#sql.document.get(what, id);
    return keep(this.#documents, place, row === undefined ? null : documentFrom(row));
  }

  entryOf(key: string): Entry | null {
    const row = this.#sql.entryOf.get(key);
    return row === undefined ? null : entryFrom(row);
  }

  isReversed(key: string): boolean {
    return this.#sql.request.get(key)?.["is_reversed"] === 1n;
  }

  isKnown(key: string): boolean {
    return this.request(key) !== null;
  }

  request(key: string): KnownRequest | null {
    const row = this.#sql.request.get(key);
    return row === undefined ? null : { digest: blob(row["digest"]), answer: blob(row["answer"]) };
  }

  cardOf(key: string): string | null {
    const card = this.#sql.card.get(key)?.["card"];
    return typeof card === "string" ? card : null;
  }

  spentOn(card: string, day: number): bigint {
    return amount(this.#sql.spent.get(card, day)?.["amount"]);
  }

  hasAccrued(account: string, day: number): boolean {
    return this.#sql.accrual.get(account, day) !== undefined;
  }

  accruedBefore(account: string, day: number): bigint {
    return amount(this.#sql.accrued.get(account, day)?.["amount"]);
  }

  balanceAt(account: string, beforeMilliseconds: number): bigint {
    return amount(this.#sql.balanceAt.get(account, beforeMilliseconds)?.["balance"]);
  }

  addRequest({ key, digest, answer, entry, kind, by, atMilliseconds, card }: RequestRow): void {
    this.#sql.addRequest.run(key, digest, answer, entry, kind, by, atMilliseconds, card);
  }

  apply(change: Change, atMilliseconds: number): void {
    const sql = this.#sql;
    switch (change.kind) {
      case "account":
        return this.#putAccount(change.account);
      case "entry":
        return this.#addEntry(change.entry, change);
      case "hold": {
        const { key, debit, credit, amount: held, expiresAtMilliseconds, state } = change.hold;
        return void sql.putHold.run(key, debit, credit, held, expiresAtMilliseconds, state);
      }
      case "document": {
        const { what, id, version, value } = change;
        const isGone = value === null && leavesNothing(what);
        if (isGone) sql.removeDocument.run(what, id);
        else sql.putDocument.run(what, id, version, JSON.stringify(value), dueOf(value));
        return void keep(this.#documents, `${what} ${id}`, isGone ? null : { id, version, value });
      }
      case "spent":
        return void sql.addSpent.run(change.card, change.day, change.amount);
      case "accrued":
        return void sql.addAccrual.run(change.account, change.day, change.amount);
      case "paid":
        return void sql.payAccruals.run(change.account, change.beforeDay);
      case "reversed":
        return void sql.reverse.run(change.of);
      case "barred": {
        const answer = encodeAnswer(change.answer);
        const digest = new Uint8Array(0);
        return this.addRequest({
          key: change.key,
          digest,
          answer,
          entry: null,
          kind: "barred",
          by: "",
          atMilliseconds,
          card: null,
        });
      }
      case "epoch":
        sql.putEpoch.run(change.epoch);
        this.#epoch = change.epoch;
    }
  }

  #putAccount(account: Account): void {
    const before = this.#changed.get(account.id);
    if (before !== undefined) before.account = account;
    else this.#changed.set(account.id, { account, isNew: this.account(account.id) === null });
  }

  /** Writes the accounts that were changed; before the commit. */
  flush(): void {
    for (const { account, isNew } of this.#changed.values()) {
      const { id, holder, kind, currency, state, overdraft, withdrawalMax, interestMillionths } = account;
      const { debitsPosted, debitsPending, creditsPosted, creditsPending } = account;
      const facts = [state, overdraft, withdrawalMax, interestMillionths] as const;
      const sums = [debitsPosted, debitsPending, creditsPosted, creditsPending] as const;
      if (isNew) this.#sql.addAccount.run(id, holder, kind, currency, ...facts, ...sums);
      else this.#sql.putAccount.run(...facts, ...sums, id);
      keep(this.#accounts, id, account);
    }
    this.#changed.clear();
  }

  #addEntry(entry: Entry, { debit, credit }: { readonly debit: Account; readonly credit: Account }): void {
    const { number, key, kind, amount: moved, reason, reference, of, isFlagged, atMilliseconds } = entry;
    const link = chainLink(this.#end.link, entry);
    const what = [number, key, kind, entry.debit, entry.credit, moved, reason, reference, of] as const;
    this.#sql.addEntry.run(...what, isFlagged ? 1 : 0, atMilliseconds, link);
    const isMoving = kind === "posted" || kind === "captured";
    const add = (account: Account, by: bigint): void => {
      const balance = account.creditsPosted - account.debitsPosted;
      this.#sql.addPosting.run(account.id, atMilliseconds, number, isMoving ? by : 0n, balance);
    };
    add(debit, -moved);
    add(credit, moved);
    this.#end = { number, link };
  }

  #readEnd(): [ChainEnd, number] {
    const row = this.#sql.lastEntry.get();
    const end =
      row === undefined
        ? { number: 0, link: new Uint8Array(32) }
        : { number: Number(row["number"]), link: blob(row["link"]) };
    return [end, Number(this.#sql.epoch.get()?.["value"])];
  }

  /** Of the last request; the clock of a bank never goes back. */
  lastMilliseconds(): number {
    return Number(this.#sql.lastRequest.get()?.["at"] ?? 0n);
  }
}

/** The day on which something is to be done about it. */
const dueOf = (value: DocumentOf<DocumentKind> | null): number | null =>
  value !== null && "nextDay" in value ? value.nextDay : null;

/** The oldest makes room. Returns what is kept. */
function keep<T>(kept: Map<string, T>, id: string, value: T): T {
  if (kept.size >= KEPT_MAX && !kept.has(id)) kept.delete(kept.keys().next().value!);
  kept.set(id, value);
  return value;
}

type Statements = ReturnType<typeof statementsOf>;

function statementsOf(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => {
    const prepared = database.prepare(sql);
    prepared.setReadBigInts(true);
    return prepared;
  };
  return {
    account: statement("SELECT * FROM account WHERE id = ?"),
    hold: statement("SELECT * FROM hold WHERE key = ?"),
    document: statement("SELECT id, version, value FROM document WHERE what = ? AND id = ?"),
    entryOf: statement("SELECT entry.* FROM request JOIN entry ON entry.number = request.entry WHERE request.key = ?"),
    request: statement("SELECT digest, answer, is_reversed FROM request WHERE key = ?"),
    card: statement("SELECT card FROM request WHERE key = ?"),
    spent: statement("SELECT amount FROM spent WHERE card = ? AND day = ?"),
    accrual: statement("SELECT 1 FROM accrual WHERE account = ? AND day = ?"),
    accrued: statement("SELECT sum(amount) AS amount FROM accrual WHERE account = ? AND day < ? AND is_paid = 0"),
    balanceAt: statement(
      "SELECT balance FROM posting WHERE account = ? AND at < ? ORDER BY at DESC, entry DESC LIMIT 1",
    ),
    lastEntry: statement("SELECT number, link FROM entry ORDER BY number DESC LIMIT 1"),
    lastRequest: statement("SELECT at FROM request ORDER BY number DESC LIMIT 1"),
    epoch: statement("SELECT value FROM meta WHERE name = 'epoch'"),
    addRequest: statement(
      "INSERT INTO request (key, digest, answer, entry, is_reversed, kind, by, at, card) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)",
    ),
    addAccount: statement("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    putAccount: statement(
      `UPDATE account SET state = ?, overdraft = ?, withdrawal_max = ?, interest = ?,
       debits_posted = ?, debits_pending = ?, credits_posted = ?, credits_pending = ? WHERE id = ?`,
    ),
    addEntry: statement("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    addPosting: statement("INSERT INTO posting VALUES (?, ?, ?, ?, ?)"),
    putHold: statement("INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state"),
    putDocument: statement(
      `INSERT INTO document VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET version = excluded.version, value = excluded.value, due = excluded.due`,
    ),
    removeDocument: statement("DELETE FROM document WHERE what = ? AND id = ?"),
    addSpent: statement(
      "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
    ),
    addAccrual: statement("INSERT INTO accrual VALUES (?, ?, ?, 0)"),
    payAccruals: statement("UPDATE accrual SET is_paid = 1 WHERE account = ? AND day < ? AND is_paid = 0"),
    reverse: statement("UPDATE request SET is_reversed = 1 WHERE key = ?"),
    putEpoch: statement("UPDATE meta SET value = ? WHERE name = 'epoch'"),
  };
}
