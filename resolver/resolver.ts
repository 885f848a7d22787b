/**
 * The resolver as a library: names in text in, records in dns-packet's shape out. What the parts do is the engine's; here
 * they get the system's clock, chance and sockets, unless others are handed in.
 */
import { type Clock, type Files, type Random, systemClock, systemFiles, systemRandom } from "../base/index.ts";
import {
  CLASS,
  EDE,
  Name,
  NameError,
  type Packet,
  type PacketAnswer,
  RCODE,
  recordsOf,
  toPacket,
  toPacketAnswer,
  TYPE,
  typeFromText,
} from "../dns/index.ts";
import { type Ask, parseEndpoint, type Query, systemAsk } from "../net/index.ts";
import type { ZoneServers } from "./delegations.ts";
import { createEngine, type Engine, type EngineOptions, type Mode } from "./engine.ts";
import { type Resolved, responseOf } from "./follow.ts";
import { readHints, serversAt } from "./hints.ts";
import type { Trace } from "./trace.ts";

export interface ResolverOptions extends Omit<EngineOptions, "hints" | "mode" | "limits"> {
  /** `resolver` unless hints are given: a caching resolver is asked. */
  readonly mode?: Mode;
  /** A file in the form of `named.root`: resolve from the root it names. */
  readonly hints?: string;
  /** Caching resolvers to ask (or, with another mode, the root's servers): `127.0.0.1`, `[::1]:5353`. Unless given, those of /etc/resolv.conf. */
  readonly servers?: readonly string[];
  readonly timeoutMilliseconds?: number;
  readonly dnssecOk?: boolean;
  /** The world, for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
  readonly ask?: Ask;
  readonly files?: Pick<Files, "exists" | "read">;
}

/** Node's words for what can go wrong, since callers know them. */
export type ResolveErrorCode =
  "ENOTFOUND" | "ENODATA" | "ESERVFAIL" | "ETIMEOUT" | "ECANCELLED" | "EBADNAME" | "EBADQUERY" | "EREFUSED";

export class ResolveError extends Error {
  readonly code: ResolveErrorCode;

  constructor(code: ResolveErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ResolveCall {
  readonly signal?: AbortSignal;
  readonly trace?: Trace;
}

export class Resolver {
  readonly #options: ResolverOptions;
  #engine: Engine | null = null;
  #stop = new AbortController();

  constructor(options: ResolverOptions = {}) {
    this.#options = options;
  }

  /**
   * The records of a name, aliases on the way left out. Rejects with a ResolveError: ENOTFOUND when the name does not
   * exist, ENODATA when it has no such records, ETIMEOUT or ESERVFAIL when nobody could say.
   */
  async resolve(name: string, type = "A", call: ResolveCall = {}): Promise<PacketAnswer[]> {
    const resolved = await this.query(name, type, call);
    const records = recordsOf(resolved.answer).filter((rr) => isWanted(rr.type, resolved.query.question.type));
    if (records.length > 0) return records.map((rr) => toPacketAnswer(rr));
    throw errorOf(resolved, `${name} ${type}`);
  }

  /** The whole response in dns-packet's shape, whatever its RCODE. */
  async packet(name: string, type = "A", call: ResolveCall = {}): Promise<Packet> {
    return toPacket(responseOf(await this.query(name, type, call)));
  }

  /** The whole outcome as a value; rejects for a name or type that cannot be asked, and when the signal says so. */
  async query(name: string, type = "A", call: ResolveCall = {}): Promise<Resolved> {
    const { dnssecOk = false } = this.#options;
    const question = { name: readName(name), type: readType(type), class: CLASS.IN };
    const query: Query = { question, recursionDesired: true, dnssecOk, checkingDisabled: false };
    const own = this.#stop.signal;
    const signal = call.signal === undefined ? own : AbortSignal.any([own, call.signal]);
    return this.engine.resolve(query, { signal, ...(call.trace === undefined ? {} : { trace: call.trace }) });
  }

  /** Ends what is being resolved; each call rejects with ECANCELLED. */
  cancel(): void {
    this.#stop.abort(new ResolveError("ECANCELLED", "the resolution was cancelled"));
    this.#stop = new AbortController();
  }

  get engine(): Engine {
    this.#engine ??= this.#createEngine();
    return this.#engine;
  }

  #createEngine(): Engine {
    const { clock = systemClock, random = systemRandom, timeoutMilliseconds, ...options } = this.#options;
    const ask = options.ask ?? systemAsk({ clock, random });
    const mode = options.mode ?? (options.hints === undefined ? "resolver" : "iterative");
    const limits = timeoutMilliseconds === undefined ? {} : { milliseconds: timeoutMilliseconds };
    return createEngine({ ask, clock, random }, { ...options, hints: this.#hints(), mode, limits });
  }

  #hints(): ZoneServers {
    const { hints, servers, port = 53, files = systemFiles } = this.#options;
    if (hints !== undefined) return readHints(files.read(hints), hints);
    return serversAt((servers ?? systemServers(files)).map((text) => parseEndpoint(text, port)));
  }
}

/** The nameserver lines of /etc/resolv.conf; the local host when there are none, as resolv.conf(5) says. */
export function systemServers(files: Pick<Files, "exists" | "read">): string[] {
  const file = "/etc/resolv.conf";
  const text = files.exists(file) ? new TextDecoder().decode(files.read(file)) : "";
  const servers = text.split("\n").flatMap((line) => {
    const [word, address] = line.trim().split(/[ \t]+/);
    return word === "nameserver" && address !== undefined ? [address] : [];
  });
  return servers.length > 0 ? servers : ["127.0.0.1"];
}

/** What a resolution without records means to a caller. */
export function errorOf(resolved: Resolved, what: string): ResolveError {
  const { failure, rcode } = resolved;
  if (failure !== null) {
    const isLate = failure.bound === "time" || resolved.errors.some(({ infoCode }) => infoCode === EDE.NETWORK_ERROR);
    return new ResolveError(isLate ? "ETIMEOUT" : "ESERVFAIL", `${what}: ${failure.text}`);
  }
  if (rcode === RCODE.NXDOMAIN) return new ResolveError("ENOTFOUND", `${what}: the name does not exist`);
  return new ResolveError("ENODATA", `${what}: the name has no such records`);
}

export function isWanted(type: number, asked: number): boolean {
  return type === asked || asked === TYPE.ANY;
}

function readName(text: string): Name {
  try {
    return Name.parse(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new ResolveError("EBADNAME", `${JSON.stringify(text)} is no domain name: ${error.message}`);
  }
}

function readType(text: string): number {
  const type = typeFromText(text);
  if (type === null) throw new ResolveError("EBADQUERY", `${JSON.stringify(text)} is no record type`);
  return type;
}
