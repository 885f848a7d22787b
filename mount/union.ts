/**
 * Unions of directories as in Plan 9: members in order, the first that has a name is the one that is seen there, listings are merged. A member that cannot say whether it has
 * a name ends the lookup: to go on would show a file that is not the one meant.
 */
import { type FileKey } from "./file-key.ts";
import type { ListEntry, ListPart, Soon } from "./file-system.ts";
import { afterwards, whatever } from "./soon.ts";
import { isStatus, type Status } from "./status.ts";

/** Listings that are kept to be gone on with. */
const LISTINGS_MAX = 32;
const PAGE_ENTRIES = 512;
/** A merged listing has to be held whole, to know which names were there already. */
const ENTRIES_MAX = 200_000;

/** The outcome in the first member that has it. */
export function lookupUnion<T>(members: readonly FileKey[], look: (member: FileKey) => Soon<T>): Soon<T> {
  const from = (at: number): Soon<T> => {
    if (at === members.length) return "NOENT";
    return whatever(look(members[at]!), (answer) => (answer === "NOENT" ? from(at + 1) : answer));
  };
  return from(0);
}

export interface UnionRequest {
  readonly directory: FileKey;
  readonly members: readonly FileKey[];
  readonly cookie: bigint;
  readonly entriesMax: number;
}

type ListMember = (member: FileKey, cookie: bigint, entriesMax: number) => Soon<ListPart>;

/** Merged listings. A cookie is a place in the list; a list that was dropped meanwhile is made again, and its order is the members' own. */
export class UnionListings {
  readonly #kept = new Map<FileKey, readonly ListEntry[]>();

  part(request: UnionRequest, list: ListMember): Soon<ListPart> {
    const kept = request.cookie === 0n ? undefined : this.#kept.get(request.directory);
    if (kept !== undefined) return partOf(kept, request);
    return afterwards(merged(request.members, list), (entries) => {
      this.#keep(request.directory, entries);
      return partOf(entries, request);
    });
  }

  #keep(directory: FileKey, entries: readonly ListEntry[]): void {
    this.#kept.delete(directory);
    this.#kept.set(directory, entries);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= LISTINGS_MAX) break;
      this.#kept.delete(oldest);
    }
  }
}

function partOf(all: readonly ListEntry[], { cookie, entriesMax }: UnionRequest): ListPart | Status {
  if (cookie > BigInt(all.length)) return "BAD_COOKIE";
  const from = Number(cookie);
  const entries = all.slice(from, from + entriesMax);
  return { entries, isEnd: from + entries.length === all.length };
}

async function merged(members: readonly FileKey[], list: ListMember): Promise<readonly ListEntry[] | Status> {
  const all = new Map<string, ListEntry>();
  for (const member of members) {
    for (let cookie = 0n; ;) {
      const part = await list(member, cookie, PAGE_ENTRIES);
      if (isStatus(part)) return part;
      for (const entry of part.entries) {
        if (!all.has(entry.name)) all.set(entry.name, { ...entry, cookie: BigInt(all.size + 1) });
      }
      if (all.size > ENTRIES_MAX) return "FBIG";
      const last = part.entries.at(-1);
      if (part.isEnd || last === undefined) break;
      cookie = last.cookie;
    }
  }
  return [...all.values()];
}
