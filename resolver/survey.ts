/**
 * How far each server of a zone is: its SOA, asked over UDP and, where that brings nothing, over TCP. Servers that agree have the
 * same serial (RFC 1982). Nothing is taken from a cache. Which servers there are is `zone-servers.ts`'s.
 */
import { findOption, isNewerSerial, type Message, type Name, OPTION, RCODE, rcodeToText, TYPE } from "../dns/index.ts";
import { type Endpoint, ExchangeError, type Transport } from "../net/index.ts";
import { directQuestion, type SurveyParts, type ZoneServer } from "./zone-servers.ts";

export type Standing =
  | {
      readonly kind: "serves";
      readonly serial: number;
      readonly transport: Transport;
      readonly roundTripMilliseconds: number;
      /** It told the version it answers from (RFC 9660). */
      readonly tellsVersion: boolean;
    }
  /** It answers, and not for the zone: REFUSED, SERVFAIL, no authority. */
  | { readonly kind: "refuses"; readonly reason: string }
  | { readonly kind: "silent"; readonly reason: string };

export interface Surveyed extends ZoneServer {
  readonly standing: Standing;
}

export interface Survey {
  readonly servers: readonly Surveyed[];
  /** Null when no server has told any. */
  readonly newest: number | null;
  /** Every server serves the newest. */
  readonly isAgreed: boolean;
}

/** Asks each of them, all at once. Rejects with the signal's reason alone. */
export async function survey(
  parts: SurveyParts,
  zone: Name,
  servers: readonly ZoneServer[],
  signal: AbortSignal,
): Promise<Survey> {
  const surveyed = await Promise.all(
    servers.map(async (server): Promise<Surveyed> => ({
      ...server,
      standing: await standingOf(parts, zone, server, signal),
    })),
  );
  const serials = surveyed.flatMap(({ standing }) => (standing.kind === "serves" ? [standing.serial] : []));
  const newest = serials.reduce<number | null>(
    (best, serial) => (best === null || isNewerSerial(serial, best) ? serial : best),
    null,
  );
  const isAgreed =
    surveyed.length > 0 && surveyed.every(({ standing }) => standing.kind === "serves" && standing.serial === newest);
  return { servers: surveyed, newest, isAgreed };
}

async function standingOf(
  parts: SurveyParts,
  zone: Name,
  { endpoint }: ZoneServer,
  signal: AbortSignal,
): Promise<Standing> {
  if (endpoint === null) return { kind: "silent", reason: "its name has no address" };
  let standing = await askSoa(parts, { zone, endpoint, transport: "udp" }, signal);
  if (standing.kind === "silent") standing = await askSoa(parts, { zone, endpoint, transport: "tcp" }, signal);
  return standing;
}

interface SoaQuestion {
  readonly zone: Name;
  readonly endpoint: Endpoint;
  readonly transport: Transport;
}

async function askSoa(
  { ask, timeoutMilliseconds }: SurveyParts,
  { zone, endpoint, transport }: SoaQuestion,
  signal: AbortSignal,
): Promise<Standing> {
  try {
    const message = directQuestion(zone, TYPE.SOA);
    const reply = await ask(endpoint, message, { transport, timeoutMilliseconds, signal });
    return judge(zone, reply.message, { transport, roundTripMilliseconds: reply.roundTripMilliseconds });
  } catch (error) {
    if (error instanceof ExchangeError) return { kind: "silent", reason: error.message };
    throw error;
  }
}

function judge(
  zone: Name,
  message: Message,
  way: { readonly transport: Transport; readonly roundTripMilliseconds: number },
): Standing {
  if (message.rcode !== RCODE.NOERROR) return { kind: "refuses", reason: rcodeToText(message.rcode) };
  const soa = message.answer.find(({ type, owner }) => type === TYPE.SOA && owner.equals(zone));
  if (soa === undefined) return { kind: "refuses", reason: "it does not have the zone" };
  if (!message.authoritative) return { kind: "refuses", reason: "it has the zone from a cache" };
  const serial = new DataView(soa.rdata.buffer, soa.rdata.byteOffset).getUint32(soa.rdata.length - 20);
  const tellsVersion = findOption(message.edns, OPTION.ZONEVERSION) !== null;
  return { kind: "serves", serial, ...way, tellsVersion };
}
