/**
 * Finds out which names a zone has: by transfer where one of its servers allows that (RFC 5936), else along its NSEC records where it has them
 * (RFC 4034 §4.1); else nobody can tell. A listing is used while the zone's serial is the same.
 */
import type { Clock } from "../../base/index.ts";
import { Name, rdataType, TYPE, typeFromText } from "../../dns/index.ts";
import {
  type Ask,
  type AskMany,
  type Endpoint,
  type Exchange,
  ExchangeError,
  formatEndpoint,
} from "../../net/index.ts";
import { fetchTransfer, TransferError } from "../../replication/index.ts";
import { findRecords, NoWordError } from "../../resolver/index.ts";
import { isStatus } from "../status.ts";
import { serverEndpoints } from "./server-exchange.ts";
import { ZoneListing } from "./zone-listing.ts";
import type { ZoneFacts, ZoneQuestions } from "./zone-questions.ts";

export interface ListerParts {
  readonly questions: ZoneQuestions;
  readonly resolve: Exchange;
  readonly ask: Ask;
  readonly askMany: AskMany;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where name servers listen. */
  readonly port: number;
}

/** Who is asked for a transfer of a zone; null: its own servers. */
export type ServerOf = (apex: Name) => { readonly host: string; readonly port: number } | null;

const LIMITS = { records: 500_000, octets: 48 * 1024 * 1024, idleMilliseconds: 5000, timeoutMilliseconds: 60_000 };
const SERVERS_MAX = 4;
/** Steps of a walk: one question each, one after another. */
const WALK_NAMES_MAX = 20_000;
const WALK_MILLISECONDS_MAX = 60_000;
/** How long it is not tried again after nobody could tell. */
const REFUSED_MILLISECONDS = 300_000;
/** Of all listings together. */
const NAMES_MAX = 500_000;

interface Known {
  readonly listing: Promise<ZoneListing | null>;
  serial: number;
  names: number;
  /** For people: how it was found out, so far. */
  how: string;
  /** Set when nobody could tell. */
  triesAgainAt: number;
}

export class ZoneLister {
  readonly #parts: ListerParts;
  readonly #serverOf: ServerOf;
  readonly #known = new Map<string, Known>();

  constructor(parts: ListerParts, serverOf: ServerOf) {
    this.#parts = parts;
    this.#serverOf = serverOf;
  }

  /** Null where nobody can tell. One that is being found out is waited for by all. */
  async listing({ apex, serial }: ZoneFacts): Promise<ZoneListing | null> {
    const known = this.#known.get(apex.key);
    if (known !== undefined && known.serial === serial && this.#parts.clock.now() < known.triesAgainAt) {
      return known.listing;
    }
    const fresh: Known = {
      listing: this.#find(apex),
      serial,
      names: 0,
      how: "is being listed",
      triesAgainAt: Infinity,
    };
    this.#known.delete(apex.key);
    this.#known.set(apex.key, fresh);
    const listing = await fresh.listing;
    fresh.names = listing?.count ?? 1;
    fresh.how =
      listing === null ? "nobody lists it: what was looked up is shown" : `${listing.count} names, ${listing.how}`;
    if (listing === null) fresh.triesAgainAt = this.#parts.clock.now() + REFUSED_MILLISECONDS;
    this.#makeRoom(apex.key);
    return listing;
  }

  /** Which zones are listed, and how. */
  facts(): string[] {
    return [...this.#known].map(([key, { serial, how }]) => {
      return `zone ${Name.fromWire(Buffer.from(key, "latin1")).toString()} serial ${serial}: ${how}`;
    });
  }

  /** Those that are there already. */
  async *known(): AsyncGenerator<ZoneListing> {
    for (const { listing } of [...this.#known.values()]) {
      const found = await listing;
      if (found !== null) yield found;
    }
  }

  #makeRoom(justUsed: string): void {
    let names = [...this.#known.values()].reduce((sum, known) => sum + known.names, 0);
    for (const [key, known] of this.#known) {
      if (names <= NAMES_MAX) return;
      if (key === justUsed) continue;
      this.#known.delete(key);
      names -= known.names;
    }
  }

  async #find(apex: Name): Promise<ZoneListing | null> {
    for (const endpoint of await this.#servers(apex)) {
      const listing = await this.#byTransfer(apex, endpoint);
      if (listing !== null) return listing;
    }
    return this.#byWalk(apex);
  }

  async #servers(apex: Name): Promise<Endpoint[]> {
    const { resolve, signal, port } = this.#parts;
    const told = this.#serverOf(apex);
    try {
      if (told !== null) return await serverEndpoints(resolve, told, signal);
      const { records } = await findRecords(resolve, { name: apex, type: TYPE.NS }, signal);
      const hosts = records.slice(0, SERVERS_MAX).map(({ rdata }) => Name.fromWire(rdata).toString());
      const found = await Promise.allSettled(hosts.map((host) => serverEndpoints(resolve, { host, port }, signal)));
      return found.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : [])).slice(0, SERVERS_MAX);
    } catch (error) {
      if (error instanceof ExchangeError || error instanceof NoWordError) return [];
      throw error;
    }
  }

  async #byTransfer(apex: Name, endpoint: Endpoint): Promise<ZoneListing | null> {
    const { ask, askMany, signal } = this.#parts;
    const fetching = { apex, ours: null, isWhole: true, takesEdns: true };
    try {
      const { transfer } = await fetchTransfer(
        { ask, askMany, limits: LIMITS },
        { endpoint, key: null },
        fetching,
        signal,
      );
      if (transfer.kind !== "zone") return null;
      const listing = new ZoneListing(apex, `by transfer from ${formatEndpoint(endpoint)}`);
      for (const { owner, type } of transfer.records.records()) listing.add(owner, type);
      return listing;
    } catch (error) {
      if (error instanceof TransferError || error instanceof ExchangeError) return null;
      throw error;
    }
  }

  /** Each name tells the next one, and the last one the first. Whoever does not go forward is not followed (RFC 4470's made-up names do not). */
  async #byWalk(apex: Name): Promise<ZoneListing | null> {
    const { questions, clock } = this.#parts;
    const listing = new ZoneListing(apex, "along its NSEC records");
    const end = clock.now() + WALK_MILLISECONDS_MAX;
    for (let at = apex; listing.count < WALK_NAMES_MAX && clock.now() < end;) {
      const message = await questions.signed(at, TYPE.NSEC);
      if (isStatus(message)) return null;
      const record = message.answer.find((rr) => rr.type === TYPE.NSEC && rr.owner.equals(at));
      if (record === undefined) return null;
      const next = Name.fromWire(record.rdata);
      const isMadeUp = next.labels[0]?.[0] === 0;
      for (const type of typesIn(record.rdata)) listing.add(at, type);
      if (next.equals(apex)) return listing;
      if (isMadeUp || !next.isBelow(apex) || next.compare(at) <= 0) return null;
      at = next;
    }
    return null;
  }
}

/** The types of an NSEC record, from its text: the next name, then their mnemonics. */
function typesIn(rdata: Uint8Array): number[] {
  const [, ...mnemonics] = rdataType(TYPE.NSEC).format(rdata).split(" ");
  return mnemonics.flatMap((mnemonic) => typeFromText(mnemonic) ?? []);
}
