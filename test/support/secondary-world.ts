/** A secondary of `example.` on the simulated network, with its store, its shelf in memory, and primaries. */
import { type Log, SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import { Name, type TsigKey } from "../../dns/index.ts";
import { MemoryNetwork, type Weather } from "../../net/index.ts";
import { type Primary, Secondaries, type TransferLimits, Turns, type ZoneShelf } from "../../replication/index.ts";
import {
  type ChangeSet,
  type JournalEntry,
  type KeptZone,
  ZoneChanger,
  ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import { type MemoryPrimary } from "./memory-primary.ts";
import { rrText } from "./name-server.ts";
import { recordsOf } from "../../dns/index.ts";

export const APEX = Name.parse("example.");
export const HOME = "192.0.2.1";

export const LIMITS: TransferLimits = {
  records: 1000,
  octets: 100_000,
  idleMilliseconds: 10_000,
  timeoutMilliseconds: 60_000,
};

/** As the journal keeps zones, without a disk. */
export class MemoryShelf implements ZoneShelf {
  readonly kept = new Map<string, KeptZone>();
  /** The next write fails with this. */
  failure: Error | null = null;

  load(apex: Name): KeptZone | null {
    return this.kept.get(apex.key) ?? null;
  }

  keep(apex: Name, { pieces, changes, checkedAtSeconds }: KeptZone): void {
    this.#fail();
    this.kept.set(apex.key, { pieces: Array.from(pieces, (piece) => piece.slice()), changes, checkedAtSeconds });
  }

  confirm(apex: Name, checkedAtSeconds: number): void {
    this.#fail();
    const kept = this.kept.get(apex.key);
    if (kept !== undefined) this.kept.set(apex.key, { ...kept, checkedAtSeconds });
  }

  isOutgrown(apex: Name): boolean {
    return (this.kept.get(apex.key)?.changes.length ?? 0) > 20;
  }

  /** For the changer. */
  append(entries: readonly JournalEntry[]): void {
    this.#fail();
    for (const { change } of entries) this.#add(change);
  }

  #add(change: ChangeSet): void {
    const kept = this.kept.get(change.apex.key);
    if (kept !== undefined) this.kept.set(change.apex.key, { ...kept, changes: [...kept.changes, change] });
  }

  #fail(): void {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
  }
}

export interface SecondaryWorldOptions {
  readonly seed?: number;
  readonly weather?: Partial<Weather>;
  readonly limits?: Partial<TransferLimits>;
  readonly clock?: SimulatedClock;
  readonly shelf?: MemoryShelf;
  /** In place of those that are there. */
  readonly primaries?: readonly Primary[];
  /** All primaries are asked with it. */
  readonly key?: TsigKey;
}

export class SecondaryWorld {
  readonly clock: SimulatedClock;
  readonly network: MemoryNetwork;
  readonly store = ZoneStore.create({ capacityOctets: 1 << 24 });
  readonly shelf: MemoryShelf;
  readonly changer: ZoneChanger;
  readonly secondaries: Secondaries;
  readonly primaries: readonly MemoryPrimary[];
  /** Warnings and errors that were logged. */
  readonly told: string[] = [];

  constructor(primaries: readonly MemoryPrimary[], options: SecondaryWorldOptions = {}) {
    const { seed = 1, weather = {}, limits = {}, key = null } = options;
    this.clock = options.clock ?? new SimulatedClock();
    this.shelf = options.shelf ?? new MemoryShelf();
    this.primaries = primaries;
    const random = new SeededRandom(seed);
    this.network = new MemoryNetwork(this.clock, random, weather);
    for (const one of primaries) this.network.attach(one.endpoint, one);
    const tell = (_about: unknown, words: string): void => void this.told.push(words);
    const log: Log = { ...silentLog, warn: tell, error: tell };
    const { clock, store } = this;
    this.changer = new ZoneChanger({ store, clock, log, changeLog: this.shelf });
    const { ask, askMany } = this.network.host(HOME);
    this.secondaries = new Secondaries(
      [{ apex: APEX, primaries: options.primaries ?? primaries.map(({ endpoint }) => ({ endpoint, key })) }],
      {
        ask,
        askMany,
        clock,
        random,
        log,
        store,
        changer: this.changer,
        shelf: this.shelf,
        turns: new Turns(10),
        limits: { ...LIMITS, ...limits },
      },
    );
  }

  /** Starts it and lets it have its first round. */
  async begin(): Promise<void> {
    await this.clock.run(this.secondaries.start());
    await this.clock.run(this.secondaries.ready());
  }

  /** What is served, record by record; empty when nothing is. */
  served(): string[] {
    const zone = ZoneView.of(this.store, APEX);
    return zone === null
      ? []
      : recordsOf([...zone.rrsets()])
          .map(rrText)
          .sort();
  }

  get serial(): number | null {
    return this.secondaries.status[0]!.serial;
  }

  get failure(): string | null {
    return this.secondaries.status[0]!.failure;
  }
}
