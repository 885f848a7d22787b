/**
 * Whether books are right: everything that can be worked out again from the entries is, and compared; what was asked for and what stands
 * under documents is `verify-requests.ts`'s. Pure; a store hands in its rows.
 */
import { equalOctets, toHex } from "../base/index.ts";
import { type Account, balanceOf } from "./account.ts";
import type { Hold } from "./books.ts";
import { CHAIN_START, chainLink, type Entry } from "./entry.ts";
import type { Currency } from "./money.ts";
import type { Verdict } from "./store.ts";
import { type DocumentKept, RequestsMade, type RequestMade } from "./verify-requests.ts";

/** What an entry did to one account. */
export interface Posting {
  readonly moved: bigint;
  readonly balance: bigint;
}

export interface Accrued {
  readonly account: string;
  readonly amount: bigint;
  readonly isPaid: boolean;
}

export interface LinkedEntry {
  readonly entry: Entry;
  readonly link: Uint8Array;
  /** Null: there is none. */
  readonly postings: { readonly debit: Posting | null; readonly credit: Posting | null };
}

export interface WholeBooks {
  readonly accounts: Iterable<Account>;
  /** In the order of the chain. */
  readonly links: Iterable<LinkedEntry>;
  /** Postings that belong to no entry. */
  readonly strays: Iterable<{ readonly account: string; readonly entry: number }>;
  readonly holds: Iterable<Hold>;
  /** Also those that were removed. */
  readonly documents: Iterable<DocumentKept>;
  /** In the order in which they were taken. */
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
  readonly #requests = new RequestsMade((text) => this.#fault(text));
  readonly #sums = new Map<string, { -readonly [K in keyof Sums]: Sums[K] }>();
  /** What was held, by key. */
  readonly #held = new Map<string, Held>();
  /** Interest that accrued and was not paid, by account, as it is booked. */
  readonly #owed = new Map<string, bigint>();
  /** Of each account's last entry. */
  readonly #lastAt = new Map<string, number>();

  run(books: WholeBooks): Verdict {
    const head = this.#followChain(books.links);
    for (const { account, entry } of books.strays)
      this.#fault(`a posting to account ${account} is of entry ${entry}, which says nothing of it`);
    const accounts = this.#compareAccounts(books.accounts);
    this.#requests.documents(books.documents);
    const holdsPending = this.#compareHolds(books.holds);
    const requests = this.#requests.compare(books.requests);
    this.#compareAccruals(books.accruals);
    if (this.#faultCount > FAULTS_MAX) this.#faults.push(`and ${this.#faultCount - FAULTS_MAX} more`);
    return { entries: head.entries, accounts, requests, holdsPending, head, faults: this.#faults };
  }

  #fault(text: string): void {
    if (++this.#faultCount <= FAULTS_MAX) this.#faults.push(text);
  }

  #followChain(links: WholeBooks["links"]): { entries: number; link: Uint8Array } {
    let before: Uint8Array = CHAIN_START;
    let entries = 0;
    for (const { entry, link, postings } of links) {
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
      this.#comparePosting(entry, { side: "debit", posting: postings.debit });
      this.#comparePosting(entry, { side: "credit", posting: postings.credit });
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
    this.#requests.entry(entry);
    this.#owe(entry);
    if (amount <= 0n) this.#fault(`entry ${number}: its amount is ${amount}`);
    const sums = { debit: this.#sumsOf(debit), credit: this.#sumsOf(credit) };
    if (kind === "pending") {
      sums.debit.debitsPending += amount;
      sums.credit.creditsPending += amount;
      this.#held.set(entry.key, { entry, end: null });
      return;
    }
    if (kind === "posted" || kind === "captured") {
      sums.debit.debitsPosted += amount;
      sums.credit.creditsPosted += amount;
    }
    if (kind === "captured" || kind === "released") this.#endHold(entry, sums);
    if (reason === "reversal" && kind === "posted" && of !== null && !this.#requests.reverse(of))
      this.#fault(`entry ${number} reverses ${of} once more`);
  }

  #comparePosting(entry: Entry, { side, posting }: { side: "debit" | "credit"; posting: Posting | null }): void {
    const { number, kind, amount } = entry;
    const account = entry[side];
    if (posting === null) return this.#fault(`entry ${number}: its posting to account ${account} is not there`);
    const { creditsPosted, debitsPosted } = this.#sumsOf(account);
    const isMoving = kind === "posted" || kind === "captured";
    const wanted = {
      moved: isMoving ? (side === "debit" ? -amount : amount) : 0n,
      balance: creditsPosted - debitsPosted,
    };
    for (const name of ["moved", "balance"] as const)
      if (posting[name] !== wanted[name])
        this.#fault(
          `entry ${number}: its posting to account ${account} says ${name} ${posting[name]}, and the entries make ${wanted[name]}`,
        );
  }

  /** Whose interest it is stands in the reference. */
  #owe({ debit, credit, amount, reference }: Entry): void {
    const before = this.#owed.get(reference) ?? 0n;
    if (credit.startsWith(PAYABLE)) this.#owed.set(reference, before + amount);
    if (debit.startsWith(PAYABLE)) this.#owed.set(reference, before - amount);
  }

  #endHold(
    entry: Entry,
    sums: { readonly debit: { debitsPending: bigint }; readonly credit: { creditsPending: bigint } },
  ): void {
    const { number, of, amount } = entry;
    const held = of === null ? undefined : this.#held.get(of);
    if (held === undefined || held.end !== null)
      return this.#fault(`entry ${number} ends a hold that is not pending (${of})`);
    if (amount > held.entry.amount) this.#fault(`entry ${number} takes more than was held`);
    held.end = entry;
    sums.debit.debitsPending -= held.entry.amount;
    sums.credit.creditsPending -= held.entry.amount;
  }

  #sumsOf(account: string): { -readonly [K in keyof Sums]: Sums[K] } {
    let sums = this.#sums.get(account);
    if (sums === undefined) {
      sums = { debitsPosted: 0n, debitsPending: 0n, creditsPosted: 0n, creditsPending: 0n };
      this.#sums.set(account, sums);
    }
    return sums;
  }

  #compareAccounts(accounts: Iterable<Account>): number {
    const totals = new Map<Currency, bigint>();
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
      this.#requests.account(account);
      const owed = this.#owed.get(account.id) ?? 0n;
      if (account.state === "closed" && owed !== 0n)
        this.#fault(`account ${account.id} is closed, and owed ${owed} millionths of interest`);
    }
    for (const [currency, total] of totals)
      if (total !== 0n) this.#fault(`the books in ${currency} sum to ${total} and not to zero`);
    for (const id of this.#sums.keys()) if (!seen.has(id)) this.#fault(`entries name account ${id}, and there is none`);
    return seen.size;
  }

  #compareHolds(holds: Iterable<Hold>): number {
    let pending = 0;
    const seen = new Set<string>();
    for (const hold of holds) {
      seen.add(hold.key);
      if (hold.state === "pending") pending++;
      const held = this.#held.get(hold.key);
      if (held === undefined) this.#fault(`hold ${hold.key}: no entry holds anything for it`);
      else this.#compareHold(hold, held);
    }
    for (const { entry } of this.#held.values())
      if (!seen.has(entry.key)) this.#fault(`entry ${entry.number} holds money, and there is no hold ${entry.key}`);
    return pending;
  }

  #compareHold(hold: Hold, { entry, end }: Held): void {
    const { key, state, expiresAtMilliseconds: expires } = hold;
    for (const name of ["debit", "credit", "amount"] as const)
      if (hold[name] !== entry[name])
        this.#fault(`hold ${key}: ${name} is ${hold[name]}, and its entry says ${entry[name]}`);
    const wanted = end === null ? "pending" : end.kind;
    // Whether somebody released it or its time came is the request's to say.
    const is = state === "expired" ? "released" : state;
    if (is !== wanted) this.#fault(`hold ${key} is ${state}, and its entries make it ${wanted}`);
    const isTooLate = end?.kind === "captured" && end.atMilliseconds >= expires;
    const isTooEarly = state === "expired" && end !== null && end.atMilliseconds < expires;
    if (isTooLate || isTooEarly)
      this.#fault(`hold ${key} ends at ${expires}, and was ${state} at ${end.atMilliseconds}`);
    this.#requests.hold(hold, entry);
  }

  #compareAccruals(accruals: Iterable<Accrued>): void {
    const unpaid = new Map<string, bigint>();
    for (const { account, amount, isPaid } of accruals)
      if (!isPaid) unpaid.set(account, (unpaid.get(account) ?? 0n) + amount);
    for (const account of new Set([...unpaid.keys(), ...this.#owed.keys()])) {
      const [accrued, booked] = [unpaid.get(account) ?? 0n, this.#owed.get(account) ?? 0n];
      if (accrued !== booked)
        this.#fault(
          `account ${account}: interest of ${accrued} millionths accrued and was not paid, and ${booked} are booked`,
        );
    }
  }
}

/** Books of interest that is owed, one for each currency. */
const PAYABLE = "payable:";

interface Held {
  readonly entry: Entry;
  /** What ended it. */
  end: Entry | null;
}
