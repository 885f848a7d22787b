/** What an ATM lays before the bank at cut-over: every movement of cash since the last one, and what is in it now. */
import type { CashKind } from "../reconciliation.ts";
import { formatAmount } from "../money.ts";
import { cashIn } from "./cash-machine.ts";
import type { CashOperation } from "./cash.ts";
import type { JournalPage } from "./journal.ts";
import { type Notes, withNotes } from "./notes.ts";

export interface ChainHeadSeen {
  readonly entries: number;
  /** In hexadecimal. */
  readonly link: string;
}

export interface CutOver {
  readonly fromSeconds: number;
  /** Exclusive. */
  readonly toSeconds: number;
  readonly cash: string;
  readonly cassettes: readonly { readonly denomination: string; readonly count: number }[];
  readonly entries: readonly CutOverEntry[];
  /** As it was at the last cut-over. */
  readonly head?: ChainHeadSeen;
}

interface CutOverEntry {
  readonly key: string;
  readonly kind: CashKind;
  readonly amount: string;
  readonly state: string;
}

interface Load {
  readonly key: string;
  readonly amount: string;
  readonly atSeconds: number;
}

const LOADS = "loads";
const LAST = "cut-over";
const HEAD = "chain-head";

export function cutOverOf(page: JournalPage, currency: string, nowSeconds: number): CutOver {
  const fromSeconds = Number(page.word(LAST) ?? 0);
  const head = headIn(page);
  const loads = loadsIn(page).filter(({ atSeconds }) => atSeconds >= fromSeconds);
  return {
    fromSeconds,
    toSeconds: nowSeconds + 1,
    cash: formatAmount(cashIn(page), currency),
    cassettes: page.cassettes().map(({ denomination, count }) => ({ denomination: String(denomination), count })),
    entries: [
      ...loads.map(({ key, amount }) => ({ key, kind: "cash-load" as const, amount, state: "loaded" })),
      ...page.operationsSince(fromSeconds).flatMap(entriesOf),
      ...page.openOperations().flatMap(entriesOf),
    ],
    ...(head === null ? {} : { head }),
  };
}

/** What the bank is to have of it. */
function entriesOf(operation: CashOperation): readonly CutOverEntry[] {
  const { key, kind, state, wasBooked } = operation;
  const amount = formatAmount(operation.amount, operation.currency);
  const entry = { key, kind, amount, state };
  const back = wasBooked ? [entry, { ...entry, key: `${key}.reverse`, kind: "reversal" as const }] : [];
  switch (state) {
    case "taken":
    case "suspect":
      return [entry];
    case "reversed":
      return back;
    case "accepted":
      // Its first request was undone where there is a cause.
      return operation.cause === null ? [entry] : [...back, { ...entry, key: `${key}.advice` }];
    default:
      return [];
  }
}

/** The bank has it: the next one begins here. */
export function closeCutOver(page: JournalPage, { toSeconds }: CutOver, head: ChainHeadSeen | null): void {
  page.setWord(LAST, String(toSeconds));
  const later = loadsIn(page).filter(({ atSeconds }) => atSeconds >= toSeconds);
  page.setWord(LOADS, JSON.stringify(later));
  if (head !== null) page.setWord(HEAD, `${head.entries} ${head.link}`);
}

/** Notes that the bank knows of are in the cassettes; the same key again adds none. */
export function addLoad(page: JournalPage, load: Load, notes: readonly Notes[]): void {
  if (page.word(`load ${load.key}`) !== null) return;
  page.setWord(`load ${load.key}`, String(load.atSeconds));
  page.setWord(LOADS, JSON.stringify([...loadsIn(page), load]));
  page.setCassettes(withNotes(page.cassettes(), notes));
}

/** Reads what `addLoad` wrote. */
function loadsIn(page: JournalPage): readonly Load[] {
  return JSON.parse(page.word(LOADS) ?? "[]") as readonly Load[];
}

function headIn(page: JournalPage): ChainHeadSeen | null {
  const [entries, link] = (page.word(HEAD) ?? "").split(" ");
  return link === undefined ? null : { entries: Number(entries), link };
}
