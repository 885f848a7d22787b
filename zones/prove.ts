/**
 * Which NSEC or NSEC3 of a pre-signed zone prove what a lookup said (RFC 4035 §3.1.3, RFC 5155 §7.2). They are only chosen here;
 * nothing is signed. An unsigned zone gives no proofs, a zone whose chain has holes gives what it has.
 */
import { Name, TYPE } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import { NameKey } from "./key.ts";
import { type Lookup, PROOF_NODES_MAX } from "./lookup.ts";
import { Nsec3Search } from "./nsec3.ts";
import { findRrset, NODE_FLAG, nodeHas, nodeLabels } from "./rrset-view.ts";
import { Cursor } from "./trie.ts";
import { ZONE_FIELD, zoneApex, zoneField } from "./zone-record.ts";

const key = new NameKey();
const scratch = new NameKey();
const cursor = new Cursor();
const search = new Nsec3Search();

/** Fills `found.proofs`. For a referral they prove that there is no DS; when there is one nothing is to be proved. */
export function prove(views: ArenaViews, found: Lookup): void {
  found.proofCount = 0;
  const { zone, kind } = found;
  if (kind === "outside" || kind === "dname") return;
  if ((kind === "answer" || kind === "alias") && !found.wildcard) return;
  if (kind === "referral" && findRrset(views, found.node, TYPE.DS) !== 0) return;
  if (zoneField(views, zone, ZONE_FIELD.NSEC3_PARAMETERS) !== 0) proveByNsec3(views, found);
  else if (nodeHas(views, zoneApex(views, zone), NODE_FLAG.NSEC)) proveByNsec(views, found);
}

/** For who reads on in other memory: what is remembered here of the one that was left would keep it from being given back. */
export function forgetPlaces(): void {
  lastWildcard.words = null;
  scratch.set(Name.root.octets, 0);
  search.end();
}

/** A node serves only once, though it may prove two things. */
function addProof(found: Lookup, node: number): void {
  if (node === 0 || found.proofCount === PROOF_NODES_MAX) return;
  for (let i = 0; i < found.proofCount; i++) if (found.proofs[i] === node) return;
  found.proofs[found.proofCount++] = node;
}

function proveByNsec(views: ArenaViews, found: Lookup): void {
  const { kind, node } = found;
  if (kind === "referral") {
    if (nodeHas(views, node, NODE_FLAG.NSEC)) addProof(found, node);
    return;
  }
  key.set(found.octets, found.nameOffset);
  if (kind === "nodata" && !found.wildcard) {
    // An empty non-terminal has none of its own; the one before it shows names below (RFC 4035 §3.1.3.1).
    addProof(found, nodeHas(views, node, NODE_FLAG.NSEC) ? node : coveringNsec(views, found));
    return;
  }
  addProof(found, coveringNsec(views, found));
  if (kind !== "nxdomain" && kind !== "nodata") return;
  // A wildcard that is an empty non-terminal has no NSEC of its own either.
  addProof(found, coveringWildcard(views, found));
}

/** What covered `*` below a closest encloser last: most names that do not exist in a zone would be children of one, its apex. */
const lastWildcard: { words: Int32Array | null; root: number; encloser: number; node: number } = {
  words: null,
  root: 0,
  encloser: 0,
  node: 0,
};

/** Needs the name in `key`, and spoils it. What is published never changes, so the same places say the same. */
function coveringWildcard(views: ArenaViews, found: Lookup): number {
  const root = zoneField(views, found.zone, ZONE_FIELD.NAMES_ROOT);
  const last = lastWildcard;
  if (last.words === views.words && last.root === root && last.encloser === found.encloser) return last.node;
  key.becomeWildcard(found.labels);
  last.words = views.words;
  last.root = root;
  last.encloser = found.encloser;
  last.node = coveringNsec(views, found);
  return last.node;
}

/** Names without NSEC passed over at most: glue of one cut is far less, and a zone whose chain has a hole must not cost more. */
const STEPS_MAX = 10_000;

/** The last name with NSEC that does not come after `key`. Glue and empty non-terminals have none. */
function coveringNsec(views: ArenaViews, found: Lookup): number {
  cursor.toFloor(views, zoneField(views, found.zone, ZONE_FIELD.NAMES_ROOT), key, scratch);
  if (cursor.leaf === 0 || nodeHas(views, cursor.leaf, NODE_FLAG.NSEC)) return cursor.leaf;
  // Behind a cut with much glue one step leads back over all of it.
  const cut = cursor.cutAbove(views, nodeLabels(views, zoneApex(views, found.zone)));
  if (cut !== 0 && nodeHas(views, cut, NODE_FLAG.NSEC)) return cut;
  for (let steps = 0; cursor.leaf !== 0 && steps < STEPS_MAX; steps++, cursor.previous(views)) {
    if (nodeHas(views, cursor.leaf, NODE_FLAG.NSEC)) return cursor.leaf;
  }
  return 0;
}

function proveByNsec3(views: ArenaViews, found: Lookup): void {
  search.begin(views, found.zone, found.octets, found.nameOffset);
  const { kind, node, labels } = found;
  if (kind === "answer" || kind === "alias") {
    addProof(found, search.covering(labels + 1));
    return;
  }
  if (kind === "nodata" && !found.wildcard) {
    const match = search.matching(search.labelCount);
    if (match !== 0) addProof(found, match);
    else proveEncloser(found, search.labelCount - 1);
    return;
  }
  if (kind === "referral") {
    const match = search.matching(labels);
    if (match !== 0) addProof(found, match);
    else proveEncloser(found, labels - 1);
    return;
  }
  const encloser = proveEncloser(found, labels);
  // When the provable encloser is higher up, in an opt-out span, there is no wildcard of interest at the real one.
  if (kind === "nodata") addProof(found, search.matchingNode(node));
  else addProof(found, search.coveringWildcard(encloser));
}

/** Closest provable encloser and the next closer name (RFC 5155 §7.2.1). Returns its labels. */
function proveEncloser(found: Lookup, from: number): number {
  for (let labels = from; labels >= search.apexLabels; labels--) {
    const match = search.matching(labels);
    if (match === 0) continue;
    addProof(found, match);
    addProof(found, search.covering(labels + 1));
    return labels;
  }
  return from;
}
