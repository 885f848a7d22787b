/** Procedures that change a file: SETATTR, WRITE, COMMIT (RFC 1813 §3.3.2, §3.3.7, §3.3.21). */
import { type AttributeChanges, type FileTime } from "../file-system.ts";
import { type WccData } from "../nfs/attributes.ts";
import {
  type CommitArguments,
  type FileCommitted,
  type PartWritten,
  type SetAttributesArguments,
  TRANSFER_OCTETS_MAX,
  type WriteArguments,
} from "../nfs/file-procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { isStatus, type Status } from "../status.ts";
import { isMember, isOwner, isRoot, mayWrite } from "./caller.ts";
import { change } from "./changing.ts";
import { type Client, type Desk, type Seen } from "./desk.ts";
import { type Answer, andThen } from "../soon.ts";

export function setAttributes(
  desk: Desk,
  client: Client,
  { handle, changes, guard }: SetAttributesArguments,
): Answer<Result<WccData, WccData>> {
  const done = change(desk, client, {
    handles: [handle],
    fault: (seen) =>
      guard !== null && !isSameTime(guard, seen.attributes.changed) ? "NOT_SYNC" : setFault(seen, changes),
    act: ({ key }) => desk.fileSystem.setAttributes(key, changes),
  });
  return andThen(done, ({ outcome, wcc }) =>
    isStatus(outcome) ? { status: outcome, bad: wcc[0]! } : { status: "OK", good: wcc[0]! },
  );
}

function isSameTime(one: FileTime, other: FileTime): boolean {
  return one.seconds === other.seconds && one.nanoseconds === other.nanoseconds;
}

/** Who may change what, as POSIX has it for chmod, chown, truncate and utimensat. */
function setFault({ caller, attributes }: Seen, changes: AttributeChanges): Status | null {
  const { mode, uid, gid, sizeOctets, accessed, modified } = changes;
  const owns = isOwner(caller, attributes);
  if (uid !== undefined && uid !== attributes.uid && !isRoot(caller)) return "PERM";
  if (gid !== undefined && gid !== attributes.gid && !isRoot(caller) && !(owns && isMember(caller, gid))) return "PERM";
  if (mode !== undefined && !owns) return "PERM";
  const times = [accessed, modified].filter((time) => time !== undefined);
  if (times.length > 0 && !owns && (times.some((time) => time !== "now") || !mayWrite(caller, attributes)))
    return "ACCES";
  if (sizeOctets === undefined) return null;
  if (attributes.kind !== "file") return attributes.kind === "directory" ? "ISDIR" : "INVAL";
  return mayWrite(caller, attributes) ? null : "ACCES";
}

export function write(desk: Desk, client: Client, asked: WriteArguments): Answer<Result<PartWritten, WccData>> {
  const octets = asked.octets.subarray(0, TRANSFER_OCTETS_MAX);
  const done = change(desk, client, {
    handles: [asked.handle],
    fault: contentFault,
    act: ({ key }) => desk.fileSystem.write(key, asked.offset, octets, asked.stability),
  });
  return andThen(done, ({ outcome, wcc }) => {
    if (isStatus(outcome)) return { status: outcome, bad: wcc[0]! };
    const { writtenOctets, stability, verifier } = outcome;
    return {
      status: "OK",
      good: { file: wcc[0]!, writtenOctets, stability, verifier: verifierOf(desk, verifier) },
    };
  });
}

/** All of the file is committed: a file system may do more than it is asked. */
export function commit(desk: Desk, client: Client, asked: CommitArguments): Answer<Result<FileCommitted, WccData>> {
  const done = change(desk, client, {
    handles: [asked.handle],
    fault: contentFault,
    act: ({ key }) => desk.fileSystem.commit(key),
  });
  return andThen(done, ({ outcome, wcc }) =>
    isStatus(outcome)
      ? { status: outcome, bad: wcc[0]! }
      : { status: "OK", good: { file: wcc[0]!, verifier: verifierOf(desk, outcome.verifier) } },
  );
}

function contentFault({ caller, attributes }: Seen): Status | null {
  if (attributes.kind === "directory") return "ISDIR";
  if (attributes.kind !== "file") return "INVAL";
  return mayWrite(caller, attributes) ? null : "ACCES";
}

/** Another when this server began again, and another when what is behind it did. */
function verifierOf(desk: Desk, verifier: bigint): bigint {
  return BigInt.asUintN(64, desk.bootVerifier ^ verifier);
}
