/** The command line through yargs: help, examples, and the words of what is wrong (`parse.ts` says when). */
import yargs, { type Argv, type Options } from "yargs";
import { suggestion } from "../base/index.ts";
import { Arguments, type ArgumentValue, type Command, type Option, type Positional, usageLine } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import type { Parsed } from "./parse.ts";

const EXIT_CODES = `Exit codes: 0 found or done, 1 a definite no, 2 could not find out, 64 the command line or a file is wrong.`;

/** What yargs made of the line: a command to run, or text to show on standard output. */
export type Reading =
  { readonly kind: "command"; readonly parsed: Parsed } | { readonly kind: "text"; readonly text: string };

/** Throws UsageError. */
export async function readCommandLine(
  commands: readonly Command[],
  words: readonly string[],
  version: string,
): Promise<Reading> {
  let chosen: Parsed | null = null;
  let shown = "";
  const choose = (command: Command, values: Readonly<Record<string, unknown>>): void => {
    chosen = { command, given: toArguments(command, values) };
  };
  const line = commandLine(commands, choose).version(version);
  // With a callback yargs prints nothing and never ends the process.
  await line.parseAsync([...words], {}, (error: unknown, _values: unknown, output: string) => {
    if (error instanceof Error) throw error;
    shown = output;
  });
  if (chosen !== null) return { kind: "command", parsed: chosen };
  if (shown !== "") return { kind: "text", text: shown };
  throw unknownCommand(commands, words);
}

function commandLine(commands: readonly Command[], choose: (command: Command, values: Values) => void): Argv {
  const line = yargs()
    .scriptName("strata")
    .usage("Strata: a distributed, hierarchical name service that speaks DNS.\n\nUsage: $0 COMMAND [options]")
    .parserConfiguration(PARSER)
    .wrap(110)
    .help()
    .alias("help", "h")
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error instanceof UsageError) throw error;
      throw new UsageError(message ?? error?.message ?? "the command line is wrong");
    })
    .example("$0 up", "start the example name space on this machine")
    .example("$0 resolve www.cs.vu.nl --trace", "ask it for a name, and see every step")
    .epilogue(EXIT_CODES);
  for (const [first, family] of Map.groupBy(commands, (command) => command.words[0]!)) {
    const only = family[0]!;
    if (only.words.length === 1) addCommand(line, only, choose);
    else addFamily(line, first, family, choose);
  }
  return line;
}

type Values = Readonly<Record<string, unknown>>;

const PARSER = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": true,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "short-option-groups": false,
};

function addFamily(line: Argv, first: string, family: readonly Command[], choose: Choose): void {
  const summary = family.map((command) => command.words[1]!).join(", ");
  line.command(`${first} [what]`, `${summary}: see strata ${first} --help`, (inner) => {
    inner.usage(`Usage: strata ${first} COMMAND [options]`);
    for (const command of family) addCommand(inner, command, choose);
    return inner;
  });
}

type Choose = (command: Command, values: Values) => void;

function addCommand(line: Argv, command: Command, choose: Choose): void {
  line.command(
    [command.words.at(-1)!, ...command.positionals.map(formatPositional)].join(" "),
    command.summary,
    (inner) => {
      inner.usage(`${command.summary}\n\n${usageLine(command)}`).epilogue(EXIT_CODES);
      for (const positional of command.positionals) {
        inner.positional(positional.name, { type: "string", describe: positional.describe });
      }
      for (const [name, option] of Object.entries(command.options)) inner.option(name, yargsOption(option));
      for (const [example, what] of command.examples) inner.example(example, what);
      return inner;
    },
    (values) => choose(command, values),
  );
}

// Choices are shown but not handed to yargs, for the reason that follows.
function describeOption({ value, choices, describe }: Option): string {
  const choice = choices === undefined ? "" : ` (${choices.join(", ")})`;
  return `${value === undefined ? "" : `${value}: `}${describe}${choice}`;
}

// Everything is optional for yargs: what is missing is said by Arguments, in one way on both roads.
const formatPositional = ({ name }: Positional): string => `[${name}]`;

function yargsOption(option: Option): Options {
  return {
    type: option.many === true ? "array" : option.kind === "flag" ? "boolean" : "string",
    ...(option.many === true ? { string: true } : {}),
    describe: describeOption(option),
    ...(option.default === undefined ? {} : { defaultDescription: String(option.default) }),
  };
}

function toArguments(command: Command, values: Values): Arguments {
  const names = new Set(command.positionals.map((positional) => positional.name));
  const positionals: string[] = [];
  for (const { name } of command.positionals) {
    const value = values[name];
    if (value !== undefined) positionals.push(toText(value));
  }
  const extra = Array.isArray(values["_"]) ? values["_"].slice(command.words.length).map(String) : [];
  const skipped = new Set(["_", "$0", "help", "h", "version", "what", ...names]);
  const options = Object.entries(values)
    .filter(([name, value]) => !skipped.has(name) && value !== undefined)
    .map(([name, value]) => [name, toValue(value, command.options[name]?.many === true)] as const);
  return new Arguments(command, new Map(options), [...positionals, ...extra]);
}

/** What yargs read, as the other parser gives it. Of an option that is given again, the last counts. */
function toValue(value: unknown, many: boolean): ArgumentValue {
  if (Array.isArray(value)) return many ? value.map(String) : toValue(value.at(-1), false);
  return typeof value === "boolean" ? value : toText(value);
}

function toText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function unknownCommand(commands: readonly Command[], words: readonly string[]): UsageError {
  const known = commands.map((command) => command.words.join(" "));
  const first = words.filter((word) => !word.startsWith("-"));
  if (first.length === 0) return new UsageError(`a command is missing: one of ${known.join(", ")}; see strata --help`);
  const family = known.filter((words) => words.startsWith(`${first[0]} `));
  if (family.length > 0 && first.length === 1) {
    return new UsageError(`strata ${first[0]} needs one more word: ${family.join(", ")}`);
  }
  const said = (family.length > 0 ? first.slice(0, 2) : first.slice(0, 1)).join(" ");
  return new UsageError(
    `there is no command "${said}"${suggestion(said, [...known, ...firstWords(known)], "strata ")}`,
  );
}

const firstWords = (known: readonly string[]): string[] => known.map((words) => words.split(" ")[0]!);
