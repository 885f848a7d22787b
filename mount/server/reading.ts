/** Procedures that change nothing: GETATTR, LOOKUP, ACCESS, READLINK, READ, FSSTAT, FSINFO, PATHCONF (RFC 1813 §3.3.1, §3.3.3 to §3.3.6, §3.3.18 to §3.3.20). */
import { nameFault } from "../file-name.ts";
import { type Attributes, type Found } from "../file-system.ts";
import {
  ACCESS,
  type AccessArguments,
  type AccessGranted,
  type LinkRead,
  type PartRead,
  type ReadArguments,
  TRANSFER_OCTETS_MAX,
} from "../nfs/file-procedures.ts";
import { type WirePlace } from "../nfs/attributes.ts";
import { type LookedUp } from "../nfs/directory-procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { type PathLimits, PROPERTIES, type SystemInfo, type SystemSpace } from "../nfs/system-procedures.ts";
import { isStatus, type Status } from "../status.ts";
import { EXECUTE, hasRights, mayRead, READ, rightsOf, WRITE } from "./caller.ts";
import { type Client, type Desk, handleOf, isPublicHandle, see, type Seen, writeFault } from "./desk.ts";
import { type Answer, andThen } from "../soon.ts";
import { lookupPath } from "./walk.ts";

/** RFC 1813 §3.3.19: what a client should ask for; more does not make it faster, less does make it slower. */
const LIST_OCTETS_PREFERRED = 65_536;
const FILE_OCTETS_MAX = Number.MAX_SAFE_INTEGER;
const LINKS_MAX = 32_000;
const NAME_OCTETS_MAX = 255;

type Bad = Attributes | null;

export function getAttributes(desk: Desk, client: Client, handle: string): Answer<Result<Attributes, null>> {
  return andThen(see(desk, client, handle), (seen) =>
    isStatus(seen) ? { status: seen, bad: null } : { status: "OK", good: seen.attributes },
  );
}

export function lookup(desk: Desk, client: Client, place: WirePlace): Answer<Result<LookedUp, Bad>> {
  if (isPublicHandle(place.directory)) return lookupPath(desk, client, place.name);
  return andThen(see(desk, client, place.directory), (seen) => {
    if (isStatus(seen)) return { status: seen, bad: null };
    return andThen(found(desk, seen, place.name), (outcome) =>
      isStatus(outcome)
        ? { status: outcome, bad: seen.attributes }
        : {
            status: "OK",
            good: {
              handle: handleOf(desk, seen, outcome.key),
              attributes: outcome.attributes,
              directory: seen.attributes,
            },
          },
    );
  });
}

/** A name in a directory, as far as the caller may search it and never above the export. */
function found(desk: Desk, directory: Seen, name: string): Answer<Found | Status> {
  if (directory.attributes.kind !== "directory") return "NOTDIR";
  if (!hasRights(directory.caller, directory.attributes, EXECUTE)) return "ACCES";
  const fault = nameFault(name);
  if (fault !== null) return fault;
  return name === ".." ? directory.published.parent(directory.key) : desk.fileSystem.lookup(directory.key, name);
}

export function access(desk: Desk, client: Client, asked: AccessArguments): Answer<Result<AccessGranted, Bad>> {
  return andThen(see(desk, client, asked.handle), (seen) =>
    isStatus(seen)
      ? { status: seen, bad: null }
      : { status: "OK", good: { attributes: seen.attributes, access: asked.access & granted(desk, seen) } },
  );
}

function granted(desk: Desk, seen: Seen): number {
  const rights = rightsOf(seen.caller, seen.attributes);
  const isDirectory = seen.attributes.kind === "directory";
  let bits = 0;
  if ((rights & READ) !== 0) bits |= ACCESS.READ;
  if ((rights & EXECUTE) !== 0) bits |= isDirectory ? ACCESS.LOOKUP : ACCESS.EXECUTE;
  if ((rights & WRITE) !== 0 && writeFault(desk, seen) === null) {
    bits |= ACCESS.MODIFY | ACCESS.EXTEND;
    // What is deleted is a name in a directory.
    if (isDirectory) bits |= ACCESS.DELETE;
  }
  return bits;
}

export function readLink(desk: Desk, client: Client, handle: string): Answer<Result<LinkRead, Bad>> {
  return andThen(see(desk, client, handle), (seen) => {
    if (isStatus(seen)) return { status: seen, bad: null };
    return andThen(desk.fileSystem.readlink(seen.key), (outcome) =>
      isStatus(outcome)
        ? { status: outcome, bad: seen.attributes }
        : { status: "OK", good: { attributes: seen.attributes, target: outcome.target } },
    );
  });
}

export function read(desk: Desk, client: Client, asked: ReadArguments): Answer<Result<PartRead, Bad>> {
  return andThen(see(desk, client, asked.handle), (seen) => {
    if (isStatus(seen)) return { status: seen, bad: null };
    const { attributes, caller } = seen;
    if (attributes.kind === "directory") return { status: "ISDIR", bad: attributes };
    if (attributes.kind !== "file") return { status: "INVAL", bad: attributes };
    if (!mayRead(caller, attributes)) return { status: "ACCES", bad: attributes };
    const octetsMax = Math.min(asked.octetsMax, TRANSFER_OCTETS_MAX);
    return andThen(desk.fileSystem.read(seen.key, asked.offset, octetsMax), (part) =>
      isStatus(part) ? { status: part, bad: attributes } : { status: "OK", good: { attributes, ...part } },
    );
  });
}

/** The octets have gone to the client, or to nobody. */
export function readSent(result: Result<PartRead, Bad>): void {
  if (result.status === "OK") result.good.release?.();
}

export function systemSpace(desk: Desk, client: Client, handle: string): Answer<Result<SystemSpace, Bad>> {
  return andThen(see(desk, client, handle), (seen) => {
    if (isStatus(seen)) return { status: seen, bad: null };
    return andThen(desk.fileSystem.space(seen.key), (space) =>
      isStatus(space)
        ? { status: space, bad: seen.attributes }
        : { status: "OK", good: { attributes: seen.attributes, space, unchangedSeconds: 0 } },
    );
  });
}

export function systemInfo(desk: Desk, client: Client, handle: string): Answer<Result<SystemInfo, Bad>> {
  return andThen(see(desk, client, handle), (seen) =>
    isStatus(seen) ? { status: seen, bad: null } : { status: "OK", good: infoOf(seen.attributes) },
  );
}

function infoOf(attributes: Attributes): SystemInfo {
  return {
    attributes,
    readOctetsMax: TRANSFER_OCTETS_MAX,
    readOctetsPreferred: TRANSFER_OCTETS_MAX,
    readOctetsMultiple: 4096,
    writeOctetsMax: TRANSFER_OCTETS_MAX,
    writeOctetsPreferred: TRANSFER_OCTETS_MAX,
    writeOctetsMultiple: 4096,
    listOctetsPreferred: LIST_OCTETS_PREFERRED,
    fileOctetsMax: FILE_OCTETS_MAX,
    timeStep: { seconds: 0, nanoseconds: 1 },
    properties: PROPERTIES.LINK | PROPERTIES.SYMLINK | PROPERTIES.HOMOGENEOUS | PROPERTIES.CANSETTIME,
  };
}

export function pathLimits(desk: Desk, client: Client, handle: string): Answer<Result<PathLimits, Bad>> {
  return andThen(see(desk, client, handle), (seen) =>
    isStatus(seen)
      ? { status: seen, bad: null }
      : {
          status: "OK",
          good: {
            attributes: seen.attributes,
            linksMax: LINKS_MAX,
            nameOctetsMax: NAME_OCTETS_MAX,
            refusesLongNames: true,
            isOwnerGivenByRootOnly: true,
            ignoresCase: false,
            keepsCase: true,
          },
        },
  );
}
