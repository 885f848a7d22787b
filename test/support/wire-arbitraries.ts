/** Every value that a procedure of NFSv3 or MOUNTv3 can carry, by chance and within its bounds: one row a procedure, both directions. */
import fc from "fast-check";
import {
  type Attributes,
  fileNameText,
  type FileKind,
  type MOUNT_PROCEDURES,
  type NFS_PROCEDURES,
  type Stability,
  type Status,
  statuses,
} from "../../mount/index.ts";

const u32 = fc.nat({ max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const size = fc.maxSafeNat();
const handle = fc.uint8Array({ maxLength: 64 }).map((octets) => Buffer.from(octets).toString("latin1"));
const octets = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 2040, max: 9000 }).map((length) => Buffer.alloc(length, length)),
);
const name = fc.uint8Array({ maxLength: 300 }).map((value) => fileNameText(value));
const time = fc.record({ seconds: u32, nanoseconds: fc.nat({ max: 999_999_999 }) });
const kind = fc.constantFrom<FileKind[]>("file", "directory", "link", "block", "character", "socket", "fifo");
const stability = fc.constantFrom<Stability[]>("unstable", "data", "file");
const mode = fc.nat({ max: 0o7777 });

/** A status with a number of its own: the two that NFSv3 does not know come back as others. */
const status = fc.constantFrom<Status[]>(...statuses().filter((one) => one !== "LOOP" && one !== "TIMEDOUT"));
const mountStatus = fc.constantFrom<Status[]>(
  "PERM",
  "NOENT",
  "IO",
  "ACCES",
  "NOTDIR",
  "INVAL",
  "NAMETOOLONG",
  "NOTSUPP",
);

const attributes: fc.Arbitrary<Attributes> = fc.record({
  kind,
  mode,
  links: u32,
  uid: u32,
  gid: u32,
  sizeOctets: size,
  usedOctets: size,
  fileSystemId: u64,
  fileId: u64,
  accessed: time,
  modified: time,
  changed: time,
  lifeSeconds: fc.constant(null),
});
const maybeAttributes = fc.option(attributes);
const wcc = fc.record({
  before: fc.option(fc.record({ sizeOctets: size, modified: time, changed: time })),
  after: maybeAttributes,
});
const timeChange = fc.oneof(fc.constant("now" as const), time);
const changes = fc.record(
  { mode, uid: u32, gid: u32, sizeOctets: size, accessed: timeChange, modified: timeChange },
  { requiredKeys: [] },
);
const place = fc.record({ directory: handle, name });
const file = fc.oneof(
  fc.record({
    kind: fc.constant("file" as const),
    how: fc.constantFrom("unchecked" as const, "guarded" as const),
    verifier: fc.constant(0n),
    attributes: changes,
  }),
  fc.record({
    kind: fc.constant("file" as const),
    how: fc.constant("exclusive" as const),
    verifier: u64,
    attributes: fc.constant({}),
  }),
);
const made = fc.record({ handle: fc.option(handle), attributes: maybeAttributes, directory: wcc });
const entry = { name, fileId: u64, cookie: u64 };
const listed = <E>(one: fc.Arbitrary<E>): fc.Arbitrary<unknown> =>
  fc.record({
    directory: maybeAttributes,
    verifier: u64,
    entries: fc.array(one, { maxLength: 5 }),
    isEnd: fc.boolean(),
  });
const both = fc.record({ from: wcc, to: wcc });
const linked = fc.record({ attributes: maybeAttributes, directory: wcc });
const list = { handle, cookie: u64, verifier: u64, octetsMax: u32 };
const nothing = fc.constant(null);

const outcome = (good: fc.Arbitrary<unknown>, bad: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(fc.record({ status: fc.constant("OK"), good }), fc.record({ status, bad }));

type Row = readonly [name: string, argument: fc.Arbitrary<unknown>, result: fc.Arbitrary<unknown>];

const nfsRows: Readonly<Record<keyof typeof NFS_PROCEDURES, readonly [fc.Arbitrary<unknown>, fc.Arbitrary<unknown>]>> =
  {
    GETATTR: [handle, outcome(attributes, nothing)],
    SETATTR: [fc.record({ handle, changes, guard: fc.option(time) }), outcome(wcc, wcc)],
    LOOKUP: [
      place,
      outcome(fc.record({ handle, attributes: maybeAttributes, directory: maybeAttributes }), maybeAttributes),
    ],
    ACCESS: [
      fc.record({ handle, access: u32 }),
      outcome(fc.record({ attributes: maybeAttributes, access: u32 }), maybeAttributes),
    ],
    READLINK: [handle, outcome(fc.record({ attributes: maybeAttributes, target: name }), maybeAttributes)],
    READ: [
      fc.record({ handle, offset: size, octetsMax: u32 }),
      outcome(fc.record({ attributes: maybeAttributes, octets, isEnd: fc.boolean() }), maybeAttributes),
    ],
    WRITE: [
      fc.record({ handle, offset: size, stability, octets }),
      outcome(fc.record({ file: wcc, writtenOctets: u32, stability, verifier: u64 }), wcc),
    ],
    CREATE: [fc.record({ place, file }), outcome(made, wcc)],
    MKDIR: [fc.record({ place, attributes: changes }), outcome(made, wcc)],
    SYMLINK: [fc.record({ place, attributes: changes, target: name }), outcome(made, wcc)],
    MKNOD: [
      fc.record({ place, kind: fc.constantFrom("block", "character", "socket", "fifo", "other") }),
      outcome(made, wcc),
    ],
    REMOVE: [place, outcome(wcc, wcc)],
    RMDIR: [place, outcome(wcc, wcc)],
    RENAME: [fc.record({ from: place, to: place }), outcome(both, both)],
    LINK: [fc.record({ handle, place }), outcome(linked, linked)],
    READDIR: [fc.record(list), outcome(listed(fc.record(entry)), maybeAttributes)],
    READDIRPLUS: [
      fc.record({ ...list, nameOctetsMax: u32 }),
      outcome(listed(fc.record({ ...entry, attributes: maybeAttributes, handle: fc.option(handle) })), maybeAttributes),
    ],
    FSSTAT: [
      handle,
      outcome(
        fc.record({
          attributes: maybeAttributes,
          space: fc.record({ totalOctets: size, freeOctets: size, totalFiles: size, freeFiles: size }),
          unchangedSeconds: u32,
        }),
        maybeAttributes,
      ),
    ],
    FSINFO: [
      handle,
      outcome(
        fc.record({
          attributes: maybeAttributes,
          readOctetsMax: u32,
          readOctetsPreferred: u32,
          readOctetsMultiple: u32,
          writeOctetsMax: u32,
          writeOctetsPreferred: u32,
          writeOctetsMultiple: u32,
          listOctetsPreferred: u32,
          fileOctetsMax: size,
          timeStep: time,
          properties: u32,
        }),
        maybeAttributes,
      ),
    ],
    PATHCONF: [
      handle,
      outcome(
        fc.record({
          attributes: maybeAttributes,
          linksMax: u32,
          nameOctetsMax: u32,
          refusesLongNames: fc.boolean(),
          isOwnerGivenByRootOnly: fc.boolean(),
          ignoresCase: fc.boolean(),
          keepsCase: fc.boolean(),
        }),
        maybeAttributes,
      ),
    ],
    COMMIT: [fc.record({ handle, offset: size, octets: u32 }), outcome(fc.record({ file: wcc, verifier: u64 }), wcc)],
  };

const mountRows: Readonly<
  Record<keyof typeof MOUNT_PROCEDURES, readonly [fc.Arbitrary<unknown>, fc.Arbitrary<unknown>]>
> = {
  MNT: [
    name,
    fc.oneof(
      fc.record({ status: fc.constant("OK"), good: fc.record({ handle, flavors: fc.array(u32, { maxLength: 8 }) }) }),
      fc.record({ status: mountStatus, bad: nothing }),
    ),
  ],
  DUMP: [nothing, fc.array(fc.record({ host: name, path: name }), { maxLength: 5 })],
  UMNT: [name, nothing],
  UMNTALL: [nothing, nothing],
  EXPORT: [nothing, fc.array(fc.record({ path: name, groups: fc.array(name, { maxLength: 3 }) }), { maxLength: 5 })],
};

/** [procedure's name, its arguments, its results]. */
export const procedureRows: readonly Row[] = Object.entries({ ...nfsRows, ...mountRows }).map(
  ([procedure, [argument, result]]) => [procedure, argument, result],
);
