/**
 * Completion scripts written out from the commands' own data. They are plain shell, so that the Tab key does not start
 * a process.
 */
import type { Command, Option } from "./arguments.ts";

const COMMON_OPTIONS = ["--help", "--version"];

/** For bash 3.2 and later: `complete -F`. */
export function bashCompletion(commands: readonly Command[]): string {
  return `# strata completion for bash; put this into ~/.bashrc: eval "$(strata completion bash)"
_strata() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" i
  local words=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*) break ;;
      *) command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
    case "$command" in
      ${alternatives(families(commands))}) ;;
      *) break ;;
    esac
  done
${indent(bashValues(commands), 2)}
  case "$command" in
${indent(bashCommands(commands), 4)}
    *) words=${quote(nextWords(commands, ""))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o bashdefault -o default -F _strata strata`;
}

/** For zsh: the same choices through `compadd` and `_files`. */
export function zshCompletion(commands: readonly Command[]): string {
  return `#compdef strata
# strata completion for zsh; put this into ~/.zshrc after compinit: eval "$(strata completion zsh)"
_strata() {
  local before="\${words[CURRENT-1]}" command="" i
  for ((i = 2; i < CURRENT; i++)); do
    [[ "\${words[i]}" == -* ]] && break
    command="\${command:+$command }\${words[i]}"
    case "$command" in
      ${alternatives(families(commands))}) ;;
      *) break ;;
    esac
  done
${indent(zshValues(commands), 2)}
  case "$command" in
${indent(zshCommands(commands), 4)}
    *) compadd -- ${nextWords(commands, "")} ;;
  esac
}
compdef _strata strata`;
}

/** First words that are followed by another, such as `zone`; a pattern nothing matches when there is none. */
function families(commands: readonly Command[]): string[] {
  const names = commands.filter((command) => command.words.length > 1).map((command) => command.words[0]!);
  return names.length === 0 ? ["/"] : [...new Set(names)];
}

/** What may stand after the given words. */
function nextWords(commands: readonly Command[], prefix: string): string {
  const words = commands.map((command) => command.words.join(" ")).filter((text) => text.startsWith(prefix));
  const next = words.map((text) => text.slice(prefix.length).split(" ")[0]!);
  return [...new Set(next), ...(prefix === "" ? COMMON_OPTIONS : ["--help"])].join(" ");
}

const optionWords = (command: Command): string =>
  [...Object.keys(command.options).map((name) => `--${name}`), "--help"].join(" ");

const positionalWords = (command: Command): string =>
  command.positionals.flatMap((positional) => positional.choices ?? []).join(" ");

/** The values of the option before the cursor: its choices, or files (which bash adds by itself). */
function bashValues(commands: readonly Command[]): string {
  return [
    `case "$before" in`,
    ...choiceOptions(commands).map(([name, choices]) => `  --${name}) words=${quote(choices)} ;;`),
    `  ${alternatives(valueOptions(commands))}) return ;;`,
    "esac",
    `if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$word")); return; fi`,
  ].join("\n");
}

function bashCommands(commands: readonly Command[]): string {
  const single = commands.map((command) => {
    const files = command.positionals.some(({ name }) => name === "FILE");
    const plain = positionalWords(command);
    // Without a dash the shell's own file completion takes over where a file is wanted.
    const otherwise =
      plain !== "" ? `words=${quote(plain)}` : files ? "return" : `words=${quote(optionWords(command))}`;
    return `${pattern(command)}) case "$word" in -*) words=${quote(optionWords(command))} ;; *) ${otherwise} ;; esac ;;`;
  });
  return [
    ...single,
    ...families(commands).map((name) => `${name}) words=${quote(nextWords(commands, `${name} `))} ;;`),
  ].join("\n");
}

function zshValues(commands: readonly Command[]): string {
  return [
    `case "$before" in`,
    ...choiceOptions(commands).map(([name, choices]) => `  --${name}) compadd -- ${choices}; return ;;`),
    `  ${alternatives(valueOptions(commands))}) _files; return ;;`,
    "esac",
  ].join("\n");
}

function zshCommands(commands: readonly Command[]): string {
  const single = commands.map((command) => {
    const files = command.positionals.some(({ name }) => name === "FILE") ? "; _files" : "";
    const plain = positionalWords(command);
    return `${pattern(command)}) compadd -- ${plain === "" ? "" : `${plain} `}${optionWords(command)}${files} ;;`;
  });
  return [
    ...single,
    ...families(commands).map((name) => `${name}) compadd -- ${nextWords(commands, `${name} `)} ;;`),
  ].join("\n");
}

/** Positional arguments may follow a command's words. */
const pattern = (command: Command): string => {
  const words = command.words.join(" ");
  return `"${words}"|"${words} "*`;
};

const allOptions = (commands: readonly Command[]): [string, Option][] =>
  commands.flatMap((command) => Object.entries(command.options));

function choiceOptions(commands: readonly Command[]): [name: string, choices: string][] {
  const choices = new Map<string, string>();
  for (const [name, option] of allOptions(commands)) {
    if (option.choices !== undefined) choices.set(name, option.choices.join(" "));
  }
  return [...choices];
}

const valueOptions = (commands: readonly Command[]): string[] => [
  ...new Set(
    allOptions(commands)
      .filter(([, option]) => option.kind !== "flag" && option.choices === undefined)
      .map(([name]) => `--${name}`),
  ),
];

const alternatives = (words: readonly string[]): string => words.join("|");
const quote = (text: string): string => `"${text}"`;
const indent = (text: string, columns: number): string => text.replace(/^/gm, " ".repeat(columns));
