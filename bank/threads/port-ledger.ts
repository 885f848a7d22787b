/** The ledger as a thread sees it whose writer is another one: what comes in one turn of the loop crosses in one message. */
import type { MessagePort } from "node:worker_threads";
import type { Clock } from "../../base/index.ts";
import type { LedgerRequest } from "../command.ts";
import { BankError } from "../error.ts";
import { digested, type DigestedRequest } from "../sqlite-ledger.ts";
import type { Ledger } from "../store.ts";
import type { FromWriter } from "./writer-work.ts";

interface Pending {
  readonly resolve: (octets: Uint8Array) => void;
  readonly reject: (error: BankError) => void;
}

/** What may wait in one thread; beyond it a request is refused at once, with nothing done. */
const PENDING_MAX = 20_000;

export class PortLedger implements Ledger {
  readonly #clock: Clock;
  #port: MessagePort;
  #nextId = 0;
  #leaving: [number, DigestedRequest][] = [];
  readonly #pending = new Map<number, Pending>();

  constructor(port: MessagePort, clock: Clock) {
    this.#clock = clock;
    this.#port = this.#listened(port);
  }

  submit(request: LedgerRequest): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    if (this.#pending.size >= PENDING_MAX) {
      reject(new BankError("STORE", "the bank is busy beyond its bound: nothing was done, ask again later"));
      return promise;
    }
    const id = this.#nextId++;
    const leaving: [number, DigestedRequest] = [id, digested(request)];
    this.#pending.set(id, { resolve, reject });
    if (this.#leaving.push(leaving) === 1) this.#clock.soon(() => this.#leave());
    return promise;
  }

  /** The writer has died and this is the way to the next one. What was under way may have been done. */
  renew(port: MessagePort): void {
    this.#port.close();
    this.#port = this.#listened(port);
    this.#leaving = [];
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of lost) {
      reject(new BankError("UNKNOWN", "the writer ended before it answered: ask again with the same key"));
    }
  }

  close(): void {
    this.#port.close();
  }

  #leave(): void {
    if (this.#leaving.length === 0) return;
    this.#port.postMessage(this.#leaving);
    this.#leaving = [];
  }

  #listened(port: MessagePort): MessagePort {
    port.on("message", (outcomes: FromWriter) => {
      for (const [id, outcome] of outcomes) {
        const pending = this.#pending.get(id);
        this.#pending.delete(id);
        if (outcome instanceof Uint8Array) pending?.resolve(outcome);
        else pending?.reject(new BankError(outcome.code, outcome.message));
      }
    });
    return port;
  }
}
