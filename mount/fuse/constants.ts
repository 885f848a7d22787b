/** The numbers of the FUSE protocol that are used here, as <linux/fuse.h>, <linux/stat.h> and <asm-generic/errno.h> have them. */

export const FUSE_MAJOR = 7;
/** What this speaks; a kernel that knows more keeps to it (fuse(4), FUSE_INIT). Below the least, structures were shorter: Linux 4.20 has 7.28. */
export const FUSE_MINOR = 31;
export const FUSE_MINOR_LEAST = 28;

export const ROOT_NODE = 1;

export const IN_HEADER_OCTETS = 40;
export const OUT_HEADER_OCTETS = 16;

/** Octets of what follows the header of a request, without names and data. */
export const IN_OCTETS = {
  forget: 8,
  forgetOne: 16,
  batchForget: 8,
  getattr: 16,
  setattr: 88,
  mknod: 16,
  mkdir: 8,
  rename: 8,
  rename2: 16,
  link: 8,
  open: 8,
  create: 16,
  read: 40,
  write: 40,
  release: 24,
  flush: 24,
  fsync: 16,
  access: 8,
  init: 16,
  interrupt: 8,
} as const;

export const OUT_OCTETS = {
  attr: 88,
  entry: 128,
  attrOut: 104,
  open: 16,
  write: 8,
  statfs: 80,
  init: 64,
  dirent: 24,
} as const;

export const OPCODE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
  READDIRPLUS: 44,
  RENAME2: 45,
} as const;

/** Of FUSE_INIT: what this kernel can that serves here. */
export const INIT_FLAG = {
  ASYNC_READ: 1 << 0,
  BIG_WRITES: 1 << 5,
  AUTO_INVAL_DATA: 1 << 12,
  DO_READDIRPLUS: 1 << 13,
  READDIRPLUS_AUTO: 1 << 14,
  ASYNC_DIO: 1 << 15,
  PARALLEL_DIROPS: 1 << 18,
  MAX_PAGES: 1 << 22,
} as const;

export const FOPEN_KEEP_CACHE = 1 << 1;

/** Of fuse_setattr_in.valid. */
export const FATTR = {
  MODE: 1 << 0,
  UID: 1 << 1,
  GID: 1 << 2,
  SIZE: 1 << 3,
  ATIME: 1 << 4,
  MTIME: 1 << 5,
  ATIME_NOW: 1 << 7,
  MTIME_NOW: 1 << 8,
} as const;

/** Formats of st_mode; an entry's d_type is the same, shifted. */
export const FORMAT = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  link: 0o120000,
  socket: 0o140000,
} as const;
export const FORMAT_MASK = 0o170000;

export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
/** Of access(2). */
export const W_OK = 2;
