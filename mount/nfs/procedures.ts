/** All procedures of NFSv3 and MOUNTv3 but NULL, by the names of RFC 1813. */
import * as directory from "./directory-procedures.ts";
import * as file from "./file-procedures.ts";
import * as listing from "./listing-procedures.ts";
import * as mount from "./mount-procedures.ts";
import * as system from "./system-procedures.ts";

export const NFS_PROGRAM = 100003;
export const NFS_VERSION = 3;

export const NFS_PROCEDURES = {
  GETATTR: file.GETATTR,
  SETATTR: file.SETATTR,
  LOOKUP: directory.LOOKUP,
  ACCESS: file.ACCESS_PROCEDURE,
  READLINK: file.READLINK,
  READ: file.READ,
  WRITE: file.WRITE,
  CREATE: directory.CREATE,
  MKDIR: directory.MKDIR,
  SYMLINK: directory.SYMLINK,
  MKNOD: directory.MKNOD,
  REMOVE: directory.REMOVE,
  RMDIR: directory.RMDIR,
  RENAME: directory.RENAME,
  LINK: directory.LINK,
  READDIR: listing.READDIR,
  READDIRPLUS: listing.READDIRPLUS,
  FSSTAT: system.FSSTAT,
  FSINFO: system.FSINFO,
  PATHCONF: system.PATHCONF,
  COMMIT: file.COMMIT,
} as const;

export const MOUNT_PROCEDURES = {
  MNT: mount.MNT,
  DUMP: mount.DUMP,
  UMNT: mount.UMNT,
  UMNTALL: mount.UMNTALL,
  EXPORT: mount.EXPORT,
} as const;
