/** Runs a program to its end for what it prints: without a shell, with bounds on time and output, so that none is left behind. */
import { spawn } from "node:child_process";
import type { Clock } from "./clock.ts";

export interface ProgramLimits {
  readonly milliseconds: number;
  /** Of what it prints. */
  readonly octets: number;
  readonly signal: AbortSignal;
}

export type ProgramEnd =
  /** The code is null when a signal ended it. What it wrote to standard error is passed over. */
  | { readonly kind: "ended"; readonly code: number | null; readonly output: string }
  | { readonly kind: "late" }
  | { readonly kind: "too-much" }
  | { readonly kind: "not-run"; readonly reason: string };

export type RunProgram = (file: string, words: readonly string[], limits: ProgramLimits) => Promise<ProgramEnd>;

/** Never rejects. Whoever is late, prints too much or is not wanted any more is killed with all that it started. */
export function programRunner(clock: Clock): RunProgram {
  return (file, words, { milliseconds, octets, signal }) =>
    new Promise((resolve) => {
      // In a group of its own, so that what it starts ends with it. It learns of nothing but where programs are.
      const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" };
      const child = spawn(file, words, { stdio: ["ignore", "pipe", "ignore"], detached: true, env });
      const printed: Buffer[] = [];
      let printedOctets = 0;
      const end = (how: ProgramEnd): void => {
        timer.cancel();
        signal.removeEventListener("abort", onAbort);
        if (child.pid !== undefined) killGroup(child.pid);
        child.stdout.destroy();
        resolve(how);
      };
      const onAbort = (): void => end({ kind: "late" });
      const timer = clock.after(milliseconds, onAbort);
      signal.addEventListener("abort", onAbort, { once: true });
      child.stdout.on("data", (part: Buffer) => {
        printed.push(part);
        printedOctets += part.length;
        if (printedOctets > octets) end({ kind: "too-much" });
      });
      child.once("error", (cause) => end({ kind: "not-run", reason: cause.message }));
      child.once("close", (code) => end({ kind: "ended", code, output: Buffer.concat(printed).toString("utf8") }));
      if (signal.aborted) onAbort();
    });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}
