/** The DNS as a file system over a small name space on the simulated network: a server for each zone, and a resolver that begins at the root. */
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import { DnsFileSystem } from "../../mount/dns-tree/dns-file-system.ts";
import { type FileSystem, parseSource } from "../../mount/index.ts";
import { NameServer, TransferServer } from "../../nameserver/index.ts";
import { MemoryNetwork, Prefix } from "../../net/index.ts";
import { createEngine, readHints } from "../../resolver/index.ts";
import type { ZoneStore } from "../../zones/index.ts";
import { rrs } from "./messages.ts";
import { storeOf } from "./name-server.ts";
import { Name } from "../../dns/index.ts";

export interface TreeZone {
  readonly apex: string;
  readonly address: string;
  readonly records: string;
  /** Whether it lets others transfer the zone. */
  readonly isOpen: boolean;
}

const HOME = "192.0.2.250";

export class DnsTreeWorld {
  readonly clock = new SimulatedClock(1_790_000_000);
  readonly network: MemoryNetwork;
  /** `UDP vu.nl. …` is not told: only how many messages were sent by whom asks. */
  readonly #stores = new Map<string, ZoneStore>();
  readonly #engine;

  constructor(zones: readonly TreeZone[]) {
    const { clock } = this;
    const random = new SeededRandom(1);
    this.network = new MemoryNetwork(clock, random);
    for (const { apex, address, records, isOpen } of zones) {
      const store = storeOf({ [apex]: records });
      this.#stores.set(apex, store);
      const grantOf = () => (isOpen ? { from: [Prefix.parse("0.0.0.0/0")], keys: [] } : null);
      const transfer = new TransferServer({ store, clock, log: silentLog, grantOf, changesSince: () => null }).handle;
      const control = { keys: new Map(), transfer, notify: null, update: null };
      const settings = { rateLimits: null };
      this.network.attach(
        { address, port: 53 },
        new NameServer({ store, clock, random, recursion: null, settings, control }),
      );
    }
    const root = zones[0]!;
    const hints = readHints(Buffer.from(`. 3600 NS a.root.\na.root. 3600 A ${root.address}\n`), "hints");
    this.#engine = createEngine({ ask: this.network.ask(HOME), clock, random }, { hints });
  }

  /** The file system of a source; time passes while it is asked. */
  open(source: string): FileSystem {
    const parsed = parseSource(source);
    if (parsed.kind !== "dns") throw new Error("a dns source is wanted");
    const { ask, askMany } = this.network.host(HOME);
    const parts = { resolve: this.#engine.exchange, ask, askMany, clock: this.clock, port: 53 };
    return drivenBy(this.clock, new DnsFileSystem(parsed, parts));
  }

  /** Replaces the records of a zone. */
  change(apex: string, records: string): void {
    const edit = this.#stores.get(apex)!.replace(Name.parse(apex));
    for (const { owner, type, ttlSeconds, rdata } of rrs(records)) {
      edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
    }
    edit.commit();
  }
}

/** Lets simulated time pass while an operation is under way. */
function drivenBy(clock: SimulatedClock, fileSystem: FileSystem): FileSystem {
  return new Proxy(fileSystem, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        const outcome: unknown = member.apply(target, given);
        return outcome instanceof Promise ? clock.run(outcome) : outcome;
      };
    },
  });
}
