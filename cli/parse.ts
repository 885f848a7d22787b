/**
 * From the words of a command line to a command and its arguments. There are two roads by the same data: a right and
 * plain command line goes through Node's own parser, which costs nothing to load; help, mistakes and anything unusual
 * go to yargs (`help.ts`), whose Unicode tables take 50 ms to build, a third of what `strata resolve` may take.
 */
import { parseArgs } from "node:util";
import { Arguments, type Command } from "./arguments.ts";

export interface Parsed {
  readonly command: Command;
  readonly given: Arguments;
}

/** The command and its arguments, or null when anything about the line calls for yargs. Throws UsageError. */
export function parsePlain(commands: readonly Command[], words: readonly string[]): Parsed | null {
  const command = commands.find((candidate) => candidate.words.every((word, i) => words[i] === word));
  if (command === undefined) return null;
  const options = Object.entries(command.options).map(
    ([name, { kind, many }]) =>
      [
        name,
        {
          type: kind === "flag" ? "boolean" : "string",
          multiple: many ?? false,
          ...(name.length === 1 ? { short: name } : {}),
        },
      ] as const,
  );
  try {
    const { values, positionals } = parseArgs({
      args: words.slice(command.words.length),
      options: Object.fromEntries(options),
      allowPositionals: true,
    });
    const given = Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return { command, given: new Arguments(command, new Map(given), positionals) };
  } catch (error) {
    // What Node's parser refuses is yargs's to explain.
    if (error instanceof TypeError) return null;
    throw error;
  }
}
