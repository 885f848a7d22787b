/** Who asks, and what the mode bits let him do: AUTH_SYS as it is told, AUTH_NONE as nobody, root as nobody where an export squashes it (RFC 1813 §4.4). */
import { type Attributes } from "../file-system.ts";
import { type Credential } from "../rpc/message.ts";

/** The uid and gid of nobody, by an old convention. */
export const NOBODY = 65_534;

export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Whom an export takes for nobody. */
export type Squash = "none" | "root" | "all";

export const READ = 4;
export const WRITE = 2;
export const EXECUTE = 1;

const nobody: Caller = { uid: NOBODY, gid: NOBODY, groups: [] };
const STICKY = 0o1000;

export function callerOf(credential: Credential, squash: Squash): Caller {
  if (credential.flavor !== "sys" || squash === "all") return nobody;
  if (squash === "none") return credential;
  const { uid, gid, groups } = credential;
  if (uid !== 0 && gid !== 0 && !groups.includes(0)) return credential;
  return {
    uid: uid === 0 ? NOBODY : uid,
    gid: gid === 0 ? NOBODY : gid,
    groups: groups.filter((group) => group !== 0),
  };
}

export function isRoot(caller: Caller): boolean {
  return caller.uid === 0;
}

export function isOwner(caller: Caller, attributes: Attributes): boolean {
  return isRoot(caller) || caller.uid === attributes.uid;
}

export function isMember(caller: Caller, gid: number): boolean {
  return caller.gid === gid || caller.groups.includes(gid);
}

/** The bits of READ, WRITE and EXECUTE that he has. */
export function rightsOf(caller: Caller, { mode, uid, gid, kind }: Attributes): number {
  if (isRoot(caller)) {
    // Even root executes only what somebody may execute.
    return kind === "directory" || (mode & 0o111) !== 0 ? READ | WRITE | EXECUTE : READ | WRITE;
  }
  if (caller.uid === uid) return (mode >> 6) & 7;
  return (isMember(caller, gid) ? mode >> 3 : mode) & 7;
}

export function hasRights(caller: Caller, attributes: Attributes, rights: number): boolean {
  return (rightsOf(caller, attributes) & rights) === rights;
}

/**
 * Whether he may read or write a file's content. The owner always may, because a program that has opened a file keeps its rights when the mode changes, and a server
 * does not know what is open (RFC 1813 §4.4). Who may execute may read, because that is how a program gets started.
 */
export function mayRead(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === attributes.uid || (rightsOf(caller, attributes) & (READ | EXECUTE)) !== 0;
}

export function mayWrite(caller: Caller, attributes: Attributes): boolean {
  return caller.uid === attributes.uid || hasRights(caller, attributes, WRITE);
}

/** In a directory with the sticky bit only the owner of the file or of the directory takes it away. */
export function isStickyFor(caller: Caller, directory: Attributes): boolean {
  return (directory.mode & STICKY) !== 0 && !isOwner(caller, directory);
}
