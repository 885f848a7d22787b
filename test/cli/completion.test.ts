/** The bash script, sourced by a real bash; the zsh script, read by zsh where there is one. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../cli/commands.ts";
import { bashCompletion, zshCompletion } from "../../cli/completion.ts";

function complete(words: readonly string[]): string[] {
  const script = `${bashCompletion(COMMANDS)}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_strata\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

describe("bash completes", () => {
  test.each([
    ["commands", ["strata", "re"], ["resolver", "resolve", "register", "reload", "retransfer"]],
    [
      "the second word of a command",
      ["strata", "zone", ""],
      ["check", "print", "diff", "plan", "apply", "rollback", "history", "leases", "--help"],
    ],
    ["options", ["strata", "resolve", "www.vu.nl", "--tr"], ["--trace"]],
    ["values", ["strata", "resolve", "www.vu.nl", "--mode", ""], ["iterative", "recursive", "resolver"]],
    ["layers", ["strata", "zone", "check", "f", "--layer", "m"], ["managerial"]],
    ["shells", ["strata", "completion", ""], ["bash", "zsh"]],
    ["files by itself where one is wanted", ["strata", "zone", "check", ""], []],
  ])("%s", (_what, words, expected) => {
    expect(complete(words)).toEqual(expected);
  });
});

test("the zsh script knows every command and is legal where zsh can say", () => {
  const script = zshCompletion(COMMANDS);
  for (const command of COMMANDS) expect(script).toContain(command.words.join(" "));
  const zsh = spawnSync("zsh", ["-n", "-c", script], { encoding: "utf8" });
  if (zsh.error === undefined) expect(zsh.stderr).toBe("");
});
