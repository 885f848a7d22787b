/**
 * A thread that asks a store while another one changes it, without a pause. Every change gives both records of a pair its own
 * number, and the zone's serial too; an answer that mixes two versions, or goes back to an older one, is a fault.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { assert, collectGarbage, SeededRandom } from "../../base/index.ts";
import { Name, TYPE } from "../../dns/index.ts";
import {
  firstRecord,
  Lookup,
  lookup,
  recordRdata,
  type SharedStore,
  zoneSerial,
  ZoneStore,
} from "../../zones/index.ts";

export interface ChangeReaderTask {
  readonly shared: SharedStore;
  /** Where the writer says that the zones moved. */
  readonly moves: MessagePort;
  /** A word: not 0 when it is time to end. */
  readonly stop: SharedArrayBuffer;
  readonly apex: string;
  readonly pairs: number;
  readonly seed: number;
  /** Rests so long after each thousand readings, so that a machine of few cores has some left for the writer. */
  readonly restMilliseconds: number;
}

export interface ChangeReaderReport {
  readonly faults: readonly string[];
  readonly readings: number;
  readonly versions: number;
  readonly moves: number;
}

const READINGS = 1000;
const FAULTS_MAX = 5;

class ChangeReader {
  readonly #task: ChangeReaderTask;
  readonly #store: ZoneStore;
  readonly #apex: Name;
  readonly #found = new Lookup();
  readonly #faults: string[] = [];
  /** The greatest number seen of each pair. */
  readonly #seen: Float64Array;
  #moves = 0;

  constructor(task: ChangeReaderTask) {
    this.#task = task;
    this.#store = ZoneStore.attach(task.shared);
    this.#store.nextShared = () => {
      const move: { message: SharedStore } | undefined = receiveMessageOnPort(task.moves);
      assert(move !== undefined, "the move is told before it shows");
      this.#moves++;
      return move.message;
    };
    this.#apex = Name.parse(task.apex);
    this.#seen = new Float64Array(task.pairs);
  }

  run(): ChangeReaderReport {
    const { stop, pairs, seed, restMilliseconds, apex } = this.#task;
    const stopWord = new Int32Array(stop);
    const owners = (letter: string): Uint8Array[] =>
      Array.from({ length: pairs }, (_, i) => Name.parse(`${letter}${i}.${apex}`).octets);
    const [ones, others] = [owners("a"), owners("b")];
    const random = new SeededRandom(seed);
    let readings = 0;
    let versions = 0;
    let last = 0;
    let collectedAt = 0;
    while (Atomics.load(stopWord, 0) === 0 && this.#faults.length < FAULTS_MAX) {
      for (let i = 0; i < READINGS; i++) {
        const pair = random.below(pairs);
        this.#store.refresh();
        const serial = this.#read(pair, { one: ones[pair]!, other: others[pair]! });
        if (serial < last) this.#faults.push(`serial ${serial} after ${last}`);
        if (serial > last) versions++;
        last = serial;
      }
      readings += READINGS;
      if (this.#moves !== collectedAt) {
        collectedAt = this.#moves;
        collectGarbage();
      }
      if (restMilliseconds > 0) Atomics.wait(stopWord, 0, 0, restMilliseconds);
    }
    return { faults: this.#faults, readings, versions, moves: this.#moves };
  }

  /** The serial of the version that was read. */
  #read(pair: number, { one, other }: { readonly one: Uint8Array; readonly other: Uint8Array }): number {
    const zone = this.#store.zoneOf(this.#apex);
    const serial = zoneSerial(this.#store, zone);
    const numbers = [one, other].map((owner) => this.#numberOf(zone, owner));
    const [a = -1, b = -1] = numbers;
    if (a !== b) this.#faults.push(`serial ${serial}: pair ${pair} has ${a} and ${b}`);
    if (a > serial) this.#faults.push(`serial ${serial}: pair ${pair} has ${a} already`);
    if (a < this.#seen[pair]!)
      this.#faults.push(`serial ${serial}: pair ${pair} went from ${this.#seen[pair]!} to ${a}`);
    this.#seen[pair] = a;
    return serial;
  }

  #numberOf(zone: number, owner: Uint8Array): number {
    if (this.#store.findZone(owner, 0) !== zone) return -2;
    lookup(this.#store, zone, owner, 0, TYPE.A, this.#found);
    if (this.#found.kind !== "answer") return -1;
    const at = recordRdata(this.#store, firstRecord(this.#store, this.#found.rrset));
    const { octets } = this.#store;
    return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
  }
}

if (parentPort !== null) parentPort.postMessage(new ChangeReader(workerData).run());
