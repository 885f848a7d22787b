/**
 * A file system in memory: the plainest one, whole and writable. Tests hold the others to it, and examples are served from it. What is written is "stable" at once,
 * because it never outlives the process anyway.
 */
import { type Clock } from "../base/index.ts";
import { type FileKey, fileKeyOf } from "./file-key.ts";
import { FILE_NAME_OCTETS_MAX, fileNameLength } from "./file-name.ts";
import type {
  AttributeChanges,
  Attributes,
  Committed,
  FileSystem,
  FileTime,
  Found,
  LinkTarget,
  ListPart,
  NewFile,
  Place,
  ReadPart,
  Space,
  Stability,
  Written,
} from "./file-system.ts";
import {
  attributesOf,
  type Directory,
  DirectoryBody,
  type File,
  type FileBody,
  foundNode,
  isBelow,
  isDirectory,
  isFile,
  type LinkBody,
  newNameFault,
  type Node,
  replaceFault,
} from "./memory-node.ts";
import { type Status } from "./status.ts";

export interface MemoryFileSystemOptions {
  readonly clock: Clock;
  readonly isWritable: boolean;
  /** What all files together may take; writes beyond it end with NOSPC. 64 MiB unless given. */
  readonly octetsMax?: number;
}

const OCTETS_MAX = 64 * 1024 * 1024;
const FILE_OCTETS_MAX = 2 ** 32;
const NO_OCTETS = new Uint8Array(0);

export class MemoryFileSystem implements FileSystem {
  readonly isWritable: boolean;
  readonly #clock: Clock;
  readonly #octetsMax: number;
  readonly #nodes = new Map<FileKey, Node>();
  readonly #root: Directory;
  #lastId = 0;
  #usedOctets = 0;
  #lastTime: FileTime = { seconds: 0, nanoseconds: 0 };

  constructor({ clock, isWritable, octetsMax }: MemoryFileSystemOptions) {
    this.isWritable = isWritable;
    this.#clock = clock;
    this.#octetsMax = octetsMax ?? OCTETS_MAX;
    this.#root = this.#makeDirectory(null);
  }

  /** Fills it without asking whether it is writable: text by path ("/pub/globe/index.html"), directories made on the way. */
  static of(files: Readonly<Record<string, string | Uint8Array>>, options: MemoryFileSystemOptions): MemoryFileSystem {
    const made = new MemoryFileSystem(options);
    for (const [path, content] of Object.entries(files)) made.#fill(path, content);
    return made;
  }

  root(): Found {
    return foundNode(this.#root);
  }

  lookup(directory: FileKey, name: string): Found | Status {
    const node = this.#directory(directory);
    if (typeof node === "string") return node;
    if (name === ".") return foundNode(node);
    if (name === "..") return foundNode(node.body.parent ?? node);
    const child = node.body.node(name);
    if (child !== null) return foundNode(child);
    return fileNameLength(name) > FILE_NAME_OCTETS_MAX ? "NAMETOOLONG" : "NOENT";
  }

  attributes(file: FileKey): Attributes | Status {
    const node = this.#nodes.get(file);
    return node === undefined ? "STALE" : attributesOf(node);
  }

  read(file: FileKey, offset: number, octetsMax: number): ReadPart | Status {
    const node = this.#file(file);
    if (typeof node === "string") return node;
    const { octets, sizeOctets } = node.body;
    if (offset >= sizeOctets) return { octets: NO_OCTETS, isEnd: true };
    const end = Math.min(sizeOctets, offset + octetsMax);
    return { octets: octets.subarray(offset, end), isEnd: end === sizeOctets };
  }

  list(directory: FileKey, cookie: bigint, entriesMax: number): ListPart | Status {
    const node = this.#directory(directory);
    if (typeof node === "string") return node;
    return node.body.list(cookie, entriesMax);
  }

  readlink(link: FileKey): LinkTarget | Status {
    const node = this.#nodes.get(link);
    if (node === undefined) return "STALE";
    return node.body.kind === "link" ? { target: node.body.target } : "INVAL";
  }

  space(): Space {
    return {
      totalOctets: this.#octetsMax,
      freeOctets: this.#octetsMax - this.#usedOctets,
      totalFiles: Number.MAX_SAFE_INTEGER,
      freeFiles: Number.MAX_SAFE_INTEGER - this.#nodes.size,
    };
  }

  setAttributes(file: FileKey, changes: AttributeChanges): Attributes | Status {
    if (!this.isWritable) return "ROFS";
    const node = this.#nodes.get(file);
    if (node === undefined) return "STALE";
    const fault = this.#change(node, changes);
    return fault ?? attributesOf(node);
  }

  write(file: FileKey, offset: number, octets: Uint8Array, _stability: Stability): Written | Status {
    if (!this.isWritable) return "ROFS";
    const node = this.#file(file);
    if (typeof node === "string") return node;
    const { body } = node;
    const end = offset + octets.length;
    if (end > body.sizeOctets) {
      const fault = this.#resize(body, end);
      if (fault !== null) return fault;
    }
    body.octets.set(octets, offset);
    node.modified = node.changed = this.#now();
    return { writtenOctets: octets.length, stability: "file", verifier: 0n };
  }

  commit(file: FileKey): Committed | Status {
    const node = this.#file(file);
    return typeof node === "string" ? node : { verifier: 0n };
  }

  create({ directory, name }: Place, what: NewFile): Found | Status {
    if (!this.isWritable) return "ROFS";
    const parent = this.#directory(directory);
    if (typeof parent === "string") return parent;
    const fault = newNameFault(name);
    if (fault !== null) return fault;
    const existing = parent.body.node(name);
    if (existing !== null) return this.#takeExisting(existing, what);
    const node = this.#make(parent, what);
    const wrong = this.#change(node, what.attributes);
    if (wrong !== null) {
      this.#nodes.delete(node.key);
      return wrong;
    }
    this.#enter(parent, name, node);
    return foundNode(node);
  }

  remove(place: Place): null | Status {
    return this.#removeOf(place, "file");
  }

  removeDirectory(place: Place): null | Status {
    return this.#removeOf(place, "directory");
  }

  rename(from: Place, to: Place): null | Status {
    if (!this.isWritable) return "ROFS";
    const [source, target] = [this.#directory(from.directory), this.#directory(to.directory)];
    if (typeof source === "string") return source;
    if (typeof target === "string") return target;
    const fault = newNameFault(from.name) ?? newNameFault(to.name);
    if (fault !== null) return fault;
    const moved = source.body.node(from.name);
    if (moved === null) return "NOENT";
    const replaced = target.body.node(to.name);
    if (replaced === moved) return null;
    if (moved.body.kind === "directory" && isBelow(target, moved)) return "INVAL";
    if (replaced !== null) {
      const wrong = replaceFault(moved, replaced);
      if (wrong !== null) return wrong;
      this.#drop(target, to.name, replaced);
    }
    source.body.unlist(from.name);
    if (moved.body.kind === "directory") {
      moved.body.parent = target;
      source.links--;
      target.links++;
    }
    this.#place(target, to.name, moved);
    source.modified = source.changed = moved.changed = this.#now();
    return null;
  }

  link(file: FileKey, { directory, name }: Place): null | Status {
    if (!this.isWritable) return "ROFS";
    const node = this.#nodes.get(file);
    const parent = this.#directory(directory);
    if (node === undefined) return "STALE";
    if (typeof parent === "string") return parent;
    if (node.body.kind === "directory") return "PERM";
    const fault = newNameFault(name);
    if (fault !== null) return fault;
    if (parent.body.node(name) !== null) return "EXIST";
    this.#enter(parent, name, node);
    node.links++;
    node.changed = this.#now();
    return null;
  }

  async close(): Promise<void> {
    this.#nodes.clear();
  }

  #fill(path: string, content: string | Uint8Array): void {
    const names = path.split("/").filter((name) => name !== "");
    const last = names.pop() ?? "";
    let directory = this.#root;
    for (const name of names) {
      const there = directory.body.node(name);
      if (there !== null && isDirectory(there)) {
        directory = there;
        continue;
      }
      const made = this.#makeDirectory(directory);
      this.#enter(directory, name, made);
      directory = made;
    }
    const octets = typeof content === "string" ? Buffer.from(content, "utf8") : content;
    const node = this.#makeNode(0o644, { kind: "file", octets, sizeOctets: octets.length, verifier: null });
    this.#usedOctets += octets.length;
    this.#enter(directory, last, node);
  }

  /** Takes what stands there in the way the three kinds of create allow (RFC 1813 §3.3.8). */
  #takeExisting(existing: Node, what: NewFile): Found | Status {
    if (what.kind !== "file" || existing.body.kind !== "file" || what.how === "guarded") return "EXIST";
    if (what.how === "exclusive") return existing.body.verifier === what.verifier ? foundNode(existing) : "EXIST";
    const { sizeOctets } = what.attributes;
    const fault = sizeOctets === undefined ? null : this.#change(existing, { sizeOctets });
    return fault ?? foundNode(existing);
  }

  #make(parent: Directory, what: NewFile): Node {
    switch (what.kind) {
      case "directory":
        return this.#makeDirectory(parent);
      case "link":
        return this.#makeNode(0o777, { kind: "link", target: what.target });
      case "file": {
        const verifier = what.how === "exclusive" ? what.verifier : null;
        return this.#makeNode(0o644, { kind: "file", octets: NO_OCTETS, sizeOctets: 0, verifier });
      }
    }
  }

  #removeOf({ directory, name }: Place, kind: "file" | "directory"): null | Status {
    if (!this.isWritable) return "ROFS";
    const parent = this.#directory(directory);
    if (typeof parent === "string") return parent;
    if (name === "." || name === "..") return kind === "directory" && name === ".." ? "EXIST" : "INVAL";
    const node = parent.body.node(name);
    if (node === null) return "NOENT";
    if (kind === "file" && node.body.kind === "directory") return "ISDIR";
    if (kind === "directory") {
      if (node.body.kind !== "directory") return "NOTDIR";
      if (!node.body.isEmpty) return "NOTEMPTY";
    }
    this.#drop(parent, name, node);
    return null;
  }

  #change(node: Node, changes: AttributeChanges): Status | null {
    const { sizeOctets } = changes;
    if (sizeOctets !== undefined) {
      if (node.body.kind === "directory") return "ISDIR";
      if (node.body.kind === "link") return "INVAL";
      const fault = this.#resize(node.body, sizeOctets);
      if (fault !== null) return fault;
    }
    const now = this.#now();
    if (changes.mode !== undefined) node.mode = changes.mode & 0o7777;
    if (changes.uid !== undefined) node.uid = changes.uid;
    if (changes.gid !== undefined) node.gid = changes.gid;
    if (sizeOctets !== undefined) node.modified = now;
    if (changes.accessed !== undefined) node.accessed = changes.accessed === "now" ? now : changes.accessed;
    if (changes.modified !== undefined) node.modified = changes.modified === "now" ? now : changes.modified;
    node.changed = now;
    return null;
  }

  #resize(body: FileBody, sizeOctets: number): Status | null {
    if (sizeOctets > FILE_OCTETS_MAX) return "FBIG";
    if (this.#usedOctets + sizeOctets - body.sizeOctets > this.#octetsMax) return "NOSPC";
    if (sizeOctets > body.octets.length) {
      const grown = new Uint8Array(Math.min(FILE_OCTETS_MAX, Math.max(sizeOctets, 2 * body.octets.length)));
      grown.set(body.octets.subarray(0, body.sizeOctets));
      body.octets = grown;
    } else {
      // What is cut off must read as zeros when the file grows again.
      body.octets.fill(0, Math.min(sizeOctets, body.sizeOctets), body.sizeOctets);
    }
    this.#usedOctets += sizeOctets - body.sizeOctets;
    body.sizeOctets = sizeOctets;
    return null;
  }

  #enter(parent: Directory, name: string, node: Node): void {
    if (node.body.kind === "directory") parent.links++;
    this.#place(parent, name, node);
  }

  #place(parent: Directory, name: string, node: Node): void {
    parent.body.place(name, node);
    parent.modified = parent.changed = this.#now();
  }

  #drop(parent: Directory, name: string, node: Node): void {
    parent.body.unlist(name);
    parent.modified = parent.changed = node.changed = this.#now();
    node.links -= node.body.kind === "directory" ? 2 : 1;
    if (node.body.kind === "directory") parent.links--;
    if (node.links > 0) return;
    this.#nodes.delete(node.key);
    if (node.body.kind === "file") this.#usedOctets -= node.body.sizeOctets;
  }

  #makeDirectory(parent: Directory | null): Directory {
    const directory = { ...this.#newNode(0o755), links: 2, body: new DirectoryBody(parent) };
    this.#nodes.set(directory.key, directory);
    return directory;
  }

  #makeNode(mode: number, body: FileBody | LinkBody): Node {
    const node = { ...this.#newNode(mode), body };
    this.#nodes.set(node.key, node);
    return node;
  }

  #newNode(mode: number): Omit<Node, "body"> {
    const id = ++this.#lastId;
    const now = this.#now();
    const key = fileKeyOf(id.toString(36));
    return { id, key, mode, uid: 0, gid: 0, links: 1, accessed: now, modified: now, changed: now };
  }

  #directory(key: FileKey): Directory | Status {
    const node = this.#nodes.get(key);
    if (node === undefined) return "STALE";
    return isDirectory(node) ? node : "NOTDIR";
  }

  #file(key: FileKey): File | Status {
    const node = this.#nodes.get(key);
    if (node === undefined) return "STALE";
    if (isFile(node)) return node;
    return node.body.kind === "directory" ? "ISDIR" : "INVAL";
  }

  /** The clock tells whole seconds; within one the changes are counted, so that each is seen by whoever compares times. */
  #now(): FileTime {
    const seconds = this.#clock.wallSeconds();
    const nanoseconds = seconds === this.#lastTime.seconds ? this.#lastTime.nanoseconds + 1 : 0;
    this.#lastTime = { seconds, nanoseconds };
    return this.#lastTime;
  }
}
