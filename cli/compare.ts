/** `strata resolve --compare`: one name iteratively and recursively, cold and warm, side by side. */
import { systemClock } from "../base/index.ts";
import { rcodeToText, typeToText } from "../dns/index.ts";
import type { Query } from "../net/index.ts";
import { compare, type Comparison, type Engine, formatComparison, type Resolved } from "../resolver/index.ts";
import type { Output } from "./output.ts";

export interface CompareWork {
  readonly query: Query;
  readonly iterative: Engine;
  readonly recursive: Engine;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Prints the table and returns what the last run came to. */
export async function compareWays(work: CompareWork, output: Output): Promise<Resolved> {
  const { query, json, signal } = work;
  const rows = await compare({ ...work, clock: systemClock }, query, signal);
  const last = rows.at(-1)!.resolved;
  if (json) output.result(JSON.stringify(documentOf(query, rows), null, 2));
  else output.result(formatComparison(rows));
  return last;
}

function documentOf({ question }: Query, rows: readonly Comparison[]): unknown {
  return {
    name: question.name.toString(),
    type: typeToText(question.type),
    comparison: rows.map(({ resolved, ...row }) => ({ ...row, rcode: rcodeToText(resolved.rcode) })),
  };
}
