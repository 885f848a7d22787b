/** Asks the bank for what moves no cash (`card-request.ts`), and sees to what was left undone. */
import type { Clock } from "../../base/index.ts";
import type { Answered } from "./atm-bank.ts";
import type { CardRequest } from "./card-request.ts";
import { PATIENCE_SECONDS } from "./cash-machine.ts";
import { REVERSED_STATUSES, type Told, whyOf } from "./cash-outcome.ts";
import type { AtmJournal, JournalPage } from "./journal.ts";

/** What is asked of the bank. */
export interface CardBank {
  transfer(token: string, request: Pick<CardRequest, "key" | "to" | "amount">): Promise<Told>;
  changePin(token: string, asked: { readonly key: string; readonly old: string; readonly new: string }): Promise<Told>;
  /** What became of a request of this ATM. */
  outcome(key: string): Promise<Told | { readonly kind: "not-arrived" }>;
  undo(key: string): Promise<Told>;
}

export interface CardRequestsParts {
  readonly journal: AtmJournal;
  readonly bank: CardBank;
  readonly clock: Pick<Clock, "wallSeconds">;
  /** This process. */
  readonly owner: string;
  /** Whether a process still sees to what it began. */
  readonly isAlive: (owner: string) => boolean;
}

interface Wish {
  readonly key: string;
  readonly card: string;
  readonly token: string;
}

type Balance = Answered<{ readonly balance: string | null }>;

export class CardRequests {
  readonly #parts: CardRequestsParts;
  /** What this process is at. */
  readonly #active = new Set<string>();

  constructor(parts: CardRequestsParts) {
    this.#parts = parts;
  }

  transfer(wish: Wish & { readonly to: string; readonly amount: string }): Promise<Balance> {
    const { key, card, token, to, amount } = wish;
    const ask = (): Promise<Told> => this.#parts.bank.transfer(token, { key, to, amount });
    return this.#carryOut({ key, kind: "transfer", card, to, amount }, ask);
  }

  changePin(wish: Wish & { readonly old: string; readonly new: string }): Promise<Balance> {
    const { key, card, token, old, new: wanted } = wish;
    const ask = (): Promise<Told> => this.#parts.bank.changePin(token, { key, old, new: wanted });
    return this.#carryOut({ key, kind: "pin", card, to: "", amount: "" }, ask);
  }

  /** An earlier try under that key may have been carried out. */
  isOpen(key: string): boolean {
    return this.#parts.journal.change((page) => page.cardRequest(key)?.state === "asked");
  }

  /** What nobody asked for again in that time is found out, or not done any more. Says what could not be done yet. */
  async settle(patienceSeconds = PATIENCE_SECONDS, except: string | null = null): Promise<readonly string[]> {
    const { journal, clock } = this.#parts;
    const open = journal.change((page) => page.openCardRequests());
    for (const request of open) {
      // A clock that was set back must not make it wait for as long as it was set back.
      const isWaitedFor = Math.abs(clock.wallSeconds() - request.atSeconds) < patienceSeconds;
      if (request.key === except || isWaitedFor || this.#isSeenTo(request)) continue;
      const why = await this.#alone(request.key, () => this.#findOut(request));
      if (why !== null) return [`${request.kind} ${request.key} waits: ${why}`];
    }
    return [];
  }

  #isSeenTo({ key, owner, isUnknown }: CardRequest): boolean {
    if (this.#active.has(key)) return true;
    return owner !== this.#parts.owner && this.#parts.isAlive(owner) && !isUnknown;
  }

  async #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#active.add(key);
    try {
      return await work();
    } finally {
      this.#active.delete(key);
    }
  }

  #carryOut(
    asked: Pick<CardRequest, "key" | "kind" | "card" | "to" | "amount">,
    ask: () => Promise<Told>,
  ): Promise<Balance> {
    return this.#alone(asked.key, async () => {
      const begun = this.#parts.journal.change((page) => this.#begin(page, asked));
      if ("outcome" in begun) return begun.outcome;
      return this.#take(begun, await ask());
    });
  }

  #begin(
    page: JournalPage,
    asked: Pick<CardRequest, "key" | "kind" | "card" | "to" | "amount">,
  ): CardRequest | { readonly outcome: Balance } {
    const { owner, clock, isAlive } = this.#parts;
    const found = page.cardRequest(asked.key);
    const isSame = (["kind", "card", "to", "amount"] as const).every((name) => found?.[name] === asked[name]);
    if (page.operation(asked.key) !== null || (found !== null && !isSame))
      return { outcome: refusedHere("key-reused", "that key was used for something else") };
    if (found?.state === "done" || found?.state === "refused" || found?.state === "undone")
      return { outcome: outcomeOf(found) };
    const isBusy = found?.state === "asked" && found.owner !== owner && isAlive(found.owner) && !found.isUnknown;
    if (isBusy) return { outcome: { kind: "unknown", why: "it is under way" } };
    // One that was left asked for may have come to the bank.
    const isUnknown = found?.state === "asked" || (found?.isUnknown ?? false);
    const atSeconds = clock.wallSeconds();
    const request: CardRequest = { ...asked, state: "asked", isUnknown, owner, atSeconds, answer: null };
    page.putCardRequest(request);
    return request;
  }

  #take(request: CardRequest, told: Told): Balance {
    // What an earlier try may have done is not undone by what this one meets.
    const { isUnknown } = request;
    if (told.kind === "done") return this.#end(request, { state: "done", answer: told.answer });
    if (told.kind === "refused" && told.byLedger) return this.#end(request, { state: "refused", answer: told.answer });
    if (told.kind === "unknown" || isUnknown) {
      this.#put({ ...request, isUnknown: true });
      return { kind: "unknown", why: whyOf(told) };
    }
    this.#put({ ...request, state: "left" });
    return told.kind === "refused" ? refusedBy(told.answer) : { kind: "unreached", why: told.why };
  }

  #end(request: CardRequest, end: Pick<CardRequest, "state" | "answer">): Balance {
    return outcomeOf(this.#put({ ...request, ...end, isUnknown: false }));
  }

  /** Null: it is known now. A change of PIN is the holder's to ask for again: nobody else has the PINs. */
  async #findOut(request: CardRequest): Promise<string | null> {
    const { bank } = this.#parts;
    if (request.kind === "pin") {
      this.#put({ ...request, state: "left", isUnknown: true });
      return null;
    }
    const found = await bank.outcome(request.key);
    if (found.kind === "done" || (found.kind === "refused" && found.byLedger)) {
      this.#put({ ...request, state: found.kind, isUnknown: false, answer: found.answer });
      return null;
    }
    if (found.kind !== "not-arrived") return whyOf(found);
    // It may still be on its way, and whoever asked has gone.
    const undone = await bank.undo(request.key);
    const isUndone =
      undone.kind === "done" || (undone.kind === "refused" && REVERSED_STATUSES.has(undone.answer.status));
    if (!isUndone) return whyOf(undone);
    this.#put({ ...request, state: "undone", isUnknown: false });
    return null;
  }

  /** Where another process has taken it on meanwhile it is as that one leaves it. */
  #put(request: CardRequest): CardRequest {
    return this.#parts.journal.change((page) => {
      const now = page.cardRequest(request.key);
      if (now !== null && (now.state !== "asked" || now.owner !== request.owner)) return now;
      page.putCardRequest(request);
      return request;
    });
  }
}

const refusedHere = (status: string, message: string): Balance => ({ kind: "refused", status, message, balance: null });

const refusedBy = ({ status, message, balance }: NonNullable<CardRequest["answer"]>): Balance => ({
  kind: "refused",
  status,
  message: message ?? status,
  balance,
});

function outcomeOf({ state, answer }: CardRequest): Balance {
  if (state === "done") return { kind: "done", value: { balance: answer?.balance ?? null } };
  if (state === "refused" && answer !== null) return refusedBy(answer);
  if (state === "undone") return refusedHere("reversed", "nobody asked for it again in time, so that it was not done");
  return { kind: "unknown", why: "it is under way" };
}
