/** What the procedures work with: the file system, the exports, the handles; and the first step of each, from a handle to a file that the caller may reach. */
import { type FileKey } from "../file-key.ts";
import { type Attributes, type FileSystem } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { type Credential } from "../rpc/message.ts";
import { type Caller, callerOf } from "./caller.ts";
import { type Exports, type Published } from "./exports.ts";
import { type FileHandles } from "./file-handles.ts";
import { type Answer, andThen } from "../soon.ts";

export interface Desk {
  readonly fileSystem: FileSystem;
  readonly exports: Exports;
  readonly handles: FileHandles;
  readonly mounts: MountList;
  /** Another at each start: unstable writes may be lost in between (RFC 1813 §3.3.7). */
  readonly bootVerifier: bigint;
}

/** Who sent a call. */
export interface Client {
  readonly address: string;
  readonly credential: Credential;
}

/** Who has mounted what, as far as clients say (DUMP). It is for people to read, and nothing depends on it. */
export interface MountList {
  add(host: string, path: string): void;
  remove(host: string, path: string): void;
  removeAll(host: string): void;
  entries(): readonly { readonly host: string; readonly path: string }[];
}

/** A file behind a handle, and how its caller stands to it. */
export interface Opened {
  readonly key: FileKey;
  readonly published: Published;
  readonly caller: Caller;
}

export interface Seen extends Opened {
  readonly attributes: Attributes;
}

/** RFC 2055 §6.1: the handle of length 0 stands for a directory that needs no MNT. Here it is the first export that is open to the caller. */
const PUBLIC_HANDLE = "";

export function open(desk: Desk, client: Client, handle: string): Answer<Opened | Status> {
  if (handle === PUBLIC_HANDLE) return openPublic(desk, client);
  const content = desk.handles.open(handle);
  if (typeof content === "string") return content;
  const published = desk.exports.byNumber(content.exportNumber);
  if (published === null) return "STALE";
  if (!published.allows(client.address)) return "ACCES";
  return { key: content.key, published, caller: callerOf(client.credential, published.settings.squash) };
}

function openPublic(desk: Desk, client: Client): Answer<Opened | Status> {
  const published = publicExport(desk, client);
  if (published === null) return "ACCES";
  return andThen(published.root(), (root) =>
    isStatus(root)
      ? root
      : { key: root.key, published, caller: callerOf(client.credential, published.settings.squash) },
  );
}

export function publicExport(desk: Desk, client: Client): Published | null {
  return desk.exports.all.find((published) => published.allows(client.address)) ?? null;
}

export function isPublicHandle(handle: string): boolean {
  return handle === PUBLIC_HANDLE;
}

/** The file with its attributes, which nearly every procedure needs for its checks and its reply. */
export function see(desk: Desk, client: Client, handle: string): Answer<Seen | Status> {
  return andThen(open(desk, client, handle), (opened) =>
    isStatus(opened)
      ? opened
      : andThen(desk.fileSystem.attributes(opened.key), (attributes) =>
          isStatus(attributes)
            ? attributes
            : { key: opened.key, published: opened.published, caller: opened.caller, attributes },
        ),
  );
}

/** Null where the caller may change things through this export, else ROFS. */
export function writeFault(desk: Desk, opened: Opened): Status | null {
  return desk.fileSystem.isWritable && opened.published.settings.isWritable ? null : "ROFS";
}

export function handleOf(desk: Desk, opened: Opened, key: FileKey): string {
  return desk.handles.handleOf(opened.published.number, key);
}
