/** Namespaces of our own (unshare(1), nsenter(1)), for tests of what only root may arrange elsewhere. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe } from "vitest";
import { findProgram, type Program } from "./peer-configuration.ts";
import { describeWithPeers } from "./peers.ts";

/** How one is made, and how a program is run in it. */
interface Way {
  readonly make: readonly string[];
  readonly enter: readonly string[];
}

export interface NamespaceKind {
  /** In words, for who wonders why a test is skipped. */
  readonly title: string;
  /** Not every kernel, and not every container, lets an ordinary user or even root make one. */
  readonly ways: readonly Way[];
  /** What shows that it is permitted. */
  readonly trial: readonly string[];
  readonly programs: readonly Program[];
}

const userEnters = ["-U", "--preserve-credentials"];
const NEEDED: readonly Program[] = ["unshare", "nsenter"];

export const NETWORK: NamespaceKind = {
  title: "network namespaces (unshare -n)",
  ways: [
    { make: ["-n"], enter: ["-n"] },
    { make: ["-r", "-n"], enter: [...userEnters, "-n"] },
  ],
  trial: ["ip", "link", "set", "lo", "up"],
  programs: [...NEEDED, "ip"],
};

/** Several of them, joined by a bridge: only root may do that. */
export const JOINED_NETWORKS: NamespaceKind = {
  title: "network namespaces that are joined (ip link add type bridge, veth)",
  ways: [{ make: ["-n"], enter: ["-n"] }],
  trial: ["sh", "-c", "ip link add name hub type bridge && ip link add name one type veth peer name two"],
  programs: [...NEEDED, "ip"],
};

export const MOUNTS: NamespaceKind = {
  title: "file systems of one's own (unshare -m, mount -t tmpfs)",
  ways: [
    { make: ["-m"], enter: ["-m"] },
    { make: ["-r", "-m"], enter: [...userEnters, "-m"] },
  ],
  trial: ["mount", "-t", "tmpfs", "tmpfs", "/tmp"],
  programs: NEEDED,
};

export class Namespace implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** What to put before a command so that it runs in here. */
  readonly within: readonly string[];

  private constructor(child: ChildProcess, within: readonly string[]) {
    this.#child = child;
    this.within = within;
  }

  /** Runs a line of the shell in it, with these words, before anything else. */
  static async open(kind: NamespaceKind, line: string, words: readonly string[]): Promise<Namespace> {
    const way = permittedWay(kind);
    if (way === undefined) throw new Error(`this machine does not permit ${kind.title}`);
    // `cat` keeps the namespace until its standard input ends, so that it does not outlive these tests.
    const all = [...way.make, "sh", "-c", `${line} && echo up && exec cat`, "sh", ...words];
    const child = spawn("unshare", all, { stdio: ["pipe", "pipe", "inherit"] });
    const [told] = await once(createInterface({ input: child.stdout }), "line");
    if (told !== "up") throw new Error(`the namespace said: ${told}`);
    return new Namespace(child, ["nsenter", ...way.enter, "-t", String(child.pid)]);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }
}

/** A group of tests that needs these programs, and a namespace to run them in. */
export function describeInNamespace(
  kind: NamespaceKind,
  title: string,
  programs: readonly Program[],
  tests: () => void,
): void {
  const isComplete = kind.programs.every((name) => findProgram(name) !== null);
  if (!isComplete || permittedWay(kind) !== undefined) {
    describeWithPeers(title, [...programs, ...kind.programs], tests);
    return;
  }
  // Nothing that could be installed is missing, so this is no failure in CI either.
  const why = `this machine does not permit ${kind.title}`;
  process.stderr.write(`\nSKIPPED ${title}: ${why}\n\n`);
  describe.skip(`${title} (${why})`, tests);
}

function permittedWay({ ways, trial }: NamespaceKind): Way | undefined {
  return ways.find(({ make }) => spawnSync("unshare", [...make, ...trial]).status === 0);
}
