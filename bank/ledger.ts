/**
 * The ledger: what a command does to the books, or why not. Pure: reads what stands, says what is to change; a store applies it in
 * the same transaction. The model is TigerBeetle's (double entry, two-phase transfers, immutable entries): every entry debits one account and
 * credits another by the same amount, so the books of each currency sum to zero whatever is done.
 */
import { unreachable } from "../base/index.ts";
import { type Account, availableOf, balanceOf, emptyAccount, type NewAccount } from "./account.ts";
import type { Change, Decision, Hold } from "./books.ts";
import type { AccountChange, Command, Movement, SetDocument, Status } from "./command.ts";
import {
  answered,
  dayOf,
  type Deciding,
  done,
  entered,
  type Outcome,
  type Parties,
  posted,
  refused,
} from "./deciding.ts";
import type { Entry } from "./entry.ts";
import { changesOfClosing, decideAccrual, decidePayment } from "./interest.ts";
import { AMOUNT_MAX } from "./money.ts";

/** What a command does; whether its key is new is the store's to know before. */
export function decide(at: Deciding, command: Command): Decision {
  switch (command.kind) {
    case "open-account":
      return decideOpening(at, command.account);
    case "set-account":
      return decideAccountChange(at, command.account, command);
    case "transfer":
      return decideTransfer(at, command.movement);
    case "advice":
      return decideAdvice(at, command.movement);
    case "hold":
      return decideHold(at, command.movement, command.expiresAtMilliseconds);
    case "capture":
      return decideCapture(at, command.hold, command.amount);
    case "release":
      return decideRelease(at, command.hold, "released");
    case "expire":
      return decideExpiry(at, command.hold);
    case "reverse":
      return decideReversal(at, command);
    case "accrue":
      return decideAccrual(at, command.account, command.day);
    case "pay-interest":
      return decidePayment(at, command.account, command.beforeDay);
    case "set":
      return decideDocument(at, command);
    case "take-over":
      return decideTakeOver(at, command.epoch);
    default:
      return unreachable(command);
  }
}

function decideOpening(at: Deciding, opened: NewAccount): Decision {
  if (at.books.account(opened.id) !== null) return refused(at, "account-exists");
  if (areTermsWrong(opened)) return refused(at, "amount-wrong");
  const account = emptyAccount(opened);
  return done(at, [{ kind: "account", account }], { accounts: [account] });
}

function decideAccountChange(at: Deciding, id: string, change: AccountChange): Decision {
  const before = at.books.account(id);
  if (before === null) return refused(at, "no-such-account");
  if (before.state === "closed") return refused(at, "account-closed");
  if (areTermsWrong(change)) return refused(at, "amount-wrong");
  const { state, overdraft, withdrawalMax, interestMillionths } = change;
  const isEmpty = balanceOf(before) === 0n && before.debitsPending === 0n && before.creditsPending === 0n;
  if (state === "closed" && !isEmpty) return refused(at, "account-in-use");
  const closing = state === "closed" ? changesOfClosing(at, before) : [];
  if (closing === null) return refused(at, "interest-unpaid");
  const account = { ...before, state, overdraft, withdrawalMax, interestMillionths };
  return done(at, [...closing, { kind: "account", account }], { accounts: [account] });
}

/** Below zero a limit would let nothing out, not even what is there, and interest would be taken and not given. */
function areTermsWrong({ overdraft, withdrawalMax, interestMillionths }: Omit<AccountChange, "state">): boolean {
  return [overdraft, withdrawalMax, interestMillionths].some((amount) => amount !== null && amount < 0n);
}

function decideTransfer(at: Deciding, movement: Movement): Decision {
  const parties = partiesOf(at, movement);
  if (typeof parties === "string") return refused(at, parties);
  const fault = takingFault(parties.debit, movement.amount) ?? cardFault(at, movement);
  return fault === null ? move(at, movement, parties) : refused(at, fault);
}

/** The money is out: the rules say what is to be looked at, not whether it is booked. */
function decideAdvice(at: Deciding, movement: Movement): Decision {
  const { debit, credit } = movement;
  const accounts = { debit: at.books.account(debit), credit: at.books.account(credit) };
  const fault = movementFault(movement, accounts.debit, accounts.credit);
  if (fault !== null) return refused(at, fault);
  const parties = { debit: accounts.debit!, credit: accounts.credit! };
  const passed = [
    stateFault(parties.debit),
    stateFault(parties.credit),
    takingFault(parties.debit, movement.amount),
    cardFault(at, movement),
  ];
  return move(at, movement, { ...parties, isFlagged: passed.some((status) => status !== null) });
}

function move(at: Deciding, movement: Movement, given: Parties & { readonly isFlagged?: boolean }): Decision {
  const { isFlagged = false } = given;
  const entry = entryFor(at, movement, { kind: "posted", of: null, isFlagged });
  const parties = posted(given, movement.amount);
  return done(at, [...entered(entry, parties), ...spending(at, movement)], outcomeOf(entry, parties));
}

function decideHold(at: Deciding, movement: Movement, expiresAtMilliseconds: number): Decision {
  const given = partiesOf(at, movement);
  if (typeof given === "string") return refused(at, given);
  const fault = takingFault(given.debit, movement.amount) ?? cardFault(at, movement);
  if (fault !== null) return refused(at, fault);
  if (expiresAtMilliseconds <= at.atMilliseconds) return refused(at, "hold-expired");
  const entry = entryFor(at, movement, { kind: "pending", of: null, isFlagged: false });
  const parties = pending(given, movement.amount);
  const { debit, credit, amount } = movement;
  const hold: Hold = { key: at.key, debit, credit, amount, expiresAtMilliseconds, state: "pending" };
  const changes: Change[] = [...entered(entry, parties), { kind: "hold", hold }, ...spending(at, movement)];
  return done(at, changes, outcomeOf(entry, parties));
}

function decideCapture(at: Deciding, key: string, amount: bigint): Decision {
  const hold = at.books.hold(key);
  if (hold === null) return refused(at, "no-such-hold");
  if (hold.state !== "pending") return refused(at, "hold-ended");
  if (hold.expiresAtMilliseconds <= at.atMilliseconds) return refused(at, "hold-expired");
  if (amount <= 0n) return refused(at, "amount-wrong");
  if (amount > hold.amount) return refused(at, "over-hold");
  return endHold(at, hold, { amount, state: "captured" });
}

function decideRelease(at: Deciding, key: string, state: "released" | "expired"): Decision {
  const hold = at.books.hold(key);
  if (hold === null) return refused(at, "no-such-hold");
  if (hold.state !== "pending") return refused(at, "hold-ended");
  return endHold(at, hold, { amount: 0n, state });
}

function decideExpiry(at: Deciding, key: string): Decision {
  const hold = at.books.hold(key);
  const isEarly = hold?.state === "pending" && hold.expiresAtMilliseconds > at.atMilliseconds;
  return isEarly ? refused(at, "hold-not-due") : decideRelease(at, key, "expired");
}

/** Zero of it is posted where it is released. Accounts that were blocked meanwhile do not stand in the way: the promise was given before. */
function endHold(at: Deciding, hold: Hold, end: { readonly amount: bigint; readonly state: Hold["state"] }): Decision {
  const parties = ended(partiesNamed(at, hold), hold.amount, end.amount);
  const held = at.books.entryOf(hold.key)!;
  const entry: Entry = {
    ...held,
    number: at.books.nextEntry,
    key: at.key,
    kind: end.amount === 0n ? "released" : "captured",
    amount: end.amount === 0n ? hold.amount : end.amount,
    of: hold.key,
    atMilliseconds: at.atMilliseconds,
  };
  const changes: Change[] = [...entered(entry, parties), { kind: "hold", hold: { ...hold, state: end.state } }];
  return done(at, [...changes, ...givenBack(at, held, hold.amount - end.amount)], outcomeOf(entry, parties));
}

function decideReversal(at: Deciding, command: Extract<Command, { kind: "reverse" }>): Decision {
  const { of, amount: wanted, cause } = command;
  const { books } = at;
  if (of === at.key) return refused(at, "nothing-to-reverse");
  if (!books.isKnown(of)) {
    const answer = answered(at, "reversed-before", {});
    return done(at, [{ kind: "barred", key: of, answer }], {});
  }
  const hold = books.hold(of);
  if (hold !== null) return decideRelease(at, of, "released");
  const original = books.entryOf(of);
  if (original === null || original.kind === "released") return refused(at, "nothing-to-reverse");
  if (books.isReversed(of)) return refused(at, "reversed-already");
  const amount = wanted ?? original.amount;
  if (amount <= 0n || amount > original.amount) return refused(at, "amount-wrong");
  const { debit, credit } = original;
  const back: Movement = { debit: credit, credit: debit, amount, reason: "reversal", reference: cause, card: null };
  const given = partiesNamed(at, back);
  // What was given may be spent by now: it is taken back all the same, and somebody is to look at it.
  const isFlagged = takingFault(given.debit, amount) !== null;
  const entry = entryFor(at, back, { kind: "posted", of, isFlagged });
  const parties = posted(given, amount);
  const changes: Change[] = [...entered(entry, parties), { kind: "reversed", of }];
  return done(at, [...changes, ...givenBack(at, original, amount)], outcomeOf(entry, parties));
}

function decideDocument(at: Deciding, { what, id, value, ifVersion }: SetDocument): Decision {
  const before = at.books.document(what, id)?.version ?? 0;
  if (ifVersion !== null && ifVersion !== before) return refused(at, "changed-meanwhile");
  // One that is made again after it was removed is not taken for the one before by whoever still has that.
  const version = at.books.lastVersion(what, id) + 1;
  return done(at, [{ kind: "document", what, id, version, value }], { version });
}

function decideTakeOver(at: Deciding, epoch: number): Decision {
  if (epoch <= at.books.epoch) return refused(at, "stale-epoch");
  return done(at, [{ kind: "epoch", epoch }], {});
}

/** Both accounts, when money may move between them. */
function partiesOf(at: Deciding, movement: Movement): Parties | Status {
  const debit = at.books.account(movement.debit);
  const credit = at.books.account(movement.credit);
  const fault = movementFault(movement, debit, credit) ?? stateFault(debit!) ?? stateFault(credit!);
  return fault ?? { debit: debit!, credit: credit! };
}

function movementFault({ amount }: Movement, debit: Account | null, credit: Account | null): Status | null {
  if (debit === null || credit === null) return "no-such-account";
  if (debit.id === credit.id) return "same-account";
  if (debit.currency !== credit.currency) return "currency-differs";
  return amount <= 0n || amount > AMOUNT_MAX ? "amount-wrong" : null;
}

function stateFault({ state }: Account): Status | null {
  if (state === "open") return null;
  return state === "blocked" ? "account-blocked" : "account-closed";
}

function takingFault(debit: Account, amount: bigint): Status | null {
  const available = availableOf(debit);
  return available !== null && amount > available ? "insufficient-funds" : null;
}

/** What was asked for with a card counts against its day, and a withdrawal against the account's limit for one. */
function cardFault(at: Deciding, { card, amount, reason, debit }: Movement): Status | null {
  const withdrawalMax = at.books.account(debit)?.withdrawalMax ?? null;
  if (reason === "withdrawal" && withdrawalMax !== null && amount > withdrawalMax) return "over-withdrawal-limit";
  if (card === null) return null;
  const held = at.books.document("card", card)?.value ?? null;
  if (held === null) return "no-such-card";
  if (held.state !== "active") return "card-blocked";
  if (!isLimited(reason)) return null;
  const spent = at.books.spentOn(card, dayOf(at.atMilliseconds));
  return spent + amount > BigInt(held.dayMax) ? "over-card-limit" : null;
}

const isLimited = (reason: Movement["reason"]): boolean => reason === "withdrawal" || reason === "transfer";

function spending(at: Deciding, { card, amount, reason }: Movement): Change[] {
  if (card === null || !isLimited(reason)) return [];
  return [{ kind: "spent", card, day: dayOf(at.atMilliseconds), amount }];
}

/** What was not taken in the end counts no more against the day on which it was asked for. */
function givenBack({ books }: Deciding, entry: Entry, amount: bigint): Change[] {
  const asked = entry.kind === "captured" ? books.entryOf(entry.of!)! : entry;
  const card = books.cardOf(asked.key);
  if (card === null || amount === 0n || !isLimited(asked.reason)) return [];
  return [{ kind: "spent", card, day: dayOf(asked.atMilliseconds), amount: -amount }];
}

function partiesNamed(at: Deciding, { debit, credit }: { readonly debit: string; readonly credit: string }): Parties {
  // Accounts are never removed, so whoever stands in an entry is there.
  return { debit: at.books.account(debit)!, credit: at.books.account(credit)! };
}

function pending({ debit, credit }: Parties, amount: bigint): Parties {
  return {
    debit: { ...debit, debitsPending: debit.debitsPending + amount },
    credit: { ...credit, creditsPending: credit.creditsPending + amount },
  };
}

function ended(parties: Parties, held: bigint, captured: bigint): Parties {
  return posted(pending(parties, -held), captured);
}

function entryFor(
  at: Deciding,
  { debit, credit, amount, reason, reference }: Movement,
  rest: Pick<Entry, "kind" | "of" | "isFlagged">,
): Entry {
  const { key, atMilliseconds, books } = at;
  return { number: books.nextEntry, key, debit, credit, amount, reason, reference, atMilliseconds, ...rest };
}

function outcomeOf(entry: Entry, { debit, credit }: Parties): Outcome {
  return { entry: entry.number, amount: entry.amount, accounts: [debit, credit], isFlagged: entry.isFlagged };
}
