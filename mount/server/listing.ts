/**
 * READDIR and READDIRPLUS (RFC 1813 §3.3.16, §3.3.17): page by page, so that a directory is never held whole. "." and ".." come first, because clients show what they are
 * sent; their cookies are 1 and 2, and all others are the file system's own, two further on.
 */
import { type Attributes, type Found, type ListEntry, type ListPart } from "../file-system.ts";
import {
  entryOctets,
  entryPlusOctets,
  LIST_OCTETS,
  type ListArguments,
  type Listed,
  type ListPlusArguments,
  type WireEntry,
  type WireEntryPlus,
} from "../nfs/listing-procedures.ts";
import { TRANSFER_OCTETS_MAX } from "../nfs/file-procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { isStatus, type Status } from "../status.ts";
import { hasRights, READ } from "./caller.ts";
import { type Client, type Desk, handleOf, see, type Seen } from "./desk.ts";
import { type Answer, andThen } from "../soon.ts";

/** Cookies mean the same in every listing and after a restart; the file system says itself when one is no longer good. */
const VERIFIER = 1n;
const DOTS = 2n;
/** About what an entry takes, to ask the file system for as many as may fit. */
const ENTRY_OCTETS = 40;
const ENTRY_PLUS_OCTETS = 180;
const ENTRIES_MAX = 10_000;

type Bad = Attributes | null;

/** What fits: how long entries may be together, and their names in READDIRPLUS. */
interface Budget {
  octets: number;
  nameOctets: number;
}

interface Page<E> {
  readonly seen: Seen;
  readonly cookie: bigint;
  readonly entries: E[];
  readonly budget: Budget;
  readonly entryOctets: number;
  /** The entry as it is sent, and how long it is. */
  readonly make: (entry: ListEntry) => { readonly entry: E; readonly octets: number };
}

export function list(desk: Desk, client: Client, asked: ListArguments): Answer<Result<Listed<WireEntry>, Bad>> {
  return listed(desk, client, asked, (seen) => ({
    seen,
    cookie: asked.cookie,
    entries: [],
    budget: { octets: Math.min(asked.octetsMax, TRANSFER_OCTETS_MAX) - LIST_OCTETS, nameOctets: Infinity },
    entryOctets: ENTRY_OCTETS,
    make: ({ name, fileId, cookie }) => ({ entry: { name, fileId, cookie }, octets: entryOctets(name) }),
  }));
}

export function listPlus(
  desk: Desk,
  client: Client,
  asked: ListPlusArguments,
): Answer<Result<Listed<WireEntryPlus>, Bad>> {
  return listed(desk, client, asked, (seen) => ({
    seen,
    cookie: asked.cookie,
    entries: [],
    budget: {
      octets: Math.min(asked.octetsMax, TRANSFER_OCTETS_MAX) - LIST_OCTETS,
      nameOctets: asked.nameOctetsMax,
    },
    entryOctets: ENTRY_PLUS_OCTETS,
    make: ({ name, fileId, cookie, found }) => {
      const handle = found === null ? null : handleOf(desk, seen, found.key);
      const entry = { name, fileId, cookie, attributes: found === null ? null : found.attributes, handle };
      return { entry, octets: entryPlusOctets(entry) };
    },
  }));
}

function listed<E>(
  desk: Desk,
  client: Client,
  asked: ListArguments,
  page: (seen: Seen) => Page<E>,
): Answer<Result<Listed<E>, Bad>> {
  return andThen(see(desk, client, asked.handle), (seen) => {
    if (isStatus(seen)) return { status: seen, bad: null };
    const bad = seen.attributes;
    if (bad.kind !== "directory") return { status: "NOTDIR", bad };
    if (!hasRights(seen.caller, bad, READ)) return { status: "ACCES", bad };
    if (asked.cookie !== 0n && asked.verifier !== VERIFIER) return { status: "BAD_COOKIE", bad };
    const begun = page(seen);
    return andThen(filled(desk, begun), (isEnd) => {
      if (isStatus(isEnd)) return { status: isEnd, bad };
      if (begun.entries.length === 0 && !isEnd) return { status: "TOOSMALL", bad };
      return { status: "OK", good: { directory: bad, verifier: VERIFIER, entries: begun.entries, isEnd } };
    });
  });
}

/** Fills the page; true when the directory ends with it. */
function filled<E>(desk: Desk, page: Page<E>): Answer<boolean | Status> {
  if (page.cookie >= DOTS) return withEntries(desk, page, page.cookie - DOTS);
  return andThen(dots(page), (entries) => {
    if (isStatus(entries)) return entries;
    for (const entry of entries) if (!add(page, entry)) return false;
    return withEntries(desk, page, 0n);
  });
}

/** "." and "..", or what of them is wanted. */
function dots<E>({ seen, cookie }: Page<E>): Answer<readonly ListEntry[] | Status> {
  return andThen(seen.published.parent(seen.key), (parent) => {
    if (isStatus(parent)) return parent;
    const self: Found = { key: seen.key, attributes: seen.attributes };
    const both = [dotEntry(".", self, 1n), dotEntry("..", parent, DOTS)];
    return both.slice(Number(cookie));
  });
}

function dotEntry(name: string, found: Found, cookie: bigint): ListEntry {
  return { name, fileId: found.attributes.fileId, cookie, found };
}

function withEntries<E>(desk: Desk, page: Page<E>, after: bigint): Answer<boolean | Status> {
  const likely = Math.ceil(page.budget.octets / page.entryOctets);
  // One more than fits tells nothing, one less costs a call: about enough is asked for, and the client comes back.
  const entriesMax = Math.max(1, Math.min(likely, ENTRIES_MAX));
  return andThen(desk.fileSystem.list(page.seen.key, after, entriesMax), (part) =>
    isStatus(part) ? part : addAll(page, part),
  );
}

function addAll<E>(page: Page<E>, part: ListPart): boolean {
  for (const { name, fileId, cookie, found } of part.entries) {
    if (!add(page, { name, fileId, cookie: BigInt.asUintN(64, cookie + DOTS), found })) return false;
  }
  return part.isEnd;
}

function add<E>(page: Page<E>, listEntry: ListEntry): boolean {
  const { entry, octets } = page.make(listEntry);
  const nameOctets = entryOctets(listEntry.name);
  const { budget } = page;
  // One entry is sent whatever was said about names alone: a client could not go on otherwise.
  const isNameTooMuch = nameOctets > budget.nameOctets && page.entries.length > 0;
  if (octets > budget.octets || isNameTooMuch) return false;
  budget.octets -= octets;
  budget.nameOctets -= nameOctets;
  page.entries.push(entry);
  return true;
}
