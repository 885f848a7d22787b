/**
 * The ground on which mounts stand: a tree of directories and nothing else, as far as mount points need it. A directory is there while a mount point is there or
 * below it. Its key is a digest of its path, so it is the same after a restart.
 */
import { createHash } from "node:crypto";
import { type Clock } from "../base/index.ts";
import { type FileKey, fileKey } from "./file-key.ts";
import type { Attributes, FileTime, Found, ListPart, Space } from "./file-system.ts";
import { formatPath } from "./path.ts";
import { ReadOnlyFileSystem } from "./read-only-file-system.ts";
import { type Status } from "./status.ts";

const KEY_OCTETS = 12;

interface Directory {
  readonly key: FileKey;
  readonly fileId: bigint;
  readonly name: string;
  readonly parent: Directory | null;
  /** Names in the order in which they came; a cookie is a name's number. */
  readonly names: Map<string, { readonly directory: Directory; readonly cookie: bigint }>;
  /** How many mount points are here or below. */
  uses: number;
  lastCookie: bigint;
  /** When a name came or went. */
  modified: FileTime;
}

export class BaseFileSystem extends ReadOnlyFileSystem {
  readonly #directories = new Map<FileKey, Directory>();
  readonly #root: Directory;
  readonly #clock: Clock;
  #changes = 0;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
    this.#root = this.#make(null, []);
  }

  /** Makes the directories down to this one, for a mount point. Gives the last one's key. */
  keep(names: readonly string[]): FileKey {
    let at = this.#root;
    names.forEach((name, i) => {
      let next = at.names.get(name)?.directory;
      if (next === undefined) {
        next = this.#make(at, names.slice(0, i + 1));
        at.names.set(name, { directory: next, cookie: ++at.lastCookie });
        at.modified = this.#now();
      }
      next.uses++;
      at = next;
    });
    return at.key;
  }

  /** A mount point is gone: directories that are there for no other go with it. */
  letGo(names: readonly string[]): void {
    let at = this.#root;
    for (const name of names) {
      const next = at.names.get(name)?.directory;
      if (next === undefined) return;
      if (--next.uses === 0) {
        at.names.delete(name);
        at.modified = this.#now();
        this.#directories.delete(next.key);
      }
      at = next;
    }
  }

  /** The path of a directory of the base, or null when it has no such directory. */
  pathOf(key: FileKey): readonly string[] | null {
    let at = this.#directories.get(key);
    if (at === undefined) return null;
    const names: string[] = [];
    for (; at.parent !== null; at = at.parent) names.unshift(at.name);
    return names;
  }

  root(): Found {
    return foundDirectory(this.#root);
  }

  lookup(key: FileKey, name: string): Found | Status {
    const directory = this.#directories.get(key);
    if (directory === undefined) return "STALE";
    if (name === ".") return foundDirectory(directory);
    if (name === "..") return foundDirectory(directory.parent ?? directory);
    const entry = directory.names.get(name);
    return entry === undefined ? "NOENT" : foundDirectory(entry.directory);
  }

  attributes(key: FileKey): Attributes | Status {
    const directory = this.#directories.get(key);
    return directory === undefined ? "STALE" : attributesOf(directory);
  }

  read(key: FileKey): Status {
    return this.#directories.has(key) ? "ISDIR" : "STALE";
  }

  list(key: FileKey, cookie: bigint, entriesMax: number): ListPart | Status {
    const directory = this.#directories.get(key);
    if (directory === undefined) return "STALE";
    if (cookie > directory.lastCookie) return "BAD_COOKIE";
    const left = [...directory.names].filter(([, entry]) => entry.cookie > cookie);
    const entries = left.slice(0, entriesMax).map(([name, { directory: child, cookie: place }]) => {
      return { name, fileId: child.fileId, cookie: place, found: foundDirectory(child) };
    });
    return { entries, isEnd: left.length <= entriesMax };
  }

  readlink(key: FileKey): Status {
    return this.#directories.has(key) ? "INVAL" : "STALE";
  }

  space(): Space {
    const none = { totalOctets: 0, freeOctets: 0, freeFiles: 0 };
    return { ...none, totalFiles: this.#directories.size };
  }

  async close(): Promise<void> {
    this.#directories.clear();
  }

  #make(parent: Directory | null, names: readonly string[]): Directory {
    const digest = createHash("sha256").update(formatPath(names)).digest();
    const directory: Directory = {
      key: fileKey(digest.subarray(0, KEY_OCTETS)),
      fileId: digest.readBigUInt64BE(KEY_OCTETS),
      name: names.at(-1) ?? "",
      parent,
      names: new Map(),
      uses: 0,
      lastCookie: 0n,
      modified: this.#now(),
    };
    this.#directories.set(directory.key, directory);
    return directory;
  }

  /** Changes within a second are counted, so that each is seen by whoever compares times. */
  #now(): FileTime {
    return { seconds: this.#clock.wallSeconds(), nanoseconds: ++this.#changes % 1_000_000_000 };
  }
}

function foundDirectory(directory: Directory): Found {
  return { key: directory.key, attributes: attributesOf(directory) };
}

function attributesOf({ fileId, names, modified }: Directory): Attributes {
  return {
    kind: "directory",
    mode: 0o755,
    links: 2 + names.size,
    uid: 0,
    gid: 0,
    sizeOctets: 512,
    usedOctets: 512,
    fileSystemId: 0n,
    fileId,
    accessed: modified,
    modified,
    changed: modified,
    lifeSeconds: null,
  };
}
