/**
 * A small name space on the simulated network: servers that answer from a few records as RFC 1034 §4.3.2 says, each of
 * which a test can make misbehave. It shares no code with the name server, so that the two do not err together.
 */
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import {
  CLASS,
  decodeMessage,
  encodeMessage,
  type Message,
  Name,
  plainEdns,
  RCODE,
  rdataType,
  recordsOf,
  type Rr,
  TYPE,
  tokenize,
  tokenText,
  typeFromText,
  typeToText,
} from "../../dns/index.ts";
import { MemoryNetwork, type Peer, type Query } from "../../net/index.ts";
import {
  createEngine,
  type Engine,
  type EngineOptions,
  readHints,
  type Resolved,
  type Trace,
} from "../../resolver/index.ts";

export const PORT = 53;

/** Changes a response, or makes it silence. */
export type Mischief = (response: Message, request: Message, peer: Peer) => Message | null;

export interface Asked {
  readonly server: string;
  readonly question: string;
  readonly transport: string;
  readonly edns: boolean;
  readonly rd: boolean;
}

/** `owner TTL TYPE data` a line. */
export function records(text: string): Rr[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const tokens = tokenize(line);
      const [owner, ttl, type] = [tokens.next()!, tokens.next()!, tokens.next()!].map(tokenText);
      const number = typeFromText(type!)!;
      const rdata = rdataType(number).parse(tokens);
      return { owner: Name.parse(owner!), type: number, class: CLASS.IN, ttlSeconds: Number(ttl), rdata };
    });
}

export class World {
  readonly seed: number;
  readonly clock = new SimulatedClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  /** Each request that reached a server. */
  readonly asked: Asked[] = [];

  constructor(seed = 1) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.network = new MemoryNetwork(this.clock, this.random);
  }

  /** A server with these zones (apex → records). */
  server(address: string, zones: Readonly<Record<string, string>>, mischief: Mischief = (response) => response): void {
    const parsed = Object.entries(zones).map(([apex, text]) => ({ apex: Name.parse(apex), records: records(text) }));
    this.network.host(address).attach(PORT, {
      handle: (octets, response, peer) => {
        const request = decodeMessage(octets);
        const [question] = request.question;
        this.asked.push({
          server: address,
          question: `${question!.name.toLowerCase().toString()} ${typeToText(question!.type)}`,
          transport: peer.transport,
          edns: request.edns !== null,
          rd: request.recursionDesired,
        });
        const answer = mischief(authoritative(parsed, request), request, peer);
        if (answer === null) return 0;
        const octetsMax = peer.transport === "tcp" ? 65_535 : (request.edns?.payloadOctets ?? 512);
        const encoded = encodeMessage(answer, { octetsMax });
        response.set(encoded);
        return encoded.length;
      },
    });
  }

  engine(options: Partial<EngineOptions> & { readonly hintsText?: string } = {}): Engine {
    const hints = readHints(new TextEncoder().encode(options.hintsText ?? HINTS), "root.hints");
    const ask = this.network.ask("192.0.2.250");
    return createEngine({ ask, clock: this.clock, random: this.random }, { hints, ...options });
  }

  async resolve(engine: Engine, name: string, type = "A", trace: Trace | null = null): Promise<Resolved> {
    const signal = new AbortController().signal;
    return this.clock.run(engine.resolve(query(name, type), trace === null ? { signal } : { signal, trace }));
  }

  /** The questions that one server got. */
  askedOf(address: string): string[] {
    return this.asked.filter(({ server }) => server === address).map(({ question }) => question);
  }
}

export const ROOT = "198.41.0.4";
export const HINTS = `
. 3600000 NS a.root.
a.root. 3600000 A ${ROOT}
`;

export function query(name: string, type = "A", options: Partial<Query> = {}): Query {
  const question = { name: Name.parse(name), type: typeFromText(type)!, class: CLASS.IN };
  return { question, recursionDesired: true, dnssecOk: false, checkingDisabled: false, ...options };
}

/** The records of an outcome in presentation format, TTLs left out. */
export function texts(resolved: Resolved): string[] {
  return recordsOf(resolved.answer).map(textOf);
}

export function textOf(rr: Rr): string {
  return `${rr.owner.toString()} ${typeToText(rr.type)} ${rdataType(rr.type).format(rr.rdata)}`;
}

interface Zone {
  readonly apex: Name;
  readonly records: readonly Rr[];
}

export function reply(request: Message, change: Partial<Message>): Message {
  return {
    ...request,
    response: true,
    authoritative: true,
    recursionAvailable: false,
    rcode: RCODE.NOERROR,
    answer: [],
    authority: [],
    additional: [],
    edns: request.edns === null ? null : plainEdns,
    ...change,
  };
}

function authoritative(zones: readonly Zone[], request: Message): Message {
  const { name, type } = request.question[0]!;
  const inside = zones.filter(({ apex }) => name.isAtOrBelow(apex));
  const isParentSide = (zone: Zone): boolean => !(type === TYPE.DS && zone.apex.equals(name));
  const zone = inside.filter(isParentSide).sort((a, b) => b.apex.labelCount - a.apex.labelCount)[0];
  if (zone === undefined) return reply(request, { authoritative: false, rcode: RCODE.REFUSED });
  const cut = zone.records
    .filter((rr) => rr.type === TYPE.NS && rr.owner.isBelow(zone.apex) && name.isAtOrBelow(rr.owner))
    .sort((a, b) => a.owner.labelCount - b.owner.labelCount)[0];
  if (cut !== undefined && !(type === TYPE.DS && cut.owner.equals(name))) return referral(zone, cut.owner, request);
  return fromZone(zone, request);
}

function referral(zone: Zone, cut: Name, request: Message): Message {
  const authority = zone.records.filter((rr) => rr.type === TYPE.NS && rr.owner.equals(cut));
  const names = authority.map((rr) => Name.fromWire(rr.rdata));
  const additional = zone.records.filter(
    (rr) => (rr.type === TYPE.A || rr.type === TYPE.AAAA) && names.some((name) => name.equals(rr.owner)),
  );
  return reply(request, { authoritative: false, authority, additional });
}

function fromZone(zone: Zone, request: Message): Message {
  const { type } = request.question[0]!;
  let { name } = request.question[0]!;
  const answer: Rr[] = [];
  for (let i = 0; i < 20; i++) {
    const current = name;
    const here = zone.records.filter((rr) => rr.owner.equals(current));
    const found = here.filter((rr) => rr.type === type || type === TYPE.ANY);
    answer.push(...found);
    if (found.length > 0) return withServers(zone, request, answer);
    const dname = zone.records.find((rr) => rr.type === TYPE.DNAME && current.isBelow(rr.owner));
    const cname = here.find((rr) => rr.type === TYPE.CNAME);
    if (dname !== undefined) {
      const target = current.rebase(dname.owner, Name.fromWire(dname.rdata))!;
      answer.push(dname, { ...dname, owner: current, type: TYPE.CNAME, rdata: target.octets });
      name = target;
    } else if (cname !== undefined) {
      answer.push(cname);
      name = Name.fromWire(cname.rdata);
    } else break;
    const target = name;
    const isBelowCut = zone.records.some(
      (rr) => rr.type === TYPE.NS && rr.owner.isBelow(zone.apex) && target.isAtOrBelow(rr.owner),
    );
    if (isBelowCut || !name.isAtOrBelow(zone.apex)) return reply(request, { answer });
  }
  const exists = zone.records.some((rr) => rr.owner.isAtOrBelow(name));
  const authority = zone.records.filter((rr) => rr.type === TYPE.SOA);
  return reply(request, { answer, authority, rcode: exists ? RCODE.NOERROR : RCODE.NXDOMAIN });
}

/** NS answers bring the servers' addresses, as the root's do. */
function withServers(zone: Zone, request: Message, answer: readonly Rr[]): Message {
  const names = answer.filter((rr) => rr.type === TYPE.NS).map((rr) => Name.fromWire(rr.rdata));
  const additional = zone.records.filter((rr) => rr.type === TYPE.A && names.some((name) => name.equals(rr.owner)));
  return reply(request, { answer, additional });
}
