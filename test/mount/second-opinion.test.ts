/**
 * The wire form against a second implementation of XDR (@stellar/js-xdr), with the types as RFC 1813 and RFC 5531 write them: what we write it reads field by field, what it writes we read. The
 * types here are copied from the RFCs and not from our codec.
 */
import {
  type XdrType,
  array,
  bool,
  case as arm,
  enumType,
  field,
  int32,
  lazy,
  opaque,
  option,
  struct,
  uint32,
  uint64,
  union,
  varOpaque,
  void as nothing,
} from "@stellar/js-xdr";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MOUNT_PROCEDURES, NFS_PROCEDURES, XdrWriter } from "../../mount/index.ts";
import { type Procedure } from "../../mount/nfs/procedure.ts";
import { procedureRows } from "../support/wire-arbitraries.ts";

type Schema = XdrType<unknown>;

/** RFC 1813 §2.5, §2.6. */
const ANY = 0xffff_ffff;
const fh = struct("nfs_fh3", { data: varOpaque(64) });
const filename = varOpaque(ANY);
const nfspath = varOpaque(ANY);
const diropargs = struct("diropargs3", { dir: fh, name: filename });
const ftype = enumType("ftype3", {
  NF3REG: 1,
  NF3DIR: 2,
  NF3BLK: 3,
  NF3CHR: 4,
  NF3LNK: 5,
  NF3SOCK: 6,
  NF3FIFO: 7,
});
const specdata = struct("specdata3", { specdata1: uint32(), specdata2: uint32() });
const time = struct("nfstime3", { seconds: uint32(), nseconds: uint32() });
const fattr = struct("fattr3", {
  type: ftype,
  mode: uint32(),
  nlink: uint32(),
  uid: uint32(),
  gid: uint32(),
  size: uint64(),
  used: uint64(),
  rdev: specdata,
  fsid: uint64(),
  fileid: uint64(),
  atime: time,
  mtime: time,
  ctime: time,
});
/** A union of TRUE with something and FALSE with nothing is the same on the wire as optional data (RFC 4506 §4.19). */
const postAttr = option(fattr);
const wcc = struct("wcc_data", {
  before: option(struct("wcc_attr", { size: uint64(), mtime: time, ctime: time })),
  after: postAttr,
});
const stable = enumType("stable_how", { UNSTABLE: 0, DATA_SYNC: 1, FILE_SYNC: 2 });
const timeHow = enumType("time_how", { DONT_CHANGE: 0, SET_TO_SERVER_TIME: 1, SET_TO_CLIENT_TIME: 2 });
const setTime = union("set_time", {
  switchOn: timeHow,
  cases: [
    arm("keep", timeHow.DONT_CHANGE, nothing()),
    arm("server", timeHow.SET_TO_SERVER_TIME, nothing()),
    arm("client", timeHow.SET_TO_CLIENT_TIME, field("time", time)),
  ],
});
const sattr = struct("sattr3", {
  mode: option(uint32()),
  uid: option(uint32()),
  gid: option(uint32()),
  size: option(uint64()),
  atime: setTime,
  mtime: setTime,
});
const verf = opaque(8);
const createMode = enumType("createmode3", { UNCHECKED: 0, GUARDED: 1, EXCLUSIVE: 2 });
const createHow = union("createhow3", {
  switchOn: createMode,
  cases: [
    arm("unchecked", createMode.UNCHECKED, field("attributes", sattr)),
    arm("guarded", createMode.GUARDED, field("attributes", sattr)),
    arm("exclusive", createMode.EXCLUSIVE, field("verf", verf)),
  ],
});
const device = struct("devicedata3", { attributes: sattr, spec: specdata });
const mknodData = union("mknoddata3", {
  switchOn: ftype,
  cases: [
    arm("chr", ftype.NF3CHR, field("device", device)),
    arm("blk", ftype.NF3BLK, field("device", device)),
    arm("sock", ftype.NF3SOCK, field("attributes", sattr)),
    arm("fifo", ftype.NF3FIFO, field("attributes", sattr)),
  ],
  defaultArm: nothing(),
});
const made = struct("CREATE3resok", { obj: option(fh), obj_attributes: postAttr, dir_wcc: wcc });
const entry: Schema = lazy(() =>
  struct("entry3", { fileid: uint64(), name: filename, cookie: uint64(), nextentry: option(entry) }),
);
const entryPlus: Schema = lazy(() =>
  struct("entryplus3", {
    fileid: uint64(),
    name: filename,
    cookie: uint64(),
    name_attributes: postAttr,
    name_handle: option(fh),
    nextentry: option(entryPlus),
  }),
);
const dirlist = (one: Schema): Schema =>
  struct("READDIR3resok", { dir_attributes: postAttr, cookieverf: verf, entries: option(one), eof: bool() });
const mountlist: Schema = lazy(() =>
  struct("mountbody", { hostname: varOpaque(ANY), directory: varOpaque(ANY), next: option(mountlist) }),
);
const groups: Schema = lazy(() => struct("groupnode", { name: varOpaque(ANY), next: option(groups) }));
const exportlist: Schema = lazy(() =>
  struct("exportnode", { dir: varOpaque(ANY), groups: option(groups), next: option(exportlist) }),
);
const linked = struct("LINK3res", { file_attributes: postAttr, linkdir_wcc: wcc });
const renamed = struct("RENAME3res", { fromdir_wcc: wcc, todir_wcc: wcc });
const words = (name: string, count: number): Record<string, Schema> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, uint32()]));

/** §3.3 and §5.2: arguments, then what follows the status when it is OK and when it is not; a result without a status stands alone. */
const schemas: Readonly<Record<string, readonly [Schema, Schema, Schema] | readonly [Schema, Schema]>> = {
  GETATTR: [fh, fattr, nothing()],
  SETATTR: [struct("SETATTR3args", { object: fh, new_attributes: sattr, guard: option(time) }), wcc, wcc],
  LOOKUP: [
    diropargs,
    struct("LOOKUP3resok", { object: fh, obj_attributes: postAttr, dir_attributes: postAttr }),
    postAttr,
  ],
  ACCESS: [
    struct("ACCESS3args", { object: fh, access: uint32() }),
    struct("ACCESS3resok", { obj_attributes: postAttr, access: uint32() }),
    postAttr,
  ],
  READLINK: [fh, struct("READLINK3resok", { symlink_attributes: postAttr, data: nfspath }), postAttr],
  READ: [
    struct("READ3args", { file: fh, offset: uint64(), count: uint32() }),
    struct("READ3resok", { file_attributes: postAttr, count: uint32(), eof: bool(), data: varOpaque(ANY) }),
    postAttr,
  ],
  WRITE: [
    struct("WRITE3args", { file: fh, offset: uint64(), count: uint32(), stable, data: varOpaque(ANY) }),
    struct("WRITE3resok", { file_wcc: wcc, count: uint32(), committed: stable, verf }),
    wcc,
  ],
  CREATE: [struct("CREATE3args", { where: diropargs, how: createHow }), made, wcc],
  MKDIR: [struct("MKDIR3args", { where: diropargs, attributes: sattr }), made, wcc],
  SYMLINK: [struct("SYMLINK3args", { where: diropargs, attributes: sattr, data: nfspath }), made, wcc],
  MKNOD: [struct("MKNOD3args", { where: diropargs, what: mknodData }), made, wcc],
  REMOVE: [diropargs, wcc, wcc],
  RMDIR: [diropargs, wcc, wcc],
  RENAME: [struct("RENAME3args", { from: diropargs, to: diropargs }), renamed, renamed],
  LINK: [struct("LINK3args", { file: fh, link: diropargs }), linked, linked],
  READDIR: [
    struct("READDIR3args", { dir: fh, cookie: uint64(), cookieverf: verf, count: uint32() }),
    dirlist(entry),
    postAttr,
  ],
  READDIRPLUS: [
    struct("READDIRPLUS3args", {
      dir: fh,
      cookie: uint64(),
      cookieverf: verf,
      dircount: uint32(),
      maxcount: uint32(),
    }),
    dirlist(entryPlus),
    postAttr,
  ],
  FSSTAT: [
    fh,
    struct("FSSTAT3resok", {
      obj_attributes: postAttr,
      tbytes: uint64(),
      fbytes: uint64(),
      abytes: uint64(),
      tfiles: uint64(),
      ffiles: uint64(),
      afiles: uint64(),
      invarsec: uint32(),
    }),
    postAttr,
  ],
  FSINFO: [
    fh,
    struct("FSINFO3resok", {
      obj_attributes: postAttr,
      ...words("size", 7),
      maxfilesize: uint64(),
      time_delta: time,
      properties: uint32(),
    }),
    postAttr,
  ],
  PATHCONF: [
    fh,
    struct("PATHCONF3resok", {
      obj_attributes: postAttr,
      linkmax: uint32(),
      name_max: uint32(),
      no_trunc: bool(),
      chown_restricted: bool(),
      case_insensitive: bool(),
      case_preserving: bool(),
    }),
    postAttr,
  ],
  COMMIT: [
    struct("COMMIT3args", { file: fh, offset: uint64(), count: uint32() }),
    struct("COMMIT3resok", { file_wcc: wcc, verf }),
    wcc,
  ],
  MNT: [
    varOpaque(ANY),
    struct("mountres3_ok", { fhandle: varOpaque(64), auth_flavors: array(int32(), ANY) }),
    nothing(),
  ],
  DUMP: [nothing(), option(mountlist)],
  UMNT: [varOpaque(ANY), nothing()],
  UMNTALL: [nothing(), nothing()],
  EXPORT: [nothing(), option(exportlist)],
};

const procedures: Readonly<Record<string, Procedure<unknown, unknown>>> = { ...NFS_PROCEDURES, ...MOUNT_PROCEDURES };

function written(write: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  write(writer);
  return Buffer.concat(writer.take());
}

/** Reads it with the other implementation, writes it again with that, and expects the same octets. */
function agreesWith(schema: Schema, octets: Uint8Array): unknown {
  const value: unknown = schema.decode(new Uint8Array(octets));
  expect(Buffer.from(schema.encode(value)).equals(octets)).toBe(true);
  return value;
}

test("every procedure has a row", () => expect(Object.keys(schemas).sort()).toEqual(Object.keys(procedures).sort()));

describe.each(procedureRows)("%s", (name, argument, result) => {
  const [argumentSchema, good, bad] = schemas[name]!;
  const procedure = procedures[name]!;

  test("is written as the RFC has it", () => {
    const numRuns = 40;
    fc.assert(
      fc.property(argument, (value) => {
        agreesWith(
          argumentSchema,
          written((writer) => procedure.arguments.write(writer, value)),
        );
      }),
      { numRuns },
    );
    fc.assert(
      fc.property(result, (value) => {
        const octets = written((writer) => procedure.result.write(writer, value));
        if (bad === undefined) agreesWith(good, octets);
        else agreesWith(octets.readUInt32BE(0) === 0 ? good : bad, octets.subarray(4));
      }),
      { numRuns },
    );
  });
});

test("attributes stand in their fields", () => {
  const at = (seconds: number): { seconds: number; nanoseconds: number } => ({ seconds, nanoseconds: seconds + 1 });
  const octets = written((writer) =>
    NFS_PROCEDURES.GETATTR.result.write(writer, {
      status: "OK",
      good: {
        kind: "link",
        mode: 0o755,
        links: 3,
        uid: 4,
        gid: 5,
        sizeOctets: 2 ** 40,
        usedOctets: 7,
        fileSystemId: 8n,
        fileId: 0xffff_ffff_ffff_fff0n,
        accessed: at(10),
        modified: at(20),
        changed: at(30),
        lifeSeconds: 9,
      },
    }),
  );
  expect(agreesWith(fattr, octets.subarray(4))).toMatchObject({
    type: ftype.NF3LNK,
    mode: 0o755,
    nlink: 3,
    uid: 4,
    gid: 5,
    size: 2n ** 40n,
    used: 7n,
    fsid: 8n,
    fileid: 0xffff_ffff_ffff_fff0n,
    atime: { seconds: 10, nseconds: 11 },
    mtime: { seconds: 20, nseconds: 21 },
    ctime: { seconds: 30, nseconds: 31 },
  });
});
