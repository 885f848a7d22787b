/** Procedures that change names in directories: CREATE, MKDIR, SYMLINK, MKNOD, REMOVE, RMDIR, RENAME, LINK (RFC 1813 §3.3.8 to §3.3.15). */
import { nameFault } from "../file-name.ts";
import { type AttributeChanges, type Found, type NewFile } from "../file-system.ts";
import { type WccData, type WirePlace } from "../nfs/attributes.ts";
import {
  type BothDirectories,
  type CreateArguments,
  type LinkArguments,
  type Linked,
  type Made,
  type MakeDirectoryArguments,
  type MakeNodeArguments,
  type RenameArguments,
  type SymbolicLinkArguments,
} from "../nfs/directory-procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { isStatus, type Status } from "../status.ts";
import { EXECUTE, hasRights, isMember, isOwner, isRoot, isStickyFor, mayWrite, WRITE } from "./caller.ts";
import { change, UNKNOWN_WCC } from "./changing.ts";
import { type Client, type Desk, handleOf, open, see, type Seen } from "./desk.ts";
import { type Answer, andThen } from "../soon.ts";

const SET_GROUP = 0o2000;

export function create(desk: Desk, client: Client, { place, file }: CreateArguments): Answer<Result<Made, WccData>> {
  return make(desk, client, place, {
    file: (attributes) => ({ ...file, attributes: attributes(file.attributes) }),
    fault: (seen) => (file.how === "unchecked" ? cutFault(desk, seen, place.name, file.attributes) : null),
  });
}

/** A file that is there already is cut to the size that is given, which is writing to it. */
function cutFault(desk: Desk, directory: Seen, name: string, { sizeOctets }: AttributeChanges): Answer<Status | null> {
  if (sizeOctets === undefined) return null;
  return andThen(desk.fileSystem.lookup(directory.key, name), (found) =>
    isStatus(found) || mayWrite(directory.caller, found.attributes) ? null : "ACCES",
  );
}

export function makeDirectory(
  desk: Desk,
  client: Client,
  { place, attributes: given }: MakeDirectoryArguments,
): Answer<Result<Made, WccData>> {
  const file: Making["file"] = (attributes) => ({ kind: "directory", attributes: attributes(given) });
  return make(desk, client, place, { file, fault: () => null });
}

export function makeLink(
  desk: Desk,
  client: Client,
  { place, attributes: given, target }: SymbolicLinkArguments,
): Answer<Result<Made, WccData>> {
  const file: Making["file"] = (attributes) => ({ kind: "link", target, attributes: attributes(given) });
  return make(desk, client, place, { file, fault: () => null });
}

/** Nobody opens a device or a pipe over a mount here. */
export function makeNode(
  desk: Desk,
  client: Client,
  { place, kind }: MakeNodeArguments,
): Answer<Result<Made, WccData>> {
  const refused = change<never>(desk, client, {
    handles: [place.directory],
    fault: () => (kind === "other" ? "BADTYPE" : "NOTSUPP"),
    act: () => "NOTSUPP",
  });
  return andThen(refused, ({ outcome, wcc }) => ({ status: outcome, bad: wcc[0]! }));
}

interface Making {
  /** What is to be made, with its attributes as the caller may have them. */
  readonly file: (attributes: (given: AttributeChanges) => AttributeChanges) => NewFile;
  /** What else is against it. */
  readonly fault: (directory: Seen) => Answer<Status | null>;
}

function make(
  desk: Desk,
  client: Client,
  { directory, name }: WirePlace,
  making: Making,
): Answer<Result<Made, WccData>> {
  let maker: Seen | null = null;
  const done = change<Found>(desk, client, {
    handles: [directory],
    fault: (seen) => directoryFault(seen) ?? nameFault(name) ?? (isDots(name) ? "EXIST" : null) ?? making.fault(seen),
    act: (seen) => {
      maker = seen;
      const file = making.file((given) => owned(seen, given));
      return desk.fileSystem.create({ directory: seen.key, name }, file);
    },
  });
  return andThen(done, ({ outcome, wcc }) =>
    isStatus(outcome) || maker === null
      ? { status: isStatus(outcome) ? outcome : "SERVERFAULT", bad: wcc[0]! }
      : {
          status: "OK",
          good: {
            handle: handleOf(desk, maker, outcome.key),
            attributes: outcome.attributes,
            directory: wcc[0]!,
          },
        },
  );
}

/** What is made belongs to its maker, and to the directory's group where that says so. Only root makes it somebody else's. */
function owned({ caller, attributes }: Seen, given: AttributeChanges): AttributeChanges {
  const gid = (attributes.mode & SET_GROUP) !== 0 ? attributes.gid : caller.gid;
  if (isRoot(caller)) return { uid: caller.uid, gid, ...given };
  const { gid: wanted, ...others } = given;
  return { ...others, uid: caller.uid, gid: wanted !== undefined && isMember(caller, wanted) ? wanted : gid };
}

function directoryFault({ caller, attributes }: Seen): Status | null {
  if (attributes.kind !== "directory") return "NOTDIR";
  return hasRights(caller, attributes, WRITE | EXECUTE) ? null : "ACCES";
}

function isDots(name: string): boolean {
  return name === "." || name === "..";
}

export function remove(desk: Desk, client: Client, place: WirePlace): Answer<Result<WccData, WccData>> {
  return takeAway(desk, client, place, (key) => desk.fileSystem.remove({ directory: key, name: place.name }));
}

export function removeDirectory(desk: Desk, client: Client, place: WirePlace): Answer<Result<WccData, WccData>> {
  return takeAway(desk, client, place, (key) => desk.fileSystem.removeDirectory({ directory: key, name: place.name }));
}

function takeAway(
  desk: Desk,
  client: Client,
  { directory, name }: WirePlace,
  act: (key: Seen["key"]) => ReturnType<Desk["fileSystem"]["remove"]>,
): Answer<Result<WccData, WccData>> {
  const done = change<null>(desk, client, {
    handles: [directory],
    fault: (seen) => directoryFault(seen) ?? nameFault(name) ?? dotsFault(name) ?? stickyFault(desk, seen, name),
    act: ({ key }) => act(key),
  });
  return andThen(done, ({ outcome, wcc }) =>
    isStatus(outcome) ? { status: outcome, bad: wcc[0]! } : { status: "OK", good: wcc[0]! },
  );
}

/** RFC 1813 §3.3.13: "." is no valid argument, and ".." is there whatever one does. */
function dotsFault(name: string): Status | null {
  if (name === ".") return "INVAL";
  return name === ".." ? "EXIST" : null;
}

function stickyFault(desk: Desk, directory: Seen, name: string): Answer<Status | null> {
  if (!isStickyFor(directory.caller, directory.attributes)) return null;
  return andThen(desk.fileSystem.lookup(directory.key, name), (found) => {
    if (isStatus(found)) return found === "NOENT" ? null : found;
    return isOwner(directory.caller, found.attributes) ? null : "PERM";
  });
}

export function rename(
  desk: Desk,
  client: Client,
  { from, to }: RenameArguments,
): Answer<Result<BothDirectories, BothDirectories>> {
  const done = change<null>(desk, client, {
    handles: [from.directory, to.directory],
    fault: (source, target) => {
      if (source === undefined || target === undefined) return "SERVERFAULT";
      // Otherwise a file could be moved out of what its handle's export shows.
      if (source.published !== target.published) return "XDEV";
      const fault = directoryFault(source) ?? directoryFault(target) ?? nameFault(from.name) ?? nameFault(to.name);
      if (fault !== null) return fault;
      if (isDots(from.name) || isDots(to.name)) return "INVAL";
      return andThen(stickyFault(desk, source, from.name), (why) => why ?? stickyFault(desk, target, to.name));
    },
    act: (source, target) =>
      source === undefined || target === undefined
        ? "SERVERFAULT"
        : desk.fileSystem.rename({ directory: source.key, name: from.name }, { directory: target.key, name: to.name }),
  });
  return andThen(done, ({ outcome, wcc }) => {
    const both = { from: wcc[0]!, to: wcc[1]! };
    return isStatus(outcome) ? { status: outcome, bad: both } : { status: "OK", good: both };
  });
}

/** The directory is what changes; the file's own attributes are told as well. */
export function link(desk: Desk, client: Client, { handle, place }: LinkArguments): Answer<Result<Linked, Linked>> {
  return andThen(open(desk, client, handle), (file) => {
    if (isStatus(file)) return { status: file, bad: { attributes: null, directory: UNKNOWN_WCC } };
    const { directory, name } = place;
    const done = change<null>(desk, client, {
      handles: [directory],
      fault: (seen) => {
        if (seen.published !== file.published) return "XDEV";
        return directoryFault(seen) ?? nameFault(name) ?? (isDots(name) ? "EXIST" : null);
      },
      act: ({ key }) => desk.fileSystem.link(file.key, { directory: key, name }),
    });
    return andThen(done, ({ outcome, wcc }) =>
      andThen(see(desk, client, handle), (seen) => {
        const linked = { attributes: isStatus(seen) ? null : seen.attributes, directory: wcc[0]! };
        return isStatus(outcome) ? { status: outcome, bad: linked } : { status: "OK", good: linked };
      }),
    );
  });
}
