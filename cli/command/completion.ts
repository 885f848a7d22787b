/** `strata completion`: what makes a shell complete commands, options and values. */
import type { Command } from "../arguments.ts";

export const SHELLS = ["bash", "zsh"] as const;

/** @param commands All commands, asked for late because this one is among them. */
export const completionCommand = (commands: () => readonly Command[]): Command => ({
  words: ["completion"],
  summary: "Print a completion script for bash or zsh.",
  positionals: [{ name: "SHELL", describe: "bash or zsh", required: true, choices: SHELLS }],
  options: {},
  examples: [
    ['eval "$(strata completion bash)"', "in ~/.bashrc"],
    ['eval "$(strata completion zsh)"', "in ~/.zshrc, after compinit"],
  ],
  run: async (given, output) => {
    const { bashCompletion, zshCompletion } = await import("../completion.ts");
    output.result(given.required("SHELL") === "zsh" ? zshCompletion(commands()) : bashCompletion(commands()));
    return 0;
  },
});
