/**
 * Servers of a bank on one store, and a network before them, simulated: messages are lost, doubled, late and out of order, links are cut, a
 * server ends between any two steps and what the store had not synchronised is gone, clocks jump, and now and then another server takes over.
 */
import type { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { BankError, type Command, digested, type LedgerRequest } from "../../bank/index.ts";
import { MemoryLedger } from "./memory-ledger.ts";

/** What whoever asks is told in the end. */
export type CallOutcome =
  | { readonly kind: "answered"; readonly octets: Uint8Array }
  /** It may have arrived. */
  | { readonly kind: "unknown" }
  /** It has certainly not. */
  | { readonly kind: "unreached" };

const TRIES = 4;
const PATIENCE_MILLISECONDS = 1500;
const DAY_SECONDS = 86_400;

interface Server {
  readonly name: string;
  isUp: boolean;
  /** Which of its lives it is in: whatever an earlier one has begun is over. */
  life: number;
  epoch: number;
}

export class BankNet {
  readonly ledger: MemoryLedger;
  readonly #clock: SimulatedClock;
  readonly #random: SeededRandom;
  readonly #servers: Server[] = ["one", "two"].map((name) => ({ name, isUp: true, life: 0, epoch: 0 }));
  readonly #cut = new Set<string>();
  /** Whose transaction is under way. */
  #busy: Server | null = null;
  #jump = 0;
  #isCalm = false;
  #epoch = 0;
  /** Octets that somebody was given, by key. */
  readonly acknowledged = new Map<string, { readonly request: LedgerRequest; readonly text: string }>();
  readonly faults: string[] = [];
  /** How often each trouble came about. */
  readonly troubles = new Map<string, number>();

  constructor(clock: SimulatedClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
    this.ledger = new MemoryLedger(() => this.wallSeconds);
    this.#weather();
  }

  /** As the servers have it. */
  get wallSeconds(): number {
    return Math.max(0, this.#clock.wallSeconds() + this.#jump);
  }

  /** From now on all goes well; what is under way still arrives. */
  calm(): void {
    this.#isCalm = true;
    this.#cut.clear();
    for (const server of this.#servers) server.isUp = true;
  }

  /** Of every thousand such, so many happen. */
  chance(perMille: number, trouble: string): boolean {
    if (this.#isCalm || this.#random.below(1000) >= perMille) return false;
    this.troubles.set(trouble, (this.troubles.get(trouble) ?? 0) + 1);
    return true;
  }

  /** Asks for it, with the same key, of one server and the next. */
  async call(from: string, key: string, command: Command): Promise<CallOutcome> {
    const request = { key, command, by: from };
    let mayHaveArrived = false;
    for (let i = 0; i < TRIES; i++) {
      const server = this.#servers[(i + this.#random.below(2)) % 2]!;
      if (!server.isUp) {
        await this.#wait(5);
        continue;
      }
      mayHaveArrived = true;
      const octets = await this.#ask(from, server, request);
      if (octets === null) continue;
      const text = Buffer.from(octets).toString();
      const before = this.acknowledged.get(key);
      if (before !== undefined && before.text !== text && !text.includes("key-reused"))
        this.faults.push(`${key} was answered ${before.text}, then ${text}`);
      this.acknowledged.set(key, { request, text });
      return { kind: "answered", octets };
    }
    return { kind: mayHaveArrived ? "unknown" : "unreached" };
  }

  /** Null: no answer in time, or one that says that nothing was done. */
  async #ask(from: string, server: Server, request: LedgerRequest): Promise<Uint8Array | null> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
    this.#clock.after(PATIENCE_MILLISECONDS, () => resolve(null));
    const link = `${from} ${server.name}`;
    this.#send(link, () => this.#serve(server, request, (octets) => this.#send(link, () => resolve(octets))));
    return promise;
  }

  #send(link: string, deliver: () => void): void {
    if (this.#cut.has(link) || this.chance(60, "lost")) return;
    const copies = this.chance(60, "doubled") ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      // Some are so late that their sender has asked again, has given up, has had it taken back.
      const late = this.chance(40, "late") ? this.#random.below(400_000) : this.#random.below(200);
      this.#clock.after(1 + late, deliver);
    }
  }

  /** Carries it out in a transaction of its own, and answers when that is on the disk; the server may end between any two steps. */
  #serve(server: Server, request: LedgerRequest, answer: (octets: Uint8Array | null) => void): void {
    const { life } = server;
    if (!server.isUp) return;
    if (this.#busy !== null) return void this.#clock.after(1, () => this.#serve(server, request, answer));
    if (this.chance(15, "ended before the transaction")) return this.#end(server);
    this.#busy = server;
    const [outcome] = this.ledger.commit([digested(request)], server.epoch);
    this.#clock.after(1 + this.#random.below(5), () => {
      if (server.life !== life) return;
      if (this.chance(15, "ended before the commit was on the disk")) return this.#end(server);
      this.ledger.sync();
      this.#busy = null;
      if (this.chance(15, "ended before the answer")) return this.#end(server);
      answer(outcome instanceof BankError ? null : outcome!);
    });
  }

  #end(server: Server): void {
    if (this.#busy === server) {
      this.ledger.crash();
      this.#busy = null;
    }
    server.isUp = false;
    server.life++;
    this.#clock.after(50 + this.#random.below(4000), () => {
      server.isUp = true;
    });
  }

  /** What happens to servers, links and clocks by itself. */
  #weather(): void {
    this.#clock.after(500 + this.#random.below(8000), () => {
      const server = this.#random.pick(this.#servers);
      if (this.chance(250, "server ended")) this.#end(server);
      if (this.chance(150, "clock jumped")) this.#jump = (this.#random.below(7) - 3) * (DAY_SECONDS / 2);
      if (this.chance(150, "other server took over")) this.#takeOver(server);
      if (this.chance(250, "link cut")) this.#cutSome(server);
      if (!this.#isCalm) this.#weather();
    });
  }

  /** The store lets only the later one write, whatever the earlier one believes. */
  #takeOver(server: Server): void {
    const epoch = ++this.#epoch;
    this.#serve(server, { key: `take-over-${epoch}`, command: { kind: "take-over", epoch }, by: "bank" }, () => {
      server.epoch = epoch;
    });
  }

  #cutSome(server: Server): void {
    for (const from of ["a1", "a2", "ada", "bob"])
      if (this.#random.below(2) === 0) this.#cut.add(`${from} ${server.name}`);
    this.#clock.after(500 + this.#random.below(20_000), () => this.#cut.clear());
  }

  #wait(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(milliseconds, resolve);
    return promise;
  }

  /** A server that may write; for the end, when all is calm. */
  settleEpoch(): void {
    for (const server of this.#servers) server.epoch = this.#epoch + 1;
  }
}
