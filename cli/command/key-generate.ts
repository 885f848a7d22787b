/** `strata key generate`: a fresh key for TSIG. */
import type { Command } from "../arguments.ts";

export const keyGenerateCommand: Command = {
  words: ["key", "generate"],
  summary: "Print a fresh key that a server and its clients share (TSIG).",
  positionals: [{ name: "NAME", describe: "the key's name, such as update.vu.nl", required: true }],
  options: {
    algorithm: {
      kind: "text",
      choices: ["hmac-sha256", "hmac-sha384", "hmac-sha512"],
      default: "hmac-sha256",
      describe: "what signs with it",
    },
    format: { kind: "text", choices: ["bind", "yaml"], default: "bind", describe: "BIND's form, or ours" },
  },
  examples: [
    ["strata key generate update.vu.nl > update.key", "for strata serve --update-key and strata update --key"],
  ],
  run: async (given, output) => (await import("../key-generate.ts")).keyGenerate(given, output),
};
