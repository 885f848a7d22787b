/** What whoever looks after an ATM does: fill it, count it after a crash, settle what was left undone, and cut over. */
import { systemClock } from "../../base/index.ts";
import {
  type CashOperation,
  cashIn,
  closeCutOver,
  cutOverOf,
  formatAmount,
  type Notes,
  parseAmount,
} from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError } from "../failure.ts";
import { loadNotes, type OpenAtm, readyAtm, settleAtm } from "./opening.ts";
import { type AtmOutcome, openOutcome, refusedOutcome } from "./outcome.ts";

/** `100x50`: fifty notes of a hundred. Throws UsageError. */
function notesOf(given: Arguments, currency: string): readonly Notes[] {
  return given.positionals("AMOUNT").map((text) => {
    const [, units, count] = /^(\d{1,6}(?:\.\d{1,3})?)x(\d{1,6})$/.exec(text) ?? [];
    if (units === undefined) throw new UsageError(`"${text}": notes are wanted, such as 100x50 for fifty notes of 100`);
    return { denomination: parseAmount(units, currency), count: Number(count) };
  });
}

export async function load(given: Arguments, atm: OpenAtm, key: string): Promise<AtmOutcome> {
  const currency = await readyAtm(atm);
  const notes = notesOf(given, currency);
  if (notes.length === 0) throw new UsageError("the notes are missing, such as 100x50 for fifty notes of 100");
  const told = await loadNotes(atm, { key, notes, currency });
  if (told.kind === "refused") return refusedOutcome(key, told, currency);
  if (told.kind !== "done") return openOutcome(key, told);
  return { ...holdings(atm, currency), key };
}

/** Without notes: what should be there. */
export async function count(given: Arguments, atm: OpenAtm, key: string): Promise<AtmOutcome> {
  const currency = await readyAtm(atm);
  await settleAtm(atm, 0);
  const notes = notesOf(given, currency);
  if (notes.length === 0) return { ...holdings(atm, currency), key };
  const decided = given.texts("given");
  const counted = atm.machine.count(notes, decided.length === 0 ? null : decided);
  const over = formatAmount(counted.over, currency);
  if (counted.kind === "undecided") {
    const suspects = counted.suspects.map((one) => `  ${one.key}  ${formatAmount(one.amount, currency)} ${currency}`);
    const why = `the sum (${over} over what should be there) does not say which of these were given out`;
    const message = [`${why}: say which were with --given KEY`, ...suspects].join("\n");
    return { exitCode: EXIT.no, status: "undecided", balance: null, key, currency, message, more: { over } };
  }
  const waiting = await settleAtm(atm, 0);
  const shown = holdings(atm, currency);
  const isRight = counted.over === 0n;
  const what = isRight ? "what should be there is there" : `${over} ${currency} more than should be there`;
  const notGiven = counted.notGiven.map((one) => one.key);
  return {
    ...shown,
    ...(isRight ? {} : { exitCode: EXIT.no, status: "differs" }),
    key,
    message: [what, ...waiting, shown.message].join("\n"),
    more: { ...shown.more, over, notGiven, waiting },
  };
}

export async function settle(atm: OpenAtm, key: string): Promise<AtmOutcome> {
  const currency = await readyAtm(atm);
  const waiting = await settleAtm(atm, 0);
  const shown = { ...holdings(atm, currency), key };
  if (waiting.length === 0) return { ...shown, message: "nothing waits" };
  return { ...shown, exitCode: EXIT.unknown, status: "waiting", message: waiting.join("\n"), more: { waiting } };
}

export async function cutOver(atm: OpenAtm, key: string): Promise<AtmOutcome> {
  const currency = await readyAtm(atm);
  const waiting = await settleAtm(atm, 0);
  const made = atm.journal.change((page) => cutOverOf(page, currency, systemClock.wallSeconds()));
  const told = await atm.bank.reconcile(made);
  if (told.kind === "refused") return refusedOutcome(key, told, currency);
  if (told.kind !== "done") return openOutcome(key, told);
  const head = await atm.bank.head();
  atm.journal.change((page) => closeCutOver(page, made, head.kind === "done" ? head.value : null));
  const { status, difference, matched, unmatched, cashAtm, cashBank, chain } = told.value;
  const lines = (Array.isArray(unmatched) ? unmatched : []).map((one) => `  ${JSON.stringify(one)}`);
  const message = [
    `cash here ${String(cashAtm)}, by the bank's books ${String(cashBank)}, difference ${String(difference)} ${currency}`,
    `${String(matched)} entries on both sides, ${lines.length} on one side only; the bank's chain: ${String(chain)}`,
    ...lines,
    ...waiting,
  ].join("\n");
  const isSame = status === "ok" && chain !== "differs";
  const more = { ...told.value, waiting };
  return {
    ...{ exitCode: isSame ? EXIT.ok : EXIT.no, status: isSame ? "ok" : "differs" },
    ...{ balance: String(cashAtm), key, currency, message, more },
  };
}

function holdings({ journal }: OpenAtm, currency: string): AtmOutcome {
  const shown = (amount: bigint): string => formatAmount(amount, currency);
  const { cassettes, bins, cash, suspects } = journal.change((page) => ({
    cassettes: page.cassettes(),
    bins: page.bins(),
    cash: cashIn(page),
    suspects: page.openOperations().filter(({ state }) => state === "suspect"),
  }));
  const notes = cassettes.map(({ denomination, count: many }) => ({ denomination: shown(denomination), count: many }));
  const bin = { retracted: shown(bins.retracted), deposited: shown(bins.deposited) };
  const lines = [
    ...notes.map(({ denomination, count: many }) => `${denomination.padStart(10)} ${currency} × ${many}`),
    `retracted ${bin.retracted}, deposited ${bin.deposited}, in all ${shown(cash)} ${currency}`,
    ...suspects.map((one: CashOperation) => `suspect: ${one.key}, ${shown(one.amount)} ${currency}, to be counted`),
  ];
  const more = { cassettes: notes, ...bin, suspects: suspects.map((one) => one.key) };
  return { exitCode: EXIT.ok, status: "ok", balance: shown(cash), key: "", currency, message: lines.join("\n"), more };
}
