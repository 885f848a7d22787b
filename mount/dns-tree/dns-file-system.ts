/**
 * The DNS as a tree of files, to be read: `dns://cs.vu.nl` has a directory for each label and a file for each type of a name, which holds its RRset in
 * presentation form, a record a line. Aliases (CNAME, DNAME) are symbolic links, and a zone below a zone cut is a file system of its own.
 *
 * What is looked up is asked of the DNS and lives as long as its TTL; so names that only a wildcard makes can be opened and are not listed. A listing
 * shows what a transfer or the NSEC records of the zone show (`zone-lister.ts`); where neither is to be had, the names that were looked up here, and
 * of the common types those that are there.
 */
import type { Clock } from "../../base/index.ts";
import { type Name, NameError, TYPE, typeToText } from "../../dns/index.ts";
import type { Ask, AskMany, Exchange } from "../../net/index.ts";
import type { FileKey } from "../file-key.ts";
import type { Attributes, Found, LinkTarget, ListEntry, ListPart, ReadPart, Space } from "../file-system.ts";
import type { DnsSource } from "../source.ts";
import { ReadOnlyFileSystem } from "../read-only-file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { SeenNames } from "./seen-names.ts";
import { serverExchange } from "./server-exchange.ts";
import { labelFromText, labelText, linkText, typeOfFile } from "./tree-name.ts";
import { type ForgottenNode, nodeNumber, TreeKeys, type TreeNode, zoneNumber } from "./tree-node.ts";
import { ZoneLister } from "./zone-lister.ts";
import type { ZoneListing } from "./zone-listing.ts";
import { type NameFacts, type RrsetText, type ZoneFacts, ZoneQuestions } from "./zone-questions.ts";

export interface DnsTreeParts {
  /** Resolves whole names. */
  readonly resolve: Exchange;
  readonly ask: Ask;
  readonly askMany: AskMany;
  readonly clock: Clock;
  /** Where name servers listen. */
  readonly port: number;
}

/** What is probed where nobody tells which types a name has. */
const COMMON_TYPES: readonly number[] = [
  ...[TYPE.A, TYPE.NS, TYPE.SOA, TYPE.PTR, TYPE.HINFO, TYPE.MX, TYPE.TXT, TYPE.AAAA, TYPE.SRV, TYPE.NAPTR],
  ...[TYPE.DS, TYPE.SSHFP, TYPE.DNSKEY, TYPE.TLSA, TYPE.HTTPS, TYPE.CAA],
];
const BLOCK_OCTETS = 512;
/** Prepared listings of directories that are being read. */
const PAGED_MAX = 16;

export class DnsFileSystem extends ReadOnlyFileSystem {
  readonly #root: Name;
  readonly #server: DnsSource["server"];
  readonly #keys: TreeKeys;
  readonly #questions: ZoneQuestions;
  readonly #lister: ZoneLister;
  readonly #seen = new SeenNames();
  readonly #paged = new Map<string, Paged>();
  readonly #stop = new AbortController();

  constructor({ zone, server }: DnsSource, parts: DnsTreeParts) {
    super();
    this.#root = zone.toLowerCase();
    this.#server = server;
    this.#keys = new TreeKeys(this.#root);
    const { signal } = this.#stop;
    const resolve = server === null ? parts.resolve : serverExchange(parts, server);
    const { clock } = parts;
    this.#questions = new ZoneQuestions({ resolve, clock, signal });
    const lister = { ...parts, questions: this.#questions, signal };
    this.#lister = new ZoneLister(lister, (apex) => (apex.equals(zone) ? server : null));
  }

  async root(): Promise<Found | Status> {
    const found = await this.#foundName(this.#root);
    if (isStatus(found)) return found;
    return found.attributes.kind === "directory" ? found : "NOTDIR";
  }

  async lookup(directory: FileKey, name: string): Promise<Found | Status> {
    const node = await this.#directory(directory);
    if (isStatus(node)) return node;
    if (name === ".") return this.#foundName(node.name);
    if (name === "..") return this.#foundName(node.name.equals(this.#root) ? node.name : node.name.parent()!);
    const type = typeOfFile(name);
    if (type !== null) return this.#foundFile(node.name, type);
    const child = childNamed(node.name, name);
    if (child === null) return "NOENT";
    const found = await this.#foundName(child);
    if (!isStatus(found)) this.#seen.add(node.name, child);
    return found;
  }

  async attributes(file: FileKey): Promise<Attributes | Status> {
    const node = await this.#node(file);
    if (isStatus(node)) return node;
    const found = node.type === null ? await this.#foundName(node.name) : await this.#foundFile(node.name, node.type);
    if (isStatus(found)) return found === "NOENT" ? "STALE" : found;
    return found.attributes;
  }

  async read(file: FileKey, offset: number, octetsMax: number): Promise<ReadPart | Status> {
    const node = await this.#node(file);
    if (isStatus(node)) return node;
    if (node.type === null) return this.#refusal(node.name, { directory: "ISDIR", link: "INVAL" });
    const rrset = await this.#questions.rrset(node.name, node.type);
    if (isStatus(rrset)) return rrset === "NOENT" ? "STALE" : rrset;
    const { octets } = rrset;
    const end = Math.min(octets.length, offset + octetsMax);
    return { octets: octets.subarray(Math.min(offset, octets.length), end), isEnd: end >= octets.length };
  }

  async readlink(link: FileKey): Promise<LinkTarget | Status> {
    const node = await this.#node(link);
    if (isStatus(node)) return node;
    if (node.type !== null) return "INVAL";
    const facts = await this.#questions.facts(node.name);
    if (isStatus(facts)) return facts === "NOENT" ? "STALE" : facts;
    return facts.kind === "alias" ? { target: this.#linkText(node.name, facts.target) } : "INVAL";
  }

  async list(directory: FileKey, cookie: bigint, entriesMax: number): Promise<ListPart | Status> {
    const node = await this.#directory(directory);
    if (isStatus(node)) return node;
    const entries = await this.#entries(node.name, node.zone, cookie === 0n);
    if (isStatus(entries)) return entries;
    const start = firstBehind(entries, cookie);
    const page = entries.slice(start, start + entriesMax);
    return { entries: page, isEnd: start + page.length === entries.length };
  }

  /** Nothing is stored here. */
  space(): Space {
    return { totalOctets: 0, freeOctets: 0, totalFiles: 0, freeFiles: 0 };
  }

  facts(): readonly string[] {
    const { asked, kept } = this.#questions.counters;
    const whom = this.#server === null ? "the resolver" : `${this.#server.host} port ${this.#server.port}`;
    return [`asks ${whom}: ${asked} questions, ${kept} answered from here`, ...this.#lister.facts()];
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the tree was closed"));
  }

  /** STALE for a key whose name is not known any more. */
  async #node(key: FileKey): Promise<TreeNode | Status> {
    const node = this.#keys.nodeOf(key);
    if (node === null) return "BADHANDLE";
    return "digest" in node ? this.#remembered(node) : node;
  }

  /** A name too long for its key, of which only the digest is known: it is looked for in the listings that are there, and in the root zone's. */
  async #remembered({ digest, type }: ForgottenNode): Promise<TreeNode | Status> {
    const facts = await this.#questions.facts(this.#root);
    if (isStatus(facts)) return facts;
    if (facts.kind === "name") await this.#lister.listing(facts.zone);
    for await (const listing of this.#lister.known()) {
      for (const name of listing.names()) if (this.#keys.isNameOf(digest, name)) return { name, type };
    }
    return "STALE";
  }

  async #directory(key: FileKey): Promise<{ readonly name: Name; readonly zone: ZoneFacts } | Status> {
    const node = await this.#node(key);
    if (isStatus(node)) return node;
    if (node.type !== null) return "NOTDIR";
    const facts = await this.#questions.facts(node.name);
    if (isStatus(facts)) return facts === "NOENT" ? "STALE" : facts;
    return facts.kind === "name" ? { name: node.name, zone: facts.zone } : "NOTDIR";
  }

  async #refusal(name: Name, statuses: { readonly directory: Status; readonly link: Status }): Promise<Status> {
    const facts = await this.#questions.facts(name);
    if (isStatus(facts)) return facts === "NOENT" ? "STALE" : facts;
    return facts.kind === "name" ? statuses.directory : statuses.link;
  }

  async #foundName(name: Name): Promise<Found | Status> {
    const facts = await this.#questions.facts(name);
    if (isStatus(facts)) return facts;
    // A link is in the zone of the directory that it stands in.
    const zone = facts.kind === "name" ? facts.zone : await this.#zoneAbove(name);
    if (isStatus(zone)) return zone;
    const attributes = await this.#attributesOf({ name, type: null }, { zone, ...this.#shapeOf(name, facts) });
    return isStatus(attributes) ? attributes : { key: this.#keys.keyOf({ name, type: null }), attributes };
  }

  async #foundFile(name: Name, type: number): Promise<Found | Status> {
    const [facts, rrset] = await Promise.all([this.#questions.facts(name), this.#questions.rrset(name, type)]);
    if (isStatus(rrset)) return rrset;
    if (isStatus(facts)) return facts;
    if (facts.kind === "alias") return "NOENT";
    const attributes = await this.#attributesOf({ name, type }, { zone: facts.zone, ...shapeOfFile(rrset) });
    return isStatus(attributes) ? attributes : { key: this.#keys.keyOf({ name, type }), attributes };
  }

  async #zoneAbove(name: Name): Promise<ZoneFacts | Status> {
    const parent = name.equals(this.#root) ? null : name.parent();
    // An alias at the tree's root is refused by `root`; nothing of its zone matters.
    if (parent === null) return { apex: name, serial: 0, modified: { seconds: 0, nanoseconds: 0 } };
    const facts = await this.#questions.facts(parent);
    if (isStatus(facts)) return facts;
    return facts.kind === "name" ? facts.zone : this.#zoneAbove(parent);
  }

  #shapeOf(name: Name, facts: NameFacts): Shape {
    const { lifeSeconds } = facts;
    if (facts.kind === "name")
      return { kind: "directory", mode: 0o555, links: 2, sizeOctets: 0, lifeSeconds, changed: null };
    const sizeOctets = Buffer.byteLength(this.#linkText(name, facts.target));
    return { kind: "link", mode: 0o777, links: 1, sizeOctets, lifeSeconds, changed: null };
  }

  async #attributesOf(node: TreeNode, shape: Shape & { readonly zone: ZoneFacts }): Promise<Attributes | Status> {
    const rootFacts = await this.#questions.facts(this.#root);
    if (isStatus(rootFacts)) return rootFacts;
    const { zone, kind, mode, links, sizeOctets, lifeSeconds } = shape;
    const isOfRoot = rootFacts.kind !== "name" || zone.apex.equals(rootFacts.zone.apex);
    const modified = shape.changed ?? zone.modified;
    return {
      ...{ kind, mode, links, sizeOctets, lifeSeconds, uid: 0, gid: 0 },
      usedOctets: Math.ceil(sizeOctets / BLOCK_OCTETS) * BLOCK_OCTETS,
      fileSystemId: isOfRoot ? 0n : zoneNumber(zone.apex),
      fileId: nodeNumber(node),
      ...{ accessed: modified, modified, changed: modified },
    };
  }

  #linkText(name: Name, target: Name): string {
    return linkText(name.parent() ?? name, target, this.#root);
  }

  /** In the order of their cookies, which are the files' numbers, so that a listing goes on where it was whatever has come and gone. */
  async #entries(name: Name, zone: ZoneFacts, isStart: boolean): Promise<readonly ListEntry[] | Status> {
    const listing = await this.#listingOf(zone);
    if (isStatus(listing)) return listing;
    const paged = this.#paged.get(name.key);
    if (paged !== undefined && listing !== null && paged.listing === listing) return paged.entries;
    // Of what was looked up the later pages are as the first one.
    if (paged !== undefined && listing === null && !isStart) return paged.entries;
    const types = listing?.typesAt(name) ?? (await this.#typesAt(name));
    const children = listing === null ? this.#seen.below(name) : listing.childrenOf(name);
    const isApex = zone.apex.equals(name);
    const files = types.filter((type) => type !== TYPE.CNAME && (type !== TYPE.DNAME || isApex));
    const entries = [
      ...files.map((type) => entryOf({ name, type }, typeToText(type))),
      ...children.map((child) => entryOf({ name: child, type: null }, labelText(child.labels[0]!))),
    ].sort((one, other) => (one.cookie < other.cookie ? -1 : 1));
    this.#paged.delete(name.key);
    this.#paged.set(name.key, { listing, entries });
    if (this.#paged.size > PAGED_MAX) this.#paged.delete(this.#paged.keys().next().value!);
    return entries;
  }

  async #listingOf(zone: ZoneFacts): Promise<ZoneListing | null | Status> {
    try {
      return await this.#lister.listing(zone);
    } catch (error) {
      if (this.#stop.signal.aborted) return "STALE";
      throw error;
    }
  }

  async #typesAt(name: Name): Promise<number[]> {
    const there = await Promise.all(
      COMMON_TYPES.map(async (type) => !isStatus(await this.#questions.rrset(name, type))),
    );
    return COMMON_TYPES.filter((_type, i) => there[i]);
  }
}

interface Paged {
  /** From which it was made; null: from what was looked up. */
  readonly listing: ZoneListing | null;
  readonly entries: readonly ListEntry[];
}

type Shape = Pick<Attributes, "kind" | "mode" | "links" | "sizeOctets" | "lifeSeconds"> & {
  readonly changed: RrsetText["changed"];
};

const shapeOfFile = ({ octets, lifeSeconds, changed }: RrsetText): Shape => ({
  ...{ kind: "file", mode: 0o444, links: 1 },
  ...{ sizeOctets: octets.length, lifeSeconds, changed },
});

function childNamed(directory: Name, text: string): Name | null {
  const label = labelFromText(text);
  try {
    return label === null ? null : directory.child(label);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    return null;
  }
}

function entryOf(node: TreeNode, name: string): ListEntry {
  const fileId = nodeNumber(node);
  return { name, fileId, cookie: BigInt.asUintN(63, fileId), found: null };
}

/** By halves: a directory may have a hundred thousand. */
function firstBehind(entries: readonly ListEntry[], cookie: bigint): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.cookie <= cookie) low = middle + 1;
    else high = middle;
  }
  return low;
}
