/**
 * One name resolved four times: iteratively and recursively, cold and warm. The table shows what the two ways cost whom:
 * iteration costs the client a round trip a layer, recursion costs it one and the servers the rest (DESIGN §2).
 */
import type { Clock } from "../base/index.ts";
import type { Query } from "../net/index.ts";
import type { Engine } from "./engine.ts";
import type { Resolved } from "./follow.ts";
import { Trace, type TraceStep } from "./trace.ts";

export interface Comparison {
  readonly mode: "iterative" | "recursive";
  readonly cache: "cold" | "warm";
  /** Sent by the client and by the servers for it, as far as they told. */
  readonly messages: number;
  /** Of those, the client's own: each is a round trip it waits for. */
  readonly clientRoundTrips: number;
  readonly octets: number;
  readonly milliseconds: number;
  /** Times a cache, the client's or a server's, spared a question. */
  readonly cacheHits: number;
  readonly resolved: Resolved;
}

export interface CompareParts {
  readonly iterative: Engine;
  readonly recursive: Engine;
  readonly clock: Clock;
}

/**
 * Cold is an empty cache in the client; the servers' own caches are theirs and stay as they are, so the first recursive
 * run may find them warm. Warm repeats the question.
 */
export async function compare(parts: CompareParts, query: Query, signal: AbortSignal): Promise<Comparison[]> {
  const rows: Comparison[] = [];
  for (const mode of ["iterative", "recursive"] as const) {
    const engine = parts[mode];
    engine.forget();
    for (const cache of ["cold", "warm"] as const) {
      const trace = new Trace();
      const begun = parts.clock.now();
      const resolved = await engine.resolve(query, { signal, trace });
      const milliseconds = Math.round((parts.clock.now() - begun) * 100) / 100;
      const { messages, octets } = resolved.cost;
      const clientRoundTrips = asks(trace.steps);
      rows.push({
        mode,
        cache,
        messages,
        clientRoundTrips,
        octets,
        milliseconds,
        cacheHits: hits(trace.steps),
        resolved,
      });
    }
  }
  return rows;
}

/** The rows as a table with a heading. */
export function formatComparison(rows: readonly Comparison[]): string {
  const head = ["mode", "cache", "messages", "round trips", "octets", "ms", "cache hits"];
  const body = rows.map((row) => [
    row.mode,
    row.cache,
    String(row.messages),
    String(row.clientRoundTrips),
    String(row.octets),
    row.milliseconds.toFixed(1),
    String(row.cacheHits),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return [head, ...body].map((cells) => line(cells).trimEnd()).join("\n");
}

function asks(steps: readonly TraceStep[]): number {
  return sum(steps, (step) => {
    if (step.kind === "ask") return 1;
    return step.kind === "lookup" ? asks(step.steps) : 0;
  });
}

function hits(steps: readonly TraceStep[]): number {
  return sum(steps, (step) => {
    if (step.kind === "cache") return 1;
    if (step.kind === "lookup") return hits(step.steps);
    return step.kind === "ask" ? sum(step.reports, (report) => hits(report.steps)) : 0;
  });
}

function sum<T>(things: readonly T[], measure: (thing: T) => number): number {
  return things.reduce((total, thing) => total + measure(thing), 0);
}
