/**
 * How a request to a file system ends when it does not succeed: a closed list, with the names that NFSv3 gives them (RFC 1813 §2.6), and two
 * that a walk along a path adds. Who serves files turns them into NFS3ERR_*, errno or an exit code at his boundary.
 */

const STATUSES = {
  PERM: "that is not permitted",
  NOENT: "there is no such file or directory",
  IO: "reading or writing failed",
  NXIO: "there is no such device",
  ACCES: "permission denied",
  EXIST: "it exists already",
  XDEV: "it is in another file system",
  NODEV: "there is no such device",
  NOTDIR: "it is not a directory",
  ISDIR: "it is a directory",
  INVAL: "an argument is not valid here",
  FBIG: "the file would be too large",
  NOSPC: "there is no space left",
  ROFS: "the file system is read-only",
  MLINK: "there are too many links",
  NAMETOOLONG: "the name is too long",
  NOTEMPTY: "the directory is not empty",
  DQUOT: "the quota is used up",
  STALE: "the file is no longer there",
  BADHANDLE: "that is no file handle of this server",
  NOT_SYNC: "the file has changed meanwhile",
  BAD_COOKIE: "the listing cannot go on from there; begin again",
  NOTSUPP: "this file system cannot do that",
  TOOSMALL: "the buffer or the request is too small",
  SERVERFAULT: "the server failed",
  BADTYPE: "the server does not know this kind of file",
  JUKEBOX: "it takes longer; ask again later",
  LOOP: "too many symbolic links or mounts on the way",
  TIMEDOUT: "the server does not answer",
} as const satisfies Readonly<Record<string, string>>;

export type Status = keyof typeof STATUSES;

/** What a status means, in words that complete "cannot open PATH: …". */
export function statusText(status: Status): string {
  return STATUSES[status];
}

/** Every status there is, for tables that must not forget one. */
export function statuses(): readonly Status[] {
  return Object.keys(STATUSES).filter((name) => isStatus(name));
}

/** Whether what came back is a status and not what was asked for. */
export function isStatus(answer: unknown): answer is Status {
  return typeof answer === "string" && Object.hasOwn(STATUSES, answer);
}
