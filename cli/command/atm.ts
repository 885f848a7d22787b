/** `strata atm`: an ATM, as a screen in the terminal or by words. */
import type { Command } from "../arguments.ts";

export const ATM_OPERATIONS = [
  "balance",
  "withdraw",
  "deposit",
  "transfer",
  "statement",
  "pin",
  "load",
  "count",
  "settle",
  "cutover",
  "serve",
] as const;

export const atmCommand: Command = {
  words: ["atm"],
  summary: "Walk up to an ATM of a bank, which is found by its name alone.",
  positionals: [
    {
      name: "OPERATION",
      describe: "what to do there",
      required: false,
      choices: ATM_OPERATIONS,
    },
    {
      name: "AMOUNT",
      describe: "how much, such as 50 or 12.30; of load and count: notes, such as 100x50",
      required: false,
      many: true,
    },
  ],
  options: {
    bank: { kind: "text", value: "NAME", describe: "the bank's name, such as firstbank.com" },
    id: { kind: "text", value: "ID", default: "atm1", describe: "which of the bank's ATMs this is" },
    card: { kind: "text", value: "CARD", describe: "the card's number, 16 digits" },
    pin: { kind: "text", value: "PIN", describe: "its PIN" },
    "new-pin": { kind: "text", value: "PIN", describe: "of pin: the one it is to have" },
    to: { kind: "text", value: "ACCOUNT", describe: "of transfer: whose it is to be" },
    key: { kind: "text", value: "KEY", describe: "of an operation whose outcome is not known: it is asked again" },
    offline: {
      kind: "text",
      value: "AMOUNT",
      describe: "what a card that was here before may take while the bank cannot be asked (nothing unless given)",
    },
    given: {
      kind: "text",
      many: true,
      value: "KEY",
      describe: "of count: a suspect withdrawal whose notes did go out; may be given again",
    },
    listen: {
      kind: "text",
      value: "ADDR:PORT",
      describe: "of serve: where it says that it is there (default 127.0.0.1, a free port)",
    },
    lease: {
      kind: "text",
      value: "TIME",
      default: "30s",
      describe: "of serve: how long its records outlive it if it dies",
    },
    "update-key": {
      kind: "text",
      value: "FILE",
      describe: "of serve: signs its registration (default: that of the running strata up)",
    },
    server: {
      kind: "text",
      value: "ADDR:PORT",
      describe: "the resolver; that of the running strata up unless given",
    },
    state: { kind: "text", value: "DIR", describe: "where state is kept (default .strata)" },
    json: { kind: "flag", describe: "print JSON" },
  },
  examples: [
    ["strata atm withdraw 50 --bank firstbank.com --card 9000000000000001 --pin 1234", "fifty, in cash"],
    ["strata atm --bank firstbank.com --id atm2 balance --card 9000000000000001 --pin 1234 --json", "what is there"],
    ["strata atm serve --bank firstbank.com --id atm2", "found by its name, for as long as it runs"],
    ["strata atm cutover --bank firstbank.com --id atm2", "its journal beside the bank's books"],
    ["strata atm count 100x50 20x480 --bank firstbank.com", "what the cassettes hold, counted after a crash"],
  ],
  run: async (given, output) => (await import("../atm/atm.ts")).atm(given, output),
};
