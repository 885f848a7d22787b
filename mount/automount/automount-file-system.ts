/**
 * A directory in which things are mounted when their names are looked up. It holds nothing but placeholders, the directories on which the mounts stand; the
 * name space goes from there into what is mounted. A listing shows what the map tells of and mounts nothing.
 *
 * A placeholder's key is the path of the mount below this directory, or a digest of that, so it is good after a restart, when the mounts on
 * it are there again.
 */
import { createHash } from "node:crypto";
import type { Clock, Log } from "../../base/index.ts";
import { type FileKey, fileKeyOf } from "../file-key.ts";
import { fileNameOctets, fileNameText, nameFault } from "../file-name.ts";
import type { Attributes, FileTime, Found, ListEntry, ListPart, Space } from "../file-system.ts";
import type { MountOptions } from "../options.ts";
import type { Source } from "../source.ts";
import { ReadOnlyFileSystem } from "../read-only-file-system.ts";
import type { Status } from "../status.ts";
import type { AutomountMap } from "./map.ts";
import type { MapMount } from "./map-entry.ts";

/** What is to be mounted, and where. */
export interface AutomountRequest {
  /** The placeholder; null where the directory is in what is mounted above it. */
  readonly key: FileKey | null;
  /** The same place as a path below the automount's own: "/steen", "/steen/mail". */
  readonly below: string;
  readonly sources: readonly Source[];
  readonly options: MountOptions;
}

/** Why something was not mounted; the reason is a sentence for people. */
export interface AutomountFault {
  readonly status: Status;
  readonly reason: string;
}

export interface AutomountParts {
  readonly map: AutomountMap;
  /** Whether something stands on the placeholder already. */
  readonly isMounted: (key: FileKey) => boolean;
  /** Null when it is mounted. */
  readonly mount: (request: AutomountRequest) => Promise<AutomountFault | null>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a name that does not lead anywhere is not looked up again: after a definite no, and after silence. */
const DENIED_MILLISECONDS = 60_000;
const SILENT_MILLISECONDS = 10_000;
const NEGATIVES_MAX = 10_000;
/** Names that are being mounted at once; more are told to ask again. */
const UNDER_WAY_MAX = 64;
/** Shown in a listing though the map does not tell of them: the latest that were mounted. */
const MOUNTED_MAX = 4096;
const FACTS_MAX = 8;
const PATH_MARK = "p";
const DIGEST_MARK = "d";
const KEY_OCTETS_MAX = 56;

interface Negative extends AutomountFault {
  readonly until: number;
}

export class AutomountFileSystem extends ReadOnlyFileSystem {
  readonly #parts: AutomountParts;
  readonly #stop = new AbortController();
  readonly #underWay = new Map<string, Promise<Status | null>>();
  readonly #negatives = new Map<string, Negative>();
  /** By key, the paths of their placeholders below: ["/", "/mail"]. */
  readonly #mounted = new Map<string, ReadonlySet<string>>();
  readonly #began: FileTime;

  constructor(parts: AutomountParts) {
    super();
    this.#parts = parts;
    this.#began = { seconds: parts.clock.wallSeconds(), nanoseconds: 0 };
  }

  root(): Found {
    return this.#found("");
  }

  async lookup(directory: FileKey, name: string): Promise<Found | Status> {
    const path = pathOf(directory);
    if (path === null) return this.#lookupFromDigest(directory, name);
    if (name === ".") return this.#found(path);
    if (name === "..") return this.#found(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    const fault = nameFault(name);
    if (fault !== null) return fault;
    if (path !== "") return this.#inner(path, name);
    const status = await this.#mounting(name);
    return status ?? this.#found(`/${name}`);
  }

  /** A name too long for its key: it is one of this directory's own, since those below it are longer still and rare. */
  #lookupFromDigest(directory: FileKey, name: string): Found | Status {
    if (!isDigest(directory)) return "BADHANDLE";
    if (name === ".") return { key: directory, attributes: this.#attributes(directory) };
    return name === ".." ? this.#found("") : "STALE";
  }

  attributes(file: FileKey): Attributes | Status {
    if (pathOf(file) === null && !isDigest(file)) return "BADHANDLE";
    return this.#attributes(file);
  }

  read(file: FileKey): Status {
    return pathOf(file) === null && !isDigest(file) ? "BADHANDLE" : "ISDIR";
  }

  list(directory: FileKey, cookie: bigint, entriesMax: number): ListPart | Status {
    const path = pathOf(directory);
    if (path === null) return "STALE";
    const names = path === "" ? this.#names() : this.#namesBelow(path);
    const entries = names.map((name) => entryOf(path, name)).sort((one, other) => (one.cookie < other.cookie ? -1 : 1));
    const left = entries.filter((entry) => entry.cookie > cookie);
    return { entries: left.slice(0, entriesMax), isEnd: left.length <= entriesMax };
  }

  readlink(): Status {
    return "INVAL";
  }

  space(): Space {
    return { totalOctets: 0, freeOctets: 0, totalFiles: this.#names().length, freeFiles: 0 };
  }

  /** What is wrong in the map, and the names that did not lead anywhere a moment ago, the latest last. */
  facts(): readonly string[] {
    const now = this.#parts.clock.now();
    const left = [...this.#negatives].filter(([, { until }]) => until > now).slice(-FACTS_MAX);
    const denied = left.map(([name, { reason, until }]) => {
      return `${name} is not mounted: ${reason} (tried again in ${Math.ceil((until - now) / 1000)} s)`;
    });
    return [...this.#parts.map.faults().slice(0, FACTS_MAX), ...denied];
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the automount was closed"));
    await Promise.allSettled(this.#underWay.values());
  }

  /** Null when it is mounted. Whoever looks up the same name meanwhile waits for the same mounting. */
  #mounting(name: string): Status | null | Promise<Status | null> {
    if (this.#parts.isMounted(keyOf(`/${name}`))) {
      this.#remember(name, this.#mounted.get(name) ?? new Set());
      return null;
    }
    const under = this.#underWay.get(name);
    if (under !== undefined) return under;
    const negative = this.#negatives.get(name);
    if (negative !== undefined && this.#parts.clock.now() < negative.until) return negative.status;
    if (this.#mounted.has(name) && this.#isPlaceholder(name)) return null;
    if (this.#stop.signal.aborted) return "STALE";
    if (this.#underWay.size >= UNDER_WAY_MAX) return "JUKEBOX";
    const mounting = this.#mount(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, mounting);
    return mounting;
  }

  async #mount(name: string): Promise<Status | null> {
    const answer = await this.#parts.map.find(name, this.#stop.signal);
    if (answer.kind === "none") return this.#refuse(name, { status: "NOENT", reason: answer.reason });
    if (answer.kind === "failed") {
      this.#parts.log.warn({ name }, answer.reason);
      return this.#refuse(name, answer);
    }
    return this.#mountAll(name, answer.mounts);
  }

  /** Those above first. What stands below one that is not there cannot be mounted; others can. */
  async #mountAll(name: string, mounts: readonly MapMount[]): Promise<Status | null> {
    const placed = new Set<string>();
    const standing: string[] = [];
    let failure: AutomountFault | null = null;
    for (const { below, sources, options } of mounts) {
      const isInside = standing.some((above) => below.startsWith(`${above}/`));
      const key = isInside ? null : keyOf(`/${name}${below}`);
      const isThere = key !== null && this.#parts.isMounted(key);
      const fault = isThere ? null : await this.#parts.mount({ key, below: `/${name}${below}`, sources, options });
      failure ??= fault;
      // A server that is silent is not asked for each of its exports.
      if (fault?.status === "TIMEDOUT") break;
      if (fault !== null) continue;
      standing.push(below);
      if (key !== null) placed.add(below);
    }
    if (standing.length === 0)
      return this.#refuse(name, failure ?? { status: "NOENT", reason: "nothing is to be mounted" });
    this.#negatives.delete(name);
    this.#remember(name, placed);
    return null;
  }

  #refuse(name: string, { status, reason }: AutomountFault): Status {
    const isSilence = status === "TIMEDOUT" || status === "JUKEBOX";
    const until = this.#parts.clock.now() + (isSilence ? SILENT_MILLISECONDS : DENIED_MILLISECONDS);
    if (this.#stop.signal.aborted) return "STALE";
    this.#negatives.delete(name);
    this.#negatives.set(name, { status, reason, until });
    if (this.#negatives.size > NEGATIVES_MAX) this.#negatives.delete(this.#negatives.keys().next().value!);
    return status;
  }

  #remember(name: string, placed: ReadonlySet<string>): void {
    this.#mounted.delete(name);
    this.#mounted.set(name, placed);
    if (this.#mounted.size > MOUNTED_MAX) this.#mounted.delete(this.#mounted.keys().next().value!);
  }

  /** Nothing stands on the name itself, but on directories below it. */
  #isPlaceholder(name: string): boolean {
    const placed = this.#mounted.get(name) ?? new Set();
    return !placed.has("") && [...placed].some((below) => this.#parts.isMounted(keyOf(`/${name}${below}`)));
  }

  /** A directory between a name and the mounts below it. Where nothing is mounted any more, its holder begins at the name again. */
  #inner(path: string, name: string): Found | Status {
    if (this.#namesBelow(path).includes(name)) return this.#found(`${path}/${name}`);
    const key = path.split("/")[1]!;
    return this.#isPlaceholder(key) ? "NOENT" : "STALE";
  }

  /** What the map tells of, and what is mounted. */
  #names(): string[] {
    const shown = this.#parts.map.names().filter((name) => nameFault(name) === null && name !== "." && name !== "..");
    const mounted = [...this.#mounted.keys()].filter(
      (name) => this.#parts.isMounted(keyOf(`/${name}`)) || this.#isPlaceholder(name),
    );
    return [...new Set([...shown, ...mounted])];
  }

  #namesBelow(path: string): string[] {
    const [, key = "", ...rest] = path.split("/");
    const inside = rest.length === 0 ? "" : `/${rest.join("/")}`;
    const paths = [...(this.#mounted.get(key) ?? [])].filter((below) => below.startsWith(`${inside}/`));
    return [...new Set(paths.map((below) => below.slice(inside.length + 1).split("/")[0]!))];
  }

  #found(path: string): Found {
    const key = keyOf(path);
    return { key, attributes: this.#attributes(key) };
  }

  #attributes(key: FileKey): Attributes {
    const times = { accessed: this.#began, modified: this.#began, changed: this.#began };
    return {
      ...{ kind: "directory", mode: 0o555, links: 2, uid: 0, gid: 0, sizeOctets: 0, usedOctets: 0 },
      ...{ fileSystemId: 0n, fileId: numberOf(key), lifeSeconds: null, ...times },
    };
  }
}

/** "" is the automount itself. */
function keyOf(path: string): FileKey {
  const octets = Buffer.from(fileNameOctets(path));
  if (octets.length < KEY_OCTETS_MAX) return fileKeyOf(PATH_MARK + octets.toString("latin1"));
  return fileKeyOf(DIGEST_MARK + createHash("sha256").update(octets).digest("latin1"));
}

/** Null for what is no key of a path. */
function pathOf(key: FileKey): string | null {
  return key.startsWith(PATH_MARK) ? fileNameText(Buffer.from(key.slice(1), "latin1")) : null;
}

const isDigest = (key: FileKey): boolean => key.startsWith(DIGEST_MARK) && key.length === 33;

function numberOf(key: FileKey): bigint {
  return createHash("sha256").update(key, "latin1").digest().readBigUInt64BE() | 1n;
}

function entryOf(path: string, name: string): ListEntry {
  const fileId = numberOf(keyOf(`${path}/${name}`));
  return { name, fileId, cookie: BigInt.asUintN(63, fileId), found: null };
}
