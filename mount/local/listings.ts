/**
 * Listings of directories that are under way, so that the next page goes on where the last one ended and no directory is held whole: a few open ones, each with its last page.
 * A listing that was given up is begun again and run up to its place. A cookie is that place and a digest of the name before it, by which the place is found
 * again when names have come or gone; where that name itself is gone, the listing cannot go on (BAD_COOKIE).
 */
import { type FileKey } from "../file-key.ts";
import { fileNameText } from "../file-name.ts";
import type { ListEntry, ListPart } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import * as system from "./system-calls.ts";

const LISTINGS_MAX = 64;
const BUFFER_ENTRIES = 512;
/** A page is read from the disk so many entries at a time, so that one listing does not take all the threads that wait for disks. */
const TOGETHER = 64;
const DIGEST_BITS = 32n;

type Described = Omit<ListEntry, "cookie"> | null;

/** What a listing wants to know of each name: the entry without its cookie, or null when the name is gone or not for others. */
export type Describe = (name: string, isFile: boolean) => Described | Promise<Described>;

export interface ListedDirectory {
  readonly key: FileKey;
  readonly descriptor: number;
}

/** One name in a directory, not yet looked at. */
interface Name extends system.ListedName {
  readonly cookie: bigint;
}

class OpenListing {
  readonly directory: FileKey;
  readonly #listing: system.Listing;
  #position = 0n;
  /** The last page, and one name more, which tells whether there is a next page. */
  #window: { from: bigint; names: Name[] } = { from: 0n, names: [] };
  #isEnd = false;
  #turn: Promise<unknown> = Promise.resolve();
  #users = 0;
  #isClosed = false;

  constructor(directory: FileKey, listing: system.Listing) {
    this.directory = directory;
    this.#listing = listing;
  }

  /** Whether the place stands in its last page. */
  hasPlace(cookie: bigint): boolean {
    return this.#window.from === cookie || this.#window.names.some((name) => name.cookie === cookie);
  }

  /** The names after a cookie and whether they are the last; null when another has taken the listing elsewhere meanwhile. */
  page(cookie: bigint, entriesMax: number): Promise<NamePage | null | Status> {
    if (this.#isClosed) return Promise.resolve(null);
    this.#users++;
    const page = this.#turn.then(() => this.#page(cookie, entriesMax));
    this.#turn = page.catch(() => undefined);
    return page.finally(() => {
      this.#users--;
      if (this.#isClosed) this.close();
    });
  }

  /** Runs up to the place behind a cookie. BAD_COOKIE when the name before it is gone. */
  async runTo(cookie: bigint): Promise<null | Status> {
    for (;;) {
      const name = await this.#next();
      if (isStatus(name)) return name;
      if (name === null) return "BAD_COOKIE";
      if (digestOf(name.cookie) !== digestOf(cookie)) continue;
      this.#position = cookie >> DIGEST_BITS;
      this.#window = { from: cookie, names: [] };
      return null;
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#users === 0) this.#listing.close();
  }

  async #page(cookie: bigint, entriesMax: number): Promise<NamePage | null | Status> {
    if (!this.hasPlace(cookie)) return null;
    const names = this.#window.names;
    const first = this.#window.from === cookie ? 0 : names.findIndex((name) => name.cookie === cookie) + 1;
    const page = names.slice(first);
    while (page.length <= entriesMax && !this.#isEnd) {
      const name = await this.#next();
      if (isStatus(name)) return name;
      if (name !== null) page.push(name);
    }
    this.#window = { from: cookie, names: page };
    return { names: page.slice(0, entriesMax), isEnd: page.length <= entriesMax };
  }

  async #next(): Promise<Name | null | Status> {
    const listed = await this.#listing.next();
    if (listed === null) this.#isEnd = true;
    if (listed === null || isStatus(listed)) return listed;
    return { ...listed, cookie: (++this.#position << DIGEST_BITS) | BigInt(digest(listed.octets)) };
  }
}

interface NamePage {
  readonly names: readonly Name[];
  readonly isEnd: boolean;
}

export class Listings {
  /** Most recently used last. */
  readonly #open = new Set<OpenListing>();

  async list(
    directory: ListedDirectory,
    page: { readonly cookie: bigint; readonly entriesMax: number },
    describe: Describe,
  ): Promise<ListPart | Status> {
    const found = await this.#names(directory, page);
    if (typeof found === "string") return found;
    const entries: ListEntry[] = [];
    for (let at = 0; at < found.names.length; at += TOGETHER) {
      const some = found.names.slice(at, at + TOGETHER);
      const described = await Promise.all(
        some.map(async ({ octets, isFile }) => describe(fileNameText(octets), isFile)),
      );
      described.forEach((entry, i) => {
        if (entry !== null) entries.push({ ...entry, cookie: some[i]!.cookie });
      });
    }
    const last = found.names.at(-1);
    // A page of which nothing is left would say that the listing stands still.
    if (entries.length === 0 && !found.isEnd && last !== undefined) {
      return this.list(directory, { ...page, cookie: last.cookie }, describe);
    }
    return { entries, isEnd: found.isEnd };
  }

  close(): void {
    for (const listing of this.#open) listing.close();
    this.#open.clear();
  }

  async #names(
    { key, descriptor }: ListedDirectory,
    { cookie, entriesMax }: { readonly cookie: bigint; readonly entriesMax: number },
  ): Promise<NamePage | Status> {
    // From the start everything is read anew, or what was made since would not be seen.
    for (const open of cookie === 0n ? [] : [...this.#open].reverse()) {
      if (open.directory !== key || !open.hasPlace(cookie)) continue;
      const page = await this.#keep(open).page(cookie, entriesMax);
      if (page !== null) return page;
    }
    const listing = await system.openListing(descriptor, BUFFER_ENTRIES);
    if (typeof listing === "string") return listing;
    const open = new OpenListing(key, listing);
    const fault = cookie === 0n ? null : await open.runTo(cookie);
    const page = fault ?? (await open.page(cookie, entriesMax));
    if (page === null || typeof page === "string") {
      open.close();
      return page ?? "SERVERFAULT";
    }
    if (page.isEnd) open.close();
    else this.#keep(open);
    return page;
  }

  #keep(open: OpenListing): OpenListing {
    this.#open.delete(open);
    this.#open.add(open);
    if (this.#open.size <= LISTINGS_MAX) return open;
    for (const oldest of this.#open) {
      this.#open.delete(oldest);
      oldest.close();
      break;
    }
    return open;
  }
}

function digestOf(cookie: bigint): bigint {
  return BigInt.asUintN(Number(DIGEST_BITS), cookie);
}

/** FNV-1a of 32 bits: it need not withstand anybody, only tell names apart. */
function digest(octets: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const octet of octets) hash = Math.imul(hash ^ octet, 0x01000193);
  return hash >>> 0;
}
