/** `strata bank verify`: whether a bank's books are right. */
import type { Command } from "../arguments.ts";

export const bankVerifyCommand: Command = {
  words: ["bank", "verify"],
  summary: "Check a bank's books, holds and chain: everything is worked out again and compared.",
  positionals: [],
  options: {
    bank: { kind: "text", value: "NAME", describe: "the bank; not needed where there is only one" },
    state: { kind: "text", value: "DIR", describe: "where the bank keeps its state (default .strata)" },
    database: { kind: "text", value: "FILE", describe: "its database, when that is elsewhere" },
    json: { kind: "flag", describe: "print JSON" },
  },
  examples: [["strata bank verify --state .strata", "exit code 1 when anything is wrong"]],
  run: async (given, output) => (await import("../bank/verify.ts")).bankVerify(given, output),
};
