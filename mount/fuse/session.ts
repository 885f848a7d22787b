/**
 * One FUSE connection: requests of the kernel in, replies out, in whatever order they are ready. It serves one file system and knows nothing of the device. What an application must
 * never meet stays in here: answers that say "later" are asked for again, and a request that somebody no longer waits for is let go (fuse(4)).
 */
import type { Clock, Log } from "../../base/index.ts";
import { fileNameOctets, nameFault } from "../file-name.ts";
import type { Attributes, FileSystem, Found, Place, Soon } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import {
  FOPEN_KEEP_CACHE,
  FORMAT,
  FORMAT_MASK,
  FUSE_MAJOR,
  FUSE_MINOR_LEAST,
  INIT_FLAG,
  O_EXCL,
  O_TRUNC,
  W_OK,
} from "./constants.ts";
import { Directories, type PageWish } from "./directories.ts";
import { ERRNO, errnoOf } from "./errno.ts";
import { commitNode, readWhole, writeWhole } from "./file-data.ts";
import { type Node, Nodes } from "./nodes.ts";
import { attrOut, type Entry, entryOut, header, initOut, openOut, statfsOut, writeOut } from "./reply.ts";
import { type Body, type BodyOf, readRequest, type Request } from "./request.ts";

export interface FuseSessionParts {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  /** Hands a reply to the kernel; false when nobody waits for it any more. */
  reply(pieces: readonly Uint8Array[]): boolean;
  /** How long the kernel may keep what has no life of its own. */
  readonly lifeSeconds?: number;
}

/** The most that one request of the kernel carries; the device's reader has room for that and a header. */
export const WRITE_OCTETS_MAX = 1 << 20;
const PAGES_MAX = 256;
const BACKGROUND_MAX = 64;
const LIFE_SECONDS_DEFAULT = 1;

/** Waiting for what takes longer: 0.1, 0.2, … seconds, then 2 each, a minute in all. */
const LATER_FIRST_MILLISECONDS = 100;
const LATER_MAX_MILLISECONDS = 2000;
const LATER_TRIES_MAX = 34;

/** A change may have happened, so whoever is interrupted in one waits that long for its end. */
const INTERRUPT_MILLISECONDS = 2000;

/** What goes back: pieces of a body, an errno, or nothing at all (forget). */
type Answer = readonly Uint8Array[] | { readonly errno: number } | null;

/** What a request leaves to be done when its reply is out. */
interface Work {
  /** Nodes that the reply tells the kernel. */
  readonly told: Node[];
  /** Memory of what was read, which the kernel has copied then. */
  readonly releases: (() => void)[];
}

interface Flight {
  isOver: boolean;
  readonly isChange: boolean;
}

const CHANGES: ReadonlySet<string> = new Set<Body["kind"]>([
  "create",
  "mknod",
  "mkdir",
  "symlink",
  "link",
  "unlink",
  "rmdir",
  "rename",
  "setattr",
  "write",
]);

export class FuseSession {
  readonly #parts: FuseSessionParts;
  readonly #nodes: Nodes;
  readonly #directories = new Directories();
  readonly #flights = new Map<number, Flight>();
  readonly #lifeSeconds: number;
  #isInitialized = false;
  /** What the kernel asked for that made no sense, for who looks after it. */
  malformedCount = 0;

  constructor(root: Found, parts: FuseSessionParts) {
    this.#parts = parts;
    this.#nodes = new Nodes(root.key);
    this.#lifeSeconds = parts.lifeSeconds ?? LIFE_SECONDS_DEFAULT;
  }

  /** How many files the kernel knows, without the root. */
  get nodeCount(): number {
    return this.#nodes.count;
  }

  /** Takes a request; its octets may be used again when this has returned. */
  receive(octets: Uint8Array): void {
    const request = readRequest(octets);
    if (request === null) {
      this.malformedCount++;
      return;
    }
    if (request.body.kind === "interrupt") {
      this.#interrupt(request.body.interrupted);
      return;
    }
    const flight = { isOver: false, isChange: CHANGES.has(request.body.kind) };
    this.#flights.set(request.unique, flight);
    void this.#serve(request, flight);
  }

  async #serve(request: Request, flight: Flight): Promise<void> {
    const work: Work = { told: [], releases: [] };
    let answer: Answer;
    try {
      answer = await this.#answer(request, flight, work);
    } catch (error) {
      // A bug of a file system ends one request, not the mount.
      this.#parts.log.error({ error: String(error), opcode: request.opcode }, "a file system failed");
      answer = { errno: ERRNO.EIO };
    }
    const isHeard = this.#send(request.unique, flight, answer);
    // What the kernel did not hear it will not forget.
    if (!isHeard) for (const { id } of work.told) this.#nodes.forget(id, 1);
    for (const release of work.releases) release();
  }

  /** Whether the kernel has taken the answer. */
  #send(unique: number, flight: Flight, answer: Answer): boolean {
    if (flight.isOver) return false;
    flight.isOver = true;
    this.#flights.delete(unique);
    if (answer === null) return true;
    if ("errno" in answer) {
      this.#parts.reply([header(unique, answer.errno, 0)]);
      return false;
    }
    const bodyOctets = answer.reduce((sum, { length }) => sum + length, 0);
    return this.#parts.reply([header(unique, 0, bodyOctets), ...answer]);
  }

  #interrupt(unique: number): void {
    const flight = this.#flights.get(unique);
    if (flight === undefined) return;
    const end = (): void => void this.#send(unique, flight, { errno: ERRNO.EINTR });
    if (flight.isChange) this.#parts.clock.after(INTERRUPT_MILLISECONDS, end);
    else end();
  }

  async #answer({ node: id, body }: Request, flight: Flight, work: Work): Promise<Answer> {
    switch (body.kind) {
      case "init":
        return this.#init(body);
      case "forget":
        for (const { node, lookups } of body.forgets) this.#nodes.forget(node, lookups);
        return null;
      case "destroy":
        return [];
      case "unknown":
        return { errno: ERRNO.ENOSYS };
      case "malformed":
        this.malformedCount++;
        this.#parts.log.warn({ why: body.why }, "a request of the kernel is broken");
        return { errno: ERRNO.EINVAL };
      default: {
        if (!this.#isInitialized) return { errno: ERRNO.EPROTO };
        const node = this.#nodes.get(id);
        if (node === null) return { errno: ERRNO.ESTALE };
        const outcome = await this.#patiently(flight, () => this.#do(node, body, work));
        return typeof outcome === "string" ? { errno: errnoOf(outcome) } : outcome;
      }
    }
  }

  #init({ major, minor, readaheadMax, flags }: BodyOf<"init">): Answer {
    // A kernel of a later major version asks again when it is told this one.
    if (major > FUSE_MAJOR)
      return [initOut(0, { readaheadMax: 0, flags: 0, writeOctetsMax: 0, pagesMax: 0, backgroundMax: 0 })];
    if (major < FUSE_MAJOR || minor < FUSE_MINOR_LEAST) {
      this.#parts.log.error({ major, minor }, "the kernel's FUSE is too old: 7.28 (Linux 4.20) or later is needed");
      return { errno: ERRNO.EPROTO };
    }
    this.#isInitialized = true;
    const wanted = Object.values(INIT_FLAG).reduce((all, flag) => all | flag, 0);
    const answer = { readaheadMax, flags: flags & wanted, writeOctetsMax: WRITE_OCTETS_MAX, pagesMax: PAGES_MAX };
    return [initOut(minor, { ...answer, backgroundMax: BACKGROUND_MAX })];
  }

  /** Asks again for what takes longer, as a kernel's NFS client does. */
  async #patiently<T>(flight: Flight, act: () => Soon<T>): Promise<T | Status> {
    let pause = LATER_FIRST_MILLISECONDS;
    for (let tries = 0; ; tries++) {
      const outcome = await act();
      if (outcome !== "JUKEBOX" || flight.isOver || tries === LATER_TRIES_MAX) return outcome;
      await new Promise<void>((resolve) => void this.#parts.clock.after(pause, resolve));
      pause = Math.min(2 * pause, LATER_MAX_MILLISECONDS);
    }
  }

  #do(node: Node, body: Body, work: Work): Soon<readonly Uint8Array[]> {
    switch (body.kind) {
      case "lookup":
      case "mknod":
      case "mkdir":
      case "symlink":
      case "link":
      case "create":
        return this.#doEntry(node, body, work);
      case "unlink":
      case "rmdir":
      case "rename":
        return this.#doName(node, body);
      case "opendir":
      case "readdir":
      case "readdirplus":
      case "releasedir":
        return this.#doListing(node, body, work);
      default:
        return this.#doFile(node, body, work);
    }
  }

  async #doEntry(
    node: Node,
    body: BodyOf<"lookup" | "mknod" | "mkdir" | "symlink" | "link" | "create">,
    work: Work,
  ): Promise<readonly Uint8Array[] | Status> {
    const fault = nameFault(body.name);
    if (fault !== null) return fault;
    const found = await this.#entry({ directory: node.key, name: body.name }, body);
    if (isStatus(found)) return found;
    const entry = entryOut(this.#tell(found, work));
    return body.kind === "create" ? [entry, openOut(0, 0)] : [entry];
  }

  async #entry(
    place: Place,
    body: BodyOf<"lookup" | "mknod" | "mkdir" | "symlink" | "link" | "create">,
  ): Promise<Found | Status> {
    const { fileSystem } = this.#parts;
    switch (body.kind) {
      case "lookup":
        return fileSystem.lookup(place.directory, place.name);
      case "mkdir":
        return fileSystem.create(place, { kind: "directory", attributes: { mode: body.mode & 0o7777 } });
      case "symlink":
        return fileSystem.create(place, { kind: "link", target: body.target, attributes: {} });
      case "mknod": {
        // Devices and fifos would be the exporting machine's, not this one's.
        if ((body.mode & FORMAT_MASK) !== FORMAT.file) return "PERM";
        const attributes = { mode: body.mode & 0o7777 };
        return fileSystem.create(place, { kind: "file", how: "guarded", verifier: 0n, attributes });
      }
      case "create": {
        const how = (body.flags & O_EXCL) === 0 ? "unchecked" : "guarded";
        const size = how === "unchecked" && (body.flags & O_TRUNC) !== 0 ? { sizeOctets: 0 } : {};
        return fileSystem.create(place, {
          kind: "file",
          how,
          verifier: 0n,
          attributes: { mode: body.mode & 0o7777, ...size },
        });
      }
      case "link": {
        const old = this.#nodes.get(body.oldNode);
        if (old === null) return "STALE";
        const fault = await fileSystem.link(old.key, place);
        return fault ?? fileSystem.lookup(place.directory, place.name);
      }
    }
  }

  async #doName(node: Node, body: BodyOf<"unlink" | "rmdir" | "rename">): Promise<readonly Uint8Array[] | Status> {
    const { fileSystem } = this.#parts;
    const place = { directory: node.key, name: body.name };
    let fault: Status | null = nameFault(body.name);
    if (fault !== null) return fault;
    if (body.kind === "rename") {
      const target = this.#nodes.get(body.newNode);
      if (target === null) return "STALE";
      // Exchange and the like cannot be done in one step; programs fall back on EINVAL (rename(2)).
      fault = body.flags === 0 ? nameFault(body.newName) : "INVAL";
      fault ??= await fileSystem.rename(place, { directory: target.key, name: body.newName });
    } else {
      fault = await (body.kind === "unlink" ? fileSystem.remove(place) : fileSystem.removeDirectory(place));
    }
    return fault ?? [];
  }

  async #doListing(
    node: Node,
    body: BodyOf<"opendir" | "readdir" | "readdirplus" | "releasedir">,
    work: Work,
  ): Promise<readonly Uint8Array[] | Status> {
    const { fileSystem } = this.#parts;
    switch (body.kind) {
      case "opendir": {
        const attributes = await fileSystem.attributes(node.key);
        if (isStatus(attributes)) return attributes;
        return attributes.kind === "directory" ? [openOut(this.#directories.open(node.key, attributes), 0)] : "NOTDIR";
      }
      case "releasedir":
        this.#directories.close(body.handle);
        return [];
      case "readdir":
      case "readdirplus": {
        const { cookie } = body;
        const sizeOctets = Math.min(body.sizeOctets, WRITE_OCTETS_MAX);
        const wish: PageWish = {
          cookie,
          sizeOctets,
          tell: body.kind === "readdir" ? null : (found) => this.#tell(found, work),
        };
        const page = await this.#directories.page(fileSystem, body.handle, wish);
        return isStatus(page) ? page : [page];
      }
    }
  }

  async #doFile(node: Node, body: Body, { releases }: Work): Promise<readonly Uint8Array[] | Status> {
    const { fileSystem } = this.#parts;
    switch (body.kind) {
      case "getattr":
        return this.#attributes(await fileSystem.attributes(node.key));
      case "setattr":
        return this.#attributes(await fileSystem.setAttributes(node.key, body.changes));
      case "readlink": {
        const link = await fileSystem.readlink(node.key);
        return isStatus(link) ? link : [fileNameOctets(link.target)];
      }
      case "open":
        return this.#open(node);
      case "read":
        return readWhole({ fileSystem, releases }, node.key, body.offset, Math.min(body.sizeOctets, WRITE_OCTETS_MAX));
      case "write": {
        const written = await writeWhole(fileSystem, node, body.offset, body.octets);
        return isStatus(written) ? written : [writeOut(written)];
      }
      case "flush":
      case "fsync":
        return (await commitNode(fileSystem, node)) ?? [];
      case "release":
        return [];
      case "statfs": {
        const space = await fileSystem.space(node.key);
        return isStatus(space) ? space : [statfsOut(space)];
      }
      case "access": {
        // Who may do what is said by whoever keeps the file, when it is done; here only what can be known.
        if ((body.mask & W_OK) !== 0 && !fileSystem.isWritable) return "ROFS";
        const attributes = await fileSystem.attributes(node.key);
        return isStatus(attributes) ? attributes : [];
      }
      default:
        return "NOTSUPP";
    }
  }

  /** What was read before may be kept while the file is the same: a file is looked at again when it is opened, as NFS clients do. */
  async #open(node: Node): Promise<readonly Uint8Array[] | Status> {
    const attributes = await this.#parts.fileSystem.attributes(node.key);
    if (isStatus(attributes)) return attributes;
    const { modified, sizeOctets } = attributes;
    const now = `${modified.seconds}.${modified.nanoseconds}.${sizeOctets}`;
    const isSame = node.openedAs === now;
    node.openedAs = now;
    return [openOut(0, isSame ? FOPEN_KEEP_CACHE : 0)];
  }

  #attributes(attributes: Attributes | Status): readonly Uint8Array[] | Status {
    return isStatus(attributes) ? attributes : [attrOut(attributes, this.#validity(attributes))];
  }

  #tell({ key, attributes }: Found, work: Work): Entry {
    const node = this.#nodes.tell(key);
    work.told.push(node);
    return { node: node.id, validity: this.#validity(attributes), attributes };
  }

  #validity({ lifeSeconds }: Attributes): { readonly seconds: number } {
    return { seconds: lifeSeconds ?? this.#lifeSeconds };
  }
}
