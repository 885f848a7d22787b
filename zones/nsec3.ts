/** Finds NSEC3 by the hashes of a name and its ancestors (RFC 5155 §5): the one that matches, the one that covers. */
import { createHash } from "node:crypto";
import { toBase32Hex } from "../base/index.ts";
import { LOWER_CASE, Name, nameLength } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import { NameKey } from "./key.ts";
import { firstRecord, nodeLabels, nodeName } from "./rrset-view.ts";
import { Cursor, Seek } from "./trie.ts";
import { ZONE_FIELD, zoneApex, zoneField } from "./zone-record.ts";

/** Hashes for one query at most (DESIGN §8). */
export const NSEC3_HASHES_MAX = 64;
const HASH_TEXT_OCTETS = 32;

/** SHA-1 is the only algorithm there is (RFC 5155 §11). */
export function nsec3Hash(name: Uint8Array, iterations: number, salt: Uint8Array): Uint8Array {
  let digest: Uint8Array = createHash("sha1").update(name).update(salt).digest();
  for (let i = 0; i < iterations; i++) digest = createHash("sha1").update(digest).update(salt).digest();
  return digest;
}

const key = new NameKey();
const scratch = new NameKey();
const seek = new Seek();
const cursor = new Cursor();
const WILDCARD = Uint8Array.of(1, 0x2a);

export class Nsec3Search {
  labelCount = 0;
  apexLabels = 0;
  #views: ArenaViews | null = null;
  #root = 0;
  #apexName = 0;
  #iterations = 0;
  #salt: Uint8Array = new Uint8Array(0);
  #name: Uint8Array = new Uint8Array(0);
  readonly #starts: number[] = [];
  #hashes = 0;
  readonly #owner = new Uint8Array(1 + HASH_TEXT_OCTETS + 255);

  begin(views: ArenaViews, zone: number, octets: Uint8Array, nameOffset: number): void {
    this.#views = views;
    this.#root = zoneField(views, zone, ZONE_FIELD.NSEC3_ROOT);
    const apex = zoneApex(views, zone);
    this.#apexName = nodeName(views, apex);
    this.apexLabels = nodeLabels(views, apex);
    const rdata = firstRecord(views, zoneField(views, zone, ZONE_FIELD.NSEC3_PARAMETERS)) + 2;
    this.#iterations = (views.octets[rdata + 2]! << 8) | views.octets[rdata + 3]!;
    this.#salt = views.octets.slice(rdata + 5, rdata + 5 + views.octets[rdata + 4]!);
    const length = nameLength(octets, nameOffset);
    // Hashed in canonical form (RFC 5155 §5); length octets are not touched by folding.
    this.#name = Uint8Array.from({ length }, (_, i) => LOWER_CASE[octets[nameOffset + i]!]!);
    this.#starts.length = 0;
    for (let at = 0; at < length; at += this.#name[at]! + 1) {
      this.#starts.push(at);
      if (this.#name[at] === 0) break;
    }
    this.labelCount = this.#starts.length - 1;
    this.#hashes = 0;
  }

  /** Lets go of the memory that was searched. */
  end(): void {
    this.#views = null;
    scratch.set(Name.root.octets, 0);
  }

  /** The node whose owner is the hash of the ancestor (or the name itself) with that many labels; 0: none. */
  matching(labels: number): number {
    return this.#isInside(labels) ? this.#match(this.#ancestor(labels)) : 0;
  }

  /** The node of the NSEC3 before the hash of that ancestor, which it covers when nothing matches. */
  covering(labels: number): number {
    return this.#isInside(labels) ? this.#cover(this.#ancestor(labels)) : 0;
  }

  /** As `covering`, for `*` below the ancestor. */
  coveringWildcard(labels: number): number {
    return this.#cover(Uint8Array.of(...WILDCARD, ...this.#ancestor(labels)));
  }

  /** As `matching`, for a node of the zone. */
  matchingNode(node: number): number {
    const { octets } = this.#views!;
    const at = nodeName(this.#views!, node);
    return this.#match(octets.slice(at, at + nameLength(octets, at)).map((octet) => LOWER_CASE[octet]!));
  }

  #isInside(labels: number): boolean {
    return labels <= this.labelCount && labels >= this.apexLabels;
  }

  #ancestor(labels: number): Uint8Array {
    return this.#name.subarray(this.#starts[this.labelCount - labels]);
  }

  #match(name: Uint8Array): number {
    if (!this.#setKey(name)) return 0;
    seek.find(this.#views!, this.#root, key);
    return seek.isExact ? seek.leaf : 0;
  }

  #cover(name: Uint8Array): number {
    if (!this.#setKey(name)) return 0;
    cursor.toFloor(this.#views!, this.#root, key, scratch);
    // The last one covers what comes before the first (RFC 5155 §3.1.7).
    if (cursor.leaf === 0) cursor.toLast(this.#views!, this.#root);
    return cursor.leaf;
  }

  #setKey(name: Uint8Array): boolean {
    if (this.#hashes++ >= NSEC3_HASHES_MAX) return false;
    const views = this.#views!;
    const owner = this.#owner;
    const text = toBase32Hex(nsec3Hash(name, this.#iterations, this.#salt));
    owner[0] = HASH_TEXT_OCTETS;
    for (let i = 0; i < HASH_TEXT_OCTETS; i++) owner[1 + i] = text.charCodeAt(i);
    const length = nameLength(views.octets, this.#apexName);
    for (let i = 0; i < length; i++) owner[1 + HASH_TEXT_OCTETS + i] = views.octets[this.#apexName + i]!;
    key.set(owner, 0);
    return true;
  }
}
