/**
 * Child processes of `strata up --processes`: each is started, watched, started again with back-off when it dies, and
 * stopped by its own process number. A child is in a process group of its own, so that ^C reaches only us, and has a
 * channel to us whose end tells it to stop, so that it cannot outlive us.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock, Timer } from "../base/index.ts";
import { WorkError } from "./failure.ts";

const BACK_OFF_FIRST_MILLISECONDS = 500;
const BACK_OFF_MAX_MILLISECONDS = 30_000;
/** A child that ran this long starts with the first back-off again. */
const STEADY_MILLISECONDS = 60_000;
/** A child that does not drain in this time is killed. */
const STOP_MILLISECONDS = 5000;

export interface ChildPlan {
  readonly name: string;
  /** The words after `strata`. */
  readonly words: readonly string[];
}

export interface SupervisorParts {
  readonly clock: Clock;
  /** The program's main file, as the first argument of this process names it. */
  readonly mainFile: string;
  readonly note: (text: string) => void;
  /** Told of the process numbers, by name, whenever a child has become ready. */
  readonly changed: (processes: ReadonlyMap<string, number>) => void;
}

/** The processes of one `strata up`. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #children = new Set<SupervisedChild>();

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  /** Resolves when the child prints `ready`; rejects when it ends before that. */
  async start(plan: ChildPlan): Promise<void> {
    const child = new SupervisedChild(plan, this.#parts, () => this.#parts.changed(this.#running()));
    this.#children.add(child);
    await child.start();
  }

  #running(): ReadonlyMap<string, number> {
    const entries = [...this.#children].map((child) => [child.plan.name, child.pid] as const);
    return new Map(entries.flatMap(([name, pid]) => (pid === null ? [] : [[name, pid] as const])));
  }

  /** Tells every child to hang up: serve reads changed zone files again. */
  reload(): void {
    for (const child of this.#children) child.signal("SIGHUP");
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()));
  }
}

class SupervisedChild {
  readonly plan: ChildPlan;
  readonly #parts: SupervisorParts;
  readonly #becameReady: () => void;
  #process: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #stopping = false;
  #restart: Timer | null = null;
  #backOffMilliseconds = BACK_OFF_FIRST_MILLISECONDS;

  constructor(plan: ChildPlan, parts: SupervisorParts, becameReady: () => void) {
    this.plan = plan;
    this.#parts = parts;
    this.#becameReady = becameReady;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  async start(): Promise<void> {
    const started = this.#parts.clock.now();
    const child = spawn(process.execPath, [this.#parts.mainFile, ...this.plan.words], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      detached: true,
    });
    this.#process = child;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#ended = ended;
    const { promise: ready, resolve: isReady, reject: isNotReady } = Promise.withResolvers<void>();
    let wasReady = false;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (line !== "ready") return;
      wasReady = true;
      isReady();
    });
    child.once("error", (error) => isNotReady(new WorkError(`cannot start ${this.plan.name}: ${error.message}`)));
    child.once("exit", (code, signal) => {
      this.#process = null;
      end();
      if (this.#stopping) isNotReady(new WorkError(`${this.plan.name} was stopped before it was ready`));
      else if (wasReady) this.#died(started, signal ?? `exit code ${code}`);
      else isNotReady(new WorkError(`the process of ${this.plan.name} ended before it was ready`));
    });
    await ready;
    this.#becameReady();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#restart?.cancel();
    const child = this.#process;
    if (child === null) return;
    child.kill("SIGTERM");
    const killer = this.#parts.clock.after(STOP_MILLISECONDS, () => child.kill("SIGKILL"));
    await this.#ended;
    killer.cancel();
  }

  #died(started: number, how: string): void {
    const { clock, note } = this.#parts;
    if (clock.now() - started > STEADY_MILLISECONDS) this.#backOffMilliseconds = BACK_OFF_FIRST_MILLISECONDS;
    const wait = this.#backOffMilliseconds;
    this.#backOffMilliseconds = Math.min(wait * 2, BACK_OFF_MAX_MILLISECONDS);
    note(`${this.plan.name} died (${how}); it is started again in ${wait / 1000} s`);
    this.#restart = clock.after(wait, () => {
      this.start().then(
        () => note(`${this.plan.name} runs again`),
        (error: unknown) => {
          if (!this.#stopping) this.#died(clock.now(), error instanceof Error ? error.message : String(error));
        },
      );
    });
  }
}
