/** Standing orders that are due: each run moves its money once, however often it is tried and by however many servers. */
import { createHash } from "node:crypto";
import { formatDate, nextRun } from "./calendar.ts";
import type { StandingOrder, Versioned } from "./document.ts";
import { decodeAnswer } from "./request-text.ts";
import type { Ledger, LedgerReader } from "./store.ts";

/** After a long pause an order runs for each day that was missed; the rest waits for the next round. */
const RUNS_MAX = 200;

export interface OrderBooks {
  readonly ledger: Ledger;
  readonly reader: LedgerReader;
}

/** @returns how many ran. Throws BankError; what was begun is gone on with in the next round. */
export async function runStandingOrders(books: OrderBooks, today: number): Promise<number> {
  const due = await books.reader.ordersDue(today, RUNS_MAX);
  for (const order of due) await runOnce(books, order);
  return due.length;
}

/** The transfer comes first: what is cut off between the two is asked again under the same key, and moves nothing more. */
async function runOnce({ ledger }: OrderBooks, { id, version, value }: Versioned<StandingOrder>): Promise<void> {
  const { holder, from, to, amount, reference, nextDay } = value;
  const by = `standing order of ${holder}`;
  const run = `${createHash("sha256").update(id).digest("base64url").slice(0, 22)}:${nextDay}`;
  const parties = { debit: from, credit: to, amount: BigInt(amount) };
  const movement = { ...parties, reason: "standing-order", reference, card: null } as const;
  const octets = await ledger.submit({ key: `so:${run}`, command: { kind: "transfer", movement }, by });
  const last = `${formatDate(nextDay)}: ${decodeAnswer(octets).status}`;
  const next: StandingOrder = { ...value, nextDay: nextRun(nextDay, value), last };
  // Where the holder has ended it meanwhile it stays ended.
  const command = { kind: "set", what: "standing-order", id, value: next, ifVersion: version } as const;
  await ledger.submit({ key: `so-next:${run}`, command, by });
}
