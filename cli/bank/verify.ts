/** `strata bank verify`: whether a bank's books, holds and chain are right. */
import { systemClock, toHex } from "../../base/index.ts";
import { type ClosableReader, openReader, type Verdict } from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { STATE_FOLDER } from "../state.ts";
import { bankFolderOf, banksIn, booksOf, chosenBank } from "./folder.ts";

export async function bankVerify(given: Arguments, output: Output): Promise<number> {
  const reader = await openBooks(given);
  try {
    const verdict = await reader.verify();
    if (given.flag("json")) output.result(JSON.stringify(verdictJson(verdict), null, 2));
    else show(verdict, output);
    return verdict.faults.length === 0 ? EXIT.ok : EXIT.no;
  } finally {
    await reader.close();
  }
}

function openBooks(given: Arguments): Promise<ClosableReader> {
  const database = given.text("database");
  if (database !== null) return openReader(database, systemClock);
  const state = given.text("state") ?? STATE_FOLDER;
  const bank = chosenBank(state, given.text("bank"));
  if (!banksIn(state).includes(bank)) throw new UsageError(`there is no bank ${bank} in ${state}: --bank or --state`);
  return openReader(booksOf(bankFolderOf(state, bank)), systemClock);
}

function verdictJson({ head, faults, ...counts }: Verdict): unknown {
  return { ok: faults.length === 0, ...counts, head: toHex(head.link), faults };
}

function show({ entries, accounts, requests, holdsPending, head, faults }: Verdict, output: Output): void {
  for (const fault of faults) output.note(`${output.notePaint.red("wrong:")} ${fault}`);
  output.result(`${accounts} accounts, ${entries} entries, ${requests} requests, ${holdsPending} holds pending`);
  output.result(`head of the chain: ${toHex(head.link)}`);
  output.result(faults.length === 0 ? "books, holds and chain are right" : `${faults.length} things are wrong`);
}
