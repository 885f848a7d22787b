/**
 * A local directory as a file system, so that it can be exported (`file:///dir`). Keys are good over restarts and renames, by whomever (`held-files.ts`); nothing outside the directory is
 * ever reached, because each component is opened by itself and links are left to whoever asked (`system-calls.ts`). What is changed is on the disk before it is
 * answered, as RFC 1813 §1.2 wants, but for unstable writes, which wait for `commit`. Modes are kept as given and checked by the system for the user of this process
 * only: who may ask is the server's business.
 */
import type { Log, Random } from "../../base/index.ts";
import { CachedReader } from "../../net/index.ts";
import { type FileKey } from "../file-key.ts";
import { fileNameText, nameFault } from "../file-name.ts";
import type {
  AttributeChanges,
  Attributes,
  Committed,
  FileSystem,
  Found,
  LinkTarget,
  ListEntry,
  ListPart,
  NewFile,
  Place,
  ReadPart,
  Soon,
  Space,
  Stability,
  Written,
} from "../file-system.ts";
import { isStatus, type Status, statusText } from "../status.ts";
import { LocalChanges } from "./changes.ts";
import { attributesOf, HeldFiles } from "./held-files.ts";
import { type HeldFile } from "./held-file.ts";
import { Listings } from "./listings.ts";
import { type Named, NameTable, NameTableError } from "./name-table.ts";
import { ReadRooms } from "./read-rooms.ts";
import * as system from "./system-calls.ts";

const READ_OCTETS_MAX = 1 << 20;
/** Of how many files in a row a listing takes the attributes at once. */
const AT_ONCE_MAX = 16;
const ASKED_ONCE_MAX = 4096;

interface Opened {
  readonly root: number;
  readonly facts: system.Facts;
  readonly cached: CachedReader;
  readonly nearness: system.Nearness;
}

export interface LocalFileSystemOptions {
  /** An absolute path. */
  readonly directory: string;
  /** The file that keeps names of files, for this export alone; `:memory:` where keys need not outlive the process. */
  readonly tablePath: string;
  readonly isWritable: boolean;
  readonly random: Random;
  readonly log: Log;
  /** What is mounted below: served with a number of its own (the default), or not there. */
  readonly otherFileSystems?: "include" | "refuse";
  /** How many files are held by a descriptor (up to three each). */
  readonly heldMax?: number;
  /** How many entries are looked at for a file that somebody else moved. */
  readonly searchedMax?: number;
}

/** The directory cannot be served; the message says why. */
export class LocalDirectoryError extends Error {
  readonly code = "LOCAL_DIRECTORY";
}

export class LocalFileSystem implements FileSystem {
  readonly isWritable: boolean;
  readonly #files: HeldFiles;
  readonly #table: NameTable;
  readonly #listings = new Listings();
  readonly #changes: LocalChanges;
  readonly #log: Log;
  readonly #rooms: ReadRooms;
  readonly #cached: CachedReader;
  readonly #nearness: system.Nearness;
  /** Files whose attributes were asked for while they were not held: who asks again is likely to go on. */
  readonly #askedOnce = new Set<FileKey>();

  /** Throws LocalDirectoryError or NameTableError. */
  static async open(options: LocalFileSystemOptions): Promise<LocalFileSystem> {
    const { directory } = options;
    const root = await system.holdDirectory(directory);
    if (typeof root === "string") throw new LocalDirectoryError(`cannot export ${directory}: ${statusText(root)}`);
    try {
      const facts = await system.facts(root);
      if (typeof facts === "string") throw new LocalDirectoryError(`cannot export ${directory}: ${statusText(facts)}`);
      requireProc(root);
      const [cached, nearness] = [await CachedReader.load(), await system.nearness(root)];
      return new LocalFileSystem({ root, facts, cached, nearness }, options);
    } catch (error) {
      system.close(root);
      throw error;
    }
  }

  private constructor(opened: Opened, options: LocalFileSystemOptions) {
    const { root, facts, cached, nearness } = opened;
    this.isWritable = options.isWritable;
    this.#log = options.log;
    this.#cached = cached;
    this.#nearness = nearness;
    this.#rooms = new ReadRooms(cached, READ_OCTETS_MAX);
    this.#table = NameTable.open(options.tablePath);
    this.#files = new HeldFiles(root, facts, {
      table: this.#table,
      heldMax: options.heldMax ?? 1024,
      searchedMax: options.searchedMax ?? 50_000,
      otherFileSystems: options.otherFileSystems ?? "include",
    });
    this.#changes = new LocalChanges(this.#files, this.#table, options.random);
  }

  root(): Promise<Found | Status> {
    return this.#guarded(() => this.#files.use(this.#files.root.key, (root) => found(root)));
  }

  lookup(directory: FileKey, name: string): Promise<Found | Status> {
    return this.#guarded(() =>
      this.#files.useDirectory(directory, async (parent) => {
        if (name === ".") return found(parent);
        if (name === "..") return this.#above(parent);
        return nameFault(name) ?? this.#child(parent, name);
      }),
    );
  }

  attributes(file: FileKey): Soon<Attributes> {
    const held = this.#atHand(file);
    if (held !== null) return attributesIn(held, system.factsAtHand(held.descriptor));
    return this.#guarded(async () => {
      const isToBeHeld = this.#files.isHeld(file) || this.#isAskedAgain(file);
      const place = isToBeHeld ? undefined : this.#table.places(file)[0];
      if (place !== undefined) {
        const quick = await this.#files.useDirectory(place.directory, (parent) => this.#child(parent, place.name));
        if (typeof quick !== "string" && quick.key === file) return quick.attributes;
      }
      return this.#files.use(file, (held) => attributesNow(held));
    });
  }

  read(file: FileKey, offset: number, octetsMax: number): Soon<ReadPart> {
    const held = this.#atHand(file);
    const part = held === null ? null : this.#readAtHand(held, offset, octetsMax);
    if (part !== null) return part;
    return this.#guarded(() => this.#files.use(file, (one) => this.#readFrom(one, offset, octetsMax)));
  }

  list(directory: FileKey, cookie: bigint, entriesMax: number): Promise<ListPart | Status> {
    return this.#guarded(() =>
      this.#files.useDirectory(directory, async (parent) => {
        const seen: Named[] = [];
        // A directory may be one that is mounted there from a machine that is down. Now and then a thread is waited for, so that others get their turn.
        const isQuick = this.#nearness !== "remote" && parent.fileSystem === 0;
        let count = 0;
        const describe = (name: string, facts: system.Facts | Status): Omit<ListEntry, "cookie"> | null => {
          const who = isStatus(facts) ? facts : this.#files.identify(parent, name, facts);
          if (isStatus(who)) return null;
          const { key, attributes } = who;
          seen.push({ key, place: { directory, name }, isDirectory: attributes.kind === "directory" });
          return { name, fileId: attributes.fileId, found: { key, attributes } };
        };
        const part = await this.#listings.list(parent, { cookie, entriesMax }, (name, isFile) => {
          const at = { directory: parent.descriptor, name };
          if (isQuick && isFile && ++count % AT_ONCE_MAX !== 0) return describe(name, system.factsAtOnce(at));
          return system.factsAt(at).then((facts) => describe(name, facts));
        });
        this.#table.rememberAll(seen);
        return part;
      }),
    );
  }

  readlink(link: FileKey): Promise<LinkTarget | Status> {
    return this.#guarded(() =>
      this.#files.use(link, async (held) => {
        if (held.kind !== "link") return "INVAL";
        // An empty name is the held link itself (readlinkat(2)), but node:fs always gives a path: so by its directory and name.
        const target = await this.#targetOf(held);
        return typeof target === "string" ? target : { target: fileNameText(target) };
      }),
    );
  }

  space(file: FileKey): Promise<Space | Status> {
    return this.#guarded(() => this.#files.use(file, (held) => system.space(held.descriptor)));
  }

  setAttributes(file: FileKey, changes: AttributeChanges): Promise<Attributes | Status> {
    return this.#changing(() =>
      this.#files.use(file, async (held) => (await this.#changes.apply(held, changes)) ?? attributesNow(held)),
    );
  }

  write(file: FileKey, offset: number, octets: Uint8Array, stability: Stability): Promise<Written | Status> {
    return this.#changing(() =>
      this.#files.use(file, (held) => this.#changes.write(held, { offset, octets, stability })),
    );
  }

  commit(file: FileKey): Promise<Committed | Status> {
    return this.#guarded(() => this.#files.use(file, (held) => this.#changes.commit(held)));
  }

  create({ directory, name }: Place, what: NewFile): Promise<Found | Status> {
    return this.#changing(() =>
      this.#files.useDirectory(directory, (parent) => this.#changes.create(parent, name, what)),
    );
  }

  remove({ directory, name }: Place): Promise<null | Status> {
    return this.#changing(() => this.#files.useDirectory(directory, (parent) => this.#changes.remove(parent, name)));
  }

  removeDirectory({ directory, name }: Place): Promise<null | Status> {
    return this.#changing(() =>
      this.#files.useDirectory(directory, (parent) => this.#changes.removeDirectory(parent, name)),
    );
  }

  rename(from: Place, to: Place): Promise<null | Status> {
    return this.#changing(() =>
      this.#files.useDirectory(from.directory, (source) =>
        this.#files.useDirectory(to.directory, (target) =>
          this.#changes.rename({ directory: source, name: from.name }, { directory: target, name: to.name }),
        ),
      ),
    );
  }

  link(file: FileKey, { directory, name }: Place): Promise<null | Status> {
    return this.#changing(() =>
      this.#files.use(file, (held) =>
        this.#files.useDirectory(directory, (parent) => this.#changes.link(held, parent, name)),
      ),
    );
  }

  async close(): Promise<void> {
    this.#listings.close();
    this.#files.close();
    this.#table.close();
  }

  async #child(parent: HeldFile, name: string): Promise<Found | Status> {
    const facts = await system.factsAt({ directory: parent.descriptor, name });
    const who = isStatus(facts) ? facts : this.#files.identify(parent, name, facts);
    if (isStatus(who)) return who;
    const { key, attributes } = who;
    this.#table.remember({ key, place: { directory: parent.key, name }, isDirectory: attributes.kind === "directory" });
    return { key, attributes };
  }

  /** A held file that may be asked without waiting for a disk or for somebody else. */
  #atHand(file: FileKey): HeldFile | null {
    return this.#nearness === "remote" ? null : this.#files.atHand(file);
  }

  #isAskedAgain(file: FileKey): boolean {
    if (this.#askedOnce.delete(file)) return true;
    if (this.#askedOnce.size >= ASKED_ONCE_MAX) this.#askedOnce.clear();
    this.#askedOnce.add(file);
    return false;
  }

  /** What the kernel has in memory; null where it would have to wait for a disk. */
  #readAtHand(held: HeldFile, offset: number, octetsMax: number): ReadPart | Status | null {
    const reader = held.readerAtHand;
    if (reader === null) return null;
    let wanted = Math.min(octetsMax, READ_OCTETS_MAX);
    if (offset + wanted > held.sizeOctets) {
      const attributes = attributesIn(held, system.factsAtHand(held.descriptor));
      if (isStatus(attributes)) return attributes;
      wanted = Math.min(wanted, held.sizeOctets - offset);
    }
    if (wanted <= 0) return null;
    const { room, release } = this.#rooms.take(wanted);
    const count =
      this.#nearness === "memory"
        ? system.readAtHand(reader, room.octets.subarray(0, wanted), offset)
        : this.#cached.read(reader, room, offset, wanted);
    if (count === wanted)
      return { octets: room.octets.subarray(0, count), isEnd: offset + count >= held.sizeOctets, release };
    release();
    return null;
  }

  async #readFrom(held: HeldFile, offset: number, octetsMax: number): Promise<ReadPart | Status> {
    const reader = await held.reader();
    if (typeof reader === "string") return reader;
    const wanted = Math.min(octetsMax, READ_OCTETS_MAX);
    if (offset + wanted > held.sizeOctets) {
      // It may have grown; and a small file is to cost a small piece of memory only.
      const facts = await system.facts(held.descriptor);
      if (typeof facts === "string") return facts;
      held.sizeOctets = facts.attributes.sizeOctets;
    }
    const length = Math.min(wanted, Math.max(0, held.sizeOctets - offset));
    if (length === 0) return { octets: new Uint8Array(0), isEnd: offset >= held.sizeOctets };
    const { room, release } = this.#rooms.take(length);
    const count = await system.read(reader, room.octets.subarray(0, length), offset);
    if (typeof count === "string") {
      release();
      return count;
    }
    // Fewer than there should be: it was cut meanwhile.
    const isEnd = count < length || offset + count >= held.sizeOctets;
    return { octets: room.octets.subarray(0, count), isEnd, release };
  }

  /** The directory that one stands in: down from the root by the names that it has now, which gives the same keys as any other way. */
  async #above(directory: HeldFile): Promise<Found | Status> {
    let at = this.#files.root.key;
    for (const name of this.#files.namesTo(directory).slice(0, -1)) {
      const next = await this.#files.useDirectory(at, (parent) => this.#child(parent, name));
      if (isStatus(next)) return next;
      at = next.key;
    }
    return this.#files.use(at, (held) => found(held));
  }

  /** Through the name it stands under, which must still be this link's. */
  async #targetOf(link: HeldFile): Promise<Uint8Array | Status> {
    const place = this.#table.places(link.key)[0];
    if (place === undefined) return "STALE";
    return this.#files.useDirectory<Uint8Array>(place.directory, async (parent) => {
      const at = { directory: parent.descriptor, name: place.name };
      const target = await system.readLink(at);
      const facts = await system.factsAt(at);
      const who = isStatus(facts) ? facts : this.#files.identify(parent, place.name, facts);
      if (isStatus(who)) return who;
      return who.key === link.key ? target : "STALE";
    });
  }

  #changing<T>(act: () => Promise<T | Status>): Promise<T | Status> {
    return this.isWritable ? this.#guarded(act) : Promise.resolve("ROFS");
  }

  /** Keys that cannot be kept are not given out: whoever got one would lose his files at the next start. */
  async #guarded<T>(act: () => Promise<T | Status>): Promise<T | Status> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof NameTableError)) throw error;
      this.#log.error({ error: error.message }, "an exported directory cannot keep its names");
      return "IO";
    }
  }
}

/** Without /proc a name in an open directory cannot be said to node:fs. */
function requireProc(root: number): void {
  try {
    system.whereIs(root);
  } catch {
    throw new LocalDirectoryError("cannot export a local directory without /proc, which only Linux has");
  }
}

async function found(held: HeldFile): Promise<Found | Status> {
  const attributes = await attributesNow(held);
  return isStatus(attributes) ? attributes : { key: held.key, attributes };
}

async function attributesNow(held: HeldFile): Promise<Attributes | Status> {
  return attributesIn(held, await system.facts(held.descriptor));
}

/** A file that has lost its last name is gone, even while it is held. */
function attributesIn(held: HeldFile, facts: system.Facts | Status): Attributes | Status {
  if (typeof facts === "string") return facts;
  held.sizeOctets = facts.attributes.sizeOctets;
  return facts.attributes.links === 0 ? "STALE" : attributesOf(held.fileSystem, facts);
}
