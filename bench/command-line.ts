/** What `npm run bench` is asked for, from its words. */
import { parseArgs } from "node:util";
import type { Effort } from "./effort.ts";

export interface Wanted {
  /** Benchmarks, in the order asked for; all of them unless some are named. */
  readonly names: readonly string[];
  readonly effort: Effort;
  /** Only their names are wanted. */
  readonly isList: boolean;
}

export const usage = (known: readonly string[]): string =>
  `usage: npm run bench [-- [--list] [--rounds N] [--seconds N] [name …]]; there are ${known.join(", ")}`;

/** What is wanted, or in words what is wrong. `byHand` are those that run only when they are named. */
export function wantedBy(
  words: readonly string[],
  known: readonly string[],
  byHand: readonly string[] = [],
): Wanted | string {
  let parsed;
  try {
    parsed = parse(words);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) return `no benchmark is called ${unknown.join(", ")}`;
  for (const name of ["rounds", "seconds"] as const) {
    const text = values[name];
    if (text !== undefined && !/^[1-9]\d{0,3}$/.test(text))
      return `--${name} takes a number from 1 to 9999, not ${text}`;
  }
  const effort = {
    ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
    ...(values.seconds === undefined ? {} : { seconds: Number(values.seconds) }),
  };
  const unlessNamed = known.filter((name) => !byHand.includes(name));
  return { names: positionals.length > 0 ? positionals : unlessNamed, effort, isList: values.list };
}

function parse(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      list: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
    },
  });
}
