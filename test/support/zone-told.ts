/** Zones in a store of their own, and what they tell, in the words of the plain oracle. */
import type { Name, Rr, Rrset } from "../../dns/index.ts";
import { type LookupResult, ZoneStore, ZoneView } from "../../zones/index.ts";
import type { Told } from "./plain-zone.ts";

/** A store with that one zone. */
export function storeWith(apex: Name, records: readonly Rr[]): ZoneStore {
  const store = ZoneStore.create({ capacityOctets: 1 << 22 });
  const edit = store.edit(apex);
  for (const { owner, type, ttlSeconds, rdata } of records) {
    const outcome = edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
    if (outcome !== "added") throw new Error(`${owner.toString()} ${type}: ${outcome}`);
  }
  edit.commit();
  return store;
}

export function viewOf(store: ZoneStore, apex: Name): ZoneView {
  const view = ZoneView.of(store, apex);
  if (view === null) throw new Error(`there is no zone ${apex.toString()}`);
  return view;
}

export function tell(result: LookupResult): Told {
  const wildcard = "wildcard" in result ? result.wildcard : null;
  return {
    kind: result.kind,
    rrsets: rrsetsOf(result)
      .map(({ owner, type }) => `${text(owner)} ${type}`)
      .sort(),
    wildcard: wildcard === null ? null : text(wildcard),
    encloser: result.kind === "nxdomain" ? text(result.closestEncloser) : null,
    proofs: "proofs" in result ? result.proofs.map(({ owner }) => text(owner)).sort() : [],
  };
}

function rrsetsOf(result: LookupResult): readonly Rrset[] {
  switch (result.kind) {
    case "answer":
      return result.rrsets;
    case "alias":
      return [result.cname];
    case "dname":
      return [result.dname];
    case "referral":
      return [result.ns];
    default:
      return [];
  }
}

function text(name: Name): string {
  return name.toLowerCase().toString();
}
