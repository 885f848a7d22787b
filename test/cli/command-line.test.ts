/** Command lines, right and wrong: what they choose, what is said, and which exit code they end with. */
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../cli/commands.ts";
import { readCommandLine } from "../../cli/help.ts";
import { MemoryOutput } from "../../cli/output.ts";
import { parsePlain } from "../../cli/parse.ts";
import { run } from "../../cli/run.ts";

const split = (line: string): string[] => line.split(" ").filter((word) => word !== "");

describe("a wrong command line ends with 64 and says what would be right", () => {
  test.each([
    ["", "a command is missing: one of up, serve, resolver, resolve, update, register, zone check"],
    ["resolv www.vu.nl", 'no command "resolv"; did you mean strata resolve?'],
    ["zone", "needs one more word: zone check, zone print"],
    ["zone chek vu.nl.zone", 'no command "zone chek"; did you mean strata zone check?'],
    ["resolve", "NAME is missing: the domain name to resolve\nUsage: strata resolve NAME [TYPE] [options]"],
    ["resolve a A b", '"b" is one argument too many'],
    ["resolve a --mod iterative", "unknown option --mod; did you mean --mode?"],
    ["resolve a --mode iter", "--mode iter: one of iterative, recursive, resolver is wanted"],
    ["resolve a --mode recursiv", "did you mean recursive?"],
    ["resolve a --mode", "--mode needs a value"],
    ["resolve a --timeout soon", "--timeout soon: a number is wanted"],
    ["resolve -t A a", "unknown option -t"],
    ["zone check", "FILE is missing: the master file"],
    ["serve --listen", "--listen needs a value: ADDR:PORT"],
    ["completion fish", "SHELL fish: one of bash, zsh is wanted"],
    ["--json", "a command is missing"],
  ])("strata %s", async (line, message) => {
    const output = new MemoryOutput();
    expect(await run(split(line), output)).toBe(64);
    expect(output.results).toEqual([]);
    expect(output.notes.join("\n")).toContain(message);
  });
});

test.each(COMMANDS.map((command) => [command.words.join(" "), command] as const))(
  "strata %s --help shows its usage and an example on standard output",
  async (words, command) => {
    const output = new MemoryOutput();
    expect(await run([...split(words), "--help"], output)).toBe(0);
    expect(output.notes).toEqual([]);
    const text = output.results.join("\n");
    expect(text).toContain(`Usage: strata ${words}`);
    expect(text).toContain(command.summary.slice(0, 40));
    expect(text).toContain(command.examples[0]![0].split("\n")[0]!.slice(0, 30));
    for (const name of Object.keys(command.options)) {
      expect(text).toContain(name.length === 1 ? `-${name} ` : `--${name}`);
    }
  },
);

test("--version is the package's version", async () => {
  const output = new MemoryOutput();
  expect(await run(["--version"], output)).toBe(0);
  expect(output.results.join()).toMatch(/^\d+\.\d+\.\d+$/);
});

describe("both roads read a right command line the same", () => {
  test.each([
    "resolve www.vu.nl",
    "resolve www.vu.nl AAAA --mode=iterative --trace",
    "resolve --json www.vu.nl --port 53 --port 8053",
    "resolve 10.in-addr.arpa PTR --timeout 0.5",
    "serve --zone vu.nl=a --zone nl=b --listen 127.0.0.1:1 --listen [::1]:2",
    "zone check vu.nl.zone --layer global",
    "up",
    "up other.yaml --processes",
  ])("strata %s", async (line) => {
    const plain = parsePlain(COMMANDS, split(line));
    const reading = await readCommandLine(COMMANDS, split(line), "0");
    if (plain === null || reading.kind !== "command") throw new Error("both roads take this line");
    const { command, given } = plain;
    expect(reading.parsed.command).toBe(command);
    for (const { name } of command.positionals) {
      expect(reading.parsed.given.positional(name)).toBe(given.positional(name));
    }
    for (const name of Object.keys(command.options)) {
      expect([name, reading.parsed.given.texts(name)]).toEqual([name, given.texts(name)]);
      expect([name, reading.parsed.given.flag(name)]).toEqual([name, given.flag(name)]);
    }
  });
});
