/**
 * Which servers a zone has: those its own NS RRset names, those its parent names (RFC 1034 §4.2.2 wants them to be the same), and those
 * the asker knows of besides, hidden ones. How far each of them is, is `survey.ts`'s.
 */
import { CLASS, emptyMessage, type Message, Name, OPTION, plainEdns, TYPE } from "../dns/index.ts";
import { addressText, type Ask, type Endpoint, ExchangeError, formatEndpoint, type Query } from "../net/index.ts";
import type { Engine } from "./engine.ts";

/** How a server of the zone is known. */
export type KnownFrom = "zone" | "parent" | "configured";

export interface ZoneServer {
  /** Null when only its address is known. */
  readonly name: Name | null;
  /** Null when its name has no address. */
  readonly endpoint: Endpoint | null;
  readonly knownFrom: readonly KnownFrom[];
}

export interface SurveyParts {
  readonly engine: Engine;
  readonly ask: Ask;
  /** Where name servers listen. */
  readonly port: number;
  readonly timeoutMilliseconds: number;
}

/** Every server of the zone. Never rejects but for the signal's reason: what is not found out is not there. */
export async function serversOf(
  parts: SurveyParts,
  zone: Name,
  configured: readonly Endpoint[],
  signal: AbortSignal,
): Promise<ZoneServer[]> {
  const servers = new Map<string, { name: Name | null; endpoint: Endpoint | null; knownFrom: KnownFrom[] }>();
  const note = (name: Name | null, endpoint: Endpoint | null, from: KnownFrom): void => {
    const key = endpoint === null ? (name?.key ?? "") : formatEndpoint(endpoint);
    const known = servers.get(key) ?? { name, endpoint, knownFrom: [] };
    known.name ??= name;
    if (!known.knownFrom.includes(from)) known.knownFrom.push(from);
    servers.set(key, known);
  };
  const noteNames = async (names: readonly Name[], from: KnownFrom): Promise<void> => {
    for (const name of names) {
      const addresses = await addressesOf(parts, name, signal);
      if (addresses.length === 0) note(name, null, from);
      for (const address of addresses) note(name, { address, port: parts.port }, from);
    }
  };
  await noteNames(await nsOf(parts, zone, signal), "zone");
  await noteNames(await namedByParent(parts, zone, signal), "parent");
  for (const endpoint of configured) note(null, endpoint, "configured");
  return [...servers.values()];
}

const NOTHING = new Uint8Array(0);

/** A question to an authoritative server, which is also asked for the version it answers from (RFC 9660 §3). */
export function directQuestion(name: Name, type: number): Message {
  return {
    ...emptyMessage,
    question: [{ name, type, class: CLASS.IN }],
    edns: { ...plainEdns, options: [{ code: OPTION.ZONEVERSION, data: NOTHING }] },
  };
}

async function nsOf({ engine }: SurveyParts, zone: Name, signal: AbortSignal): Promise<Name[]> {
  const resolved = await engine.resolve(queryFor(zone, TYPE.NS), { signal });
  return resolved.answer
    .filter(({ type }) => type === TYPE.NS)
    .flatMap(({ rdatas }) => rdatas.map((rdata) => Name.fromWire(rdata)));
}

/** What the servers of the zone above say, of which one is enough; nobody is above the root. */
async function namedByParent(parts: SurveyParts, zone: Name, signal: AbortSignal): Promise<Name[]> {
  const { ask, timeoutMilliseconds, port } = parts;
  for (let above = zone.parent(); above !== null; above = above.parent()) {
    const names = await nsOf(parts, above, signal);
    for (const name of names) {
      for (const address of await addressesOf(parts, name, signal)) {
        try {
          const options = { transport: "udp", timeoutMilliseconds, signal } as const;
          const { message } = await ask({ address, port }, directQuestion(zone, TYPE.NS), options);
          const ns = [...message.authority, ...message.answer].filter(
            ({ type, owner }) => type === TYPE.NS && owner.equals(zone),
          );
          if (ns.length > 0) return ns.map(({ rdata }) => Name.fromWire(rdata));
        } catch (error) {
          if (!(error instanceof ExchangeError)) throw error;
        }
      }
    }
    // Labels between may be in the same zone as what is above them.
    if (names.length > 0) return [];
  }
  return [];
}

async function addressesOf({ engine }: SurveyParts, name: Name, signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(
    [TYPE.A, TYPE.AAAA].map(async (type) => {
      const { answer } = await engine.resolve(queryFor(name, type), { signal });
      return answer.filter((rrset) => rrset.type === type).flatMap(({ rdatas }) => rdatas.map(addressText));
    }),
  );
  return found.flat();
}

function queryFor(name: Name, type: number): Query {
  return {
    question: { name, type, class: CLASS.IN },
    recursionDesired: false,
    dnssecOk: false,
    checkingDisabled: false,
  };
}
