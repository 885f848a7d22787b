/** Runs bin/strata as a user does: to its end, or until it is ready. Ends only what it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../../bin/strata", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** To its end. `within` is what stands before the command, to run it in a network of its own. */
export async function strata(
  words: readonly string[],
  environment: Record<string, string> = {},
  within: readonly string[] = [],
): Promise<Outcome> {
  const [command = launcher, ...before] = [...within, launcher];
  const child = spawn(command, [...before, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = await once(child, "close");
  return { status, stdout, stderr };
}

/** A server that runs until it is told to stop. */
export class RunningStrata implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #waiting: { readonly stream: string[]; readonly pattern: RegExp; readonly found: (line: string) => void }[] =
    [];

  private constructor(words: readonly string[], within: readonly string[]) {
    const [command = launcher, ...before] = [...within, launcher];
    const child = spawn(command, [...before, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#ended = once(child, "close");
    createInterface({ input: child.stdout }).on("line", (line) => this.#heard(this.stdout, line));
    createInterface({ input: child.stderr }).on("line", (line) => this.#heard(this.stderr, line));
  }

  /** Resolves when it prints `ready`. `within` is what stands before the command, to run it in a network of its own. */
  static async start(words: readonly string[], within: readonly string[] = []): Promise<RunningStrata> {
    const running = RunningStrata.begin(words, within);
    await running.ready();
    return running;
  }

  /** Does not wait until it is ready. */
  static begin(words: readonly string[], within: readonly string[] = []): RunningStrata {
    return new RunningStrata(words, within);
  }

  /** Resolves when it prints `ready`; fails when it ends before. */
  async ready(): Promise<void> {
    const ended = this.#ended.then(() => {
      throw new Error(`${this.#child.spawnargs.join(" ")} ended before it was ready:\n${this.stderr.join("\n")}`);
    });
    await Promise.race([this.line("stdout", /^ready$/), ended]);
    ended.catch(() => undefined);
  }

  /** What it said on standard error, but for how it does without koffi where that is not to be had. */
  get complaints(): string[] {
    return this.stderr.filter((line) => !line.includes("koffi cannot be loaded"));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The first line, heard already or yet to come, that matches. */
  line(from: "stdout" | "stderr", pattern: RegExp): Promise<string> {
    const stream = this[from];
    const heard = stream.find((line) => pattern.test(line));
    if (heard !== undefined) return Promise.resolve(heard);
    return new Promise((found) => this.#waiting.push({ stream, pattern, found }));
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Sends the signal and resolves to the exit code. */
  async stop(name: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(name);
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #heard(stream: string[], line: string): void {
    stream.push(line);
    for (const waiting of this.#waiting)
      if (waiting.stream === stream && waiting.pattern.test(line)) waiting.found(line);
  }
}

/** A folder of its own for one test, removed after it. */
export class Scratch implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "strata-whole-"));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
