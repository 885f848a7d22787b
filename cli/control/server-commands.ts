/** What every running server can be asked on its control channel: how it is, to reload, to freeze and to thaw. */
import { systemClock } from "../../base/index.ts";
import { type Name, rdataType, typeToText } from "../../dns/index.ts";
import { formatEndpoint, LocalError } from "../../net/index.ts";
import type { Notifier, Secondaries } from "../../replication/index.ts";
import type { Leases, ZoneChanger, ZoneStore } from "../../zones/index.ts";
import type { ServeSettings } from "../settings.ts";
import type { ZoneKeeper } from "../zone-keeper.ts";
import type { ControlChannel } from "./channel.ts";
import { LastChanges } from "./last-changes.ts";

export interface ServerCommandsParts {
  readonly settings: ServeSettings;
  readonly store: ZoneStore;
  readonly zones: ZoneKeeper;
  readonly changer: ZoneChanger;
  readonly leases: Leases;
  readonly secondaries: Secondaries | null;
  readonly notifier: Notifier | null;
  readonly version: string;
}

export interface ZoneStatus {
  readonly zone: string;
  readonly layer: string | null;
  /** Null while it is not served. */
  readonly serial: number | null;
  readonly records: number | null;
  readonly frozen: boolean;
  /** Null where this server reads it from a file. */
  readonly secondary: SecondaryZoneStatus | null;
}

export interface SecondaryZoneStatus {
  readonly primaries: readonly string[];
  /** Since a primary last confirmed the version; null: none has since the start. */
  readonly checkedSecondsAgo: number | null;
  /** Null while there is nothing that could expire; 0 when it has. */
  readonly expiresInSeconds: number | null;
  /** Why the last attempt gave nothing; null: it did not fail. */
  readonly failure: string | null;
  /** Primaries with an older version than ours, which is not taken by itself. */
  readonly older: readonly { readonly primary: string; readonly serial: number }[];
}

export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  readonly upSeconds: number;
  readonly listen: readonly string[];
  readonly zones: readonly ZoneStatus[];
  readonly memory: { readonly usedOctets: number; readonly garbageOctets: number };
}

function secondaryOf({ secondaries }: ServerCommandsParts, zone: Name): SecondaryZoneStatus | null {
  const status = secondaries?.status.find(({ apex }) => apex.equals(zone)) ?? null;
  if (status === null) return null;
  const { primaries, checkedSecondsAgo, expiresInSeconds, failure } = status;
  const older = status.older.map(({ endpoint, serial }) => ({ primary: formatEndpoint(endpoint), serial }));
  return { primaries: primaries.map(formatEndpoint), checkedSecondsAgo, expiresInSeconds, failure, older };
}

export function addServerCommands(channel: ControlChannel, parts: ServerCommandsParts): void {
  const { zones, changer } = parts;
  const lastChanges = new LastChanges();
  changer.subscribe(lastChanges.note);
  const began = systemClock.now();
  channel.add("status", () => statusOf(parts, began));
  channel.add("reload", async (given, tell) => {
    const take = given.text("take");
    if (take !== null && take !== "file" && take !== "journal")
      throw new LocalError("USAGE", "take is file or journal");
    const zone = given.zone();
    const { settings } = parts;
    const isHere = [...settings.zones, ...settings.secondaries].some(({ name }) => zone === null || name.equals(zone));
    if (!isHere) throw new LocalError("NO_ZONE", `this server does not have the zone ${zone?.toString()}`);
    return (await zones.reload({ tell, zone, take })).map((name) => name.toString());
  });
  channel.add("last-change", (given) => lastChanges.of(served(parts, given.requiredZone())));
  channel.add("notified", (given) => parts.notifier?.statusOf(served(parts, given.requiredZone())) ?? []);
  channel.add("leases", (given) => leasesOf(parts, served(parts, given.requiredZone())));
  channel.add("retransfer", (given) => retransfer(parts, given.requiredZone()));
  channel.add("freeze", (given) => {
    changer.freeze(served(parts, given.requiredZone()));
    return null;
  });
  channel.add("thaw", (given) => {
    const zone = served(parts, given.requiredZone());
    if (!changer.thaw(zone)) throw new LocalError("NOT_FROZEN", `the zone ${zone.toString()} is not frozen`);
    return null;
  });
}

/** A record that goes by itself. */
export interface LeaseStatus {
  /** In presentation format. */
  readonly owner: string;
  readonly type: string;
  readonly rdata: string;
  readonly endsAtSeconds: number;
  /** Who had it granted. */
  readonly by: string;
}

function leasesOf({ leases }: ServerCommandsParts, zone: Name): LeaseStatus[] {
  return leases.of(zone).map(({ owner, type, rdata, endsAtSeconds, by }) => ({
    owner: owner.toString(),
    type: typeToText(type),
    rdata: rdataType(type).format(rdata),
    endsAtSeconds,
    by,
  }));
}

function served({ store }: ServerCommandsParts, zone: Name): Name {
  if (store.zoneOf(zone) !== 0) return zone;
  throw new LocalError("NO_ZONE", `this server does not serve the zone ${zone.toString()}`);
}

/** Resolves with the serial that is served now. */
async function retransfer({ secondaries, store }: ServerCommandsParts, zone: Name): Promise<{ serial: number | null }> {
  if (secondaries?.has(zone) !== true) {
    throw new LocalError("NO_COPY", `this server does not fetch the zone ${zone.toString()} from another`);
  }
  const failure = await secondaries.retransfer(zone);
  if (failure !== null) throw new LocalError("FAILED", `${zone.toString()} stays as it was: ${failure}`);
  return { serial: Array.from(store.zones()).find(({ apex }) => apex.equals(zone))?.serial ?? null };
}

function statusOf(parts: ServerCommandsParts, began: number): ServerStatus {
  const { settings, store, changer, version } = parts;
  // A copy that has expired is there without any record.
  const served = Array.from(store.zones()).filter(({ records }) => records > 0);
  const stored = new Map(served.map((zone) => [zone.apex.key, zone]));
  const { usedOctets, garbageOctets } = store.stats;
  return {
    version,
    pid: process.pid,
    upSeconds: Math.round((systemClock.now() - began) / 1000),
    listen: settings.listen.map(formatEndpoint),
    zones: [...settings.zones, ...settings.secondaries].map(({ name, layer }) => ({
      zone: name.toString(),
      layer,
      serial: stored.get(name.key)?.serial ?? null,
      records: stored.get(name.key)?.records ?? null,
      frozen: changer.isFrozen(name),
      secondary: secondaryOf(parts, name),
    })),
    memory: { usedOctets, garbageOctets },
  };
}
