/**
 * What makes one version of a zone into another: both tries are walked in order, side by side, and values are made of differences
 * alone. For reloads that are to travel as differences (RFC 1995), and for showing what a change would do.
 */
import { assert, compareOctets } from "../base/index.ts";
import { CLASS, recordsOf, type Rr, TYPE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import type { ChangeSet } from "./change-set.ts";
import { NameKey } from "./key.ts";
import {
  firstRecord,
  nodeName,
  nodeRrset,
  nodeRrsetCount,
  recordLength,
  recordRdata,
  rrsetCount,
  rrsetOctets,
  rrsetTtl,
  rrsetType,
} from "./rrset-view.ts";
import { Cursor } from "./trie.ts";
import { readNodeName, readRrset } from "./values.ts";
import { ZONE_FIELD, zoneField, zoneSoa } from "./zone-record.ts";

/** A version of a zone: its record in some arena. It stays what it is while it is held, whatever is published later. */
export interface ZoneVersion {
  readonly views: ArenaViews;
  readonly zone: number;
}

/** Null where they say the same, SOA and all. Both must have an SOA. */
export function diffZones(before: ZoneVersion, after: ZoneVersion): ChangeSet | null {
  const removed: Rr[] = [];
  const added: Rr[] = [];
  for (const field of [ZONE_FIELD.NAMES_ROOT, ZONE_FIELD.NSEC3_ROOT]) {
    diffTries(walkOf(before, field), walkOf(after, field), { removed, added });
  }
  const soaBefore = soaOf(before);
  const soaAfter = soaOf(after);
  const isSame = removed.length === 0 && added.length === 0 && isSameRr(soaBefore, soaAfter);
  return isSame ? null : { apex: readNodeName(after.views, after.zone), soaBefore, soaAfter, removed, added };
}

interface Found {
  readonly removed: Rr[];
  readonly added: Rr[];
}

/** The leaves of a trie in canonical order. */
class Walk {
  readonly views: ArenaViews;
  readonly #cursor = new Cursor();
  readonly #key = new NameKey();
  #keyOf = 0;

  constructor(views: ArenaViews, root: number) {
    this.views = views;
    if (root !== 0) this.#cursor.toFirst(views, root);
  }

  /** 0 behind the last. */
  get node(): number {
    return this.#cursor.leaf;
  }

  next(): void {
    this.#cursor.next(this.views);
  }

  /** Its owner as numbers whose order is the canonical order of names. */
  get key(): Uint8Array {
    const { node } = this;
    const key = this.#key;
    if (this.#keyOf !== node) {
      this.#keyOf = node;
      key.set(this.views.octets, nodeName(this.views, node));
    }
    return key.values.subarray(0, key.length);
  }
}

function walkOf({ views, zone }: ZoneVersion, field: number): Walk {
  return new Walk(views, zoneField(views, zone, field));
}

function diffTries(before: Walk, after: Walk, found: Found): void {
  while (before.node !== 0 || after.node !== 0) {
    const order = orderOf(before, after);
    if (order < 0) {
      take(before, found.removed);
      before.next();
    } else if (order > 0) {
      take(after, found.added);
      after.next();
    } else {
      diffNodes(before, after, found);
      before.next();
      after.next();
    }
  }
}

function orderOf(before: Walk, after: Walk): number {
  if (before.node === 0) return 1;
  if (after.node === 0) return -1;
  return compareOctets(before.key, after.key);
}

/** All records of the node, the SOA left out. */
function take({ views, node }: Walk, records: Rr[]): void {
  for (let i = 0; i < nodeRrsetCount(views, node); i++) takeRrset(views, node, nodeRrset(views, node, i), records);
}

function takeRrset(views: ArenaViews, node: number, rrset: number, records: Rr[]): void {
  if (rrsetType(views, rrset) === TYPE.SOA) return;
  records.push(...recordsOf([readRrset(views, readNodeName(views, node), rrset)]));
}

function diffNodes(before: Walk, after: Walk, { removed, added }: Found): void {
  const isShared = before.views.octets === after.views.octets && before.node === after.node;
  if (isShared || isSameNode(before, after)) return;
  const was: Rr[] = [];
  const is: Rr[] = [];
  take(before, was);
  take(after, is);
  removed.push(...was.filter((record) => !is.some((other) => isSameRr(record, other))));
  added.push(...is.filter((record) => !was.some((other) => isSameRr(record, other))));
}

/** Whether both have the same RRsets, octet by octet and in the same order: then nothing need be made of them. */
function isSameNode(before: Walk, after: Walk): boolean {
  const count = nodeRrsetCount(before.views, before.node);
  if (count !== nodeRrsetCount(after.views, after.node)) return false;
  for (let i = 0; i < count; i++) {
    const a = nodeRrset(before.views, before.node, i);
    const b = nodeRrset(after.views, after.node, i);
    // An SOA is told apart from the rest, and changes with all.
    const isSoa = rrsetType(before.views, a) === TYPE.SOA && rrsetType(after.views, b) === TYPE.SOA;
    if (!isSoa && !isSameRrset(before.views, a, after.views, b)) return false;
  }
  return true;
}

function isSameRrset(viewsA: ArenaViews, a: number, viewsB: ArenaViews, b: number): boolean {
  if (a === b && viewsA.octets === viewsB.octets) return true;
  if (rrsetType(viewsA, a) !== rrsetType(viewsB, b) || rrsetTtl(viewsA, a) !== rrsetTtl(viewsB, b)) return false;
  const length = rrsetOctets(viewsA, a);
  if (rrsetCount(viewsA, a) !== rrsetCount(viewsB, b) || length !== rrsetOctets(viewsB, b)) return false;
  for (let i = 0; i < length; i++) if (viewsA.octets[a + i] !== viewsB.octets[b + i]) return false;
  return true;
}

function isSameRr(a: Rr, b: Rr): boolean {
  return a.type === b.type && a.ttlSeconds === b.ttlSeconds && compareOctets(a.rdata, b.rdata) === 0;
}

function soaOf({ views, zone }: ZoneVersion): Rr {
  const rrset = zoneSoa(views, zone);
  assert(rrset !== 0, "a zone has an SOA");
  const record = firstRecord(views, rrset);
  const at = recordRdata(views, record);
  const rdata = new Uint8Array(recordLength(views, record));
  rdata.set(views.octets.subarray(at, at + rdata.length));
  return {
    owner: readNodeName(views, zone),
    type: TYPE.SOA,
    class: CLASS.IN,
    ttlSeconds: rrsetTtl(views, rrset),
    rdata,
  };
}
