/** Directories that the kernel has open: where each listing is, and what did not fit into the last page. */
import { type FileKey } from "../file-key.ts";
import type { Attributes, FileSystem, Found, ListEntry } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { DirectoryPage, type Entry, inodeNumber } from "./reply.ts";

/** Places of "." and "..", which no file system lists; above all that one gives, as 2^63 is to the kernel. */
const DOT = 0x7fff_ffff_ffff_fffen;
const DOT_DOT = 0x7fff_ffff_ffff_ffffn;
/** What a line takes at least, with a name of eight octets. */
const LINE_OCTETS = 32;
const LINE_WITH_ENTRY_OCTETS = 160;

export interface PageWish {
  readonly cookie: bigint;
  readonly sizeOctets: number;
  /** Tells an entry to the kernel, for pages that carry entries; null makes a plain page. */
  readonly tell: ((found: Found) => Entry) | null;
}

interface OpenDirectory {
  readonly key: FileKey;
  readonly attributes: Attributes;
  /** What was listed and not sent yet, and from where it goes on. */
  rest: { readonly after: bigint; readonly entries: readonly ListEntry[]; readonly isEnd: boolean } | null;
}

export class Directories {
  readonly #open = new Map<number, OpenDirectory>();
  #lastHandle = 0;

  open(key: FileKey, attributes: Attributes): number {
    this.#open.set(++this.#lastHandle, { key, attributes, rest: null });
    return this.#lastHandle;
  }

  close(handle: number): void {
    this.#open.delete(handle);
  }

  async page(fileSystem: FileSystem, handle: number, wish: PageWish): Promise<Uint8Array | Status> {
    const directory = this.#open.get(handle);
    if (directory === undefined) return "BADHANDLE";
    const page = new DirectoryPage(wish.sizeOctets);
    const after = addDots(page, directory, wish);
    const entriesMax = Math.ceil(wish.sizeOctets / (wish.tell === null ? LINE_OCTETS : LINE_WITH_ENTRY_OCTETS));
    const listed =
      directory.rest?.after === after ? directory.rest : await fileSystem.list(directory.key, after, entriesMax);
    if (isStatus(listed)) return listed;
    const { entries, isEnd } = listed;
    let count = 0;
    let place = after;
    for (const entry of entries) {
      if (!addLine(page, directory, entry, wish.tell)) break;
      count++;
      place = entry.cookie;
    }
    directory.rest = null;
    if (count < entries.length || isEnd) directory.rest = { after: place, entries: entries.slice(count), isEnd };
    return page.octets;
  }
}

/** From where the file system's own entries are wanted. */
function addDots(page: DirectoryPage, { attributes }: OpenDirectory, { cookie, tell }: PageWish): bigint {
  const inode = inodeNumber(attributes.fileId, attributes.fileSystemId);
  const add = (name: string, place: bigint): void => {
    const line = { name, inode, cookie: place, attributes };
    if (tell === null) page.add(line);
    else page.addWithEntry(line, null);
  };
  if (cookie === 0n) add(".", DOT);
  if (cookie === 0n || cookie === DOT) add("..", DOT_DOT);
  return cookie === DOT || cookie === DOT_DOT ? 0n : cookie;
}

function addLine(
  page: DirectoryPage,
  { attributes }: OpenDirectory,
  { name, fileId, cookie, found }: ListEntry,
  tell: PageWish["tell"],
): boolean {
  const fileSystemId = found?.attributes.fileSystemId ?? attributes.fileSystemId;
  const line = { name, cookie, inode: inodeNumber(fileId, fileSystemId), attributes: found?.attributes ?? null };
  if (tell === null) return page.add(line);
  // Told only when there is room, for what is told counts.
  if (!page.hasRoomWithEntry(name)) return false;
  return page.addWithEntry(line, found === null ? null : tell(found));
}
