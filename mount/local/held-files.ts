/**
 * The files of an exported directory that are held by a descriptor now, most recently used last, and the way from a key to one: down from the nearest
 * directory that is held, along the names of the table, each component opened without following a link, until the file that stands there is the one meant.
 * What somebody else moved is searched for.
 */
import { type FileKey, fileKey } from "../file-key.ts";
import { fileNameText } from "../file-name.ts";
import type { Attributes } from "../file-system.ts";
import { type Status } from "../status.ts";
import { HeldFile } from "./held-file.ts";
import { type NameTable } from "./name-table.ts";
import { search, type Step } from "./search.ts";
import * as system from "./system-calls.ts";

const DEPTH_MAX = 2048;
/** Whoever asks for more lost files at once is told to come back. */
const SEARCHES_MAX = 16;
/** To ask the kernel where something is costs several times what its attributes do, and the exported directory is hardly ever moved. */
const ROOT_LOOKS = 64;

export interface HeldFilesOptions {
  readonly table: NameTable;
  readonly heldMax: number;
  readonly otherFileSystems: "include" | "refuse";
  /** How many entries a search for a file that somebody else moved may look at. */
  readonly searchedMax: number;
}

export class HeldFiles {
  readonly root: HeldFile;
  readonly #options: HeldFilesOptions;
  readonly #held = new Map<FileKey, HeldFile>();
  #lastSearch: Promise<unknown> = Promise.resolve();
  #searches = 0;
  /** Who was seen to stand in the exported directory in this turn, in which nothing else happens. */
  readonly #insideNow = new Set<HeldFile>();
  /** Where the exported directory was, and how often that is still believed. */
  #rootPath = "";
  #rootLooksLeft = 0;

  /** `root` is an open directory, and these are its facts. */
  constructor(root: number, facts: system.Facts, options: HeldFilesOptions) {
    this.#options = options;
    this.root = new HeldFile({ key: keyOf(0, facts), descriptor: root, fileSystem: 0, facts });
    this.root.uses++;
  }

  /** Does something with a file while it is held, if it still stands in the exported directory. */
  async use<T>(key: FileKey, act: (file: HeldFile) => T | Status | Promise<T | Status>): Promise<T | Status> {
    const file = await this.#take(key);
    if (typeof file === "string") return file;
    try {
      return this.#isInside(file) ? await act(file) : "STALE";
    } finally {
      file.release();
      this.#trim();
    }
  }

  useDirectory<T>(key: FileKey, act: (directory: HeldFile) => T | Status | Promise<T | Status>): Promise<T | Status> {
    return this.use(key, (file) => (file.kind === "directory" ? act(file) : "NOTDIR"));
  }

  /** The file, where it is held already and stands in the exported directory; null where that cannot be said at once. It is held for this turn only. */
  atHand(key: FileKey): HeldFile | null {
    const file = key === this.root.key ? this.root : this.#held.get(key);
    if (file === undefined || file.fileSystem !== this.root.fileSystem) return null;
    if (this.#insideNow.has(file)) return file;
    if (!this.#isInside(file)) return null;
    if (this.#insideNow.size === 0) queueMicrotask(() => this.#insideNow.clear());
    this.#insideNow.add(file);
    if (file !== this.root) {
      this.#held.delete(key);
      this.#held.set(key, file);
    }
    return file;
  }

  isHeld(key: FileKey): boolean {
    return this.#held.has(key) || key === this.root.key;
  }

  /** Who a file in this directory is, or ACCES where it belongs to another file system and those are refused. */
  identify(directory: Directory, name: string, facts: system.Facts): Identity | Status {
    if (facts.device === directory.device) return identity(directory.fileSystem, facts);
    if (this.#options.otherFileSystems === "refuse") return "ACCES";
    return identity(this.#options.table.innerMount({ directory: directory.key, name }), facts);
  }

  /** Holds a file that has just been made, by the descriptor it was made with. */
  adopt(file: HeldFile): void {
    this.#held.set(file.key, file);
    this.#trim();
  }

  /** Lets go of a file that is gone. */
  drop(key: FileKey): void {
    const file = this.#held.get(key);
    if (file === undefined) return;
    this.#held.delete(key);
    this.#insideNow.delete(file);
    file.letGo();
  }

  /** The names from the exported directory down to a held one, by what the kernel says. */
  namesTo(file: HeldFile): readonly string[] {
    const above = system.whereIs(this.root.descriptor);
    return system
      .whereIs(file.descriptor)
      .slice(above.length)
      .split("/")
      .filter((name) => name !== "")
      .map((name) => fileNameText(Buffer.from(name, "latin1")));
  }

  close(): void {
    for (const file of this.#held.values()) file.letGo();
    this.#held.clear();
    this.#insideNow.clear();
    this.root.letGo();
    this.root.release();
  }

  async #take(key: FileKey): Promise<HeldFile | Status> {
    if (key === this.root.key) return this.#taken(this.root);
    const held = this.#held.get(key);
    if (held === undefined) return this.#open(key);
    this.#held.delete(key);
    this.#held.set(key, held);
    return this.#taken(held);
  }

  #taken(file: HeldFile): HeldFile {
    file.uses++;
    return file;
  }

  /** The way down, by the names of the table. */
  async #open(key: FileKey): Promise<HeldFile | Status> {
    const way = this.#wayTo(key);
    if (way === null) return "STALE";
    let at = await this.#take(way.from);
    for (const step of way.steps) {
      // Its directory is gone; it may have been moved out of it before.
      if (at === "STALE") return this.#findAgain(key, this.root);
      if (typeof at === "string") return at;
      const above: HeldFile = at;
      const next: HeldFile | Status = await this.#stepDown(above, step);
      above.release();
      at = next;
    }
    this.#trim();
    return at;
  }

  /** Only table and held files are asked, nothing waits in here: so no two ways can wait for each other. */
  #wayTo(key: FileKey): { readonly from: FileKey; readonly steps: readonly Step[] } | null {
    const steps: Step[] = [];
    for (let at = key; !this.isHeld(at);) {
      const [place] = this.#options.table.places(at);
      if (place === undefined || steps.length === DEPTH_MAX) return null;
      steps.unshift({ key: at, name: place.name });
      at = place.directory;
      // Others may have put two directories into each other's places since both were seen; a search finds them.
      if (steps.some((step) => step.key === at)) return { from: this.root.key, steps: steps.slice(-1) };
      if (this.isHeld(at)) return { from: at, steps };
    }
    return { from: key, steps };
  }

  async #stepDown(above: HeldFile, { key, name }: Step): Promise<HeldFile | Status> {
    const found = await this.#holdIn(above, name, key);
    if (found !== "NOENT") return found;
    const places = this.#options.table.allPlaces(key);
    // Only a file has several names.
    for (const place of places.length > 1 ? places : []) {
      const other = await this.use(place.directory, (directory) => this.#holdIn(directory, place.name, key));
      if (typeof other !== "string") return other;
      this.#options.table.forgetPlace(key, place);
    }
    return this.#findAgain(key, above);
  }

  /** The file if it stands there, NOENT if another does or none. */
  async #holdIn(directory: HeldFile, name: string, key: FileKey): Promise<HeldFile | Status> {
    const descriptor = await system.hold({ directory: directory.descriptor, name });
    if (typeof descriptor === "string") return descriptor === "NOTDIR" ? "NOENT" : descriptor;
    const facts = await system.facts(descriptor);
    const who = typeof facts === "string" ? facts : this.identify(directory, name, facts);
    if (typeof facts === "string" || typeof who === "string" || who.key !== key) {
      system.close(descriptor);
      return typeof who === "string" ? who : "NOENT";
    }
    const other = this.#held.get(key);
    if (other !== undefined) {
      // Somebody else was quicker.
      system.close(descriptor);
      return this.#taken(other);
    }
    const file = new HeldFile({ key, descriptor, fileSystem: who.fileSystem, facts });
    this.#held.set(key, file);
    return this.#taken(file);
  }

  /** One search at a time; what is not found is forgotten, so that nobody searches for it twice. */
  async #findAgain(key: FileKey, near: HeldFile): Promise<HeldFile | Status> {
    if (this.#searches >= SEARCHES_MAX) return "JUKEBOX";
    this.#searches++;
    near.uses++;
    const found = this.#lastSearch.then(() => this.#search(key, near));
    this.#lastSearch = found.catch(() => undefined);
    try {
      return await found;
    } finally {
      near.release();
      this.#searches--;
    }
  }

  async #search(key: FileKey, near: HeldFile): Promise<HeldFile | Status> {
    const budget = { entries: this.#options.searchedMax };
    for (const from of new Set([near, this.root])) {
      const way = await search(from, key, { budget, identify: (...what) => this.identify(...what) });
      const found = way === null ? null : await this.#followNew(from, way);
      if (found !== null) return found;
    }
    this.#options.table.forget(key);
    return "STALE";
  }

  /** Down a way that was just found, which the table does not know yet. */
  async #followNew(from: HeldFile, way: readonly Step[]): Promise<HeldFile | null> {
    let at = this.#taken(from);
    for (const { key, name } of way) {
      const next = await this.#holdIn(at, name, key);
      const place = { directory: at.key, name };
      at.release();
      if (typeof next === "string") return null;
      this.#options.table.remember({ key, place, isDirectory: next.kind === "directory" });
      at = next;
    }
    return at;
  }

  #isInside(file: HeldFile): boolean {
    if (file === this.root) return true;
    const here = system.whereIs(file.descriptor);
    if (this.#rootLooksLeft-- > 0 && isBelow(here, this.#rootPath)) return true;
    this.#rootPath = system.whereIs(this.root.descriptor);
    this.#rootLooksLeft = ROOT_LOOKS;
    return isBelow(here, this.#rootPath);
  }

  #trim(): void {
    if (this.#held.size <= this.#options.heldMax) return;
    for (const [key, file] of this.#held) {
      if (file.uses > 0) continue;
      this.#held.delete(key);
      this.#insideNow.delete(file);
      file.letGo();
      if (this.#held.size <= this.#options.heldMax) return;
    }
  }
}

function isBelow(path: string, root: string): boolean {
  return root === "/" || (path.startsWith(root) && path[root.length] === "/");
}

/** What of a directory tells who is in it. */
export type Directory = Pick<HeldFile, "key" | "descriptor" | "device" | "fileSystem">;

export interface Identity {
  readonly key: FileKey;
  readonly fileSystem: number;
  readonly attributes: Attributes;
}

function identity(fileSystem: number, facts: system.Facts): Identity {
  return { key: keyOf(fileSystem, facts), fileSystem, attributes: attributesOf(fileSystem, facts) };
}

export function attributesOf(fileSystem: number, { attributes }: system.Facts): Attributes {
  return { ...attributes, fileSystemId: BigInt(fileSystem) };
}

/** Number of the file system, inode, and when it was made, so that the inode's next owner is another file. */
function keyOf(fileSystem: number, { born, attributes }: system.Facts): FileKey {
  const octets = Buffer.allocUnsafe(20);
  octets.writeUInt32BE(fileSystem, 0);
  octets.writeBigUInt64BE(attributes.fileId, 4);
  octets.writeBigUInt64BE(BigInt.asUintN(64, born), 12);
  return fileKey(octets);
}
