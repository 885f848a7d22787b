/**
 * Mounting and undoing it: what a target means, who is asked before it is acknowledged, what is saved when, and when a mount is busy. A mount is tried before it is kept: a server that
 * is not there, or has no such directory, leaves nothing behind. After a restart nobody is asked: each mount opens when it is first used.
 */
import { type Clock, type Log } from "../base/index.ts";
import { BaseFileSystem } from "./base-file-system.ts";
import { BindFileSystem } from "./bind-file-system.ts";
import { type FileKey, fileKeyOf } from "./file-key.ts";
import { MOUNT_ID_OCTETS, Mounted, mountOf, type OpenSource } from "./mounted.ts";
import { NameSpace } from "./name-space.ts";
import { MOUNT_OPTIONS_DEFAULT, type MountOptions } from "./options.ts";
import { formatPath, parsePath } from "./path.ts";
import { type Source } from "./source.ts";
import { isStatus, type Status, statusText } from "./status.ts";
import { BASE_MOUNT, type MountPlace, type MountRow, MountTable } from "./table.ts";
import { MountTableError, type MountTableStore } from "./table-store.ts";
import { Walker } from "./walk.ts";

/** Why something was not mounted or not undone. Nothing has changed. */
export class MountError extends Error {
  /** "wrong": the request makes no sense. "refused": a definite no. "busy": not now. "unreachable": nobody says. */
  readonly code: "wrong" | "refused" | "busy" | "unreachable";

  constructor(code: MountError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface MountingParts {
  readonly store: MountTableStore;
  readonly clock: Clock;
  readonly log: Log;
  /** For all sources but `ns:`, which is the name space's own. */
  readonly open: OpenSource;
}

export interface MountRequest {
  readonly sources: readonly Source[];
  readonly target: string;
  readonly options: MountOptions;
}

export interface UnmountOptions {
  /** Take it out of the tree now, whoever uses it, and let go of it when the last operation has ended. */
  readonly isLazy: boolean;
  /** What is mounted below goes first. */
  readonly isRecursive: boolean;
}

export class Mounting {
  readonly nameSpace: NameSpace;
  readonly #parts: MountingParts;
  readonly #base: BaseFileSystem;

  /** Puts the tree together from what the store knows. */
  constructor(parts: MountingParts) {
    this.#parts = parts;
    this.#base = new BaseFileSystem(parts.clock);
    const base = new Mounted(baseRow(this.#base), () => this.#base, parts.clock);
    this.nameSpace = new NameSpace(new MountTable(), base);
    const { rows, faults } = parts.store.rows();
    for (const fault of faults) parts.log.error({ fault }, "a row of the mount table cannot be read");
    for (const row of rows) this.#attach(this.#mounted(row));
  }

  /** All mounts, in the order in which they came. */
  mounts(): Mounted[] {
    return this.nameSpace.table.rows().flatMap(({ id }) => this.nameSpace.mounted(id) ?? []);
  }

  /** Tries it, saves it, and makes it part of the tree. Throws a MountError. */
  async mount({ sources, target, options }: MountRequest): Promise<Mounted> {
    const bound = await this.#bound(sources);
    const place = await this.#place(target);
    const names = place.mount === BASE_MOUNT ? this.#base.pathOf(place.key) : null;
    const path = names === null ? formatPath(this.#names(target)) : formatPath(names);
    return this.#mount(place, { sources, target: path, options }, { isAutomatic: false, bound });
  }

  /** Like `mount`, at a place that is known; it rests when nobody uses it. */
  async mountAutomatically(place: MountPlace, request: MountRequest): Promise<Mounted> {
    const bound = await this.#bound(request.sources);
    return this.#mount(place, request, { isAutomatic: true, bound });
  }

  async #mount(
    place: MountPlace,
    { sources, target, options }: MountRequest,
    kept: Pick<MountRow, "isAutomatic" | "bound">,
  ): Promise<Mounted> {
    const slot = this.nameSpace.table.slot(place, options);
    const row = this.#saved({ sources, target, options, place, ...kept, ...slot });
    const mounted = this.#mounted(row);
    try {
      const root = await mounted.root();
      if (isStatus(root)) throw mountFault(mounted, root);
      if (root.attributes.kind !== "directory")
        throw new MountError("refused", `${target}: what is to be mounted is no directory`);
      if (this.nameSpace.mounted(place.mount) === null) throw new MountError("refused", `${target} is gone meanwhile`);
      const { level, position } = this.nameSpace.table.slot(place, options);
      if (level !== row.level || position !== row.position) {
        throw new MountError("busy", `something else was mounted at ${target} meanwhile: try again`);
      }
    } catch (cause) {
      this.#parts.store.remove([row.id]);
      this.#release(place, target);
      await mounted.rest();
      throw cause;
    }
    this.nameSpace.attach(mounted);
    this.#parts.log.info({ mount: row.id, target }, "mounted");
    return mounted;
  }

  #saved(row: Omit<MountRow, "id">): MountRow {
    try {
      return this.#parts.store.add(row);
    } catch (error) {
      if (!(error instanceof MountTableError)) throw error;
      this.#release(row.place, row.target);
      throw new MountError("unreachable", error.message);
    }
  }

  /** Undoes the last mount at a path, or the one with a number ("#3"). Throws a MountError. */
  async unmount(target: string, { isLazy, isRecursive }: UnmountOptions): Promise<readonly MountRow[]> {
    const row = target.startsWith("#") ? this.#byNumber(target) : this.#byPath(target);
    const all = this.#within(row);
    if (all.length > 1 && !isRecursive) {
      const others = all.slice(0, -1).map((other) => other.target);
      throw new MountError(
        "busy",
        `${row.target} is busy: ${others.join(", ")} stands on it. umount --recursive takes all of them`,
      );
    }
    const mounts = all.flatMap(({ id }) => this.nameSpace.mounted(id) ?? []);
    const used = mounts.find(({ underWay }) => underWay > 0);
    if (used !== undefined && !isLazy) {
      const words = `${used.row.target} is busy: ${used.underWay} operations are under way`;
      throw new MountError("busy", `${words}. umount --lazy takes it out of the tree now`);
    }
    this.#parts.store.remove(all.map(({ id }) => id));
    for (const mounted of mounts) {
      this.nameSpace.detach(mounted.row.id);
      this.#release(mounted.row.place, mounted.row.target);
    }
    await Promise.all(mounts.map((mounted) => this.#letGo(mounted)));
    this.#parts.log.info({ mounts: all.map(({ id }) => id), target: row.target }, "unmounted");
    return all;
  }

  /** Automatic mounts that nobody has used for as long as their options say let go of their servers; a use opens them again. */
  async restIdle(): Promise<void> {
    const idle = this.mounts().filter(
      ({ row, state, idleMilliseconds }) =>
        row.isAutomatic && state !== "configured" && idleMilliseconds >= row.options.idleSeconds * 1000,
    );
    await Promise.all(idle.map((mounted) => mounted.rest()));
  }

  async close(): Promise<void> {
    await this.nameSpace.close();
    this.#parts.store.close();
  }

  #attach(mounted: Mounted): void {
    const { place, target } = mounted.row;
    if (place.mount === BASE_MOUNT) this.#base.keep(this.#names(target));
    this.nameSpace.attach(mounted);
  }

  #mounted(row: MountRow): Mounted {
    const { bound } = row;
    const open: OpenSource = bound === null ? this.#parts.open : () => new BindFileSystem(this.nameSpace, bound);
    return new Mounted(row, open, this.#parts.clock);
  }

  #release(place: MountPlace, target: string): void {
    if (place.mount === BASE_MOUNT) this.#base.letGo(this.#names(target));
  }

  /** The components of a target, ".." taken as it is written. */
  #names(target: string): readonly string[] {
    const names = parsePath(target);
    if (isStatus(names)) throw new MountError("wrong", `${target}: ${statusText(names)}; write an absolute path`);
    const clean: string[] = [];
    for (const name of names) {
      if (name === "..") clean.pop();
      else clean.push(name);
    }
    return clean;
  }

  /** The place that a target names. On the base, directories that are not there are made; they go with the mount. */
  async #place(target: string): Promise<MountPlace> {
    const names = this.#names(target);
    const walked = await new Walker(this.nameSpace).walk(formatPath(names));
    if (!("status" in walked)) {
      const { found } = walked.steps.at(-1)!;
      if (found.attributes.kind !== "directory") throw new MountError("refused", `${target} is not a directory`);
      const place = this.#placeOf(found.key);
      if (place.mount === BASE_MOUNT) this.#base.keep(this.#base.pathOf(place.key) ?? []);
      return place;
    }
    if (walked.status === "NOENT" && (await this.#isOnBase(walked.path))) {
      return { mount: BASE_MOUNT, key: this.#base.keep(names) };
    }
    const code = walked.status === "TIMEDOUT" ? "unreachable" : "refused";
    throw new MountError(code, `${target}: ${walked.path}: ${statusText(walked.status)}`);
  }

  #placeOf(key: FileKey): MountPlace {
    const id = mountOf(key);
    if (key.length > MOUNT_ID_OCTETS) return { mount: id, key: fileKeyOf(key.slice(MOUNT_ID_OCTETS)) };
    if (id === BASE_MOUNT) return { mount: BASE_MOUNT, key: this.#base.root().key };
    return this.nameSpace.table.row(id)!.place;
  }

  /** Whether the directory above this path is one of the base, or a union with one of the base in it. */
  async #isOnBase(path: string): Promise<boolean> {
    const above = path.slice(0, path.lastIndexOf("/"));
    const walked = await new Walker(this.nameSpace).walk(above === "" ? "/" : above);
    if ("status" in walked) return false;
    const { key } = walked.steps.at(-1)!.found;
    if (mountOf(key) === BASE_MOUNT) return true;
    const row = key.length === MOUNT_ID_OCTETS ? this.nameSpace.table.row(mountOf(key)) : null;
    return row?.place.mount === BASE_MOUNT && row.withCovered;
  }

  async #bound(sources: readonly Source[]): Promise<FileKey | null> {
    const source = sources.find(({ kind }) => kind === "ns");
    if (source?.kind !== "ns") return null;
    if (sources.length > 1)
      throw new MountError("wrong", "a path of the local name space has no replicas: give one source");
    const walked = await new Walker(this.nameSpace).walk(source.path);
    if ("status" in walked) throw new MountError("refused", `${walked.path}: ${statusText(walked.status)}`);
    return walked.steps.at(-1)!.found.key;
  }

  /** A mount and all that hang on it, those first that others do not hang on. */
  #within(row: MountRow, seen = new Set<number>()): MountRow[] {
    seen.add(row.id);
    const { table } = this.nameSpace;
    const bound = table.rows().filter((other) => other.bound !== null && mountOf(other.bound) === row.id);
    const hanging = [...table.below(row.id), ...bound].filter(({ id }) => !seen.has(id));
    return [...hanging.flatMap((other) => (seen.has(other.id) ? [] : this.#within(other, seen))), row];
  }

  #byNumber(target: string): MountRow {
    const row = this.nameSpace.table.row(Number(target.slice(1)));
    if (row === null) throw new MountError("refused", `there is no mount ${target}; strata mounts lists them`);
    return row;
  }

  #byPath(target: string): MountRow {
    const path = formatPath(this.#names(target));
    const rows = this.nameSpace.table.rows().filter((row) => row.target === path);
    const row = rows.at(-1);
    if (row === undefined)
      throw new MountError("refused", `nothing is mounted at ${path}; strata mounts lists what is`);
    return row;
  }

  /** Waits for the operations under way, which have time-outs of their own. */
  async #letGo(mounted: Mounted): Promise<void> {
    if (mounted.underWay === 0) return mounted.rest();
    const look = (): void => {
      if (mounted.underWay === 0) void mounted.rest();
      else this.#parts.clock.after(1000, look);
    };
    look();
  }
}

function mountFault({ row, reason }: Mounted, status: Status): MountError {
  const code = status === "TIMEDOUT" || status === "IO" || status === "JUKEBOX" ? "unreachable" : "refused";
  return new MountError(code, `${row.target}: ${reason === "" ? statusText(status) : reason}`);
}

function baseRow(base: BaseFileSystem): MountRow {
  return {
    id: BASE_MOUNT,
    target: "/",
    sources: [{ kind: "ns", path: "/" }],
    options: MOUNT_OPTIONS_DEFAULT,
    place: { mount: BASE_MOUNT, key: base.root().key },
    level: 0,
    position: 0,
    withCovered: false,
    isAutomatic: false,
    bound: null,
  };
}
