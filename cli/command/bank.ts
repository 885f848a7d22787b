/** `strata bank`: a bank server, and what is done at its counter. */
import type { Command, Option } from "../arguments.ts";
import { KEY_OPTION } from "../options.ts";

const STATE: Option = { kind: "text", value: "DIR", describe: "where state is kept (default .strata)" };
const BANK: Option = { kind: "text", value: "NAME", describe: "the bank's name" };
const SERVER: Option = {
  kind: "text",
  value: "ADDR:PORT",
  describe: "the resolver; that of the running strata up unless given",
};
const JSON_OPTION: Option = { kind: "flag", describe: "print JSON" };

export const bankServeCommand: Command = {
  words: ["bank", "serve"],
  summary: "Run a bank server, found by its name for as long as it runs.",
  positionals: [],
  options: {
    name: { kind: "text", value: "NAME", describe: "the bank's name, such as firstbank.com" },
    listen: { kind: "text", value: "ADDR:PORT", describe: "where it takes requests (default 127.0.0.1, a free port)" },
    threads: {
      kind: "text",
      value: "N",
      describe: "threads that take requests; one more writes (default: the cores less one)",
    },
    database: { kind: "text", value: "FILE|postgres://…", describe: "its books (default in --state)" },
    key: KEY_OPTION,
    server: SERVER,
    primary: {
      kind: "text",
      value: "ADDR:PORT",
      describe: "the primary of the bank's zone (found by its name unless given)",
    },
    lease: { kind: "text", value: "TIME", default: "30s", describe: "how long its records outlive it if it dies" },
    "take-over": {
      kind: "flag",
      describe: "be the bank's server at once, without waiting for the one that is registered to be gone",
    },
    host: { kind: "text", value: "LABEL", describe: "this server's own name in the bank's zone (default: the host's)" },
    currency: {
      kind: "text",
      value: "CODE",
      many: true,
      describe: "currencies it keeps accounts in (default USD and EUR)",
    },
    counter: {
      kind: "text",
      choices: ["loopback", "off"],
      default: "loopback",
      describe: "who opens accounts and enrols ATMs without being staff: programs on this machine, or nobody",
    },
    certificate: {
      kind: "text",
      value: "FILE",
      describe: "its TLS certificate, PEM (one of its own authority unless given)",
    },
    "certificate-key": { kind: "text", value: "FILE", describe: "the certificate's key, PEM" },
    state: STATE,
    log: {
      kind: "text",
      choices: ["trace", "debug", "info", "warn", "error", "silent"],
      default: "warn",
      describe: "what is logged",
    },
  },
  examples: [
    ["strata bank serve --name firstbank.com", "beside strata up"],
    [
      "strata bank serve --name firstbank.com --server 127.0.0.1:5353 --key update.key",
      "registered where that resolver leads",
    ],
  ],
  run: async (given, output) => (await import("../bank/serve.ts")).bankServe(given, output),
};

export const bankOpenCommand: Command = {
  words: ["bank", "open"],
  summary: "Open an account, with a card, for a new holder.",
  positionals: [],
  options: {
    bank: BANK,
    holder: { kind: "text", value: "TEXT", describe: "the holder's name" },
    currency: { kind: "text", value: "CODE", describe: "the account's currency (default: the bank's first)" },
    pin: { kind: "text", value: "PIN", describe: "the card's, 4 to 12 digits" },
    deposit: { kind: "text", value: "AMOUNT", describe: "what is put in at once, such as 100 or 12.30" },
    key: { kind: "text", value: "KEY", describe: "of a request whose outcome is not known: it is asked again" },
    server: SERVER,
    state: STATE,
    json: JSON_OPTION,
  },
  examples: [
    ["strata bank open --bank firstbank.com --holder Alice --currency USD --pin 1234 --deposit 100", "100 USD in cash"],
  ],
  run: async (given, output) => (await import("../bank/open.ts")).bankOpen(given, output),
};

export const bankVerifyCommand: Command = {
  words: ["bank", "verify"],
  summary: "Check a bank's books, holds and chain: everything is worked out again and compared.",
  positionals: [],
  options: {
    bank: { ...BANK, describe: "the bank; not needed where there is only one" },
    state: STATE,
    database: { kind: "text", value: "FILE|postgres://…", describe: "its database, when that is elsewhere" },
    json: JSON_OPTION,
  },
  examples: [["strata bank verify --state .strata", "exit code 1 when anything is wrong"]],
  run: async (given, output) => (await import("../bank/verify.ts")).bankVerify(given, output),
};

export const bankAtmsCommand: Command = {
  words: ["bank", "atms"],
  summary: "List the bank's ATMs by their names: where they are, their cash, and when they were last heard of.",
  positionals: [],
  options: { bank: BANK, server: SERVER, state: STATE, json: JSON_OPTION },
  examples: [["strata bank atms --bank firstbank.com", "beside strata up"]],
  run: async (given, output) => (await import("../bank/atms.ts")).bankAtms(given, output),
};

export const bankStaffCommand: Command = {
  words: ["bank", "staff"],
  summary: "Make a teller or an auditor, at the counter on the bank's own machine.",
  positionals: [{ name: "ID", describe: "what they log in as, such as tess", required: true }],
  options: {
    bank: BANK,
    role: { kind: "text", choices: ["teller", "auditor"], default: "teller", describe: "what they may do" },
    "full-name": { kind: "text", value: "TEXT", describe: "what they are called (the ID unless given)" },
    password: { kind: "text", value: "TEXT", describe: "12 characters at least" },
    key: { kind: "text", value: "KEY", describe: "of a request whose outcome is not known: it is asked again" },
    server: SERVER,
    state: STATE,
  },
  examples: [["strata bank staff tess --bank firstbank.com --password 'correct horse battery'", "a teller"]],
  run: async (given, output) => (await import("../bank/staff.ts")).bankStaff(given, output),
};

export const bankAuthorityCommand: Command = {
  words: ["bank", "ca"],
  summary: "Make the bank's certificate authority where there is none, and certificates under it.",
  positionals: [],
  options: {
    bank: BANK,
    issue: {
      kind: "text",
      value: "NAME",
      many: true,
      describe: "make a certificate for this name; may be given again",
    },
    address: { kind: "text", value: "ADDR", many: true, describe: "and for this address" },
    out: { kind: "text", value: "PREFIX", describe: "put it into PREFIX.pem and PREFIX.key" },
    state: STATE,
  },
  examples: [
    ["strata bank ca --bank firstbank.com", "in .strata/banks/firstbank.com"],
    [
      "strata bank ca --bank firstbank.com --issue b2.firstbank.com --address 192.0.2.7 --out b2",
      "for a server elsewhere",
    ],
  ],
  run: async (given, output) => (await import("../bank/authority.ts")).bankAuthority(given, output),
};

export const bankDemoCommand: Command = {
  words: ["bank", "demo"],
  summary: "Show what three at once do to one account without synchronization, and with each right way.",
  positionals: [{ name: "WHAT", describe: "what is shown", required: true, choices: ["race"] }],
  options: { json: JSON_OPTION },
  examples: [["strata bank demo race", "a wrong balance, then right ones"]],
  run: async (given, output) => (await import("../bank/demo.ts")).bankDemo(given, output),
};
