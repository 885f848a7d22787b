/**
 * A network that leads nowhere: a network namespace of our own with a loopback interface and nothing else. Servers in it
 * may use port 53, and addresses that in the world are real hosts', and no packet can leave it. It ends when it is disposed.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe } from "vitest";
import { describeWithPeers } from "./peers.ts";
import { findProgram, type Program } from "./peer-configuration.ts";

/** Not every kernel, and not every container, lets an ordinary user or even root make one. */
const WAYS: readonly { readonly make: readonly string[]; readonly enter: readonly string[] }[] = [
  { make: ["-n"], enter: ["-n"] },
  { make: ["-r", "-n"], enter: ["-U", "-n", "--preserve-credentials"] },
];
const NEEDED: readonly Program[] = ["unshare", "nsenter", "ip"];

const bring =
  "ip link set lo up && for address; do ip address add $address dev lo || exit 1; done && echo up && exec cat";

export class ClosedNetwork implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #enter: readonly string[];

  private constructor(child: ChildProcess, enter: readonly string[]) {
    this.#child = child;
    this.#enter = enter;
  }

  /** The addresses, beside 127.0.0.0/8, that its loopback interface has. */
  static async open(addresses: readonly string[] = []): Promise<ClosedNetwork> {
    const way = permittedWay();
    if (way === undefined) throw new Error("this machine does not permit network namespaces");
    // `cat` keeps the namespace until its standard input ends, so that it does not outlive these tests.
    const words = [...way.make, "sh", "-c", bring, "sh", ...addresses];
    const child = spawn("unshare", words, { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    if (line !== "up") throw new Error(`the closed network said: ${line}`);
    return new ClosedNetwork(child, ["nsenter", ...way.enter, "-t", String(child.pid)]);
  }

  /** What to put before a command so that it runs in here. */
  get within(): readonly string[] {
    return this.#enter;
  }

  /** Runs a program to its end; gives what it wrote to both its outputs. */
  run(...words: readonly string[]): Promise<string> {
    return told(...this.#enter, ...words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }
}

/** Runs a program to its end; gives what it wrote to both its outputs, whatever it ends with. */
export function told(...[command = "", ...words]: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, words, { encoding: "utf8" }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

/** A group of tests that needs these programs, and a closed network to run them in. */
export function describeInClosedNetwork(title: string, programs: readonly Program[], tests: () => void): void {
  const isComplete = NEEDED.every((name) => findProgram(name) !== null);
  if (!isComplete || permittedWay() !== undefined) {
    describeWithPeers(title, [...programs, ...NEEDED], tests);
    return;
  }
  // Nothing that could be installed is missing, so this is no failure in CI either.
  const why = "this machine does not permit network namespaces (unshare -n)";
  process.stderr.write(`\nSKIPPED ${title}: ${why}\n\n`);
  describe.skip(`${title} (${why})`, tests);
}

function permittedWay(): (typeof WAYS)[number] | undefined {
  return WAYS.find(({ make }) => spawnSync("unshare", [...make, "ip", "link", "set", "lo", "up"]).status === 0);
}
