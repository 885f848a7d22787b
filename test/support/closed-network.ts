/**
 * A network that leads nowhere: a network namespace of our own with a loopback interface and nothing else. Servers in it
 * may use port 53, and addresses that in the world are real hosts', and no packet can leave it. It ends when it is disposed.
 */
import { execFile } from "node:child_process";
import { describeInNamespace, Namespace, NETWORK } from "./namespaces.ts";
import type { Program } from "./peer-configuration.ts";

const BRING = "ip link set lo up && for address; do ip address add $address dev lo || exit 1; done";

export class ClosedNetwork implements AsyncDisposable {
  readonly #namespace: Namespace;

  private constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** The addresses, beside 127.0.0.0/8, that its loopback interface has. */
  static async open(addresses: readonly string[] = []): Promise<ClosedNetwork> {
    return new ClosedNetwork(await Namespace.open(NETWORK, BRING, addresses));
  }

  /** What to put before a command so that it runs in here. */
  get within(): readonly string[] {
    return this.#namespace.within;
  }

  /** Runs a program to its end; gives what it wrote to both its outputs. */
  run(...words: readonly string[]): Promise<string> {
    return told(...this.within, ...words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespace[Symbol.asyncDispose]();
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
  describeInNamespace(NETWORK, title, programs, tests);
}
