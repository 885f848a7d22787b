/**
 * What the DNS says of a name and of its RRsets, as a tree of files needs it, and kept for as long as its TTL allows: one answer serves the LOOKUP,
 * GETATTR and READ of one opening of a file.
 *
 * A name is asked for its SOA: the answer shows whether it exists, of which zone it is (RFC 2308 §3 puts the SOA into denials), and whether it is
 * an alias; a second question shows whether it has a DNAME itself. Such a name is a link, whatever else it has.
 */
import { type Clock, compareOctets } from "../../base/index.ts";
import { CLASS, EDE, extendedErrors, type Message, Name, RCODE, type Rr, rdataType, TYPE } from "../../dns/index.ts";
import { type Exchange, ExchangeError } from "../../net/index.ts";
import { soaSerial } from "../../zones/index.ts";
import type { FileTime } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { serialTime } from "./serial-time.ts";

export type NameFacts =
  | { readonly kind: "name"; readonly zone: ZoneFacts; readonly lifeSeconds: number }
  | { readonly kind: "alias"; readonly target: Name; readonly lifeSeconds: number };

/** The zone that a name is in. */
export interface ZoneFacts {
  readonly apex: Name;
  readonly serial: number;
  /** As its serial tells, else when that was seen first. */
  readonly modified: FileTime;
}

/** An RRset in presentation form, one record a line. */
export interface RrsetText {
  readonly octets: Uint8Array;
  readonly lifeSeconds: number;
  /** When it was seen to change; null: not since it was first seen. */
  readonly changed: FileTime | null;
}

interface Kept {
  readonly outcome: NameFacts | RrsetText | Status;
  readonly keptUntil: number;
  readonly octets: number;
}

/** RFC 1035 §3.2.1: a TTL of 0 is for the use at hand, which is to open a file and to read it. */
const TTL_MIN_SECONDS = 1;
const TTL_MAX_SECONDS = 86_400;
/** A failure is not asked for again at once (RFC 9520 §3.2). */
const FAILURE_SECONDS = 1;
const DENIAL_SECONDS_MAX = 300;
const KEPT_MAX = 20_000;
const KEPT_OCTETS_MAX = 8 * 1024 * 1024;
/** Of a kept answer, besides its text. */
const ENTRY_OCTETS = 300;
const ZONES_MAX = 4096;

export class ZoneQuestions {
  readonly #resolve: Exchange;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #kept = new Map<string, Kept>();
  readonly #zones = new Map<string, ZoneFacts>();
  #keptOctets = 0;
  /** Questions put to the DNS, and those answered by what is kept. */
  readonly counters = { asked: 0, kept: 0 };

  constructor(parts: { readonly resolve: Exchange; readonly clock: Clock; readonly signal: AbortSignal }) {
    this.#resolve = parts.resolve;
    this.#clock = parts.clock;
    this.#signal = parts.signal;
  }

  /** NOENT for a name that is not there. */
  async facts(name: Name): Promise<NameFacts | Status> {
    const known = this.#known(`0 ${name.key}`);
    if (known !== null) {
      if (isStatus(known.outcome)) return known.outcome;
      if ("kind" in known.outcome) return { ...known.outcome, lifeSeconds: this.#lifeOf(known) };
    }
    const { outcome, ttlSeconds } = await this.#askFacts(name);
    this.#keep(`0 ${name.key}`, { outcome, ttlSeconds, octets: 0 });
    return outcome;
  }

  /** NOENT when the name has no such records of its own. */
  async rrset(name: Name, type: number): Promise<RrsetText | Status> {
    const key = `${type} ${name.key}`;
    const known = this.#known(key);
    if (known !== null) {
      if (isStatus(known.outcome)) return known.outcome;
      if ("octets" in known.outcome) return { ...known.outcome, lifeSeconds: this.#lifeOf(known) };
    }
    const message = await this.#ask(name, type);
    if (isStatus(message)) {
      this.#keep(key, { outcome: message, ttlSeconds: FAILURE_SECONDS, octets: 0 });
      return message;
    }
    const records = message.answer.filter((rr) => rr.type === type && rr.owner.equals(name));
    if (records.length === 0) {
      this.#keep(key, { outcome: "NOENT", ttlSeconds: denialSeconds(message), octets: 0 });
      return "NOENT";
    }
    const octets = textOf(records, type);
    const ttlSeconds = Math.min(TTL_MAX_SECONDS, ...records.map((rr) => rr.ttlSeconds));
    const outcome = { octets, lifeSeconds: ttlSeconds, changed: this.#changedAt(key, octets) };
    this.#keep(key, { outcome, ttlSeconds, octets: octets.length });
    return outcome;
  }

  /** One answer of whatever type, with DNSSEC's records. */
  async signed(name: Name, type: number): Promise<Message | Status> {
    return this.#ask(name, type, true);
  }

  async #askFacts(name: Name): Promise<{ readonly outcome: NameFacts | Status; readonly ttlSeconds: number }> {
    const [soa, dname] = await Promise.all([this.#ask(name, TYPE.SOA), this.#ask(name, TYPE.DNAME)]);
    if (isStatus(soa)) return { outcome: soa, ttlSeconds: FAILURE_SECONDS };
    const { answer, authority, rcode } = soa;
    const alias = answer.find((rr) => rr.type === TYPE.CNAME && rr.owner.equals(name));
    if (alias !== undefined) return aliasFacts(alias);
    if (rcode === RCODE.NXDOMAIN) return { outcome: "NOENT", ttlSeconds: denialSeconds(soa) };
    const own = answer.find((rr) => rr.type === TYPE.SOA && rr.owner.equals(name));
    const moved = isStatus(dname)
      ? undefined
      : dname.answer.find((rr) => rr.owner.equals(name) && rr.type === TYPE.DNAME);
    // Below an apex with a DNAME everything is an alias, the apex itself is a directory.
    if (own === undefined && moved !== undefined) return aliasFacts(moved);
    const record = own ?? authority.find((rr) => rr.type === TYPE.SOA && name.isAtOrBelow(rr.owner));
    // It answers and does not say for which zone: no name server that heeds RFC 2308 §3 does so.
    if (record === undefined) return { outcome: "IO", ttlSeconds: FAILURE_SECONDS };
    const ttlSeconds = own === undefined ? denialSeconds(soa) : Math.min(TTL_MAX_SECONDS, record.ttlSeconds);
    return { outcome: { kind: "name", zone: this.#zoneOf(record), lifeSeconds: ttlSeconds }, ttlSeconds };
  }

  #zoneOf({ owner: apex, rdata }: Rr): ZoneFacts {
    const serial = soaSerial(rdata);
    const known = this.#zones.get(apex.key);
    if (known?.serial === serial) return known;
    const facts = { apex, serial, modified: serialTime(serial, this.#clock.wallSeconds()) };
    this.#zones.delete(apex.key);
    this.#zones.set(apex.key, facts);
    if (this.#zones.size > ZONES_MAX) this.#zones.delete(this.#zones.keys().next().value!);
    return facts;
  }

  async #ask(name: Name, type: number, dnssecOk = false): Promise<Message | Status> {
    const question = { name, type, class: CLASS.IN };
    this.counters.asked++;
    try {
      const query = { question, recursionDesired: true, dnssecOk, checkingDisabled: false };
      const message = await this.#resolve(query, this.#signal);
      return message.rcode === RCODE.NOERROR || message.rcode === RCODE.NXDOMAIN ? message : statusOf(message);
    } catch (error) {
      if (error instanceof ExchangeError) return isSilence(error) ? "TIMEDOUT" : "IO";
      if (this.#signal.aborted) return "STALE";
      throw error;
    }
  }

  /** When it has other text than before, that is now. */
  #changedAt(key: string, octets: Uint8Array): FileTime | null {
    const before = this.#kept.get(key)?.outcome;
    if (before === undefined || isStatus(before) || !("octets" in before)) return null;
    if (compareOctets(before.octets, octets) === 0) return before.changed;
    return { seconds: this.#clock.wallSeconds(), nanoseconds: 0 };
  }

  #known(key: string): Kept | null {
    const kept = this.#kept.get(key);
    if (kept === undefined || this.#clock.now() >= kept.keptUntil) return null;
    this.counters.kept++;
    return kept;
  }

  #lifeOf({ keptUntil }: Kept): number {
    return Math.max(0, Math.floor((keptUntil - this.#clock.now()) / 1000));
  }

  /** What is over stays until its room is needed, so that a change is seen. */
  #keep(key: string, { outcome, ttlSeconds, octets }: Omit<Kept, "keptUntil"> & { readonly ttlSeconds: number }): void {
    this.#forget(key);
    const cost = octets + ENTRY_OCTETS;
    const keptUntil = this.#clock.now() + 1000 * Math.max(TTL_MIN_SECONDS, ttlSeconds);
    this.#kept.set(key, { outcome, keptUntil, octets: cost });
    this.#keptOctets += cost;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX && this.#keptOctets <= KEPT_OCTETS_MAX) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#keptOctets -= this.#kept.get(key)?.octets ?? 0;
    this.#kept.delete(key);
  }
}

function aliasFacts({ rdata, ttlSeconds }: Rr): { readonly outcome: NameFacts; readonly ttlSeconds: number } {
  const lifeSeconds = Math.min(TTL_MAX_SECONDS, ttlSeconds);
  return { outcome: { kind: "alias", target: Name.fromWire(rdata), lifeSeconds }, ttlSeconds: lifeSeconds };
}

/** In canonical order (RFC 4034 §6.3), so that an answer turned round is the same file. */
function textOf(records: readonly Rr[], type: number): Uint8Array {
  const kind = rdataType(type);
  const rdatas = records.map(({ rdata }) => rdata);
  rdatas.sort((one, other) => compareOctets(kind.canonical(one), kind.canonical(other)));
  return Buffer.from(rdatas.map((rdata) => `${kind.format(rdata)}\n`).join(""), "latin1");
}

/** RFC 2308 §5: the lesser of the SOA's TTL and its MINIMUM. */
function denialSeconds({ authority }: Message): number {
  const soa = authority.find((rr) => rr.type === TYPE.SOA);
  if (soa === undefined) return FAILURE_SECONDS;
  const minimum = Buffer.from(soa.rdata).readUInt32BE(soa.rdata.length - 4);
  return Math.min(soa.ttlSeconds, minimum, DENIAL_SECONDS_MAX);
}

const isSilence = ({ code }: ExchangeError): boolean =>
  code === "TIMEOUT" || code === "UNREACHABLE" || code === "BUDGET";

const SILENCES: readonly number[] = [EDE.NO_REACHABLE_AUTHORITY, EDE.NETWORK_ERROR, EDE.CACHED_ERROR];

function statusOf({ rcode, edns }: Message): Status {
  if (rcode === RCODE.REFUSED) return "ACCES";
  return extendedErrors(edns).some(({ infoCode }) => SILENCES.includes(infoCode)) ? "TIMEDOUT" : "IO";
}
