/**
 * The numbers of NFS3ERR_* (RFC 1813 §2.6) and MNT3ERR_* (§5.1.4: the same numbers, fewer of them) and the Status each stands for. This is the boundary where statuses become numbers:
 * what a walk adds to those of NFSv3 gets the nearest of them, and numbers nobody defined become SERVERFAULT.
 */
import { type Status, statuses } from "../status.ts";

const NUMBERS = {
  PERM: 1,
  NOENT: 2,
  IO: 5,
  NXIO: 6,
  ACCES: 13,
  EXIST: 17,
  XDEV: 18,
  NODEV: 19,
  NOTDIR: 20,
  ISDIR: 21,
  INVAL: 22,
  FBIG: 27,
  NOSPC: 28,
  ROFS: 30,
  MLINK: 31,
  NAMETOOLONG: 63,
  NOTEMPTY: 66,
  DQUOT: 69,
  STALE: 70,
  BADHANDLE: 10001,
  NOT_SYNC: 10002,
  BAD_COOKIE: 10003,
  NOTSUPP: 10004,
  TOOSMALL: 10005,
  SERVERFAULT: 10006,
  BADTYPE: 10007,
  JUKEBOX: 10008,
  // NFSv3 has no word for these two. A chain of links that never ends is an argument nobody can use; what does not answer is to be asked again.
  LOOP: 22,
  TIMEDOUT: 10008,
} as const satisfies Readonly<Record<Status, number>>;

/** NFS3ERR_REMOTE: too many levels of remote in path. */
const REMOTE = 71;

const STATUS_OF: ReadonlyMap<number, Status> = new Map([
  [REMOTE, "LOOP"],
  // A number that two have is that of the first one in the list, which is the one of NFSv3.
  ...statuses()
    .map((status): [number, Status] => [NUMBERS[status], status])
    .reverse(),
]);

/** RFC 1813 §5.1.4: what MNT may answer. */
const MOUNT_NUMBERS: ReadonlySet<number> = new Set([1, 2, 5, 13, 20, 22, 63, 10004, 10006]);

export const OK = 0;

export function statusNumber(status: Status): number {
  return NUMBERS[status];
}

/** The number for a MNT that failed, which knows fewer. */
export function mountStatusNumber(status: Status): number {
  const number = NUMBERS[status];
  if (MOUNT_NUMBERS.has(number)) return number;
  return status === "STALE" || status === "BADHANDLE" ? NUMBERS.NOENT : NUMBERS.SERVERFAULT;
}

/** The status for a number other than 0. */
export function statusOf(number: number): Status {
  return STATUS_OF.get(number) ?? "SERVERFAULT";
}
