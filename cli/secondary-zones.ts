/** Zones that a server keeps as others have them: which, from whom, and how it hears of changes (NOTIFY). */
import { type Log, sleep, systemClock, systemRandom } from "../base/index.ts";
import { EDE, Name, RCODE, type TsigKey } from "../dns/index.ts";
import type { ControlHandler, TsigKeys } from "../nameserver/index.ts";
import { parseEndpoint, systemAsk, systemAskMany } from "../net/index.ts";
import {
  type Primary,
  Secondaries,
  toldSerial,
  type TransferLimits,
  Turns,
  type ZoneShelf,
} from "../replication/index.ts";
import type { Layer, ZoneChanger, ZoneStore } from "../zones/index.ts";
import type { Configuration, PrimaryConfiguration } from "./configuration.ts";
import { UsageError } from "./failure.ts";
import { parseEndpoints, parseName } from "./options-read.ts";

export interface SecondaryZone {
  readonly name: Name;
  /** In the order in which they are asked; at least one. */
  readonly primaries: readonly Primary[];
  readonly layer: Layer | null;
}

/** What a configuration file says of a zone's primaries. Throws UsageError for a key that there is not. */
export function primariesOf(given: readonly PrimaryConfiguration[], keys: TsigKeys): Primary[] {
  return given.map((one) => {
    if (typeof one === "string") return { endpoint: parseEndpoint(one), key: null };
    const key = keys.get(Name.parse(one.key).key);
    if (key === undefined)
      throw new UsageError(
        `the primary ${one.address} is to be asked with the key ${one.key}, which is not among keys`,
      );
    return { endpoint: parseEndpoint(one.address), key };
  });
}

/** `vu.nl=127.0.1.3:8053`, once for each primary. */
export function parseSecondaries(texts: readonly string[], layer: Layer | null): SecondaryZone[] {
  const zones = new Map<string, SecondaryZone>();
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0 || at === text.length - 1) {
      throw new UsageError(`--secondary ${text}: NAME=ADDR:PORT is wanted, such as vu.nl=127.0.1.3:8053`);
    }
    const name = parseName("secondary", text.slice(0, at));
    const [endpoint] = parseEndpoints("secondary", [text.slice(at + 1)]);
    const before = zones.get(name.key)?.primaries ?? [];
    zones.set(name.key, { name, layer, primaries: [...before, { endpoint: endpoint!, key: null }] });
  }
  return [...zones.values()];
}

/** The zone with all primaries asked with the key that have none of their own. */
export function signedWith(key: TsigKey | null, zone: SecondaryZone): SecondaryZone {
  return { ...zone, primaries: zone.primaries.map((primary) => ({ ...primary, key: primary.key ?? key })) };
}

export interface SecondaryZonesParts {
  readonly store: ZoneStore;
  readonly changer: ZoneChanger;
  readonly shelf: ZoneShelf | null;
  readonly bounds: Bounds;
  readonly log: Log;
}

type Bounds = Configuration["bounds"];

/** As large as the smallest record: the octets bound how many there can be. */
const RECORD_OCTETS_MIN = 9;

function limitsOf({ transferOctets, transferIdleSeconds, transferSeconds }: Bounds): TransferLimits {
  return {
    records: Math.ceil(transferOctets / RECORD_OCTETS_MIN),
    octets: transferOctets,
    idleMilliseconds: 1000 * transferIdleSeconds,
    timeoutMilliseconds: 1000 * transferSeconds,
  };
}

/** How long a start waits for zones that it has no copy of; their primaries may start at the same moment. */
const READY_MILLISECONDS = 5000;

/** Null where there is none. */
export function secondariesOf(
  zones: readonly SecondaryZone[],
  { bounds, ...parts }: SecondaryZonesParts,
): Secondaries | null {
  if (zones.length === 0) return null;
  const asking = { clock: systemClock, random: systemRandom };
  return new Secondaries(
    zones.map(({ name, primaries }) => ({ apex: name, primaries })),
    {
      ...parts,
      ...asking,
      ask: systemAsk(asking),
      askMany: systemAskMany(asking),
      turns: new Turns(bounds.transfersAtOnce),
      limits: limitsOf(bounds),
    },
  );
}

/** Resolves when each zone is there or was asked for in vain, or when that takes too long. */
export async function secondariesReady(secondaries: Secondaries): Promise<void> {
  const patience = new AbortController();
  const waited = sleep(systemClock, READY_MILLISECONDS, patience.signal).catch(() => undefined);
  await Promise.race([secondaries.ready(), waited]);
  patience.abort();
}

/** Null where there is nothing to be told of. */
export function notifiesTaken(secondaries: Secondaries | null, log: Log): ControlHandler | null {
  if (secondaries === null) return null;
  return ({ message, peer, key, respond }) => {
    const { rcode, reason } = secondaries.notify(message, peer.address, key);
    const isHeeded = rcode === RCODE.NOERROR;
    const zone = message.question[0]?.name;
    const serial = zone === undefined ? null : toldSerial(message, zone);
    const about = { zone: zone?.toString(), serial, from: peer.address, key: key?.toString() };
    log.info({ ...about, ...(reason === null ? {} : { reason }) }, `a NOTIFY was ${isHeeded ? "heeded" : "refused"}`);
    respond({
      rcode,
      authoritative: isHeeded,
      ...(reason === null ? {} : { extendedError: { infoCode: EDE.OTHER, text: reason } }),
    });
  };
}
