/** Which procedure of which program is answered by what. */
import { MOUNT_PROGRAM, MOUNT_VERSION } from "../nfs/mount-procedures.ts";
import { MOUNT_PROCEDURES, NFS_PROCEDURES, NFS_PROGRAM, NFS_VERSION } from "../nfs/procedures.ts";
import { type Procedure } from "../nfs/procedure.ts";
import { type Answer } from "../soon.ts";
import { type Client, type Desk } from "./desk.ts";
import { UNKNOWN_WCC } from "./changing.ts";
import { list, listPlus } from "./listing.ts";
import { dump, exportList, mount, unmount, unmountAll } from "./mount-program.ts";
import { create, link, makeDirectory, makeLink, makeNode, remove, removeDirectory, rename } from "./naming.ts";
import {
  access,
  getAttributes,
  lookup,
  pathLimits,
  read,
  readLink,
  readSent,
  systemInfo,
  systemSpace,
} from "./reading.ts";
import { type AnyService, type Service } from "./service.ts";
import { commit, setAttributes, write } from "./writing.ts";

export interface Program {
  readonly version: number;
  /** By the procedure's number. */
  readonly services: ReadonlyMap<number, AnyService>;
}

type Answering<A, R> = (desk: Desk, client: Client, argument: A) => Answer<R>;

interface Read<A, R> {
  readonly procedure: Procedure<A, R>;
  readonly answer: Answering<A, R>;
  readonly late: R;
}

/** Asked again later where it takes long: nothing is changed by it. */
function reading<A, R>(service: Read<A, R>): Service<A, R> {
  return { ...service, isOnce: false, octets: () => 0 };
}

function changing<A, R>(procedure: Procedure<A, R>, answer: Answering<A, R>): Service<A, R> {
  return { procedure, answer, late: null, isOnce: true, octets: () => 0 };
}

/** Changes, or takes long and has no way to say so, but may be done twice. */
function repeatable<A, R>(procedure: Procedure<A, R>, answer: Answering<A, R>): Service<A, R> {
  return { procedure, answer, late: null, isOnce: false, octets: () => 0 };
}

const late = { status: "JUKEBOX", bad: null } as const;
const nfs = NFS_PROCEDURES;

const nfsServices: readonly AnyService[] = [
  reading({ procedure: nfs.GETATTR, answer: getAttributes, late }),
  changing(nfs.SETATTR, setAttributes),
  reading({ procedure: nfs.LOOKUP, answer: lookup, late }),
  reading({ procedure: nfs.ACCESS, answer: access, late }),
  reading({ procedure: nfs.READLINK, answer: readLink, late }),
  {
    ...reading({ procedure: nfs.READ, answer: read, late }),
    octets: ({ octetsMax }: { octetsMax: number }) => octetsMax,
    sent: readSent,
  },
  repeatable(nfs.WRITE, write),
  changing(nfs.CREATE, create),
  changing(nfs.MKDIR, makeDirectory),
  changing(nfs.SYMLINK, makeLink),
  changing(nfs.MKNOD, makeNode),
  changing(nfs.REMOVE, remove),
  changing(nfs.RMDIR, removeDirectory),
  changing(nfs.RENAME, rename),
  changing(nfs.LINK, link),
  reading({ procedure: nfs.READDIR, answer: list, late }),
  reading({ procedure: nfs.READDIRPLUS, answer: listPlus, late }),
  reading({ procedure: nfs.FSSTAT, answer: systemSpace, late }),
  reading({ procedure: nfs.FSINFO, answer: systemInfo, late }),
  reading({ procedure: nfs.PATHCONF, answer: pathLimits, late }),
  reading({ procedure: nfs.COMMIT, answer: commit, late: { status: "JUKEBOX", bad: UNKNOWN_WCC } }),
];

const mounting = MOUNT_PROCEDURES;

const mountServices: readonly AnyService[] = [
  repeatable(mounting.MNT, mount),
  repeatable(mounting.DUMP, dump),
  repeatable(mounting.UMNT, unmount),
  repeatable(mounting.UMNTALL, unmountAll),
  repeatable(mounting.EXPORT, exportList),
];

/** By the program's number. */
export const PROGRAMS: ReadonlyMap<number, Program> = new Map([
  [NFS_PROGRAM, { version: NFS_VERSION, services: byNumber(nfsServices) }],
  [MOUNT_PROGRAM, { version: MOUNT_VERSION, services: byNumber(mountServices) }],
]);

function byNumber(services: readonly AnyService[]): ReadonlyMap<number, AnyService> {
  return new Map(services.map((service) => [service.procedure.number, service]));
}
