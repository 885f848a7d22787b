/**
 * What a bank does by the clock: holds end, interest accrues for each day and is paid out for each month, standing orders run. Keys follow from
 * what is due, so that it is done once however often it is asked for, and by however many servers.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../base/index.ts";
import { dateOfDay, dayOfDate } from "./calendar.ts";
import type { Command } from "./command.ts";
import { dayOf } from "./deciding.ts";
import { runStandingOrders } from "./standing-orders.ts";
import type { Ledger, LedgerReader } from "./store.ts";

/** In one round, of each kind. */
const DUE_MAX = 200;
/** What is due by the day is looked for this often; holds each round. */
const DAILY_MILLISECONDS = 60_000;
/** A wall clock that jumps by more is not believed … */
const JUMP_MILLISECONDS = 60_000;
/** … before it has stood so long: one that is set wrong, and right again, has ended no hold and begun no day by then. */
const DOUBT_MILLISECONDS = 600_000;

export interface DutyParts {
  readonly ledger: Ledger;
  readonly reader: LedgerReader;
  readonly clock: Clock;
}

export class Duties {
  readonly #parts: DutyParts;
  /** When to look at what is due by the day. */
  #nextDaily = -Infinity;
  /** The month up to which all interest is paid out, by its first day. */
  #paidBefore = -Infinity;
  /** By which the wall clock was ahead of the other when it was looked at last. */
  #ahead: number | null = null;
  #doubtedUntil = -Infinity;

  constructor(parts: DutyParts) {
    this.#parts = parts;
  }

  /** One look at all that is due. Throws BankError; what was not done is done in a later round. */
  async round(): Promise<void> {
    const { clock, reader } = this.#parts;
    const milliseconds = clock.wallSeconds() * 1000;
    if (this.#isDoubtful(milliseconds)) return;
    for (const hold of await reader.holdsDue(milliseconds, DUE_MAX)) {
      await this.#submit(`expire:${digestOfKey(hold)}`, { kind: "expire", hold });
    }
    if (clock.now() < this.#nextDaily) return;
    const isAllDone = await this.#daily(dayOf(milliseconds));
    // What is left over is gone on with in the next round.
    if (isAllDone) this.#nextDaily = clock.now() + DAILY_MILLISECONDS;
  }

  #isDoubtful(milliseconds: number): boolean {
    const now = this.#parts.clock.now();
    const ahead = milliseconds - now;
    if (this.#ahead !== null && Math.abs(ahead - this.#ahead) > JUMP_MILLISECONDS) {
      this.#doubtedUntil = now + DOUBT_MILLISECONDS;
      // The month may be another one now.
      this.#paidBefore = -Infinity;
      this.#nextDaily = -Infinity;
    }
    this.#ahead = ahead;
    return now < this.#doubtedUntil;
  }

  async #daily(today: number): Promise<boolean> {
    const { reader } = this.#parts;
    const accruing = await reader.accrualsDue(today - 1, DUE_MAX);
    for (const account of accruing) {
      await this.#submit(`accrue:${account}:${today - 1}`, { kind: "accrue", account, day: today - 1 });
    }
    // A month is paid out once all its days have accrued.
    const paid = accruing.length === 0 ? await this.#payMonth(today) : 0;
    const orders = await runStandingOrders(this.#parts, today);
    return accruing.length + paid + orders === 0;
  }

  async #payMonth(today: number): Promise<number> {
    const beforeDay = dayOfDate({ ...dateOfDay(today), day: 1 });
    if (this.#paidBefore === beforeDay) return 0;
    const owed = await this.#parts.reader.paymentsDue(beforeDay, DUE_MAX);
    for (const account of owed) {
      await this.#submit(`interest:${account}:${beforeDay}`, { kind: "pay-interest", account, beforeDay });
    }
    if (owed.length === 0) this.#paidBefore = beforeDay;
    return owed.length;
  }

  async #submit(key: string, command: Command): Promise<void> {
    await this.#parts.ledger.submit({ key, command, by: "bank" });
  }
}

/** A hold's key may be as long as a key can be. */
const digestOfKey = (key: string): string => createHash("sha256").update(key).digest("base64url");
