/** What the system's error codes mean to a file system's user (RFC 1813 §2.6). Codes that are missing here are the server's own trouble: IO. */
import { type Status } from "../status.ts";

const STATUS_OF: Readonly<Record<string, Status>> = {
  EPERM: "PERM",
  ENOENT: "NOENT",
  EIO: "IO",
  ENXIO: "NXIO",
  EACCES: "ACCES",
  EEXIST: "EXIST",
  EXDEV: "XDEV",
  ENODEV: "NODEV",
  ENOTDIR: "NOTDIR",
  EISDIR: "ISDIR",
  EINVAL: "INVAL",
  EFBIG: "FBIG",
  EOVERFLOW: "FBIG",
  ENOSPC: "NOSPC",
  EROFS: "ROFS",
  EMLINK: "MLINK",
  ENAMETOOLONG: "NAMETOOLONG",
  ENOTEMPTY: "NOTEMPTY",
  EDQUOT: "DQUOT",
  ESTALE: "STALE",
  ELOOP: "LOOP",
  ENOSYS: "NOTSUPP",
  ENOTSUP: "NOTSUPP",
  EOPNOTSUPP: "NOTSUPP",
  ETIMEDOUT: "TIMEDOUT",
  // A program that runs cannot be written (nfsd answers the same).
  ETXTBSY: "ACCES",
  EBUSY: "ACCES",
  // Too many open files, no memory: it passes.
  EMFILE: "JUKEBOX",
  ENFILE: "JUKEBOX",
  ENOMEM: "JUKEBOX",
  EAGAIN: "JUKEBOX",
};

export function statusOfErrno(code: string | undefined): Status {
  return STATUS_OF[code ?? ""] ?? "IO";
}
