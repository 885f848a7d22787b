/** Whether books are right: everything that can be worked out again from the entries is, and compared. Pure; a store hands in its rows. */
import { equalOctets, toHex } from "../base/index.ts";
import { type Account, accrualAccount, balanceOf } from "./account.ts";
import type { Hold } from "./books.ts";
import type { Answer } from "./command.ts";
import { CHAIN_START, chainLink, type Entry } from "./entry.ts";
import type { Currency } from "./money.ts";
import { decodeAnswer } from "./request-text.ts";
import type { Verdict } from "./store.ts";

export interface RequestMade {
  readonly key: string;
  readonly answer: Uint8Array;
  readonly entry: number | null;
}

export interface Accrued {
  readonly account: string;
  readonly amount: bigint;
  readonly isPaid: boolean;
}

export interface WholeBooks {
  readonly accounts: Iterable<Account>;
  /** In the order of the chain. */
  readonly links: Iterable<{ readonly entry: Entry; readonly link: Uint8Array }>;
  readonly holds: Iterable<Hold>;
  readonly requests: Iterable<RequestMade>;
  readonly accruals: Iterable<Accrued>;
}

/** Beyond it only their number is told. */
const FAULTS_MAX = 100;

export function verifyBooks(books: WholeBooks): Verdict {
  return new Verification().run(books);
}

type Sums = Pick<Account, "debitsPosted" | "debitsPending" | "creditsPosted" | "creditsPending">;
const SUMS = ["debitsPosted", "debitsPending", "creditsPosted", "creditsPending"] as const;

class Verification {
  readonly #faults: string[] = [];
  #faultCount = 0;
  readonly #sums = new Map<string, { -readonly [K in keyof Sums]: Sums[K] }>();
  /** Amounts of holds that nothing has ended, by key. */
  readonly #pending = new Map<string, Entry>();
  readonly #reversed = new Set<string>();
  /** Of each account's last entry. */
  readonly #lastAt = new Map<string, number>();
  readonly #entryKeys = new Map<number, string>();

  run(books: WholeBooks): Verdict {
    const head = this.#followChain(books.links);
    const { accounts, payable } = this.#compareAccounts(books.accounts);
    const holdsPending = this.#compareHolds(books.holds);
    const requests = this.#compareRequests(books.requests);
    this.#compareAccruals(books.accruals, payable);
    if (this.#faultCount > FAULTS_MAX) this.#faults.push(`and ${this.#faultCount - FAULTS_MAX} more`);
    return { entries: head.entries, accounts, requests, holdsPending, head, faults: this.#faults };
  }

  #fault(text: string): void {
    if (++this.#faultCount <= FAULTS_MAX) this.#faults.push(text);
  }

  #followChain(links: WholeBooks["links"]): { entries: number; link: Uint8Array } {
    let before: Uint8Array = CHAIN_START;
    let entries = 0;
    for (const { entry, link } of links) {
      entries++;
      const wanted = chainLink(before, entry);
      if (!equalOctets(wanted, link)) {
        this.#fault(
          `entry ${entry.number}: its link is ${toHex(link)}, and ${toHex(wanted)} follows from what stands there: it or one before was changed`,
        );
      }
      this.#followTime(entry);
      before = link;
      this.#post(entry);
    }
    return { entries, link: before };
  }

  /** Where several write at once, what happens to different accounts at about the same time may stand either way round. */
  #followTime({ number, debit, credit, atMilliseconds }: Entry): void {
    for (const account of [debit, credit]) {
      if (atMilliseconds < (this.#lastAt.get(account) ?? 0))
        this.#fault(`entry ${number} is older than the one before on account ${account}`);
      this.#lastAt.set(account, atMilliseconds);
    }
  }

  #post(entry: Entry): void {
    const { number, kind, debit, credit, amount, of, reason } = entry;
    this.#entryKeys.set(number, entry.key);
    if (amount <= 0n) this.#fault(`entry ${number}: its amount is ${amount}`);
    const sums = { debit: this.#sumsOf(debit), credit: this.#sumsOf(credit) };
    if (kind === "pending") {
      sums.debit.debitsPending += amount;
      sums.credit.creditsPending += amount;
      this.#pending.set(entry.key, entry);
      return;
    }
    if (kind === "posted" || kind === "captured") {
      sums.debit.debitsPosted += amount;
      sums.credit.creditsPosted += amount;
    }
    if (kind === "captured" || kind === "released") this.#endHold(entry, sums);
    if (reason === "reversal" && kind === "posted" && of !== null) {
      if (this.#reversed.has(of)) this.#fault(`entry ${number} reverses ${of} once more`);
      this.#reversed.add(of);
    }
  }

  #endHold(
    { number, of, amount }: Entry,
    sums: { readonly debit: { debitsPending: bigint }; readonly credit: { creditsPending: bigint } },
  ): void {
    const held = of === null ? undefined : this.#pending.get(of);
    if (held === undefined) return this.#fault(`entry ${number} ends a hold that is not pending (${of})`);
    if (amount > held.amount) this.#fault(`entry ${number} takes more than was held`);
    this.#pending.delete(held.key);
    sums.debit.debitsPending -= held.amount;
    sums.credit.creditsPending -= held.amount;
  }

  #sumsOf(account: string): { -readonly [K in keyof Sums]: Sums[K] } {
    let sums = this.#sums.get(account);
    if (sums === undefined) {
      sums = { debitsPosted: 0n, debitsPending: 0n, creditsPosted: 0n, creditsPending: 0n };
      this.#sums.set(account, sums);
    }
    return sums;
  }

  #compareAccounts(accounts: Iterable<Account>): { accounts: number; payable: ReadonlyMap<string, bigint> } {
    const totals = new Map<Currency, bigint>();
    const payable = new Map<string, bigint>();
    const seen = new Set<string>();
    for (const account of accounts) {
      seen.add(account.id);
      const sums = this.#sums.get(account.id);
      for (const name of SUMS) {
        const wanted = sums?.[name] ?? 0n;
        if (account[name] !== wanted)
          this.#fault(`account ${account.id}: ${name} is ${account[name]}, and the entries make ${wanted}`);
      }
      totals.set(account.currency, (totals.get(account.currency) ?? 0n) + balanceOf(account));
      if (account.id === accrualAccount("payable", account.currency.slice(1)))
        payable.set(account.currency, balanceOf(account));
    }
    for (const [currency, total] of totals)
      if (total !== 0n) this.#fault(`the books in ${currency} sum to ${total} and not to zero`);
    for (const id of this.#sums.keys()) if (!seen.has(id)) this.#fault(`entries name account ${id}, and there is none`);
    return { accounts: seen.size, payable };
  }

  #compareHolds(holds: Iterable<Hold>): number {
    let pending = 0;
    for (const { key, amount, state } of holds) {
      if (state !== "pending") continue;
      pending++;
      const entry = this.#pending.get(key);
      if (entry === undefined) this.#fault(`hold ${key} is pending, and its entry is ended or missing`);
      else if (entry.amount !== amount) this.#fault(`hold ${key} is ${amount}, and its entry says ${entry.amount}`);
    }
    if (pending !== this.#pending.size)
      this.#fault(`${this.#pending.size} entries hold money, and ${pending} holds are pending`);
    return pending;
  }

  #compareRequests(requests: Iterable<RequestMade>): number {
    let count = 0;
    const asked = new Set<string>();
    for (const { key, answer, entry } of requests) {
      count++;
      asked.add(key);
      const told: Answer = decodeAnswer(answer);
      if (told.entry !== entry)
        this.#fault(`request ${key}: its answer tells of entry ${told.entry}, and entry ${entry} stands for it`);
      if (entry !== null && this.#entryKeys.get(entry) !== key)
        this.#fault(`request ${key}: its entry ${entry} is not there, or another's`);
    }
    for (const [number, key] of this.#entryKeys)
      if (!asked.has(key)) this.#fault(`entry ${number}: nobody has asked for it (${key})`);
    return count;
  }

  #compareAccruals(accruals: Iterable<Accrued>, payable: ReadonlyMap<string, bigint>): void {
    let owed = 0n;
    for (const { amount, isPaid } of accruals) if (!isPaid) owed += amount;
    const booked = [...payable.values()].reduce((sum, balance) => sum + balance, 0n);
    if (owed !== booked)
      this.#fault(`interest of ${owed} millionths accrued and was not paid, and ${booked} are booked`);
  }
}
