/**
 * A bank as plainly as it can be told, written from what a bank is to do and not from `bank/ledger.ts`: no entries, no chain, no transactions;
 * a list of what happened to each account, and what it has. It is the oracle of the ledger and its stores.
 */
import type { Answer, Card, Command, LedgerRequest, Movement, NewAccount, Reason, Status } from "../../bank/index.ts";

/** Something that happened to money, or was promised. */
interface Happening {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly reason: Reason;
  readonly at: number;
  /** Only promised: moves nothing, but cannot be taken by others while it stands. */
  promise: "none" | "standing" | "over";
  readonly number: number;
  /** An entry that can be taken back: money moved in it. */
  readonly isMoney: boolean;
}

interface Terms {
  opened: NewAccount;
  state: "open" | "blocked" | "closed";
}

interface Asked {
  /** Null: barred before it came. */
  readonly command: string | null;
  readonly answer: PlainAnswer;
}

/** What an answer says, without what follows from the store. */
export type PlainAnswer = Omit<Answer, "atMilliseconds">;

interface Earned {
  readonly account: string;
  readonly day: number;
  readonly millionths: bigint;
  isPaid: boolean;
}

const DAY = 86_400_000;

export class PlainBank {
  readonly #accounts = new Map<string, Terms>();
  /** What happened to each account. */
  readonly #of = new Map<string, Happening[]>();
  readonly #has = new Map<string, bigint>();
  /** What is promised away, and to it: `from ID`, `to ID`. */
  readonly #promised = new Map<string, bigint>();
  readonly #byKey = new Map<string, Happening>();
  readonly #expiry = new Map<string, number>();
  readonly #asked = new Map<string, Asked>();
  readonly #takenBack = new Set<string>();
  readonly #papers = new Map<string, { version: number; value: unknown }>();
  /** What a card took on a day: `CARD DAY`. */
  readonly #byCard = new Map<string, bigint>();
  /** Where it was counted, by the key of what was counted. */
  readonly #dayOfCard = new Map<string, string>();
  /** Of what was promised, by the key of the request that took it. */
  readonly #promiseBehind = new Map<string, string>();
  readonly #earned = new Map<string, Earned>();
  #now = 0;
  #epoch = 0;
  #numbers = 0;

  get accounts(): readonly string[] {
    return [...this.#accounts.keys()];
  }

  /** In order of time; what the bank says. */
  ask({ key, command }: LedgerRequest, atMilliseconds: number): PlainAnswer {
    const asText = textOf(command);
    const before = this.#asked.get(key);
    if (before !== undefined)
      return before.command === null || before.command === asText ? before.answer : no("key-reused");
    this.#now = Math.max(this.#now, atMilliseconds);
    const answer = this.#do(key, command);
    this.#asked.set(key, { command: asText, answer });
    return answer;
  }

  balance(id: string): bigint {
    return this.#has.get(id) ?? 0n;
  }

  /** Undoes what came later. */
  #balanceBefore(id: string, moment: number): bigint {
    let balance = this.balance(id);
    for (const { from, amount, isMoney, at } of (this.#of.get(id) ?? []).toReversed()) {
      if (at < moment) break;
      if (isMoney) balance += from === id ? amount : -amount;
    }
    return balance;
  }

  promised(id: string, side: "from" | "to"): bigint {
    return this.#promised.get(`${side} ${id}`) ?? 0n;
  }

  #do(key: string, command: Command): PlainAnswer {
    switch (command.kind) {
      case "open-account":
        return this.#open(command.account);
      case "set-account":
        return this.#change(command);
      case "transfer":
        return this.#pay(key, command.movement, "at once");
      case "advice":
        return this.#pay(key, command.movement, "whatever it costs");
      case "hold":
        if (this.#fault(command.movement) === null && command.expiresAtMilliseconds <= this.#now)
          return no("hold-expired");
        this.#expiry.set(key, command.expiresAtMilliseconds);
        return this.#pay(key, command.movement, "later");
      case "capture":
        return this.#endPromise(key, command.hold, command.amount);
      case "release":
        return this.#endPromise(key, command.hold, null);
      case "expire": {
        const promise = this.#promiseOf(command.hold);
        const isEarly = promise?.promise === "standing" && this.#expiry.get(command.hold)! > this.#now;
        return isEarly ? no("hold-not-due") : this.#endPromise(key, command.hold, null);
      }
      case "reverse":
        return this.#takeBack(key, command);
      case "accrue":
        return this.#earn(command.account, command.day);
      case "pay-interest":
        return this.#payOut(key, command.account, command.beforeDay);
      case "set":
        return this.#write(command);
      case "take-over":
        if (command.epoch <= this.#epoch) return no("stale-epoch");
        this.#epoch = command.epoch;
        return yes({});
    }
  }

  #open(opened: NewAccount): PlainAnswer {
    if (this.#accounts.has(opened.id)) return no("account-exists");
    if (isBelowZero(opened)) return no("amount-wrong");
    this.#accounts.set(opened.id, { opened, state: "open" });
    return yes({ accounts: [this.#shown(opened.id)] });
  }

  #change(command: Extract<Command, { kind: "set-account" }>): PlainAnswer {
    const { account: id, state, overdraft, withdrawalMax, interestMillionths } = command;
    const terms = this.#accounts.get(id);
    if (terms === undefined) return no("no-such-account");
    if (terms.state === "closed") return no("account-closed");
    if (isBelowZero(command)) return no("amount-wrong");
    const isEmpty = this.balance(id) === 0n && this.promised(id, "from") === 0n && this.promised(id, "to") === 0n;
    if (state === "closed" && !isEmpty) return no("account-in-use");
    if (state === "closed") {
      const owed = this.#dueTo(id, Infinity);
      const millionths = sumOf(owed);
      if (millionths >= 1_000_000n) return no("interest-unpaid");
      if (millionths > 0n) this.#skipEntries(1);
      for (const one of owed) one.isPaid = true;
    }
    terms.opened = { ...terms.opened, overdraft, withdrawalMax, interestMillionths };
    terms.state = state;
    return yes({ accounts: [this.#shown(id)] });
  }

  #pay(key: string, movement: Movement, how: "at once" | "later" | "whatever it costs"): PlainAnswer {
    const impossible = this.#impossible(movement);
    if (impossible !== null) return no(impossible);
    const fault = this.#fault(movement);
    if (fault !== null && how !== "whatever it costs") return no(fault);
    const { debit: from, credit: to, amount, reason, card } = movement;
    const number = this.#happen({ key, from, to, amount, reason, promise: how === "later" ? "standing" : "none" });
    if (card !== null && (reason === "withdrawal" || reason === "transfer")) {
      this.#dayOfCard.set(key, this.#today(card));
      this.#byCard.set(this.#today(card), (this.#byCard.get(this.#today(card)) ?? 0n) + amount);
    }
    return yes({ entry: number, amount, accounts: [from, to].map((id) => this.#shown(id)), isFlagged: fault !== null });
  }

  /** What nobody could do. */
  #impossible({ debit, credit, amount }: Movement): Status | null {
    const [from, to] = [this.#accounts.get(debit), this.#accounts.get(credit)];
    if (from === undefined || to === undefined) return "no-such-account";
    if (debit === credit) return "same-account";
    if (from.opened.currency !== to.opened.currency) return "currency-differs";
    return amount < 1n || amount > 10n ** 15n ? "amount-wrong" : null;
  }

  /** What the bank does not let one do. */
  #fault(movement: Movement): Status | null {
    const impossible = this.#impossible(movement);
    if (impossible !== null) return impossible;
    const { debit, credit, amount, reason, card } = movement;
    for (const id of [debit, credit]) {
      const { state } = this.#accounts.get(id)!;
      if (state !== "open") return state === "blocked" ? "account-blocked" : "account-closed";
    }
    const { overdraft, withdrawalMax } = this.#accounts.get(debit)!.opened;
    if (overdraft !== null && this.balance(debit) - this.promised(debit, "from") - amount < -overdraft)
      return "insufficient-funds";
    if (reason === "withdrawal" && withdrawalMax !== null && amount > withdrawalMax) return "over-withdrawal-limit";
    return card === null ? null : this.#cardFault(card, movement);
  }

  #cardFault(id: string, { reason, amount }: Movement): Status | null {
    const card = (this.#papers.get(`card ${id}`)?.value ?? null) as Card | null;
    if (card === null) return "no-such-card";
    if (card.state !== "active") return "card-blocked";
    if (reason !== "withdrawal" && reason !== "transfer") return null;
    const spent = amount + (this.#byCard.get(this.#today(id)) ?? 0n);
    return spent > BigInt(card.dayMax) ? "over-card-limit" : null;
  }

  #today(card: string): string {
    return `${card} ${Math.floor(this.#now / DAY)}`;
  }

  #promiseOf(key: string): Happening | null {
    const happening = this.#byKey.get(key);
    return happening === undefined || happening.promise === "none" ? null : happening;
  }

  /** Keeps as much of it as that; null: none of it. */
  #endPromise(key: string, of: string, kept: bigint | null): PlainAnswer {
    const promise = this.#promiseOf(of);
    if (promise === null) return no("no-such-hold");
    if (promise.promise === "over") return no("hold-ended");
    if (kept !== null) {
      if (this.#expiry.get(of)! <= this.#now) return no("hold-expired");
      if (kept < 1n) return no("amount-wrong");
      if (kept > promise.amount) return no("over-hold");
    }
    promise.promise = "over";
    this.#promise(promise, -promise.amount);
    this.#uncount(of, promise.amount - (kept ?? 0n));
    this.#promiseBehind.set(key, of);
    const { from, to, reason } = promise;
    const amount = kept ?? promise.amount;
    const number = this.#happen({ key, from, to, amount, reason, promise: "none", isMoney: kept !== null });
    return yes({ entry: number, amount, accounts: [from, to].map((id) => this.#shown(id)) });
  }

  /** It counts against the day of no card any more. */
  #uncount(key: string, amount: bigint): void {
    const place = this.#dayOfCard.get(key);
    if (place !== undefined) this.#byCard.set(place, this.#byCard.get(place)! - amount);
  }

  #takeBack(key: string, { of, amount: wanted }: Extract<Command, { kind: "reverse" }>): PlainAnswer {
    if (of === key) return no("nothing-to-reverse");
    if (!this.#asked.has(of)) {
      this.#asked.set(of, { command: null, answer: no("reversed-before") });
      return yes({});
    }
    if (this.#promiseOf(of) !== null) return this.#endPromise(key, of, null);
    const what = this.#byKey.get(of);
    if (what === undefined || !what.isMoney) return no("nothing-to-reverse");
    if (this.#takenBack.has(of)) return no("reversed-already");
    const amount = wanted ?? what.amount;
    if (amount < 1n || amount > what.amount) return no("amount-wrong");
    this.#takenBack.add(of);
    this.#uncount(this.#promiseBehind.get(of) ?? of, amount);
    const { overdraft } = this.#accounts.get(what.to)!.opened;
    const left = this.balance(what.to) - this.promised(what.to, "from") - amount;
    const isFlagged = overdraft !== null && left < -overdraft;
    const number = this.#happen({ key, from: what.to, to: what.from, amount, reason: "reversal", promise: "none" });
    return yes({ entry: number, amount, accounts: [what.to, what.from].map((id) => this.#shown(id)), isFlagged });
  }

  #earn(id: string, day: number): PlainAnswer {
    const terms = this.#accounts.get(id);
    if (terms === undefined) return no("no-such-account");
    if (terms.state === "closed") return no("account-closed");
    if ((day + 1) * DAY > this.#now) return no("day-not-over");
    if (this.#earned.has(`${id} ${day}`)) return no("accrued-already");
    const balance = this.#balanceBefore(id, (day + 1) * DAY);
    const millionths = balance > 0n ? (balance * terms.opened.interestMillionths) / 365n : 0n;
    this.#earned.set(`${id} ${day}`, { account: id, day, millionths, isPaid: false });
    if (millionths > 0n) this.#skipEntries(1);
    return yes({ amount: millionths });
  }

  #payOut(key: string, id: string, beforeDay: number): PlainAnswer {
    const terms = this.#accounts.get(id);
    if (terms === undefined) return no("no-such-account");
    if (terms.state === "closed") return no("account-closed");
    const due = this.#dueTo(id, beforeDay);
    const millionths = sumOf(due);
    if (millionths === 0n) return no("nothing-accrued");
    for (const one of due) one.isPaid = true;
    const amount = millionths / 1_000_000n;
    this.#skipEntries((amount * 1_000_000n < millionths ? 1 : 0) + (amount > 0n ? 1 : 0));
    const from = `interest:${terms.opened.currency}`;
    if (amount > 0n) this.#happen({ key, from, to: id, amount, reason: "interest", promise: "none", isOfMany: true });
    return yes({ amount, accounts: [this.#shown(id)] });
  }

  #dueTo(id: string, beforeDay: number): readonly Earned[] {
    return [...this.#earned.values()].filter((one) => one.account === id && one.day < beforeDay && !one.isPaid);
  }

  #write({ what, id, value, ifVersion }: Extract<Command, { kind: "set" }>): PlainAnswer {
    const place = `${what} ${id}`;
    const { version, value: before } = this.#papers.get(place) ?? { version: 0, value: null };
    if (ifVersion !== null && ifVersion !== (before === null ? 0 : version)) return no("changed-meanwhile");
    this.#papers.set(place, { version: version + 1, value });
    return yes({ version: version + 1 });
  }

  /** Returns its number. */
  #happen(what: Omit<Happening, "at" | "number" | "isMoney"> & { isMoney?: boolean; isOfMany?: boolean }): number {
    const { isOfMany = false, ...rest } = what;
    const isMoney = rest.promise === "none";
    const happening = { isMoney, ...rest, at: this.#now, number: ++this.#numbers };
    const { from, to, amount, promise } = happening;
    for (const id of [from, to]) {
      const list = this.#of.get(id) ?? [];
      this.#of.set(id, list);
      list.push(happening);
    }
    if (promise === "standing") this.#promise(happening, amount);
    else if (happening.isMoney) {
      this.#has.set(from, this.balance(from) - amount);
      this.#has.set(to, this.balance(to) + amount);
    }
    if (!isOfMany) this.#byKey.set(what.key, happening);
    return happening.number;
  }

  #promise({ from, to }: Happening, amount: bigint): void {
    this.#promised.set(`from ${from}`, this.promised(from, "from") + amount);
    this.#promised.set(`to ${to}`, this.promised(to, "to") + amount);
  }

  /** Interest that accrues is booked in millionths, which are no money yet. */
  #skipEntries(count: number): void {
    this.#numbers += count;
  }

  #shown(id: string): Answer["accounts"][number] {
    const { currency, overdraft } = this.#accounts.get(id)!.opened;
    const balance = this.balance(id);
    const available = overdraft === null ? null : balance - this.promised(id, "from") + overdraft;
    return { id, currency, balance, available };
  }
}

const sumOf = (earned: readonly Earned[]): bigint => earned.reduce((sum, one) => sum + one.millionths, 0n);

const isBelowZero = (terms: Pick<NewAccount, "overdraft" | "withdrawalMax" | "interestMillionths">): boolean =>
  [terms.overdraft, terms.withdrawalMax, terms.interestMillionths].some((amount) => (amount ?? 0n) < 0n);

const NOTHING = { entry: null, amount: null, accounts: [], isFlagged: false, version: null };
const no = (status: Status): PlainAnswer => ({ status, ...NOTHING });
const yes = (what: Partial<PlainAnswer>): PlainAnswer => ({ status: "ok", ...NOTHING, ...what });

const textOf = (command: Command): string =>
  JSON.stringify(command, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
