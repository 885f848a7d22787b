/**
 * What a ledger does in each situation, as one table: a bank of a few accounts, what was done before, a command, and what is to become of it.
 * The pure ledger and every store are held to it. Amounts are cents.
 */
import type { LedgerRequest } from "../../bank/index.ts";
import { EARNED, KEPT, REVERSED } from "./bank-keeping.ts";
import { ADVISED, HELD, MOVING } from "./bank-moving.ts";
import type { Situation } from "./bank-words.ts";

export const SITUATIONS: readonly Situation[] = Object.entries({
  transfer: MOVING,
  advice: ADVISED,
  hold: HELD,
  reversal: REVERSED,
  interest: EARNED,
  keeping: KEPT,
}).flatMap(([kind, rows]) =>
  rows.map(([title, before, command, status, balances = {}, answer = {}]) => {
    return { title: `${kind}: ${title}`, before, command, status, balances, answer };
  }),
);

/** Asks for all of it in order, one after the other; gives the last answer. */
export async function play(
  situation: Situation,
  submit: (request: LedgerRequest) => Promise<Uint8Array>,
  pass: (seconds: number) => void,
): Promise<Uint8Array> {
  let asked = 0;
  for (const step of situation.before) {
    if (typeof step === "number") pass(step);
    else await submit({ key: `s${++asked}`, command: step, by: "teller:t" });
  }
  return submit({ key: `s${++asked}`, command: situation.command, by: "teller:t" });
}
