/**
 * Cash in and out of an ATM: asks the bank, moves the notes, and writes down each step before it is taken (`cash.ts`). After a crash `settle`
 * brings every operation to its end: what did not come out is taken back at the bank, what lies in the bin is told it.
 */
import type { Clock } from "../../base/index.ts";
import { after, type CashEvent, type CashOperation, type Cause, eventOfCrash, isFinal, setsAside } from "./cash.ts";
import { type CashOutcome, outcomeOf, refusedHere, REVERSED_STATUSES, type Told, whyOf } from "./cash-outcome.ts";
import type { Advice, AtmJournal, JournalPage } from "./journal.ts";
import type { Dispenser, Escrow } from "./medium.ts";
import { chooseNotes, type Notes, sumOf, withNotes, withoutNotes } from "./notes.ts";

interface Stepped {
  readonly operation: CashOperation;
  readonly isOurs: boolean;
}

/** What a cash machine asks of the bank. */
export interface CashBank {
  move(operation: CashOperation, token: string): Promise<Told>;
  reverse(operation: CashOperation, cause: Cause): Promise<Told>;
  advise(advice: Advice): Promise<Told>;
}

export interface CashMachineParts {
  readonly journal: AtmJournal;
  readonly dispenser: Dispenser;
  readonly escrow: Escrow;
  readonly bank: CashBank;
  readonly clock: Pick<Clock, "wallSeconds">;
  /** This process. */
  readonly owner: string;
  /** Whether a process still sees to what it began. */
  readonly isAlive: (owner: string) => boolean;
  /** What a card may have while the bank cannot be asked, until the bank was told; in minor units. */
  readonly offlineMax: () => bigint;
}

export interface CashAsked {
  readonly key: string;
  readonly card: string;
  readonly currency: string;
  readonly amount: bigint;
  /** Of the card's session; null: its PIN was right, and the bank cannot be asked. */
  readonly token: string | null;
}

export type CountOutcome =
  /** Those were not given out; the bank is told by `settle`. */
  | { readonly kind: "counted"; readonly over: bigint; readonly notGiven: readonly CashOperation[] }
  /** The sum does not say which were given out; nothing is changed. */
  | { readonly kind: "undecided"; readonly over: bigint; readonly suspects: readonly CashOperation[] };

/** Somebody who asks again with the same key is waited for so long. */
export const PATIENCE_SECONDS = 300;
type Begun =
  | { readonly kind: "begun"; readonly operation: CashOperation }
  | { readonly kind: "over"; readonly outcome: CashOutcome };

export class CashMachine {
  readonly #parts: CashMachineParts;
  /** What this process is at. */
  readonly #active = new Set<string>();

  constructor(parts: CashMachineParts) {
    this.#parts = parts;
  }

  withdraw(asked: CashAsked): Promise<CashOutcome> {
    return this.#alone(asked.key, async () => {
      const begun = this.#begin("withdrawal", asked);
      if (begun.kind === "over") return begun.outcome;
      if (begun.operation.state === "authorised") return this.#giveOut(begun.operation);
      const { operation, outcome } = await this.#ask(begun.operation, asked.token);
      return outcome ?? this.#giveOut(operation);
    });
  }

  /** The notes lie in the escrow, counted. */
  deposit(asked: CashAsked): Promise<CashOutcome> {
    return this.#alone(asked.key, async () => {
      const begun = this.#begin("deposit", asked);
      if (begun.kind === "over") return begun.outcome;
      const { operation, outcome } = await this.#ask(begun.operation, asked.token);
      const { escrow } = this.#parts;
      if (operation.state === "accepted") await escrow.keep(operation.key);
      if (operation.state === "returned") await escrow.giveBack(operation.key);
      return outcome ?? outcomeOf(operation);
    });
  }

  /**
   * Goes on with what was left undone; what somebody may still ask again is let be for that time, and that key altogether. Says what could not
   * be done yet.
   */
  async settle(patienceSeconds = PATIENCE_SECONDS, except: string | null = null): Promise<readonly string[]> {
    const troubles: string[] = [];
    await this.#settleEscrow();
    const open = this.#parts.journal.change((page) => page.openOperations());
    const left = open.filter((found) => found.key !== except && !this.#isSeenTo(found));
    // What is certain here is written down first; then the bank is told, until it does not answer.
    const settled = left.map((found) => this.#settledHere(found, patienceSeconds));
    for (const operation of settled) {
      if (operation.state === "suspect") troubles.push(`${operation.key} is suspect: its notes are to be counted`);
      if (operation.state === "undoing") await this.#parts.escrow.keep(operation.key);
    }
    for (const operation of settled) {
      const trouble = await this.#alone(operation.key, () => this.#reverse(operation));
      if (trouble !== null) return [...troubles, trouble];
    }
    return [...troubles, ...(await this.forward())];
  }

  /** Tells the bank, in order, what moved while it could not be asked. */
  async forward(): Promise<readonly string[]> {
    const { journal, bank } = this.#parts;
    for (const advice of journal.change((page) => page.advices())) {
      const told = await bank.advise(advice);
      const isSettled = told.kind === "done" || (told.kind === "refused" && told.answer.status === "reversed-before");
      if (!isSettled) return [`advice ${advice.sequence} waits: ${whyOf(told)}`];
      journal.change((page) => {
        page.dropAdvice(advice.sequence);
        const operation = page.operation(advice.of);
        if (operation?.state === "advised") this.#put(page, operation, { kind: "told" });
      });
    }
    return [];
  }

  /**
   * All notes but deposits are in the cassettes now, and counted: what is suspect was given out or not. Without a word on which were given it
   * must follow from the sum alone. What is over (or short, below zero) cannot be explained, and stands in the result.
   */
  count(counted: readonly Notes[], given: readonly string[] | null = null): CountOutcome {
    return this.#parts.journal.change((page) => {
      const suspects = page.openOperations().filter(({ state }) => state === "suspect");
      const expected = sumOf(page.cassettes()) + page.bins().retracted;
      const over = sumOf(counted) - expected;
      const kept = given === null ? notGivenOf(suspects, over) : suspects.filter(({ key }) => !given.includes(key));
      if (kept === null) return { kind: "undecided", over, suspects };
      page.setCassettes(counted);
      page.setBins({ ...page.bins(), retracted: 0n });
      for (const suspect of suspects) this.#put(page, suspect, { kind: "counted", wasGiven: !kept.includes(suspect) });
      return { kind: "counted", over: over - kept.reduce((sum, { amount }) => sum + amount, 0n), notGiven: kept };
    });
  }

  #isSeenTo({ key, owner }: CashOperation): boolean {
    if (this.#active.has(key)) return true;
    return owner !== this.#parts.owner && this.#parts.isAlive(owner);
  }

  async #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#active.add(key);
    try {
      return await work();
    } finally {
      this.#active.delete(key);
    }
  }

  #begin(kind: CashOperation["kind"], asked: CashAsked): Begun {
    return this.#parts.journal.change((page) => {
      const found = page.operation(asked.key);
      if (page.cardRequest(asked.key) !== null)
        return { kind: "over", outcome: refusedHere("key-reused", "that key was used for something else") };
      // The bank never had it: it begins anew.
      const isNew =
        found === null || found.state === "abandoned" || (found.state === "returned" && found.answer === null);
      return isNew ? this.#beginNew(page, kind, asked) : this.#beginAgain(page, found, { ...asked, kind });
    });
  }

  #beginNew(page: JournalPage, kind: CashOperation["kind"], asked: CashAsked): Begun {
    const { key, card, currency, amount } = asked;
    const { owner, clock } = this.#parts;
    const notes = kind === "deposit" ? [] : chooseNotes(freeNotes(page), amount);
    if (notes === null)
      return { kind: "over", outcome: refusedHere("no-notes", "this ATM has no notes for exactly that amount") };
    const operation: CashOperation = {
      ...{ key, kind, card, currency, amount, notes, owner },
      state: kind === "deposit" ? "inserted" : "intent",
      ...{ cause: null, isOffline: false, wasBooked: false, isUnknown: false, answer: null },
      atSeconds: clock.wallSeconds(),
    };
    page.put(operation);
    return { kind: "begun", operation };
  }

  /** Where it was left; what the bank may have done already is not known. */
  #beginAgain(page: JournalPage, found: CashOperation, asked: CashAsked & Pick<CashOperation, "kind">): Begun {
    const isSame = found.kind === asked.kind && found.card === asked.card && found.amount === asked.amount;
    if (!isSame) return { kind: "over", outcome: refusedHere("key-reused", "that key was used for something else") };
    const isBusy = found.owner !== this.#parts.owner && this.#parts.isAlive(found.owner) && !found.isUnknown;
    if (isBusy && !isFinal(found)) return { kind: "over", outcome: { kind: "unknown", why: "it is under way" } };
    const { state } = found;
    if (state !== "intent" && state !== "inserted" && state !== "authorised")
      return { kind: "over", outcome: outcomeOf(found) };
    const operation = { ...found, owner: this.#parts.owner, isUnknown: state !== "authorised" };
    page.put(operation);
    return { kind: "begun", operation };
  }

  async #ask(
    operation: CashOperation,
    token: string | null,
  ): Promise<{ readonly operation: CashOperation; readonly outcome: CashOutcome | null }> {
    const told: Told =
      token === null
        ? { kind: "unreached", why: "the bank cannot be reached" }
        : await this.#parts.bank.move(operation, token);
    const event = this.#eventOf(operation, told);
    const { operation: next, isOurs } = this.#step(operation, event);
    if (!isOurs) return { operation: next, outcome: outcomeOf(next) };
    if (event.kind === "approved" || event.kind === "allowed-offline") return { operation: next, outcome: null };
    if (event.kind === "refused") return { operation: next, outcome: { kind: "refused", answer: event.answer } };
    return { operation: next, outcome: { kind: event.kind === "unknown" ? "unknown" : "unreached", why: whyOf(told) } };
  }

  #eventOf(operation: CashOperation, told: Told): CashEvent {
    // What an earlier try may have done is not undone by what this one meets.
    const wasAsked = operation.isUnknown;
    switch (told.kind) {
      case "done":
        return { kind: "approved", answer: told.answer };
      case "refused":
        return wasAsked && !told.byLedger ? { kind: "unknown" } : { kind: "refused", answer: told.answer };
      case "unknown":
        return { kind: "unknown" };
      default:
        if (wasAsked) return { kind: "unknown" };
        return this.#isAllowedOffline(operation)
          ? { kind: "allowed-offline", answer: { status: "ok", balance: null, message: "the bank is told later" } }
          : { kind: "unreached" };
    }
  }

  #isAllowedOffline({ kind, card, amount, key }: CashOperation): boolean {
    if (kind !== "withdrawal") return false;
    const { journal, offlineMax } = this.#parts;
    const untold = journal.change((page) => [
      ...page.advices().filter((advice) => advice.kind === "withdrawal" && advice.card === card),
      ...page.openOperations().filter((other) => other.isOffline && other.card === card && other.key !== key),
    ]);
    return untold.reduce((sum, other) => sum + other.amount, amount) <= offlineMax();
  }

  async #giveOut(authorised: CashOperation): Promise<CashOutcome> {
    const { dispenser } = this.#parts;
    const moving = this.#step(authorised, { kind: "moving" });
    if (!moving.isOurs) return outcomeOf(moving.operation);
    const presenting = moving.operation;
    const presented = await dispenser.present(presenting);
    if (presented === "unsure") return this.#end(presenting, { kind: "unsure" });
    if (presented === "nothing") return this.#takeBack(presenting, "4017");
    const shown = this.#step(presenting, { kind: "shown" }).operation;
    const taken = await dispenser.awaitTaken(shown);
    if (taken === "retracted") return this.#takeBack(shown, "4018");
    return this.#end(shown, taken === "taken" ? { kind: "taken" } : { kind: "unsure" });
  }

  #end(operation: CashOperation, event: CashEvent): CashOutcome {
    return outcomeOf(this.#step(operation, event).operation);
  }

  /** At the bank; when it cannot be told now, it is told by `settle`. */
  async #takeBack(operation: CashOperation, cause: Cause): Promise<CashOutcome> {
    const { operation: next } = this.#step(operation, { kind: "not-given", cause });
    await this.#reverse(next);
    return outcomeOf(next);
  }

  async #settleEscrow(): Promise<void> {
    const { escrow, journal } = this.#parts;
    for (const key of escrow.heldFor()) {
      if (this.#active.has(key)) continue;
      const operation = journal.change((page) => page.operation(key));
      // Without a word in the journal the bank was never asked.
      if (operation === null || operation.state === "returned") await escrow.giveBack(key);
      else if (operation.state !== "inserted") await escrow.keep(key);
    }
  }

  #settledHere(found: CashOperation, patienceSeconds: number): CashOperation {
    const event = eventOfCrash(found);
    const mayBeAskedAgain = event?.kind === "not-given";
    // A clock that was set back must not make it wait for as long as it was set back.
    const waitedSeconds = Math.abs(this.#parts.clock.wallSeconds() - found.atSeconds);
    const isWaitedFor = mayBeAskedAgain && waitedSeconds < patienceSeconds;
    return event === null || isWaitedFor ? found : this.#step(found, event).operation;
  }

  /** What could not be done, or null. */
  async #reverse(operation: CashOperation): Promise<string | null> {
    const { state, cause } = operation;
    if ((state !== "reversing" && state !== "undoing") || cause === null) return null;
    const told = await this.#parts.bank.reverse(operation, cause);
    const isReversed = told.kind === "done" || (told.kind === "refused" && REVERSED_STATUSES.has(told.answer.status));
    if (!isReversed) return `the reversal of ${operation.key} waits: ${whyOf(told)}`;
    const wasBooked = told.kind === "done" && told.moved;
    this.#step(operation, { kind: state === "reversing" ? "reversed" : "undone", wasBooked });
    return null;
  }

  /** As it is then; where another process of this ATM has taken it on meanwhile it is as that one left it, and the event is not its own. */
  #step(operation: CashOperation, event: CashEvent): Stepped {
    return this.#parts.journal.change((page) => {
      const now = page.operation(operation.key) ?? operation;
      const isOurs = now.state === operation.state && now.owner === operation.owner;
      return isOurs ? { operation: this.#put(page, now, event), isOurs } : { operation: now, isOurs };
    });
  }

  /** The next state, and what of the ATM's holdings goes with it, in one change. */
  #put(page: JournalPage, before: CashOperation, event: CashEvent): CashOperation {
    const next = after(before, event);
    page.put(next);
    const { amount, notes, key, card, currency, kind, atSeconds } = next;
    const bins = page.bins();
    if (next.state === "presenting") page.setCassettes(withoutNotes(page.cassettes(), notes));
    // None left its cassette: they count again.
    if (event.kind === "not-given" && before.state === "presenting")
      page.setCassettes(withNotes(page.cassettes(), notes));
    if (event.kind === "not-given" && before.state === "presented")
      page.setBins({ ...bins, retracted: bins.retracted + amount });
    const isKept = kind === "deposit" && before.state === "inserted" && ["accepted", "undoing"].includes(next.state);
    if (isKept) page.setBins({ ...bins, deposited: bins.deposited + amount });
    const advice = { kind, card, currency, amount, of: key, atSeconds };
    if (next.state === "advised") page.addAdvice({ ...advice, key: `${key}.advice` });
    if (next.state === "taken" && next.isOffline) page.addAdvice({ ...advice, key });
    return next;
  }
}

/** Above this the sums of all choices are too many to look at; there is one suspect for a crash. */
const SUSPECTS_MAX = 12;

/** The only ones that together are that sum; null when there are none, or several such choices. */
function notGivenOf(suspects: readonly CashOperation[], over: bigint): readonly CashOperation[] | null {
  if (suspects.length > SUSPECTS_MAX) return null;
  const choices = Array.from({ length: 1 << suspects.length }, (_, choice) =>
    suspects.filter((_suspect, i) => ((choice >> i) & 1) === 1),
  ).filter((chosen) => chosen.reduce((sum, { amount }) => sum + amount, 0n) === over);
  return choices.length === 1 ? choices[0]! : null;
}

/** Notes that no other operation has set aside. */
function freeNotes(page: JournalPage): ReturnType<JournalPage["cassettes"]> {
  const aside = page.openOperations().filter(setsAside);
  return aside.reduce((left, { notes }) => withoutNotes(left, notes), page.cassettes());
}

/** All the cash that is in the ATM, as far as its journal knows. */
export function cashIn(page: JournalPage): bigint {
  const { retracted, deposited } = page.bins();
  return sumOf(page.cassettes()) + retracted + deposited;
}
