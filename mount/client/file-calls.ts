/**
 * Calls about files: keys become the handles that the server has now, and what replies tell of attributes and names is learned. A handle that has gone
 * (STALE, RFC 1813 §2.6) is looked for by walking its path again from the mount's root, and taken when what is found there is the same file.
 */
import { type FileKey, fileKeyOf } from "../file-key.ts";
import { type Attributes, type Found, type Place } from "../file-system.ts";
import { nameFault } from "../file-name.ts";
import { type WccData } from "../nfs/attributes.ts";
import { type Procedure, type Result } from "../nfs/procedure.ts";
import { NFS_PROCEDURES } from "../nfs/procedures.ts";
import { type Status } from "../status.ts";
import { type AttributeCache, isSameTime } from "./attribute-cache.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type Caller } from "./caller.ts";
import { type ClientCounters } from "./counters.ts";
import { type ServerLink } from "./link.ts";
import { type NameCache } from "./name-cache.ts";

export interface FileCallsParts {
  readonly caller: Caller;
  readonly link: ServerLink;
  readonly attributes: AttributeCache;
  readonly names: NameCache;
  readonly counters: ClientCounters;
  /** What was read ahead of that file is no longer good. */
  readonly onChanged: (key: FileKey) => void;
}

interface Alias {
  readonly handle: string;
  /** Of which file system the handle is: they are counted, from move to move. */
  readonly era: number;
}

const ALIASES_MAX = 65_536;

export class FileCalls {
  readonly #parts: FileCallsParts;
  readonly #aliases = new BoundedMap<FileKey, Alias>(ALIASES_MAX);
  readonly #recovering = new Map<FileKey, Promise<boolean>>();
  #rootKey: FileKey | null = null;
  #era = 0;

  constructor(parts: FileCallsParts) {
    this.#parts = parts;
  }

  /** The root as it was first known; it stays when the file system behind it becomes another. */
  get rootKey(): FileKey | null {
    const handle = this.#parts.link.root?.handle;
    if (this.#rootKey === null && handle !== undefined) this.#rootKey = fileKeyOf(handle);
    return this.#rootKey;
  }

  /** Waits for the mount, where it has never been up. */
  async mounted(): Promise<Status | null> {
    while (this.rootKey === null) {
      const failure = await this.#parts.link.mounted();
      if (failure !== null) return failure.status;
    }
    return null;
  }

  /** Asks about these files; the arguments are made of their handles. */
  async on<A, Good, Bad>(
    keys: readonly FileKey[],
    procedure: Procedure<A, Result<Good, Bad>>,
    make: (...handles: string[]) => A,
  ): Promise<Result<Good, Bad> | Status> {
    if (this.#rootKey === null) {
      const fault = await this.mounted();
      if (fault !== null) return fault;
    }
    let result: Result<Good, Bad> | Status = "STALE";
    for (let isLast = false; ; isLast = true) {
      result = await this.#parts.caller.call(procedure, () => {
        const handles = keys.map((key) => this.#handle(key));
        return handles.includes(null) ? null : make(...handles.filter((handle) => handle !== null));
      });
      if (isLast || !isGone(result)) return result;
      for (const key of keys) if (!(await this.#recover(key))) return result;
    }
  }

  /** A file as a reply names it. Attributes that did not come are asked for. */
  async found(handle: string, attributes: Attributes | null): Promise<Found | Status> {
    const key = this.keyOf(handle);
    const learned = attributes === null ? await this.attributes(key) : this.learn(key, attributes);
    if (learned === null) return "STALE";
    return typeof learned === "string" ? learned : { key, attributes: learned };
  }

  /** The key for a handle that came from the server just now. */
  keyOf(handle: string): FileKey {
    if (handle === this.#parts.link.root?.handle) return this.rootKey!;
    const key = fileKeyOf(handle);
    if (this.#era > 0) this.#aliases.set(key, { handle, era: this.#era });
    return key;
  }

  /** Asks the server. */
  async attributes(key: FileKey): Promise<Attributes | Status> {
    const result = await this.on([key], NFS_PROCEDURES.GETATTR, (handle) => handle);
    if (typeof result === "string" || result.status !== "OK") return this.failed(result, [key]);
    return this.learn(key, result.good) ?? "STALE";
  }

  /** Takes what a reply told; null when it is of another kind of file than before, which no server does to a handle that is still good. */
  learn(key: FileKey, told: Attributes): Attributes | null {
    const attributes = this.#ownFileSystem(told);
    const learned = this.#parts.attributes.learn(key, attributes);
    if (learned === "changed") this.#parts.onChanged(key);
    if (learned !== "another-kind") return attributes;
    this.forget(key);
    return null;
  }

  /** Takes what a change told of a directory or a file: by the attributes before it is seen whether others changed it as well. */
  learnWcc(key: FileKey, { before, after }: WccData): Attributes | null {
    const { attributes, names } = this.#parts;
    if (after === null) {
      attributes.expire(key);
      return null;
    }
    const known = attributes.last(key);
    if (before !== null && known !== null && isSameTime(before.changed, known.changed)) {
      names.carryOver(key, before.changed, after.changed);
    }
    return this.learn(key, after);
  }

  learnName(place: Place, key: FileKey | null): void {
    this.#parts.names.learn(place, key, this.#parts.attributes.last(place.directory));
  }

  /** The status of a result that is none, after what it tells of handles that have gone. */
  failed<Good, Bad>(result: Result<Good, Bad> | Status, keys: readonly FileKey[]): Status {
    const status = typeof result === "string" ? result : result.status;
    if (status === "OK") return "SERVERFAULT";
    // With one key it is known which; the path is kept, since the same name may lead to the same file again.
    if ((status === "STALE" || status === "BADHANDLE") && keys.length === 1) this.#parts.attributes.expire(keys[0]!);
    return status;
  }

  forget(key: FileKey): void {
    this.#parts.attributes.forget(key);
    this.#parts.names.forgetPlace(key);
    this.#parts.onChanged(key);
  }

  /** The file system behind the mount is another one: no handle of the old one is sent to it. */
  begunAnew(): void {
    this.#era++;
    this.#parts.names.clearNames();
    this.#parts.attributes.expireAll();
  }

  #handle(key: FileKey): string | null {
    if (key === this.#rootKey) return this.#parts.link.root!.handle;
    const alias = this.#aliases.get(key);
    if (alias === undefined) return this.#era === 0 ? key : null;
    return alias.era === this.#era ? alias.handle : null;
  }

  #recover(key: FileKey): Promise<boolean> {
    const underWay = this.#recovering.get(key);
    if (underWay !== undefined) return underWay;
    const walk = this.#walkAgain(key).finally(() => this.#recovering.delete(key));
    this.#recovering.set(key, walk);
    return walk;
  }

  /** True when the key has a handle again that may be good. */
  async #walkAgain(key: FileKey): Promise<boolean> {
    const { link, caller, names, attributes, counters } = this.#parts;
    if (key === this.#rootKey) {
      link.makeSure();
      return true;
    }
    const path = names.pathOf(key, this.#rootKey!);
    const before = attributes.last(key);
    if (path === null || before === null) return false;
    let at: string | null = null;
    let now: Attributes | null = null;
    for (const name of path) {
      const result = await caller.call(NFS_PROCEDURES.LOOKUP, () => ({
        directory: at ?? link.root!.handle,
        name,
      }));
      if (typeof result === "string" || result.status !== "OK") return false;
      at = result.good.handle;
      now = result.good.attributes;
    }
    if (at === null || now === null || !this.#isSameFile(before, this.#ownFileSystem(now))) return false;
    this.#aliases.set(key, { handle: at, era: this.#era });
    counters.recovered++;
    return true;
  }

  /** In the same file system numbers tell; in a copy of it, what the file is like. */
  #isSameFile(before: Attributes, now: Attributes): boolean {
    if (before.kind !== now.kind) return false;
    if (this.#era === 0) return before.fileId === now.fileId;
    return (
      before.kind !== "file" || (before.sizeOctets === now.sizeOctets && isSameTime(before.modified, now.modified))
    );
  }

  /** 0 stands for the file system that was mounted, so 0 of another one becomes something else. */
  #ownFileSystem(told: Attributes): Attributes {
    const own = this.#parts.link.root?.attributes.fileSystemId;
    const { fileSystemId } = told;
    if (fileSystemId === own) return fileSystemId === 0n ? told : { ...told, fileSystemId: 0n };
    return fileSystemId === 0n ? { ...told, fileSystemId: own! } : told;
  }
}

function isGone(result: Result<unknown, unknown> | Status): boolean {
  const status = typeof result === "string" ? result : result.status;
  return status === "STALE" || status === "BADHANDLE";
}

/** A name that a server may say; "/" and NUL would lead out of the directory. */
export function isServersName(name: string): boolean {
  return nameFault(name) === null;
}
