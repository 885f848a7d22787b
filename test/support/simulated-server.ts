/** A whole authoritative server in the simulated network: primary, secondary or both, with a journal in memory that outlives it. */
import { type Log, SeededRandom, type SimulatedClock, silentLog } from "../../base/index.ts";
import { Name, recordsOf, type Rr } from "../../dns/index.ts";
import { NameServer, TransferServer } from "../../nameserver/index.ts";
import { type Endpoint, type MemoryNetwork, Prefix } from "../../net/index.ts";
import { Notifier, Secondaries, type TransferLimits, Turns } from "../../replication/index.ts";
import { type ChangeSet, fromSerial, type JournalEntry, ZoneChanger, ZoneStore, ZoneView } from "../../zones/index.ts";
import { rrText } from "./name-server.ts";
import { APEX, LIMITS, MemoryShelf } from "./secondary-world.ts";

/** Changes that are remembered for those who ask for a difference. */
const REMEMBERED = 6;

export class MemoryJournal extends MemoryShelf {
  #changes: ChangeSet[] = [];

  override append(entries: readonly JournalEntry[]): void {
    super.append(entries);
    this.#changes = [...this.#changes, ...entries.map(({ change }) => change)].slice(-REMEMBERED);
  }

  since(serial: number): readonly ChangeSet[] | null {
    const first = this.#changes.findLastIndex((change) => fromSerial(change) === serial);
    return first < 0 ? null : this.#changes.slice(first);
  }
}

export interface SimulatedServerParts {
  readonly network: MemoryNetwork;
  readonly clock: SimulatedClock;
  readonly endpoint: Endpoint;
  readonly journal: MemoryJournal;
  /** Whom it fetches the zone from; none: it is the primary. */
  readonly primaries: readonly Endpoint[];
  /** Whom it tells of changes. */
  readonly targets: readonly Endpoint[];
  readonly seed: number;
  readonly limits?: TransferLimits;
}

export class SimulatedServer {
  readonly store = ZoneStore.create({ capacityOctets: 1 << 22 });
  readonly changer: ZoneChanger;
  readonly secondaries: Secondaries | null;
  readonly told: string[] = [];
  readonly #notifier: Notifier;
  readonly #attached: Disposable;

  constructor({ network, clock, endpoint, journal, primaries, targets, seed, limits = LIMITS }: SimulatedServerParts) {
    const { store } = this;
    const random = new SeededRandom(seed);
    const { ask, askMany } = network.host(endpoint.address);
    const log: Log = { ...silentLog, warn: (_about, words) => void this.told.push(words) };
    this.changer = new ZoneChanger({ store, clock, log, changeLog: journal });
    this.secondaries =
      primaries.length === 0
        ? null
        : new Secondaries([{ apex: APEX, primaries: primaries.map((one) => ({ endpoint: one, key: null })) }], {
            ...{ ask, askMany, clock, random, log, store, limits },
            changer: this.changer,
            shelf: journal,
            turns: new Turns(10),
          });
    const told = targets.map((target) => ({ endpoint: target, key: null }));
    const zone = { apex: APEX, targets: told, windowSeconds: 0 };
    this.#notifier = new Notifier([zone], { ask, clock, log, soaOf: () => this.soa() });
    this.changer.subscribe(({ change }) => this.#notifier.changed(change.apex));
    const grant = { from: [Prefix.parse("0.0.0.0/0")], keys: [] };
    const parts = { store, clock, log, grantOf: () => grant };
    const transfer = new TransferServer({ ...parts, changesSince: (_apex, serial) => journal.since(serial) });
    const { secondaries } = this;
    const server = new NameServer({
      ...{ store, clock, random },
      recursion: null,
      settings: {},
      control: {
        keys: new Map(),
        transfer: transfer.handle,
        notify:
          secondaries === null
            ? null
            : ({ message, peer, respond }) => respond({ rcode: secondaries.notify(message, peer.address, null).rcode }),
        update: null,
      },
    });
    this.#attached = network.attach(endpoint, server);
  }

  soa(): Rr | null {
    const soa = ZoneView.of(this.store, APEX)?.soa ?? null;
    return soa === null ? null : recordsOf([soa])[0]!;
  }

  /** What it serves, in words; empty when nothing. */
  text(): string {
    const zone = ZoneView.of(this.store, Name.parse("example."));
    return zone === null
      ? ""
      : recordsOf([...zone.rrsets()])
          .map(rrText)
          .sort()
          .join("\n");
  }

  async start(): Promise<void> {
    await this.secondaries?.start();
    this.#notifier.start();
  }

  async close(): Promise<void> {
    this.#attached[Symbol.dispose]();
    this.#notifier.close();
    await this.secondaries?.close();
    this.changer.close();
  }
}
