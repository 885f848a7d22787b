/**
 * The next version of a zone while it is being made, which remembers how each RRset was before: so what one change did can be
 * told (a `ChangeSet`) or undone without the others that share the edit with it.
 */
import { assert, equalOctets } from "../base/index.ts";
import { isNewerSerial, type Name, nextSerial, recordsOf, type Rr, type Rrset, TYPE } from "../dns/index.ts";
import { type ChangeSet, soaSerial, soaWithSerial } from "./change-set.ts";
import type { AddOutcome, ZoneEdit } from "./zone-edit.ts";

/** An RRset as it was; none of no records. Signatures of all types are one here. */
interface Before {
  readonly owner: Name;
  readonly type: number;
  readonly rrsets: readonly Rrset[];
}

/** Which serial the version gets: the next one unless the change itself set a newer one, or whatever stands there. */
export type SerialRule = "bumped" | "kept";

export class ZoneDraft {
  readonly apex: Name;
  readonly #edit: ZoneEdit;
  #before = new Map<string, Before>();
  #soaBefore: Rrset;

  /** The edit is committed or aborted by whoever began it. The zone must have an SOA. */
  constructor(edit: ZoneEdit) {
    this.#edit = edit;
    this.apex = edit.apex;
    this.#soaBefore = this.#soa();
  }

  get soa(): Rr {
    return recordsOf([this.#soa()])[0]!;
  }

  /** The RRset as it now is; for RRSIG the first covered type's. */
  rrset(owner: Name, type: number): Rrset | null {
    return this.#edit.rrset(owner, type);
  }

  /** All RRsets of a name; signatures are an RRset for each type they cover. */
  rrsetsOf(owner: Name): Rrset[] {
    return this.#edit.rrsetsOf(owner);
  }

  /** Whether the name exists, empty non-terminals included. */
  hasName(owner: Name): boolean {
    return this.#edit.hasName(owner);
  }

  /** See `ZoneEdit.add`. */
  add({ owner, type, ttlSeconds, rdata }: Rr): AddOutcome {
    this.#remember(owner, type);
    return this.#edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  }

  /** Removes one record. False when it is not there. */
  remove(owner: Name, type: number, rdata: Uint8Array): boolean {
    this.#remember(owner, type);
    return this.#edit.removeRecord(owner, type, rdata);
  }

  /** Removes an RRset; RRSIG means all signatures of the name. False when there is none. */
  removeRrset(owner: Name, type: number): boolean {
    this.#remember(owner, type);
    return this.#edit.removeRrset(owner, type);
  }

  /** Removes all RRsets of a name; names below it stay. False when it has none. */
  removeName(owner: Name): boolean {
    for (const { type } of this.rrsetsOf(owner)) this.#remember(owner, type);
    return this.#edit.removeName(owner);
  }

  /** Gives an RRset another TTL. False when there is none. */
  setTtl(owner: Name, type: number, ttlSeconds: number): boolean {
    this.#remember(owner, type);
    return this.#edit.setTtl(owner, type, ttlSeconds);
  }

  /** Puts another SOA in the place of the one that is there. */
  setSoa(rdata: Uint8Array, ttlSeconds: number): void {
    this.#edit.removeRrset(this.apex, TYPE.SOA);
    const { octets } = this.apex;
    const outcome = this.#edit.add(octets, 0, TYPE.SOA, ttlSeconds, rdata, 0, rdata.length);
    assert(outcome === "added", "the apex has room for its SOA");
  }

  /**
   * What was changed since the beginning or since this was last called, and forgets how it was before; null when all is as it
   * was. A change of nothing gets no serial.
   */
  take(rule: SerialRule): ChangeSet | null {
    const removed: Rr[] = [];
    const added: Rr[] = [];
    for (const before of this.#before.values()) {
      const was = recordsOf(before.rrsets);
      const is = recordsOf(this.#now(before));
      removed.push(...was.filter((record) => !hasSame(is, record)));
      added.push(...is.filter((record) => !hasSame(was, record)));
    }
    const { apex } = this;
    const soaBefore = recordsOf([this.#soaBefore])[0]!;
    const isSame = removed.length === 0 && added.length === 0 && isSameWithTtl(soaBefore, this.soa);
    if (isSame) {
      this.#forget();
      return null;
    }
    if (rule === "bumped") this.#bump(soaSerial(soaBefore.rdata));
    const change = { apex, soaBefore, soaAfter: this.soa, removed, added };
    this.#forget();
    return change;
  }

  /** Puts all back as it was at the beginning or when `take` was last called. */
  revert(): void {
    for (const { owner, type, rrsets } of this.#before.values()) {
      this.#edit.removeRrset(owner, type);
      for (const rrset of rrsets) {
        for (const rdata of rrset.rdatas) {
          this.#edit.add(owner.octets, 0, type, rrset.ttlSeconds, rdata, 0, rdata.length);
        }
      }
    }
    const { rdatas, ttlSeconds } = this.#soaBefore;
    this.setSoa(rdatas[0]!, ttlSeconds);
    this.#forget();
  }

  #bump(serialBefore: number): void {
    const { rdata, ttlSeconds } = this.soa;
    if (isNewerSerial(soaSerial(rdata), serialBefore)) return;
    this.setSoa(soaWithSerial(rdata, nextSerial(serialBefore)), ttlSeconds);
  }

  #soa(): Rrset {
    const soa = this.#edit.rrset(this.apex, TYPE.SOA);
    assert(soa !== null, "a zone has an SOA");
    return soa;
  }

  #forget(): void {
    this.#before = new Map();
    this.#soaBefore = this.#soa();
  }

  /** The SOA is kept apart: it changes with everything. */
  #remember(owner: Name, type: number): void {
    if (type === TYPE.SOA) return;
    const key = `${type} ${owner.key}`;
    if (!this.#before.has(key)) this.#before.set(key, { owner, type, rrsets: this.#now({ owner, type }) });
  }

  #now({ owner, type }: Pick<Before, "owner" | "type">): Rrset[] {
    if (type === TYPE.RRSIG) return this.rrsetsOf(owner).filter((rrset) => rrset.type === type);
    const rrset = this.rrset(owner, type);
    return rrset === null ? [] : [rrset];
  }
}

function hasSame(records: readonly Rr[], wanted: Rr): boolean {
  return records.some((record) => isSameWithTtl(record, wanted));
}

function isSameWithTtl(a: Rr, b: Rr): boolean {
  return a.ttlSeconds === b.ttlSeconds && equalOctets(a.rdata, b.rdata);
}
