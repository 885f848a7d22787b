/**
 * What a command is: words, positional arguments and options as data, and what it does. Help, completion, both parsers
 * and the checks below read the same data, so they cannot disagree.
 */
import { assert, suggestion } from "../base/index.ts";
import { UsageError } from "./failure.ts";
import type { Output } from "./output.ts";

export interface Option {
  readonly kind: "text" | "flag" | "number";
  readonly describe: string;
  /** May be given more than once. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
  /** What stands for the value in help: FILE, ADDR:PORT. FILE also makes shells complete file names. */
  readonly value?: string;
  readonly default?: string | number;
}

export interface Positional {
  /** In capitals, as help shows it. */
  readonly name: string;
  readonly describe: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  /** Whatever follows is one more of it; only the last one. */
  readonly many?: boolean;
}

export interface Command {
  readonly words: readonly string[];
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Loads what it needs on demand and returns an exit code. */
  run(given: Arguments, output: Output): Promise<number>;
}

export type ArgumentValue = string | boolean | readonly (string | boolean)[];

/** The arguments of one command line, checked against its command. */
export class Arguments {
  readonly #command: Command;
  readonly #values: ReadonlyMap<string, ArgumentValue>;
  readonly #positionals: readonly string[];

  /** Throws UsageError for whatever the command does not know or lacks. */
  constructor(command: Command, values: ReadonlyMap<string, ArgumentValue>, positionals: readonly string[]) {
    for (const [name, value] of values) checkOption(command, name, value);
    checkPositionals(command, positionals);
    this.#command = command;
    this.#values = values;
    this.#positionals = positionals;
  }

  positional(name: string): string | null {
    const at = this.#command.positionals.findIndex((positional) => positional.name === name);
    assert(at >= 0, `${this.#command.words.join(" ")} has a positional ${name}`);
    return this.#positionals[at] ?? null;
  }

  /** A positional that may be given again, and all that follow it. */
  positionals(name: string): readonly string[] {
    const at = this.#command.positionals.findIndex((positional) => positional.name === name && positional.many);
    assert(at >= 0, `${this.#command.words.join(" ")} has positionals ${name}`);
    return this.#positionals.slice(at);
  }

  /** A positional that the command requires. */
  required(name: string): string {
    const value = this.positional(name);
    assert(value !== null, `${name} is required`);
    return value;
  }

  /** Whether it stands on the command line, a default aside. */
  isGiven(name: string): boolean {
    return this.#values.has(name);
  }

  flag(name: string): boolean {
    return this.#value(name) === true;
  }

  text(name: string): string | null {
    const value = this.#value(name);
    return value === undefined ? null : value.toString();
  }

  texts(name: string): readonly string[] {
    const value = this.#value(name);
    if (value === undefined) return [];
    return typeof value === "object" ? value.map(String) : [String(value)];
  }

  number(name: string): number | null {
    const value = this.#value(name);
    return value === undefined ? null : Number(value);
  }

  #value(name: string): ArgumentValue | number | undefined {
    const option = this.#command.options[name];
    assert(option !== undefined, `${this.#command.words.join(" ")} has an option --${name}`);
    return this.#values.get(name) ?? option.default;
  }
}

function checkOption(command: Command, name: string, value: ArgumentValue): void {
  const option = command.options[name];
  if (option === undefined) {
    const dashes = name.length === 1 ? "-" : "--";
    throw new UsageError(`unknown option ${dashes}${name}${suggestion(name, Object.keys(command.options), "--")}`);
  }
  const given = typeof value === "object" ? value : [value];
  if (given.length === 0) checkValue(name, option, "");
  for (const one of given) checkValue(name, option, String(one));
}

function checkValue(name: string, option: Option, value: string): void {
  if (option.kind === "flag") return;
  if (value === "")
    throw new UsageError(`--${name} needs a value${option.value === undefined ? "" : `: ${option.value}`}`);
  if (option.kind === "number" && !/^\d+(\.\d+)?$/.test(value)) {
    throw new UsageError(`--${name} ${value}: a number is wanted`);
  }
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw new UsageError(
      `--${name} ${value}: one of ${option.choices.join(", ")} is wanted${suggestion(value, option.choices)}`,
    );
  }
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const missing = command.positionals.slice(positionals.length).find((positional) => positional.required);
  if (missing !== undefined) {
    throw new UsageError(`${missing.name} is missing: ${missing.describe}\n${usageLine(command)}`);
  }
  const extra = positionals[command.positionals.length];
  if (extra !== undefined && command.positionals.at(-1)?.many !== true) {
    throw new UsageError(`"${extra}" is one argument too many\n${usageLine(command)}`);
  }
  command.positionals.forEach((positional, i) => {
    const value = positionals[i];
    if (value === undefined || positional.choices === undefined || positional.choices.includes(value)) return;
    const wanted = positional.choices.join(", ");
    throw new UsageError(
      `${positional.name} ${value}: one of ${wanted} is wanted${suggestion(value, positional.choices)}`,
    );
  });
}

/** `Usage: strata zone check FILE [options]`. */
export function usageLine(command: Command): string {
  const positionals = command.positionals.map(({ name, required, many }) => {
    const shown = many === true ? `${name}…` : name;
    return required ? shown : `[${shown}]`;
  });
  return `Usage: ${["strata", ...command.words, ...positionals, "[options]"].join(" ")}`;
}
