/** Updates by UPDATE (RFC 2136) as a server is set up to take them: which zones, from whom, of what. */
import { type Log, systemClock, systemRandom } from "../base/index.ts";
import { Name, type TsigKey, typeFromText } from "../dns/index.ts";
import {
  type ControlHandler,
  type TsigKeys,
  UpdateForwarder,
  updateHandler,
  type UpdateTreatment,
} from "../nameserver/index.ts";
import { formatEndpoint, Prefix, systemRelay } from "../net/index.ts";
import {
  type GrantedNames,
  LEASE_BOUNDS,
  type LeaseBounds,
  type UpdateGrant,
  UpdatePolicy,
  type ZoneChanger,
  type ZoneStore,
} from "../zones/index.ts";
import type { Configuration, GrantConfiguration } from "./configuration.ts";
import { UsageError } from "./failure.ts";
import type { SecondaryZone } from "./secondary-zones.ts";

/** Who may change what in one zone. */
export interface ZoneUpdates {
  readonly apex: Name;
  readonly grants: readonly UpdateGrant[];
  readonly leases: LeaseBounds;
}

type ZoneConfiguration = Pick<Configuration["zones"][number], "name" | "update" | "leases">;

/** What a configuration file says of a zone; none or one. */
export function zoneUpdates({ name, update = [], leases }: ZoneConfiguration): ZoneUpdates[] {
  if (update.length === 0 && leases === undefined) return [];
  return [{ apex: Name.parse(name), grants: update.map(grantOf), leases: leases ?? LEASE_BOUNDS }];
}

/** Who signs with it may change everything. */
export function wholeZone({ name }: TsigKey): UpdateGrant {
  return { to: { key: name }, names: { kind: "zone" }, types: null };
}

/** Throws UsageError for a grant to a key that nobody can have. */
export function checkGrants(zones: readonly ZoneUpdates[], keys: TsigKeys): void {
  for (const { apex, grants } of zones) {
    for (const { to } of grants) {
      if (!("key" in to) || keys.has(to.key.key)) continue;
      const [zone, key] = [apex.toString(), to.key.toString()];
      throw new UsageError(`the zone ${zone} may be updated with the key ${key}, which is none of keys and keyFiles`);
    }
  }
}

function grantOf(given: GrantConfiguration): UpdateGrant {
  const { key, from = [], types } = given;
  return {
    to: key === undefined ? { from: from.map((text) => Prefix.parse(text)) } : { key: Name.parse(key) },
    names: namesOf(given),
    types: types?.flatMap((type) => typeFromText(type) ?? []) ?? null,
  };
}

function namesOf({ self, name, subdomain, wildcard }: GrantConfiguration): GrantedNames {
  if (self === true) return { kind: "self" };
  if (name !== undefined) return { kind: "name", name: Name.parse(name) };
  if (subdomain !== undefined) return { kind: "subdomain", name: Name.parse(subdomain) };
  if (wildcard !== undefined) return { kind: "wildcard", name: Name.parse(wildcard) };
  return { kind: "zone" };
}

export interface UpdatingParts {
  readonly store: ZoneStore;
  readonly changer: ZoneChanger;
  readonly log: Log;
}

interface UpdatingSettings {
  readonly updates: readonly ZoneUpdates[];
  readonly secondaries: readonly SecondaryZone[];
}

/** Null where no zone takes any. */
export function updatesTaken(
  { updates, secondaries }: UpdatingSettings,
  { store, ...parts }: UpdatingParts,
): ControlHandler | null {
  if (updates.length + secondaries.length === 0) return null;
  const taken = new Map<string, UpdateTreatment>();
  for (const [key, ofZone] of Map.groupBy(updates, ({ apex }) => apex.key)) {
    const grants = ofZone.flatMap((one) => one.grants);
    const [first] = ofZone;
    if (grants.length > 0) taken.set(key, { kind: "taken", policy: new UpdatePolicy(grants), leases: first!.leases });
  }
  for (const { name, primaries } of secondaries) {
    const where = primaries.map(({ endpoint }) => formatEndpoint(endpoint)).join(", ");
    const text = `the zone ${name.toString()} is a copy here: send updates to ${where}, or sign them to have them passed on`;
    taken.set(name.key, { kind: "refused", text });
  }
  const treatmentOf = (apex: Name): UpdateTreatment | null => {
    if (store.zoneOf(apex) === 0) return null;
    return taken.get(apex.key) ?? { kind: "refused", text: `the zone ${apex.toString()} takes no updates` };
  };
  return updateHandler({ ...parts, treatmentOf });
}

/** Null where this server is a secondary of no zone. */
export function updatesForwarded({ secondaries }: UpdatingSettings, { log }: UpdatingParts): UpdateForwarder | null {
  if (secondaries.length === 0) return null;
  const primaries = new Map(secondaries.map((zone) => [zone.name.key, zone.primaries.map(({ endpoint }) => endpoint)]));
  return new UpdateForwarder({
    primariesOf: (apex) => primaries.get(apex.key) ?? null,
    relay: systemRelay({ clock: systemClock, random: systemRandom }),
    log,
  });
}
