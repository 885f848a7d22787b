/** Zones that a server gives to others: who may have which, and who is told of changes (NOTIFY). */
import { systemClock, systemRandom, type Log } from "../base/index.ts";
import { Name, recordsOf } from "../dns/index.ts";
import { type ControlHandler, type TransferGrant, TransferServer, type TsigKeys } from "../nameserver/index.ts";
import { type Endpoint, parseEndpoint, Prefix, systemAsk } from "../net/index.ts";
import { Notifier, type NotifiedZone, type NotifyTarget } from "../replication/index.ts";
import { type Journal, type Layer, LAYERS, type ZoneStore, ZoneView } from "../zones/index.ts";
import type { ZoneConfiguration } from "./configuration.ts";
import { UsageError } from "./failure.ts";

/** What is given of one zone. */
export interface GivenZone {
  readonly apex: Name;
  /** Null: what holds for all. */
  readonly grant: TransferGrant | null;
  readonly targets: readonly NotifyTarget[];
  readonly windowSeconds: number;
}

/** What is given of all zones that say nothing else. */
export interface GivenToAll {
  readonly grant: TransferGrant;
  readonly targets: readonly Endpoint[];
}

export const NOTHING_GIVEN: GivenToAll = { grant: { from: [], keys: [] }, targets: [] };

/** What a configuration file says of a zone. Throws UsageError for a key that there is not. */
export function givenZone(
  { name, transfer, notify, notifyWindow, layer }: ZoneConfiguration,
  keys: TsigKeys,
): GivenZone {
  const keyNames = transfer?.keys.map((text) => knownKey(text, name, keys).name) ?? [];
  return {
    apex: Name.parse(name),
    grant: transfer === undefined ? null : { from: transfer.allow.map((text) => Prefix.parse(text)), keys: keyNames },
    targets: (notify ?? []).map((one) =>
      typeof one === "string"
        ? { endpoint: parseEndpoint(one), key: null }
        : { endpoint: parseEndpoint(one.address), key: knownKey(one.key, name, keys) },
    ),
    windowSeconds: notifyWindow ?? windowOf(layer ?? null),
  };
}

/** How long changes are gathered before they are told, as the layer promises (DESIGN §2). */
const windowOf = (layer: Layer | null): number => (layer === null ? 0 : LAYERS[layer].notifyWindowSeconds);

function knownKey(text: string, zone: string, keys: TsigKeys): NonNullable<ReturnType<TsigKeys["get"]>> {
  const key = keys.get(Name.parse(text).key);
  if (key !== undefined) return key;
  throw new UsageError(`the zone ${zone} names the key ${text}, which is none of keys and keyFiles`);
}

export interface GivingParts {
  readonly store: ZoneStore;
  /** For how long a copy is still good; null: it is no copy. */
  readonly expiresIn: (apex: Name) => number | null;
  readonly journal: Journal | null;
  readonly log: Log;
}

export interface Giving {
  readonly zones: readonly { readonly name: Name; readonly layer: Layer | null }[];
  readonly given: readonly GivenZone[];
  readonly toAll: GivenToAll;
}

/** Null where nobody may have any zone. */
export function transfersGiven(
  { given, toAll }: Giving,
  { store, journal, log, expiresIn }: GivingParts,
): ControlHandler | null {
  const grants = new Map(given.flatMap(({ apex, grant }) => (grant === null ? [] : [[apex.key, grant] as const])));
  const isForAll = toAll.grant.from.length + toAll.grant.keys.length > 0;
  if (grants.size === 0 && !isForAll) return null;
  const grantOf = (apex: Name): TransferGrant | null => grants.get(apex.key) ?? (isForAll ? toAll.grant : null);
  const changesSince: TransferServerParts["changesSince"] = (apex, serial) => journal?.since(apex, serial) ?? null;
  return new TransferServer({ store, clock: systemClock, log, grantOf, changesSince, expiresIn }).handle;
}

type TransferServerParts = ConstructorParameters<typeof TransferServer>[0];

/** Null where nobody is told of anything. */
export function notifierOf(
  { zones, given, toAll }: Giving,
  { store, log }: Omit<GivingParts, "expiresIn">,
): Notifier | null {
  const common = toAll.targets.map((endpoint): NotifyTarget => ({ endpoint, key: null }));
  const notified = zones.flatMap(({ name, layer }): NotifiedZone[] => {
    const own = given.find(({ apex }) => apex.equals(name));
    const targets = [...(own?.targets ?? []), ...common];
    return targets.length === 0 ? [] : [{ apex: name, targets, windowSeconds: own?.windowSeconds ?? windowOf(layer) }];
  });
  if (notified.length === 0) return null;
  const soaOf = (apex: Name): ReturnType<typeof recordsOf>[number] | null => {
    const soa = ZoneView.of(store, apex)?.soa ?? null;
    return soa === null ? null : recordsOf([soa])[0]!;
  };
  const ask = systemAsk({ clock: systemClock, random: systemRandom, mixesCase: false });
  return new Notifier(notified, { ask, clock: systemClock, log, soaOf });
}
