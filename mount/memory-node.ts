/** What stands in a file system in memory, and how a directory keeps its names. */
import { type FileKey } from "./file-key.ts";
import { fileNameLength, FILE_NAME_OCTETS_MAX } from "./file-name.ts";
import type { Attributes, FileTime, Found, ListEntry, ListPart } from "./file-system.ts";
import { type Status } from "./status.ts";

const BLOCK_OCTETS = 512;

export interface Node {
  readonly id: number;
  readonly key: FileKey;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  accessed: FileTime;
  modified: FileTime;
  changed: FileTime;
  readonly body: FileBody | DirectoryBody | LinkBody;
}

export type Directory = Node & { readonly body: DirectoryBody };
export type File = Node & { readonly body: FileBody };

export interface FileBody {
  readonly kind: "file";
  /** May be longer than the file, so that appending does not copy each time. */
  octets: Uint8Array;
  sizeOctets: number;
  /** Of the exclusive create that made it. */
  readonly verifier: bigint | null;
}

export interface LinkBody {
  readonly kind: "link";
  readonly target: string;
}

interface Entry {
  readonly name: string;
  readonly node: Node;
  readonly cookie: number;
  isRemoved: boolean;
}

/** A name's place in a listing is given once, so a listing that goes on after a removal misses nothing (RFC 1813 §3.3.16). */
export class DirectoryBody {
  readonly kind = "directory";
  /** Null in the root. */
  parent: Directory | null;
  readonly #entries = new Map<string, Entry>();
  /** By cookie. */
  #order: Entry[] = [];
  #removedCount = 0;
  #lastCookie = 0;

  constructor(parent: Directory | null) {
    this.parent = parent;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  node(name: string): Node | null {
    return this.#entries.get(name)?.node ?? null;
  }

  place(name: string, node: Node): void {
    const entry = { name, node, cookie: ++this.#lastCookie, isRemoved: false };
    this.#entries.set(name, entry);
    this.#order.push(entry);
  }

  unlist(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    entry.isRemoved = true;
    if (++this.#removedCount <= this.#entries.size) return;
    this.#order = this.#order.filter(({ isRemoved }) => !isRemoved);
    this.#removedCount = 0;
  }

  list(cookie: bigint, entriesMax: number): ListPart | Status {
    if (cookie > BigInt(this.#lastCookie)) return "BAD_COOKIE";
    const entries: ListEntry[] = [];
    for (let at = this.#firstAfter(Number(cookie)); at < this.#order.length; at++) {
      const { name, node, cookie: place, isRemoved } = this.#order[at]!;
      if (isRemoved) continue;
      if (entries.length === entriesMax) return { entries, isEnd: false };
      entries.push({ name, fileId: BigInt(node.id), cookie: BigInt(place), found: foundNode(node) });
    }
    return { entries, isEnd: true };
  }

  #firstAfter(cookie: number): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order[middle]!.cookie <= cookie) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function foundNode(node: Node): Found {
  return { key: node.key, attributes: attributesOf(node) };
}

export function attributesOf(node: Node): Attributes {
  const sizeOctets = sizeOf(node);
  return {
    kind: node.body.kind,
    mode: node.mode,
    links: node.links,
    uid: node.uid,
    gid: node.gid,
    sizeOctets,
    usedOctets: Math.ceil(sizeOctets / BLOCK_OCTETS) * BLOCK_OCTETS,
    fileSystemId: 0n,
    fileId: BigInt(node.id),
    accessed: node.accessed,
    modified: node.modified,
    changed: node.changed,
    lifeSeconds: null,
  };
}

function sizeOf({ body }: Node): number {
  switch (body.kind) {
    case "file":
      return body.sizeOctets;
    case "link":
      return Buffer.byteLength(body.target);
    case "directory":
      return BLOCK_OCTETS;
  }
}

/** What a name that is to be made must not be. */
export function newNameFault(name: string): Status | null {
  if (name === "." || name === "..") return "EXIST";
  return fileNameLength(name) > FILE_NAME_OCTETS_MAX ? "NAMETOOLONG" : null;
}

export function replaceFault(moved: Node, replaced: Node): Status | null {
  if (moved.body.kind !== "directory") return replaced.body.kind === "directory" ? "ISDIR" : null;
  if (replaced.body.kind !== "directory") return "NOTDIR";
  return !replaced.body.isEmpty ? "NOTEMPTY" : null;
}

/** Whether a directory is the other one or stands below it. */
export function isBelow(directory: Directory, above: Node): boolean {
  for (let at: Directory | null = directory; at !== null; at = at.body.parent) if (at === above) return true;
  return false;
}

export function isDirectory(node: Node): node is Directory {
  return node.body.kind === "directory";
}

export function isFile(node: Node): node is File {
  return node.body.kind === "file";
}
