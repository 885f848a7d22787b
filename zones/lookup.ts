/**
 * What a zone knows of a name and a type (RFC 1034 §4.3.2): cuts and DNAMEs from the apex downwards, then the name itself,
 * then the wildcard at its closest encloser (RFC 4592 §3.3). Aliases are said, not followed; proofs are `prove.ts`'s.
 *
 * Where the RFCs leave it open: NS at a wildcard makes no cut (RFC 4592 §4.2), and a DNAME there is data only (RFC 6672 §3.3).
 * Hot: all of it (bench/store.ts). Nothing is allocated. The plain version is test/support/plain-zone.ts.
 */
import { LOWER_CASE, TYPE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import { queryKey as key } from "./key.ts";
import { type NameHashes, queryName } from "./name-hash.ts";
import { findIndexed, isNamed, UNKNOWN } from "./name-index.ts";
import { findRrset, NODE_ENTRY_OCTETS, NODE_FLAG, NODE_HEAD_OCTETS } from "./rrset-view.ts";
import { Seek } from "./trie.ts";
import { ZONE_FIELD } from "./zone-record.ts";

export type LookupKind = "answer" | "alias" | "dname" | "referral" | "nodata" | "nxdomain" | "outside";

export const PROOF_NODES_MAX = 4;

/** What was found. Reused for the next lookup. Places are arena offsets, 0 is "none". */
export class Lookup {
  kind: LookupKind = "outside";
  zone = 0;
  /** The owner of `rrset`: the name's node, the wildcard's, the cut's, the DNAME's. For nodata the node that lacks the type. */
  node = 0;
  /** The answer, CNAME, DNAME, or the cut's NS; 0 for "answer" means ANY: what the node has. */
  rrset = 0;
  /** Whether the answer, alias or nodata comes from a wildcard (RFC 4592 §3.3). */
  wildcard = false;
  /** How many labels of the name, from the root end, are those of the cut, the DNAME's owner or the closest encloser. */
  labels = 0;
  /** The closest encloser, which is the name itself when that exists. */
  encloser = 0;
  /** Filled by `prove`: nodes whose NSEC or NSEC3 prove the answer. */
  readonly proofs = new Int32Array(PROOF_NODES_MAX);
  proofCount = 0;
  /** The name that was looked up. */
  octets: Uint8Array = new Uint8Array(1);
  nameOffset = 0;
  qtype = 0;
}

const seek = new Seek();

/** Looks for the name (uncompressed, any case) in a zone that encloses it, as `findZone` says. */
export function lookup(
  views: ArenaViews,
  zone: number,
  octets: Uint8Array,
  nameOffset: number,
  qtype: number,
  found: Lookup,
): void {
  begin(found, zone, octets, nameOffset);
  found.qtype = qtype;
  const index = views.words[(zone >> 2) + ZONE_FIELD.INDEX]!;
  const isFound = index !== 0 && lookupByIndex(views, found, queryName.hashesOf(octets, nameOffset));
  if (!isFound) lookupByTrie(views, zone, found);
}

/** As `lookup`, of a name that is hashed, as far as the index alone knows: where it does not, false, and nothing was found out. */
export function lookupHashed(views: ArenaViews, zone: number, name: NameHashes, qtype: number, found: Lookup): boolean {
  if (views.words[(zone >> 2) + ZONE_FIELD.INDEX] === 0) return false;
  begin(found, zone, name.octets, name.offset);
  found.qtype = qtype;
  return lookupByIndex(views, found, name);
}

function begin(found: Lookup, zone: number, octets: Uint8Array, nameOffset: number): void {
  found.zone = zone;
  found.octets = octets;
  found.nameOffset = nameOffset;
  found.node = 0;
  found.rrset = 0;
  found.wildcard = false;
  found.proofCount = 0;
}

/** Names further below the apex are left to the trie: a zone of deep names must not cost a probe for each label. */
const INDEXED_DEPTH_MAX = 4;

/**
 * As `lookupByTrie`, from the top down by the index. False when it does not know: nothing was found out then. What it finds is what
 * the trie would find; test/zones/name-index.test.ts holds it to that.
 */
function lookupByIndex(views: ArenaViews, found: Lookup, hashes: NameHashes): boolean {
  const { words } = views;
  const { zone } = found;
  const index = words[(zone >> 2) + ZONE_FIELD.INDEX]!;
  const apexLabels = words[zone >> 2]! >>> 24;
  const { labelCount } = hashes;
  const apex = words[(zone >> 2) + ZONE_FIELD.APEX]!;
  // A DNAME there renames all that is below it.
  if (apex === 0 || (words[apex >> 2]! & NODE_FLAG.DNAME) !== 0) return false;
  if (labelCount <= apexLabels || labelCount > apexLabels + INDEXED_DEPTH_MAX) return false;
  let encloser = apex;
  for (let labels = apexLabels + 1; ; labels++) {
    const node = findIndexed(views, index, hashes, labels);
    if (node === UNKNOWN) return false;
    if (node === 0) {
      // Nobody has made sure that the name is in this zone at all.
      if (encloser === apex && !isNamed(views, apex, hashes, apexLabels)) return false;
      found.labels = labels - 1;
      found.encloser = encloser;
      if ((words[encloser >> 2]! & NODE_FLAG.WILDCARD_BELOW) !== 0) return false;
      found.kind = "nxdomain";
      return true;
    }
    const head = words[node >> 2]!;
    if (labels === labelCount) {
      found.labels = labels;
      found.encloser = node;
      lookAtName(views, node, found, apexLabels);
      return true;
    }
    if ((head & (NODE_FLAG.NS | NODE_FLAG.DNAME)) !== 0 && isBarrier(views, node, head, found, apexLabels)) return true;
    encloser = node;
  }
}

function lookupByTrie(views: ArenaViews, zone: number, found: Lookup): void {
  const { words } = views;
  const root = words[(zone >> 2) + ZONE_FIELD.NAMES_ROOT]!;
  const apexLabels = words[zone >> 2]! >>> 24;
  key.set(found.octets, found.nameOffset);
  seek.find(views, root, key);
  const { sharedLabels, leaf } = seek;
  found.labels = sharedLabels;
  if (leaf === 0 || sharedLabels < apexLabels) {
    found.encloser = 0;
    found.kind = "outside";
    return;
  }
  // From the top down, since what is below a cut or a DNAME is not there (RFC 1034 §4.2.1, RFC 6672 §2.3).
  const { ancestors, ancestorCount } = seek;
  let encloser = 0;
  for (let i = 0; i < ancestorCount; i++) {
    const ancestor = ancestors[i]!;
    const head = words[ancestor >> 2]!;
    if (head >>> 24 > sharedLabels) break;
    if ((head & (NODE_FLAG.NS | NODE_FLAG.DNAME)) !== 0 && isBarrier(views, ancestor, head, found, apexLabels)) return;
    encloser = ancestor;
  }
  if (seek.isExact) {
    found.encloser = leaf;
    lookAtName(views, leaf, found, apexLabels);
    return;
  }
  const head = words[leaf >> 2]!;
  if (head >>> 24 === sharedLabels) {
    if ((head & (NODE_FLAG.NS | NODE_FLAG.DNAME)) !== 0 && isBarrier(views, leaf, head, found, apexLabels)) return;
    encloser = leaf;
  }
  found.encloser = encloser;
  lookAtWildcard(views, root, encloser, found);
}

/** Whether the name, below this node, is beyond a cut or renamed. */
function isBarrier(views: ArenaViews, node: number, head: number, found: Lookup, apexLabels: number): boolean {
  const labels = head >>> 24;
  if ((head & NODE_FLAG.NS) !== 0 && labels > apexLabels) {
    refer(views, node, labels, found);
    return true;
  }
  if ((head & NODE_FLAG.DNAME) === 0) return false;
  found.kind = "dname";
  found.node = node;
  found.encloser = node;
  found.rrset = findRrset(views, node, TYPE.DNAME);
  found.labels = labels;
  return true;
}

function refer(views: ArenaViews, node: number, labels: number, found: Lookup): void {
  found.kind = "referral";
  found.node = node;
  found.encloser = node;
  found.rrset = findRrset(views, node, TYPE.NS);
  found.labels = labels;
}

function lookAtName(views: ArenaViews, node: number, found: Lookup, apexLabels: number): void {
  const head = views.words[node >> 2]!;
  // At a cut only DS is the parent's to answer (RFC 4035 §3.1.4.1).
  if ((head & NODE_FLAG.NS) !== 0 && head >>> 24 > apexLabels && found.qtype !== TYPE.DS) {
    refer(views, node, head >>> 24, found);
    return;
  }
  lookAtNode(views, node, head, found);
}

/** The node is the name's, or the wildcard's that stands for it. */
function lookAtNode(views: ArenaViews, node: number, head: number, found: Lookup): void {
  const { qtype } = found;
  found.node = node;
  if (qtype === TYPE.ANY) {
    found.kind = (head & 0xff) === 0 ? "nodata" : "answer";
    return;
  }
  const rrset = findRrset(views, node, qtype);
  if (rrset !== 0) {
    found.kind = "answer";
    found.rrset = rrset;
  } else if ((head & NODE_FLAG.CNAME) !== 0 && !standsBesideAlias(qtype)) {
    found.kind = "alias";
    found.rrset = findRrset(views, node, TYPE.CNAME);
  } else found.kind = "nodata";
}

/** These types may stand beside a CNAME and speak of this very name (RFC 4035 §2.5), so asking for them follows no alias. */
function standsBesideAlias(qtype: number): boolean {
  return qtype === TYPE.NSEC || qtype === TYPE.RRSIG;
}

function lookAtWildcard(views: ArenaViews, root: number, encloser: number, found: Lookup): void {
  const { words } = views;
  found.kind = "nxdomain";
  if ((words[encloser >> 2]! & NODE_FLAG.WILDCARD_BELOW) === 0) return;
  const node = findWildcard(views, root, found.labels);
  if (node === 0) return;
  found.wildcard = true;
  lookAtNode(views, node, words[node >> 2]!, found);
}

/** The node `*` below the ancestor with `labels` labels of the name in `key`; 0 when there is none. */
function findWildcard(views: ArenaViews, root: number, labels: number): number {
  const { labelOffsets, labelCount, octets: name } = key;
  const suffix = labelOffsets[labelCount - labels]!;
  key.becomeWildcard(labels);
  seek.find(views, root, key);
  const { words, octets } = views;
  const node = seek.leaf;
  const head = words[node >> 2]!;
  if (head >>> 24 !== labels + 1) return 0;
  const at = node + NODE_HEAD_OCTETS + (head & 0xff) * NODE_ENTRY_OCTETS;
  if (octets[at] !== 1 || octets[at + 1] !== 0x2a) return 0;
  const length = ((head >> 16) & 0xff) - 2;
  for (let i = 0; i < length; i++) {
    if (LOWER_CASE[octets[at + 2 + i]!] !== LOWER_CASE[name[suffix + i]!]) return 0;
  }
  return node;
}

/** The node of exactly that name, also below cuts, where glue is (RFC 1034 §4.2.1), and of empty non-terminals; 0: none. */
export function findNode(views: ArenaViews, zone: number, octets: Uint8Array, nameOffset: number): number {
  const { words } = views;
  const index = words[(zone >> 2) + ZONE_FIELD.INDEX]!;
  if (index !== 0) {
    const hashes = queryName.hashesOf(octets, nameOffset);
    const node = findIndexed(views, index, hashes, hashes.labelCount);
    if (node !== UNKNOWN) return node;
  }
  key.set(octets, nameOffset);
  seek.find(views, words[(zone >> 2) + ZONE_FIELD.NAMES_ROOT]!, key);
  return seek.isExact ? seek.leaf : 0;
}
