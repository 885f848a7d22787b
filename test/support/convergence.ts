/**
 * A primary that changes, two secondaries, and a third that fetches from those, all of them whole servers, on a network that loses,
 * doubles, delays, reorders and parts them for hours of simulated time, while they are stopped and started again: all from one
 * seed. Whatever happened, once the network is whole all say the same; and what each served meanwhile was a version of the
 * primary's at every moment, and newer than the one before.
 */
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { isNewerSerial, type Rr } from "../../dns/index.ts";
import { type Endpoint, MemoryNetwork } from "../../net/index.ts";
import { soaSerial, type ZoneDraft } from "../../zones/index.ts";
import { version } from "./memory-primary.ts";
import { rr } from "./messages.ts";
import { APEX } from "./secondary-world.ts";
import { MemoryJournal, SimulatedServer } from "./simulated-server.ts";

const HOURS = 6;
const HOUR = 3_600_000;
const TIMES = "600 120 86400";

/** By place: who fetches from whom. */
const PRIMARIES: readonly (readonly number[])[] = [[], [0], [0], [1, 2]];

export interface Converged {
  /** What is wrong; none when all is well. */
  readonly complaints: readonly string[];
  readonly versions: number;
  readonly transfers: number;
  readonly restarts: number;
}

export function converge(seed: number): Promise<Converged> {
  return new Convergence(seed).run();
}

class Convergence {
  readonly #random: SeededRandom;
  readonly #clock = new SimulatedClock();
  readonly #network: MemoryNetwork;
  readonly #endpoints: readonly Endpoint[];
  readonly #journals = PRIMARIES.map(() => new MemoryJournal());
  readonly #servers: SimulatedServer[] = [];
  /** What the primary said at each serial, and the serial that each server served last. */
  readonly #known = new Map<number, string>();
  readonly #last = new Map<number, number>();
  readonly #told = { versions: 1, transfers: 0, restarts: 0 };
  readonly #complaints: string[] = [];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#network = new MemoryNetwork(this.#clock, new SeededRandom(seed ^ 0x5eed), {
      delayMilliseconds: 5 + this.#random.below(200),
      jitterMilliseconds: this.#random.below(2000),
      loss: this.#random.below(40) / 100,
      duplication: this.#random.below(30) / 100,
    });
    this.#endpoints = PRIMARIES.map((_, place) => ({ address: `192.0.2.${place + 1}`, port: 53 }));
    PRIMARIES.forEach((_, place) => this.#servers.push(this.#server(place)));
    // Some begin where the circle of serials closes.
    const serial = this.#random.below(3) === 0 ? 0xffff_fff0 + this.#random.below(16) : 1 + this.#random.below(100);
    this.#begin(version(serial, "", TIMES));
  }

  async run(): Promise<Converged> {
    for (const server of this.#servers) await this.#clock.run(server.start());
    const end = this.#clock.now() + HOURS * HOUR;
    while (this.#clock.now() < end) {
      await this.#happen();
      await this.#clock.advance(this.#random.below(10) * 60_000 + this.#random.below(60_000));
    }
    this.#network.heal();
    this.#network.weather = { ...this.#network.weather, loss: 0 };
    // For each step from the primary a refresh, and the retries that may have been put off as far as that.
    await this.#clock.advance(2 * HOUR);
    const wanted = this.#servers[0]!.text();
    this.#servers.forEach((server, place) => {
      const failure = server.secondaries?.status[0]?.failure ?? "";
      if (server.text() !== wanted) this.#complain(place, `ends with serial ${this.#last.get(place)}; ${failure}`);
    });
    for (const server of this.#servers) await this.#clock.run(server.close());
    return { complaints: this.#complaints, ...this.#told };
  }

  async #happen(): Promise<void> {
    const [one, other] = [this.#random.below(PRIMARIES.length), this.#random.below(PRIMARIES.length)];
    switch (this.#random.below(9)) {
      case 0:
        this.#network.partition(this.#endpoints[one]!.address, this.#endpoints[other]!.address);
        return;
      case 1:
        this.#network.silence(this.#endpoints[one]!.address);
        return;
      case 2:
        this.#network.heal();
        return;
      case 3:
        if (one > 0) await this.#restart(one);
        return;
      default:
        await this.#change();
    }
  }

  /** Some changes, one behind the other. */
  async #change(): Promise<void> {
    for (let i = this.#random.below(3); i >= 0; i--) {
      const work = (draft: ZoneDraft): void => {
        for (let j = this.#random.below(4); j >= 0; j--) this.#edit(draft);
      };
      await this.#clock.run(this.#servers[0]!.changer.submit({ apex: APEX, by: "test", work }));
    }
  }

  #edit(draft: ZoneDraft): void {
    const name = `h${this.#random.below(8)}.example.`;
    const record = rr(`${name} ${30 + this.#random.below(3)} A 192.0.2.${this.#random.below(4)}`);
    switch (this.#random.below(3)) {
      case 0:
        draft.removeRrset(record.owner, record.type);
        return;
      case 1:
        draft.remove(record.owner, record.type, record.rdata);
        return;
      default:
        if (draft.add(record) === "ttl-differs") draft.setTtl(record.owner, record.type, record.ttlSeconds);
    }
  }

  async #restart(place: number): Promise<void> {
    this.#told.restarts++;
    await this.#clock.run(this.#servers[place]!.close());
    await this.#clock.advance(this.#random.below(1200) * 1000);
    const server = this.#server(place);
    this.#servers[place] = server;
    await this.#clock.run(server.start());
  }

  #server(place: number): SimulatedServer {
    const below = PRIMARIES.flatMap((primaries, other) => (primaries.includes(place) ? [other] : []));
    const endpointOf = (other: number): Endpoint => this.#endpoints[other]!;
    const server = new SimulatedServer({
      network: this.#network,
      clock: this.#clock,
      endpoint: endpointOf(place),
      journal: this.#journals[place]!,
      primaries: PRIMARIES[place]!.map(endpointOf),
      targets: below.map(endpointOf),
      seed: this.#random.uint32(),
    });
    server.changer.subscribe(({ change }) => this.#published(place, server, soaSerial(change.soaAfter.rdata)));
    return server;
  }

  #published(place: number, server: SimulatedServer, serial: number): void {
    const before = this.#last.get(place);
    if (before !== undefined && !isNewerSerial(serial, before)) this.#complain(place, `has ${serial} after ${before}`);
    this.#last.set(place, serial);
    if (place === 0) {
      this.#told.versions++;
      this.#known.set(serial, server.text());
      return;
    }
    this.#told.transfers++;
    if (server.text() !== this.#known.get(serial))
      this.#complain(place, `serves as ${serial} what the primary never had`);
  }

  #begin(records: readonly Rr[]): void {
    const primary = this.#servers[0]!;
    const edit = primary.store.replace(APEX);
    for (const { owner, type, ttlSeconds, rdata } of records) {
      edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
    }
    edit.commit();
    this.#known.set(soaSerial(records[0]!.rdata), primary.text());
  }

  #complain(place: number, words: string): void {
    this.#complaints.push(`server ${place} ${words}, the primary with ${this.#last.get(0)}`);
  }
}
