/**
 * The additional section: addresses of the names that records speak of (RFC 1034 §3.7, RFC 2782, RFC 9460 §4.1), dropped
 * RRset by RRset when there is no room, and glue (RFC 1034 §4.2.1), without which a referral leads nowhere: in-domain
 * glue that does not fit sets TC, sibling glue may be left out (RFC 9471 §3).
 */
import { SECTION, TYPE } from "../dns/index.ts";
import {
  findRrset,
  firstRecord,
  Lookup,
  lookup,
  findGlue,
  nextRecord,
  recordRdata,
  rrsetCount,
  rrsetType,
  type ZoneStore,
} from "../zones/index.ts";
import { Owner, type Sections } from "./sections.ts";
import { isBelow } from "./synthesis.ts";

/** Octets of RDATA before the name whose addresses are wanted; -1 for types that name nobody. */
function targetOffset(type: number): number {
  switch (type) {
    case TYPE.NS:
      return 0;
    case TYPE.MX:
    case TYPE.KX:
    case TYPE.AFSDB:
    case TYPE.SVCB:
    case TYPE.HTTPS:
      return 2;
    case TYPE.SRV:
      return 6;
    default:
      return -1;
  }
}

export class Additional {
  readonly #store: ZoneStore;
  readonly #sections: Sections;
  readonly #found = new Lookup();
  readonly #owner = new Owner();

  constructor(store: ZoneStore, sections: Sections) {
    this.#store = store;
    this.#sections = sections;
  }

  /** Adds addresses for the names in an RRset that stands in the answer section, owned by `owner`. */
  ofAnswer(rrset: number, owner: Owner): void {
    const store = this.#store;
    const type = rrsetType(store, rrset);
    const skip = targetOffset(type);
    if (skip < 0) return;
    let record = firstRecord(store, rrset);
    for (let i = rrsetCount(store, rrset); i > 0; i--, record = nextRecord(store, record)) {
      const at = recordRdata(store, record) + skip;
      if (store.octets[at] !== 0) this.#addresses(store.octets, at);
      // In SVCB's ServiceMode "." is the owner itself (RFC 9460 §2.5.2); elsewhere it says that there is nobody.
      else if (isServiceMode(store, type, record)) this.#addresses(owner.octets, owner.at);
    }
  }

  #addresses(octets: Uint8Array, at: number): void {
    const zone = this.#store.findZone(octets, at);
    if (zone !== 0) this.#addressesIn(zone, octets, at);
  }

  /** Our own data with their signatures, glue without. False when glue did not fit; our own data can always be asked for. */
  #addressesIn(zone: number, octets: Uint8Array, at: number): boolean {
    lookup(this.#store, zone, octets, at, TYPE.A, this.#found);
    const { kind, node } = this.#found;
    if (kind === "referral") return this.#glue(zone, octets, at);
    if ((kind === "answer" || kind === "nodata") && node !== 0) {
      this.#owner.inOctets(octets, at);
      this.#addressesOf(node);
    }
    return true;
  }

  #addressesOf(node: number): void {
    for (const type of ADDRESS_TYPES) {
      const rrset = findRrset(this.#store, node, type);
      if (rrset !== 0 && !this.#sections.has(rrset)) {
        this.#sections.rrset(SECTION.ADDITIONAL, this.#owner, node, rrset);
      }
    }
  }

  /** Below a cut there is no data but glue, without signatures. False when some did not fit. */
  #glue(zone: number, octets: Uint8Array, at: number): boolean {
    const node = findGlue(this.#store, zone, octets, at);
    if (node === 0) return true;
    this.#owner.inOctets(octets, at);
    let fits = true;
    for (const type of ADDRESS_TYPES) {
      const rrset = findRrset(this.#store, node, type);
      if (rrset === 0 || this.#sections.has(rrset)) continue;
      if (!this.#sections.bare(SECTION.ADDITIONAL, this.#owner, rrset)) fits = false;
    }
    return fits;
  }

  /**
   * Adds the glue of a delegation: in-domain first, because it must be there, then siblings'.
   * False when in-domain glue did not fit.
   */
  ofReferral(zone: number, ns: number, cut: Owner): boolean {
    const isWhole = this.#glueOf(zone, ns, cut, true);
    this.#glueOf(zone, ns, cut, false);
    return isWhole;
  }

  #glueOf(zone: number, ns: number, cut: Owner, inDomain: boolean): boolean {
    const store = this.#store;
    let isWhole = true;
    let record = firstRecord(store, ns);
    for (let i = rrsetCount(store, ns); i > 0; i--, record = nextRecord(store, record)) {
      const at = recordRdata(store, record);
      if (isBelow(store.octets, at, cut.octets, cut.at) !== inDomain) continue;
      if (!this.#addressesIn(zone, store.octets, at)) isWhole = false;
    }
    return isWhole;
  }
}

const ADDRESS_TYPES: readonly number[] = [TYPE.A, TYPE.AAAA];

function isServiceMode(store: ZoneStore, type: number, record: number): boolean {
  if (type !== TYPE.SVCB && type !== TYPE.HTTPS) return false;
  const at = recordRdata(store, record);
  return store.octets[at] !== 0 || store.octets[at + 1] !== 0;
}
