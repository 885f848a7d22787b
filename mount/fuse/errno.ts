/** Statuses as the numbers of <asm-generic/errno.h>, which all of Linux that Node runs on has. */
import { type Status } from "../status.ts";

export const ERRNO = {
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EINVAL: 22,
  ENOSYS: 38,
  EPROTO: 71,
  ESTALE: 116,
} as const;

const ERRNO_OF = {
  PERM: 1,
  NOENT: 2,
  IO: ERRNO.EIO,
  NXIO: 6,
  ACCES: 13,
  EXIST: 17,
  XDEV: 18,
  NODEV: 19,
  NOTDIR: 20,
  ISDIR: 21,
  INVAL: ERRNO.EINVAL,
  FBIG: 27,
  NOSPC: 28,
  ROFS: 30,
  MLINK: 31,
  NAMETOOLONG: 36,
  NOTEMPTY: 39,
  LOOP: 40,
  // EOPNOTSUPP: ENOSYS would make the kernel never ask for that operation again, for other file systems of the tree neither.
  NOTSUPP: 95,
  BADTYPE: 95,
  TIMEDOUT: 110,
  STALE: ERRNO.ESTALE,
  BADHANDLE: ERRNO.ESTALE,
  DQUOT: 122,
  JUKEBOX: ERRNO.EAGAIN,
  NOT_SYNC: ERRNO.EIO,
  TOOSMALL: ERRNO.EIO,
  SERVERFAULT: ERRNO.EIO,
  // A listing that cannot go on: telldir(3) of a place that is no more.
  BAD_COOKIE: ERRNO.EINVAL,
} as const satisfies Readonly<Record<Status, number>>;

export function errnoOf(status: Status): number {
  return ERRNO_OF[status];
}
