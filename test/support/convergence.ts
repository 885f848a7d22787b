/**
 * A primary that changes, a second one that lags behind it, and secondaries, on a network that loses, doubles, delays, reorders and
 * parts them for hours of simulated time, all from one seed. Whatever happened, once the network is whole all say the same; and
 * what a secondary served meanwhile was a version of the primary's at every moment, each newer than the one before.
 */
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { decodeMessage, encodeMessage, isNewerSerial, nextSerial, recordsOf, type Rr } from "../../dns/index.ts";
import { type Endpoint, type Handler, MemoryNetwork } from "../../net/index.ts";
import { soaSerial, ZoneView } from "../../zones/index.ts";
import { MemoryPrimary, notifyOf, reply, version } from "./memory-primary.ts";
import { rrText } from "./name-server.ts";
import { APEX, SecondaryWorld } from "./secondary-world.ts";

const HOURS = 6;
const HOUR = 3_600_000;
const TIMES = "600 120 86400";
const SECONDARIES = 3;
/** Versions that the primary can tell the changes of. */
const REMEMBERED = 4;
const FIRST = { address: "192.0.2.53", port: 53 };
const LAGGING = { address: "192.0.2.54", port: 53 };

export interface Converged {
  /** What is wrong; none when all is well. */
  readonly complaints: readonly string[];
  readonly versions: number;
  readonly transfers: number;
  readonly expired: number;
}

export async function converge(seed: number): Promise<Converged> {
  return new Convergence(seed).run();
}

class Convergence {
  readonly #random: SeededRandom;
  readonly #clock = new SimulatedClock();
  readonly #network: MemoryNetwork;
  readonly #first: MemoryPrimary;
  readonly #lagging: MemoryPrimary;
  readonly #homes: readonly Endpoint[];
  readonly #secondaries: readonly SecondaryWorld[];
  readonly #known = new Map<number, string>();
  readonly #complaints: string[] = [];
  #versions = 1;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const weather = {
      delayMilliseconds: 5 + this.#random.below(200),
      jitterMilliseconds: this.#random.below(2000),
      loss: this.#random.below(40) / 100,
      duplication: this.#random.below(30) / 100,
    };
    this.#network = new MemoryNetwork(this.#clock, new SeededRandom(seed ^ 0x5eed), weather);
    // Some begin where the circle of serials closes.
    const serial = this.#random.below(3) === 0 ? 0xffff_fff0 + this.#random.below(16) : 1 + this.#random.below(100);
    const first = this.#content(serial);
    this.#first = new MemoryPrimary(FIRST, first);
    this.#lagging = new MemoryPrimary(LAGGING, first);
    for (const primary of [this.#first, this.#lagging]) this.#network.attach(primary.endpoint, primary);
    this.#homes = Array.from({ length: SECONDARIES }, (_, i) => ({ address: `192.0.2.${i + 1}`, port: 53 }));
    this.#secondaries = this.#homes.map((home, i) => this.#secondary(home, seed + i));
  }

  async run(): Promise<Converged> {
    for (const { secondaries } of this.#secondaries) await this.#clock.run(secondaries.start());
    const end = this.#clock.now() + HOURS * HOUR;
    while (this.#clock.now() < end) {
      this.#happen();
      await this.#clock.advance(this.#random.below(10) * 60_000 + this.#random.below(60_000));
    }
    this.#network.heal();
    this.#network.weather = { ...this.#network.weather, loss: 0 };
    this.#lagging.versions = this.#first.versions;
    // A refresh, and the retries that may have been put off as far as that.
    await this.#clock.advance(2 * HOUR);
    const wanted = textOf(this.#newest());
    this.#secondaries.forEach((secondary, i) => {
      if (secondary.served().join("\n") !== wanted) this.#complain(i, `ends with serial ${secondary.serial}`);
    });
    for (const { secondaries } of this.#secondaries) await this.#clock.run(secondaries.close());
    const asked = [...this.#first.asked, ...this.#lagging.asked];
    return {
      complaints: this.#complaints,
      versions: this.#versions,
      transfers: asked.filter((question) => question.startsWith("tcp") && !question.endsWith("SOA")).length,
      expired: this.#secondaries.flatMap(({ told }) => told).filter((words) => words.includes("expired")).length,
    };
  }

  #happen(): void {
    switch (this.#random.below(8)) {
      case 0:
        this.#network.partition(FIRST.address, this.#random.pick(this.#homes).address);
        return;
      case 1:
        this.#network.silence(this.#random.pick([FIRST, LAGGING, ...this.#homes]).address);
        return;
      case 2:
        this.#network.heal();
        return;
      case 3:
        this.#lagging.versions = this.#first.versions;
        return;
      default:
        this.#change();
    }
  }

  /** One or several versions at once, and NOTIFY to all, which the network may lose. */
  #change(): void {
    for (let i = this.#random.below(3); i >= 0; i--) {
      const next = this.#content(nextSerial(soaSerial(this.#newest()[0]!.rdata)));
      this.#first.versions = [...this.#first.versions, next].slice(-REMEMBERED);
      this.#versions++;
    }
    const message = notifyOf(soaSerial(this.#newest()[0]!.rdata));
    const { signal } = new AbortController();
    const ask = this.#network.ask(FIRST.address);
    for (const home of this.#homes) {
      ask(home, message, { transport: "udp", timeoutMilliseconds: 5000, signal }).catch(() => undefined);
    }
  }

  #newest(): readonly Rr[] {
    return this.#first.versions.at(-1)!;
  }

  #content(serial: number): Rr[] {
    const names = Array.from({ length: 8 }, (_, i) => i).filter(() => this.#random.below(2) === 0);
    const more = names.map((i) => `h${i}.example. ${30 + this.#random.below(3)} A 192.0.2.${this.#random.below(4)}`);
    const records = version(serial, more.join("\n"), TIMES);
    this.#known.set(serial, textOf(records));
    return records;
  }

  #secondary(home: Endpoint, seed: number): SecondaryWorld {
    const { address } = home;
    const world = new SecondaryWorld([this.#first, this.#lagging], {
      clock: this.#clock,
      network: this.#network,
      home: address,
      seed,
    });
    const place = home.address;
    let last: number | null = null;
    world.changer.subscribe(({ change }) => {
      const serial = soaSerial(change.soaAfter.rdata);
      const isNewer = last === null || isNewerSerial(serial, last) || world.told.at(-1)?.includes("expired") === true;
      if (!isNewer) this.#complaints.push(`${place}: serial ${serial} after ${last}`);
      last = serial;
      const served = recordsOf([...ZoneView.of(world.store, APEX)!.rrsets()]);
      if (textOf(served) !== this.#known.get(serial)) {
        this.#complaints.push(`${place}: what it serves as ${serial} is not what the primary had`);
      }
    });
    this.#network.attach(home, notified(world), ["udp"]);
    return world;
  }

  #complain(secondary: number, words: string): void {
    const { address } = this.#homes[secondary]!;
    const newest = soaSerial(this.#newest()[0]!.rdata);
    this.#complaints.push(`${address} ${words}, the primary with ${newest}; ${this.#secondaries[secondary]!.failure}`);
  }
}

/** Hears NOTIFY. */
function notified(world: SecondaryWorld): Handler {
  return {
    handle(request, response, peer) {
      const message = decodeMessage(request);
      const { rcode } = world.secondaries.notify(message, peer.address, null);
      const octets = encodeMessage(reply(message, [], { rcode }));
      response.set(octets);
      return octets.length;
    },
  };
}

function textOf(records: readonly Rr[]): string {
  return records.map(rrText).sort().join("\n");
}
