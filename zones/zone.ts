/** One version of a zone as values: for tools and tests. Queries are answered from `lookup.ts` without any of this. */
import { assert } from "../base/index.ts";
import { type Name, type Rrset, TYPE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import { Lookup, lookup } from "./lookup.ts";
import { prove } from "./prove.ts";
import { findRrset, nodeRrset, nodeRrsetCount } from "./rrset-view.ts";
import type { ZoneStore } from "./store.ts";
import { leavesOf, Seek } from "./trie.ts";
import { NameKey } from "./key.ts";
import { readName, readNodeName, readRrset } from "./values.ts";
import { ZONE_FIELD, zoneField, zoneRecords, zoneSerial, zoneSoa } from "./zone-record.ts";

/** What a zone can say about one name and type (RFC 1034 §4.3.2, RFC 4592). `proofs` are NSEC or NSEC3 RRsets. */
export type LookupResult =
  | {
      readonly kind: "answer";
      readonly rrsets: readonly Rrset[];
      readonly wildcard: Name | null;
      readonly proofs: readonly Rrset[];
    }
  | {
      readonly kind: "alias";
      readonly cname: Rrset;
      readonly target: Name;
      readonly wildcard: Name | null;
      readonly proofs: readonly Rrset[];
    }
  | { readonly kind: "dname"; readonly dname: Rrset; readonly target: Name }
  | { readonly kind: "referral"; readonly ns: Rrset; readonly proofs: readonly Rrset[] }
  | {
      readonly kind: "nodata";
      readonly soa: Rrset | null;
      readonly wildcard: Name | null;
      readonly proofs: readonly Rrset[];
    }
  | {
      readonly kind: "nxdomain";
      readonly soa: Rrset | null;
      readonly closestEncloser: Name;
      readonly proofs: readonly Rrset[];
    }
  | { readonly kind: "outside" };

const found = new Lookup();
const key = new NameKey();
const seek = new Seek();

export class ZoneView {
  readonly apex: Name;
  readonly #views: ArenaViews;
  readonly #zone: number;

  /** A version of a zone; it stays what it is, whatever is published later. */
  constructor(views: ArenaViews, zone: number) {
    this.#views = views;
    this.#zone = zone;
    this.apex = readNodeName(views, zone);
  }

  /** The zone as the store has it now; null when it has none of that name. */
  static of(store: ZoneStore, apex: Name): ZoneView | null {
    const zone = store.zoneOf(apex);
    return zone === 0 ? null : new ZoneView(store.arena, zone);
  }

  get serial(): number {
    return zoneSerial(this.#views, this.#zone);
  }

  get recordCount(): number {
    return zoneRecords(this.#views, this.#zone);
  }

  get soa(): Rrset | null {
    const soa = zoneSoa(this.#views, this.#zone);
    return soa === 0 ? null : readRrset(this.#views, this.apex, soa);
  }

  /** What stands at that very name, below cuts as well; NSEC3 too. For RRSIG the first covered type's. */
  get(name: Name, type: number): Rrset | null {
    for (const root of this.#roots()) {
      const node = this.#find(root, name);
      const rrset = node === 0 ? 0 : findRrset(this.#views, node, type);
      if (rrset !== 0) return readRrset(this.#views, readNodeName(this.#views, node), rrset);
    }
    return null;
  }

  /** Names with records and empty non-terminals in canonical order; owners of NSEC3 are not among them. */
  *names(): Generator<Name> {
    for (const node of leavesOf(this.#views, zoneField(this.#views, this.#zone, ZONE_FIELD.NAMES_ROOT))) {
      yield readNodeName(this.#views, node);
    }
  }

  /** All RRsets, the SOA first, then in canonical order of names; those at owners of NSEC3 come last. */
  *rrsets(): Generator<Rrset> {
    const views = this.#views;
    const soa = zoneSoa(views, this.#zone);
    if (soa !== 0) yield readRrset(views, this.apex, soa);
    for (const root of this.#roots()) {
      for (const node of leavesOf(views, root)) {
        const owner = readNodeName(views, node);
        for (let i = 0; i < nodeRrsetCount(views, node); i++) {
          const rrset = nodeRrset(views, node, i);
          if (rrset !== soa) yield readRrset(views, owner, rrset);
        }
      }
    }
  }

  lookup(qname: Name, qtype: number): LookupResult {
    const views = this.#views;
    lookup(views, this.#zone, qname.octets, 0, qtype, found);
    prove(views, found);
    const { kind, node } = found;
    const owner = found.wildcard || node === 0 ? qname : readNodeName(views, node);
    const wildcard = found.wildcard ? readNodeName(views, node) : null;
    const proofs = this.#proofs();
    const rrset = (): Rrset => readRrset(views, owner, found.rrset);
    switch (kind) {
      case "answer":
        return { kind, rrsets: found.rrset === 0 ? this.#all(node, owner) : [rrset()], wildcard, proofs };
      case "alias":
        return { kind, cname: rrset(), target: this.#target(), wildcard, proofs };
      case "dname":
        return { kind, dname: rrset(), target: this.#target() };
      case "referral":
        return { kind, ns: rrset(), proofs };
      case "nodata":
        return { kind, soa: this.soa, wildcard, proofs };
      case "nxdomain":
        return { kind, soa: this.soa, closestEncloser: qname.ancestor(found.labels), proofs };
      case "outside":
        return { kind };
    }
  }

  #all(node: number, owner: Name): Rrset[] {
    const views = this.#views;
    return Array.from({ length: nodeRrsetCount(views, node) }, (_, i) =>
      readRrset(views, owner, nodeRrset(views, node, i)),
    );
  }

  /** The name that CNAME's or DNAME's RDATA is. */
  #target(): Name {
    assert(found.rrset !== 0, "an alias has a record");
    return readName(this.#views, found.rrset + 8 + 2);
  }

  #proofs(): Rrset[] {
    const views = this.#views;
    return Array.from(found.proofs.subarray(0, found.proofCount), (node) => {
      const nsec = findRrset(views, node, TYPE.NSEC);
      return readRrset(views, readNodeName(views, node), nsec === 0 ? findRrset(views, node, TYPE.NSEC3) : nsec);
    });
  }

  #roots(): number[] {
    return [ZONE_FIELD.NAMES_ROOT, ZONE_FIELD.NSEC3_ROOT].map((field) => zoneField(this.#views, this.#zone, field));
  }

  #find(root: number, name: Name): number {
    key.set(name.octets, 0);
    seek.find(this.#views, root, key);
    return seek.isExact ? seek.leaf : 0;
  }
}
