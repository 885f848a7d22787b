/**
 * Interest: accrued for each day in millionths of a minor unit, in books of their own (`cost` against `payable`), and paid out in whole minor
 * units; what rounding leaves of it goes to `residue`, so that nothing is made or lost.
 */
import { type Account, accrualAccount, emptyAccount, internalAccount, internalOf } from "./account.ts";
import type { Change, Decision } from "./books.ts";
import type { Movement } from "./command.ts";
import type { Entry } from "./entry.ts";
import { DAY_MILLISECONDS, type Deciding, dayOf, done, entered, posted, refused } from "./deciding.ts";
import { type Currency, MILLIONTHS } from "./money.ts";

const DAYS_A_YEAR = 365n;

export function decideAccrual(at: Deciding, id: string, day: number): Decision {
  const { books } = at;
  const account = books.account(id);
  if (account === null) return refused(at, "no-such-account");
  // What accrued to a closed one would never be paid.
  if (account.state === "closed") return refused(at, "account-closed");
  if (day >= dayOf(at.atMilliseconds)) return refused(at, "day-not-over");
  if (books.hasAccrued(id, day)) return refused(at, "accrued-already");
  const balance = books.balanceAt(id, (day + 1) * DAY_MILLISECONDS);
  // Minor units times millionths a year: millionths of a minor unit a year. Who owes the bank is not paid for it.
  const amount = balance <= 0n ? 0n : (balance * account.interestMillionths) / DAYS_A_YEAR;
  const accrued: Change = { kind: "accrued", account: id, day, amount };
  if (amount === 0n) return done(at, [accrued], { amount });
  const writing = new Writing(at);
  writing.move(accrualMovement(account, { from: "cost", to: "payable" }, amount));
  return done(at, [...writing.changes, accrued], { amount });
}

export function decidePayment(at: Deciding, id: string, beforeDay: number): Decision {
  const { books } = at;
  const account = books.account(id);
  if (account === null) return refused(at, "no-such-account");
  if (account.state === "closed") return refused(at, "account-closed");
  const accrued = books.accruedBefore(id, beforeDay);
  if (accrued === 0n) return refused(at, "nothing-accrued");
  const whole = accrued / MILLIONTHS;
  const residue = accrued % MILLIONTHS;
  const writing = new Writing(at);
  if (residue > 0n) writing.move(accrualMovement(account, { from: "payable", to: "residue" }, residue));
  if (whole > 0n) {
    writing.move(accrualMovement(account, { from: "payable", to: "paid" }, whole * MILLIONTHS));
    const debit = internalAccount("interest", account.currency);
    writing.move({ debit, credit: id, amount: whole, reason: "interest", reference: "interest", card: null });
  }
  const paid: Change = { kind: "paid", account: id, beforeDay };
  return done(at, [...writing.changes, paid], { amount: whole, accounts: [writing.account(id, account.currency)] });
}

/**
 * What goes with the closing of an account: less than a minor unit that it is owed cannot be paid and is left to the bank (`residue`). Null where
 * more is owed, which is to be paid out first.
 */
export function changesOfClosing(at: Deciding, account: Account): readonly Change[] | null {
  const beforeDay = dayOf(at.atMilliseconds);
  const owed = at.books.accruedBefore(account.id, beforeDay);
  if (owed >= MILLIONTHS) return null;
  if (owed === 0n) return [];
  const writing = new Writing(at);
  writing.move(accrualMovement(account, { from: "payable", to: "residue" }, owed));
  return [...writing.changes, { kind: "paid", account: account.id, beforeDay }];
}

type AccrualRole = Parameters<typeof accrualAccount>[0];

function accrualMovement(
  { id, currency }: Account,
  { from, to }: { readonly from: AccrualRole; readonly to: AccrualRole },
  amount: bigint,
): Movement {
  const debit = accrualAccount(from, currency);
  const credit = accrualAccount(to, currency);
  return { debit, credit, amount, reason: "interest", reference: id, card: null };
}

/** Several entries of one request: each stands on those before. Internal accounts are made as they are needed. */
class Writing {
  readonly changes: Change[] = [];
  readonly #at: Deciding;
  readonly #accounts = new Map<string, Account>();
  #entries = 0;

  constructor(at: Deciding) {
    this.#at = at;
  }

  account(id: string, currency: Currency): Account {
    return this.#accounts.get(id) ?? this.#at.books.account(id) ?? emptyAccount(internalOf(id, currency));
  }

  move({ debit, credit, amount, reason, reference }: Movement): void {
    const { key, books, atMilliseconds } = this.#at;
    const currencyOf = (id: string): Currency => id.slice(id.lastIndexOf(":") + 1);
    const creditCurrency = this.#at.books.account(credit)?.currency ?? currencyOf(credit);
    const parties = posted(
      { debit: this.account(debit, currencyOf(debit)), credit: this.account(credit, creditCurrency) },
      amount,
    );
    this.#accounts.set(debit, parties.debit).set(credit, parties.credit);
    const entry: Entry = {
      number: books.nextEntry + this.#entries++,
      key,
      kind: "posted",
      debit,
      credit,
      amount,
      reason,
      reference,
      of: null,
      isFlagged: false,
      atMilliseconds,
    };
    this.changes.push(...entered(entry, parties));
  }
}
