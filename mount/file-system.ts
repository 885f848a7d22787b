/**
 * What a file system is to all others: the one interface behind every mount and below every server. Its operations are those of NFSv3 (RFC 1813 §3.3) without
 * its wire form, and files are named by key, never by path. An operation ends with what was asked for or with a Status; it throws only for bugs.
 *
 * Names are as `file-name.ts` makes them: no NUL, no "/", 1 to 255 octets; a file system may count on that. Offsets and sizes are octets, below 2^53.
 */
import { type FileKey } from "./file-key.ts";
import { type Status } from "./status.ts";

/** An outcome now or later. What is at hand comes at once: a promise for each request would cost more than the work. */
export type Soon<T> = T | Status | Promise<T | Status>;

export interface FileSystem {
  /** False: every changing operation answers ROFS. */
  readonly isWritable: boolean;

  root(): Soon<Found>;
  /** "." is the directory itself and ".." the one it stands in; the root's ".." is the root. */
  lookup(directory: FileKey, name: string): Soon<Found>;
  attributes(file: FileKey): Soon<Attributes>;
  /** Up to `octetsMax` octets; fewer only at the end, or where the file system reads less at a time. At or behind the end: none. */
  read(file: FileKey, offset: number, octetsMax: number): Soon<ReadPart>;
  /** Entries after `cookie` (0 from the start), without "." and "..", at most `entriesMax`. BAD_COOKIE: begin again. */
  list(directory: FileKey, cookie: bigint, entriesMax: number): Soon<ListPart>;
  readlink(link: FileKey): Soon<LinkTarget>;
  /** Of the file system that this file is in. */
  space(file: FileKey): Soon<Space>;

  setAttributes(file: FileKey, changes: AttributeChanges): Soon<Attributes>;
  write(file: FileKey, offset: number, octets: Uint8Array, stability: Stability): Soon<Written>;
  /** All that was written to the file is on stable storage when this has ended. */
  commit(file: FileKey): Soon<Committed>;
  create(place: Place, what: NewFile): Soon<Found>;
  /** ISDIR for a directory. */
  remove(place: Place): Soon<null>;
  /** NOTDIR for anything else, NOTEMPTY when something is in it. */
  removeDirectory(place: Place): Soon<null>;
  /** Replaces a file by a file, an empty directory by a directory. A directory into itself: INVAL. */
  rename(from: Place, to: Place): Soon<null>;
  link(file: FileKey, to: Place): Soon<null>;

  /** What it can say about where its files come from, for people: server, address, how old what it knows is. */
  facts?(): readonly string[];
  /** Gives back what it holds. Operations under way may end with STALE or TIMEDOUT. */
  close(): Promise<void>;
}

/** A name in a directory. */
export interface Place {
  readonly directory: FileKey;
  readonly name: string;
}

export interface Found {
  readonly key: FileKey;
  readonly attributes: Attributes;
}

export type FileKind = "file" | "directory" | "link" | "block" | "character" | "socket" | "fifo";

/** RFC 1813 §2.6, fattr3. */
export interface Attributes {
  readonly kind: FileKind;
  /** Permission bits, without the kind: 0o7777 at most. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeOctets: number;
  readonly usedOctets: number;
  /** Which file system this is, where one serves several: 0 for the one that was mounted. */
  readonly fileSystemId: bigint;
  /** The file's number, 64 bits without sign, never given to another while it exists. */
  readonly fileId: bigint;
  readonly accessed: FileTime;
  readonly modified: FileTime;
  readonly changed: FileTime;
  /** How long they may be kept, where the file system knows (a TTL); null where the reader has to choose. */
  readonly lifeSeconds: number | null;
}

/** Time since 1970-01-01 UTC. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What is given is changed. "now" is the time of whoever keeps the file. */
export interface AttributeChanges {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeOctets?: number;
  readonly accessed?: FileTime | "now";
  readonly modified?: FileTime | "now";
}

export interface ReadPart {
  /** A view that later reads never overwrite; a later write to the same file may show in it. */
  readonly octets: Uint8Array;
  readonly isEnd: boolean;
  /** Called by whoever is done with the octets, where he can tell: their memory may then serve again. Whoever does not call it leaves it to the collector. */
  readonly release?: () => void;
}

export interface ListPart {
  readonly entries: readonly ListEntry[];
  readonly isEnd: boolean;
}

export interface ListEntry {
  readonly name: string;
  readonly fileId: bigint;
  /** Where the listing goes on after this entry; never 0. */
  readonly cookie: bigint;
  /** Where it costs nothing to say. */
  readonly found: Found | null;
}

export interface LinkTarget {
  readonly target: string;
}

/** RFC 1813 §3.3.18, in octets and files. Unlimited or unknown is 2^53 - 1. */
export interface Space {
  readonly totalOctets: number;
  readonly freeOctets: number;
  readonly totalFiles: number;
  readonly freeFiles: number;
}

/** How safe a write is when it is answered (RFC 1813 §3.3.7): unstable ones may be lost in a crash until `commit`. */
export type Stability = "unstable" | "data" | "file";

export interface Written {
  readonly writtenOctets: number;
  /** What was reached, at least what was asked for. */
  readonly stability: Stability;
  /** Changes when unstable writes may have been lost: 64 bits, compared between write and commit. */
  readonly verifier: bigint;
}

export interface Committed {
  readonly verifier: bigint;
}

/** What is to be made. Attributes that are not given are the file system's choice. */
export type NewFile =
  | {
      readonly kind: "file";
      /** Unchecked: an existing file is taken (and cut, where a size is given). Guarded: EXIST. Exclusive: EXIST unless it was made with this verifier. */
      readonly how: "unchecked" | "guarded" | "exclusive";
      /** 64 bits, for an exclusive one. */
      readonly verifier: bigint;
      readonly attributes: AttributeChanges;
    }
  | { readonly kind: "directory"; readonly attributes: AttributeChanges }
  | { readonly kind: "link"; readonly target: string; readonly attributes: AttributeChanges };
