/**
 * Coming into a file system over a new connection: MNT where it is not known yet (RFC 1813 §5.2.1), and where it is, making sure that what answers is the same one, by its
 * root's handle and attributes. So a server may restart or move, and whoever holds old handles goes on.
 */
import { type Endpoint, type OpenOctetStream } from "../../net/index.ts";
import { type Attributes } from "../file-system.ts";
import { MOUNT_PROCEDURES, NFS_PROCEDURES } from "../nfs/procedures.ts";
import { type SystemInfo } from "../nfs/system-procedures.ts";
import { AUTH_NONE, AUTH_SYS, type Credential } from "../rpc/message.ts";
import { type ServerAddress } from "../server-finder.ts";
import { type Status } from "../status.ts";
import { type Answer, ask } from "./ask.ts";
import { Connection, type ConnectionParts } from "./connection.ts";

/** What is known of the file system that is mounted. */
export interface MountedRoot {
  readonly handle: string;
  readonly attributes: Attributes;
  /** What FSINFO said; null where the server does not do it. */
  readonly info: SystemInfo | null;
  readonly credential: Credential;
}

export type Entered =
  | { readonly kind: "same"; readonly root: MountedRoot }
  /** The first one, or another one than it was: handles of the old one mean nothing in it. */
  | { readonly kind: "other"; readonly root: MountedRoot }
  | {
      readonly kind: "failed";
      readonly status: Status;
      readonly reason: string;
      /** It was said, not guessed from silence: asking again soon does not help. */
      readonly isDefinite: boolean;
    };
type Failed = Extract<Entered, { readonly kind: "failed" }>;

export interface EnterParts {
  readonly open: OpenOctetStream;
  readonly credential: Credential;
  readonly nextXid: () => number;
  readonly connection: ConnectionParts;
}

/** Where to, and over which connection to its NFS port. */
export interface Door {
  readonly server: ServerAddress;
  readonly path: string;
  readonly connection: Connection;
}

export async function enter(parts: EnterParts, door: Door, known: MountedRoot | null): Promise<Entered> {
  if (known !== null) {
    const again = await look(parts, door.connection, known.handle, known.credential);
    if (again.kind === "root" && isSame(again.root.attributes, known.attributes)) {
      return { kind: "same", root: { ...again.root, info: again.root.info ?? known.info } };
    }
    if (again.kind === "failed" && !again.isDefinite) return again;
  }
  const mounted = await mnt(parts, door);
  if (mounted.kind === "failed") return mounted;
  const found = await look(parts, door.connection, mounted.handle, mounted.credential);
  if (found.kind === "failed") return found;
  const isKnown = known?.handle === found.root.handle && isSame(found.root.attributes, known.attributes);
  return { kind: isKnown ? "same" : "other", root: found.root };
}

/** Numbers that a server gives once and keeps. */
function isSame(one: Attributes, other: Attributes): boolean {
  return one.fileSystemId === other.fileSystemId && one.fileId === other.fileId && one.kind === other.kind;
}

type Looked = { readonly kind: "root"; readonly root: MountedRoot } | Failed;

async function look(
  parts: EnterParts,
  connection: Connection,
  handle: string,
  credential: Credential,
): Promise<Looked> {
  const asker = (): { xid: number; credential: Credential } => ({ xid: parts.nextXid(), credential });
  // Both are on their way at once.
  const [got, told] = await Promise.all([
    ask(connection, asker(), { program: "nfs", procedure: NFS_PROCEDURES.GETATTR }, handle),
    ask(connection, asker(), { program: "nfs", procedure: NFS_PROCEDURES.FSINFO }, handle),
  ]);
  if (got.kind !== "result") return failure(got);
  if (got.result.status !== "OK") return definite(got.result.status, "the server does not know its own root");
  const attributes = got.result.good;
  if (attributes.kind !== "directory") return definite("NOTDIR", "what is exported there is no directory");
  if (told.kind !== "result" && told.kind !== "refused") return failure(told);
  const info = told.kind === "result" && told.result.status === "OK" ? told.result.good : null;
  return { kind: "root", root: { handle, attributes, info, credential } };
}

type MountedAt = { readonly kind: "mounted"; readonly handle: string; readonly credential: Credential } | Failed;

async function mnt(parts: EnterParts, { server, path, connection }: Door): Promise<MountedAt> {
  const { address, nfsPort, mountPort } = server;
  if (mountPort === nfsPort) return mntOver(parts, connection, path);
  const own = new Connection({ ...parts.connection, ended: () => undefined });
  const to: Endpoint = { address, port: mountPort };
  const fault = await own.open((events) => parts.open(to, events));
  if (fault !== null) return unheard(`port ${mountPort} for mounting: ${fault}`);
  try {
    return await mntOver(parts, own, path);
  } finally {
    own.close("mounted");
  }
}

async function mntOver(parts: EnterParts, connection: Connection, path: string): Promise<MountedAt> {
  const { credential } = parts;
  const asker = { xid: parts.nextXid(), credential };
  const answer = await ask(connection, asker, { program: "mount", procedure: MOUNT_PROCEDURES.MNT }, path);
  if (answer.kind !== "result") return failure(answer);
  if (answer.result.status !== "OK") {
    return definite(answer.result.status, `the server does not let ${JSON.stringify(path)} be mounted`);
  }
  const { handle, flavors } = answer.result.good;
  // No list at all says nothing (RFC 1813 §5.2.1); some servers send none.
  const takesSys = flavors.length === 0 || flavors.includes(AUTH_SYS);
  if (takesSys) return { kind: "mounted", handle, credential };
  if (flavors.includes(AUTH_NONE)) return { kind: "mounted", handle, credential: { flavor: "none" } };
  return definite("ACCES", "the server wants proof of who asks (sec=krb5 or the like), which is not had here");
}

function failure(answer: Exclude<Answer<unknown>, { readonly kind: "result" }>): Failed {
  switch (answer.kind) {
    case "refused":
      return definite(answer.status, answer.reason);
    case "silent":
      return unheard("no reply in time");
    case "lost":
      return unheard(answer.reason);
    case "garbage":
      return definite("SERVERFAULT", `that is no NFS server, or a broken one: ${answer.reason}`);
  }
}

const definite = (status: Status, reason: string): Failed => ({ kind: "failed", status, reason, isDefinite: true });
const unheard = (reason: string): Failed => ({ kind: "failed", status: "TIMEDOUT", reason, isDefinite: false });
