/** A bank in a process of its own (`bank-child.ts`), to be killed and started again; and a look for what was done twice. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BankError, type Ledger, type LedgerReader, type LedgerRequest } from "../../bank/index.ts";
import type { FromChild, ToChild } from "./bank-child.ts";

const READY_MILLISECONDS = 20_000;
const ENTRIES_MAX = 10_000;

/** What is asked of it while it is dead, or when it dies, fails as a lost connection would. */
export class KilledBank implements Ledger {
  /** Where the books are, from its next start on. */
  database: string;
  readonly #waiting = new Map<number, { resolve: (octets: Uint8Array) => void; reject: (error: BankError) => void }>();
  #child: ChildProcess | null = null;
  #asked = 0;

  constructor(database: string) {
    this.database = database;
  }

  async start(): Promise<void> {
    const child = fork(join(import.meta.dirname, "bank-child.ts"), [this.database], { serialization: "advanced" });
    const isReady = Promise.withResolvers<void>();
    child.on("message", (message: FromChild) => (message === "ready" ? isReady.resolve() : this.#told(message)));
    child.once("exit", () => isReady.reject(new Error("the bank's process ended while it started")));
    const late = setTimeout(() => isReady.reject(new Error("the bank's process did not start")), READY_MILLISECONDS);
    await isReady.promise.finally(() => clearTimeout(late));
    this.#child = child;
  }

  submit(request: LedgerRequest): Promise<Uint8Array> {
    if (this.#child === null) return Promise.reject(new BankError("STORE", "nobody is there"));
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const id = ++this.#asked;
    this.#waiting.set(id, { resolve, reject });
    const message: ToChild = [id, request];
    this.#child.send(message, () => undefined);
    return promise;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    for (const { reject } of this.#waiting.values()) reject(new BankError("UNKNOWN", "it was killed"));
    this.#waiting.clear();
  }

  #told([id, octets, why]: Exclude<FromChild, "ready">): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (octets === null) waiting?.reject(new BankError("STORE", why));
    else waiting?.resolve(octets);
  }
}

/** Keys that have more than one entry. */
export async function doneTwice(reader: LedgerReader): Promise<string[]> {
  const keys = new Set<string>();
  const twice: string[] = [];
  for (let from = 1; ;) {
    const entries = await reader.entries({ from, countMax: ENTRIES_MAX });
    for (const { key } of entries) if (keys.size === keys.add(key).size) twice.push(`${key} was done twice`);
    if (entries.length < ENTRIES_MAX) return twice;
    from = entries.at(-1)!.number + 1;
  }
}
