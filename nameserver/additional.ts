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
  RRSET_RECORDS_MAX,
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
  /** By record, where the names of servers stand that are not below the cut; 0 for those that are. */
  readonly #siblings = new Int32Array(RRSET_RECORDS_MAX);

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
    if (zone === 0) return;
    this.#owner.inOctets(octets, at);
    this.#addressesIn(zone);
  }

  /** The owner's: our own data with their signatures, glue without. What does not fit is left out. */
  #addressesIn(zone: number): void {
    const { octets, at } = this.#owner;
    lookup(this.#store, zone, octets, at, TYPE.A, this.#found);
    const { kind, node } = this.#found;
    if (kind === "referral") this.#glue(zone);
    else if ((kind === "answer" || kind === "nodata") && node !== 0) this.#addressesOf(node);
  }

  #addressesOf(node: number): void {
    for (const type of ADDRESS_TYPES) {
      const rrset = findRrset(this.#store, node, type);
      if (rrset !== 0 && !this.#sections.has(rrset)) {
        this.#sections.rrset(SECTION.ADDITIONAL, this.#owner, node, rrset);
      }
    }
  }

  /** The owner's: below a cut there is no data but glue, without signatures. False when some did not fit. */
  #glue(zone: number): boolean {
    const { octets, at } = this.#owner;
    const node = findGlue(this.#store, zone, octets, at);
    if (node === 0) return true;
    let fits = true;
    for (const type of ADDRESS_TYPES) {
      const rrset = findRrset(this.#store, node, type);
      if (rrset === 0 || this.#sections.has(rrset)) continue;
      if (!this.#sections.bare(SECTION.ADDITIONAL, this.#owner, rrset)) fits = false;
    }
    return fits;
  }

  /**
   * Adds the glue of the delegation that was written last: in-domain first, because it must be there, then siblings'. The servers'
   * names stand in the message already. False when in-domain glue did not fit.
   */
  ofReferral(zone: number, ns: number, cut: Owner): boolean {
    const store = this.#store;
    const { octets } = store;
    const { targets } = this.#sections;
    const owner = this.#owner;
    const siblings = this.#siblings;
    const count = rrsetCount(store, ns);
    let isWhole = true;
    let record = firstRecord(store, ns);
    for (let i = 0; i < count; i++, record = nextRecord(store, record)) {
      const at = recordRdata(store, record);
      const isInDomain = isBelow(octets, at, cut.octets, cut.at);
      siblings[i] = isInDomain ? 0 : at;
      if (!isInDomain) continue;
      owner.alsoInMessage(octets, at, targets[i]!);
      // Below the cut there is glue and nothing else, so it is looked for by its name alone.
      if (!this.#glue(zone)) isWhole = false;
    }
    for (let i = 0; i < count; i++) {
      if (siblings[i] === 0) continue;
      owner.alsoInMessage(octets, siblings[i]!, targets[i]!);
      this.#addressesIn(zone);
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
