/**
 * A file system that a server far away serves by NFSv3 (RFC 1813): the client. A file's key is the server's handle. What is asked, kept, read ahead and written again stands in
 * the files beside this one; here they are put together, and each operation becomes its procedure.
 */
import { type Clock, type Random, sleep } from "../../base/index.ts";
import { type OpenOctetStream } from "../../net/index.ts";
import { type FileKey } from "../file-key.ts";
import type {
  AttributeChanges,
  Attributes,
  Committed,
  FileSystem,
  Found,
  LinkTarget,
  ListPart,
  NewFile,
  Place,
  ReadPart,
  Soon,
  Space,
  Stability,
  Written,
} from "../file-system.ts";
import { nameFault } from "../file-name.ts";
import { type Made } from "../nfs/directory-procedures.ts";
import { type WccData } from "../nfs/attributes.ts";
import { type Result } from "../nfs/procedure.ts";
import { NFS_PROCEDURES } from "../nfs/procedures.ts";
import { type MountOptions } from "../options.ts";
import { type Credential } from "../rpc/message.ts";
import { isStatus, type Status } from "../status.ts";
import { AttributeCache } from "./attribute-cache.ts";
import { Caller } from "./caller.ts";
import { ClientCounters } from "./counters.ts";
import { FileCalls } from "./file-calls.ts";
import { type Failure, type LinkState, type Replica, ServerLink } from "./link.ts";
import { Listing } from "./listing.ts";
import { NameCache } from "./name-cache.ts";
import { ReadAhead } from "./read-ahead.ts";
import { Rooms } from "./rooms.ts";
import { Writing } from "./writing.ts";

export interface NfsFileSystemParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly open: OpenOctetStream;
  /** Where the files are, in the order in which that is tried. Several are copies of each other, and so nothing is written to them. */
  readonly replicas: readonly Replica[];
  readonly credential: Credential;
  readonly options: MountOptions;
  readonly onState: (state: LinkState, reason: string) => void;
}

/** How long what was read ahead may be given out, where attributes are believed for less. */
const READ_AHEAD_MILLISECONDS_MIN = 1000;
/** How long unmounting waits for what is still to be committed; a server that is dead must not keep a mount for ever. */
const CLOSE_MILLISECONDS_MAX = 15_000;
/** What a server that does not say takes is asked for (RFC 1813 has no least; NFSv2's limit is taken by all). */
const TRANSFER_OCTETS_DEFAULT = 8192;

export class NfsFileSystem implements FileSystem {
  readonly isWritable: boolean;
  readonly counters = new ClientCounters();
  readonly #clock: Clock;
  readonly #link: ServerLink;
  readonly #calls: FileCalls;
  readonly #attributes: AttributeCache;
  readonly #names = new NameCache();
  readonly #reading: ReadAhead;
  readonly #writing: Writing;
  readonly #listing: Listing;
  readonly #ended = new AbortController();

  constructor({ clock, random, open, replicas, credential, options, onState }: NfsFileSystemParts) {
    const { isSoft, timeoutMilliseconds, retries, attributeSeconds, windowCalls } = options;
    const { counters } = this;
    const rooms = new Rooms(clock, 2 * windowCalls);
    const patienceMilliseconds = isSoft ? timeoutMilliseconds * (1 + retries) : null;
    this.#clock = clock;
    let xid = random.uint32();
    const nextXid = (): number => (xid = (xid + 1) >>> 0);
    this.isWritable = options.isWritable && replicas.length === 1;
    this.#attributes = new AttributeCache(clock, attributeSeconds);
    this.#link = new ServerLink({
      ...{
        clock,
        open,
        replicas,
        credential,
        nextXid,
        counters,
        rooms,
        timeoutMilliseconds,
        patienceMilliseconds,
        onState,
      },
      onOther: () => {
        this.#calls.begunAnew();
        this.#reading.clear();
      },
    });
    const ended = this.#ended.signal;
    const caller = new Caller({ clock, link: this.#link, counters, nextXid, patienceMilliseconds, retries, ended });
    this.#calls = new FileCalls({
      ...{ caller, link: this.#link, attributes: this.#attributes, names: this.#names, counters },
      onChanged: (key) => this.#reading.drop(key),
    });
    const calls = this.#calls;
    this.#reading = new ReadAhead({
      ...{ clock, calls, counters, rooms, windowCalls, attributes: this.#attributes },
      lifeMilliseconds: Math.max(READ_AHEAD_MILLISECONDS_MIN, attributeSeconds.fileMin * 1000),
      partOctets: () => transferOctets(this.#link.root?.info?.readOctetsMax, options.readOctets),
    });
    this.#writing = new Writing({
      ...{ calls, counters, windowCalls },
      partOctets: () => transferOctets(this.#link.root?.info?.writeOctetsMax, options.writeOctets),
      verifier: (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()),
    });
    this.#listing = new Listing(calls);
  }

  /** Waits until it is mounted; or says why it does not go, and goes on trying. Without it, the first operation mounts. */
  mount(): Promise<Failure | null> {
    return this.#link.mount();
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** For who asks why: server, address, where that came from, what was kept. */
  facts(): readonly string[] {
    const { calls, attributeHits, nameHits, readAheadHits, connections } = this.counters;
    const hits = `attributes ${attributeHits}, names ${nameHits}, read ahead ${readAheadHits}`;
    return [...this.#link.facts(), `${calls} calls over ${connections} connections; answered from here: ${hits}`];
  }

  async root(): Promise<Found | Status> {
    const fault = await this.#calls.mounted();
    const key = this.#calls.rootKey;
    if (key === null) return fault ?? "TIMEDOUT";
    const attributes = await this.attributes(key);
    return isStatus(attributes) ? attributes : { key, attributes };
  }

  lookup(directory: FileKey, name: string): Soon<Found> {
    if (name === ".") return this.#itself(directory);
    if (name === ".." && directory === this.#calls.rootKey) return this.#itself(directory);
    if (nameFault(name) !== null) return nameFault(name)!;
    const place: Place = { directory, name };
    const attributes = this.#attributes.fresh(directory);
    const key = attributes === null ? undefined : this.#names.get(place, attributes);
    if (key === undefined) return this.#lookupThere(place);
    this.counters.nameHits++;
    if (key === null) return "NOENT";
    const kept = this.#attributes.fresh(key);
    if (kept !== null) return { key, attributes: kept };
    return this.#calls.attributes(key).then((now) => {
      if (!isStatus(now)) return { key, attributes: now };
      // The name may lead to another file by now.
      return now === "STALE" ? this.#lookupThere(place) : now;
    });
  }

  attributes(file: FileKey): Soon<Attributes> {
    const kept = this.#attributes.fresh(file);
    if (kept === null) return this.#calls.attributes(file);
    this.counters.attributeHits++;
    return kept;
  }

  read(file: FileKey, offset: number, octetsMax: number): Soon<ReadPart> {
    return this.#reading.read(file, offset, octetsMax);
  }

  list(directory: FileKey, cookie: bigint, entriesMax: number): Promise<ListPart | Status> {
    return this.#listing.list(directory, cookie, entriesMax);
  }

  async readlink(link: FileKey): Promise<LinkTarget | Status> {
    const result = await this.#calls.on([link], NFS_PROCEDURES.READLINK, (handle) => handle);
    if (typeof result === "string" || result.status !== "OK") return this.#calls.failed(result, [link]);
    const { target, attributes } = result.good;
    if (attributes !== null && this.#calls.learn(link, attributes) === null) return "STALE";
    return target.includes("\0") ? "SERVERFAULT" : { target };
  }

  async space(file: FileKey): Promise<Space | Status> {
    const result = await this.#calls.on([file], NFS_PROCEDURES.FSSTAT, (handle) => handle);
    return typeof result === "string" || result.status !== "OK"
      ? this.#calls.failed(result, [file])
      : result.good.space;
  }

  async setAttributes(file: FileKey, changes: AttributeChanges): Promise<Attributes | Status> {
    if (!this.isWritable) return "ROFS";
    const result = await this.#calls.on([file], NFS_PROCEDURES.SETATTR, (handle) => ({ handle, changes, guard: null }));
    if (typeof result === "string" || result.status !== "OK") return this.#calls.failed(result, [file]);
    this.#reading.drop(file);
    return this.#calls.learnWcc(file, result.good) ?? this.#calls.attributes(file);
  }

  write(file: FileKey, offset: number, octets: Uint8Array, stability: Stability): Soon<Written> {
    if (!this.isWritable) return "ROFS";
    this.#reading.drop(file);
    return this.#writing.write(file, offset, octets, stability).finally(() => this.#reading.drop(file));
  }

  commit(file: FileKey): Soon<Committed> {
    return this.isWritable ? this.#writing.commit(file) : "ROFS";
  }

  async create(place: Place, what: NewFile): Promise<Found | Status> {
    if (!this.isWritable) return "ROFS";
    const fault = nameFault(place.name);
    if (fault !== null) return fault;
    const { directory, name } = place;
    const result = await this.#make(place, what);
    if (typeof result === "string" || result.status !== "OK") return this.#changed(result, [directory]);
    const { handle, attributes, directory: wcc } = result.good;
    this.#calls.learnWcc(directory, wcc);
    this.#names.forgetName(place);
    this.#listing.changed(directory);
    const found = handle === null ? await this.#lookupThere(place) : await this.#calls.found(handle, attributes);
    if (isStatus(found)) return found;
    this.#calls.learnName({ directory, name }, found.key);
    // CREATE has no room for attributes where it has a verifier (RFC 1813 §3.3.8); the server keeps that in the times, which stay as they are.
    const isBare = what.kind !== "file" || what.how !== "exclusive" || Object.keys(what.attributes).length === 0;
    if (isBare) return found;
    const set = await this.setAttributes(found.key, what.attributes);
    return isStatus(set) ? set : { key: found.key, attributes: set };
  }

  async remove(place: Place): Promise<null | Status> {
    if (!this.isWritable) return "ROFS";
    const fault = nameFault(place.name);
    if (fault !== null) return fault;
    // A server may remove a directory by REMOVE (RFC 1813 §3.3.12); here that is ISDIR, always.
    const there = await this.lookup(place.directory, place.name);
    if (isStatus(there)) return there;
    if (there.attributes.kind === "directory") return "ISDIR";
    const { directory, name } = place;
    const result = await this.#calls.on([directory], NFS_PROCEDURES.REMOVE, (handle) => ({ directory: handle, name }));
    return this.#removed(place, there, result);
  }

  async removeDirectory(place: Place): Promise<null | Status> {
    if (!this.isWritable) return "ROFS";
    const fault = nameFault(place.name);
    if (fault !== null) return fault;
    const { directory, name } = place;
    const there = await this.lookup(directory, name);
    if (isStatus(there)) return there;
    const result = await this.#calls.on([directory], NFS_PROCEDURES.RMDIR, (handle) => ({ directory: handle, name }));
    return this.#removed(place, there, result);
  }

  async rename(from: Place, to: Place): Promise<null | Status> {
    if (!this.isWritable) return "ROFS";
    const fault = nameFault(from.name) ?? nameFault(to.name);
    if (fault !== null) return fault;
    const keys = [from.directory, to.directory];
    const moved = await this.lookup(from.directory, from.name);
    if (isStatus(moved)) return moved;
    const result = await this.#calls.on(keys, NFS_PROCEDURES.RENAME, (one, other) => ({
      from: { directory: one, name: from.name },
      to: { directory: other, name: to.name },
    }));
    if (typeof result === "string" || result.status !== "OK") return this.#changed(result, keys);
    this.#calls.learnWcc(from.directory, result.good.from);
    this.#calls.learnWcc(to.directory, result.good.to);
    for (const place of [from, to]) this.#names.forgetName(place);
    for (const key of keys) this.#listing.changed(key);
    this.#calls.learnName(to, moved.key);
    this.#attributes.expire(moved.key);
    return null;
  }

  async link(file: FileKey, to: Place): Promise<null | Status> {
    if (!this.isWritable) return "ROFS";
    const fault = nameFault(to.name);
    if (fault !== null) return fault;
    const keys = [file, to.directory];
    const result = await this.#calls.on(keys, NFS_PROCEDURES.LINK, (handle, directory) => ({
      handle,
      place: { directory, name: to.name },
    }));
    if (typeof result === "string" || result.status !== "OK") return this.#changed(result, keys);
    const { attributes, directory } = result.good;
    if (attributes === null) this.#attributes.expire(file);
    else this.#calls.learn(file, attributes);
    this.#calls.learnWcc(to.directory, directory);
    this.#names.forgetName(to);
    this.#listing.changed(to.directory);
    return null;
  }

  /** What is not safe yet is committed, as far as the server answers in time. */
  async close(): Promise<void> {
    const left = this.#link.current === null ? [] : this.#writing.unsafeFiles;
    const committed = Promise.all(left.map((key) => this.#writing.commit(key)));
    const limit = sleep(this.#clock, CLOSE_MILLISECONDS_MAX, this.#ended.signal).catch(() => undefined);
    await Promise.race([committed, limit]);
    this.#ended.abort(new Error("unmounted"));
    this.#link.close();
    this.#reading.clear();
  }

  async #itself(key: FileKey): Promise<Found | Status> {
    const attributes = await this.attributes(key);
    if (isStatus(attributes)) return attributes;
    return attributes.kind === "directory" ? { key, attributes } : "NOTDIR";
  }

  async #lookupThere(place: Place): Promise<Found | Status> {
    const { directory, name } = place;
    const result = await this.#calls.on([directory], NFS_PROCEDURES.LOOKUP, (handle) => ({ directory: handle, name }));
    if (typeof result === "string" || result.status !== "OK") {
      const status = this.#calls.failed(result, [directory]);
      if (typeof result !== "string" && result.bad !== null) {
        this.#calls.learn(directory, result.bad);
        if (status === "NOENT") this.#calls.learnName(place, null);
      }
      return status;
    }
    const { handle, attributes, directory: after } = result.good;
    if (after !== null && this.#calls.learn(directory, after) === null) return "STALE";
    const found = await this.#calls.found(handle, attributes);
    if (!isStatus(found) && name !== ".." && after !== null) this.#calls.learnName(place, found.key);
    return found;
  }

  #make({ directory, name }: Place, what: NewFile): Promise<Result<Made, WccData> | Status> {
    const { attributes } = what;
    const keys = [directory];
    const at = (handle: string): { directory: string; name: string } => ({ directory: handle, name });
    switch (what.kind) {
      case "file":
        return this.#calls.on(keys, NFS_PROCEDURES.CREATE, (handle) => ({ place: at(handle), file: what }));
      case "directory":
        return this.#calls.on(keys, NFS_PROCEDURES.MKDIR, (handle) => ({ place: at(handle), attributes }));
      case "link": {
        const { target } = what;
        return this.#calls.on(keys, NFS_PROCEDURES.SYMLINK, (handle) => ({ place: at(handle), attributes, target }));
      }
    }
  }

  #removed(place: Place, there: Found, result: Result<WccData, WccData> | Status): null | Status {
    if (typeof result === "string" || result.status !== "OK") return this.#changed(result, [place.directory]);
    this.#calls.learnWcc(place.directory, result.good);
    this.#names.forgetName(place);
    this.#listing.changed(place.directory);
    // With its last name the file goes; with others it has fewer links now.
    if (there.attributes.kind !== "directory" && there.attributes.links > 1) this.#attributes.expire(there.key);
    else {
      this.#calls.forget(there.key);
      this.#writing.forget(there.key);
    }
    return null;
  }

  /** A change that failed: it may have been done all the same, so that what is known of the directories is asked again. */
  #changed(result: Result<unknown, unknown> | Status, directories: readonly FileKey[]): Status {
    for (const key of directories) this.#attributes.expire(key);
    return this.#calls.failed(result, directories);
  }
}

/** What the server takes in one call, and not more than was asked for. */
function transferOctets(told: number | undefined, wanted: number): number {
  return Math.min(wanted, told === undefined || told === 0 ? TRANSFER_OCTETS_DEFAULT : told);
}
