/** A server of files with a plain client beside it, without sockets: what is called is answered in the same turn, where the file system has it at hand. */
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import {
  type CallHeader,
  type Credential,
  type FileSystem,
  HandleStore,
  MemoryFileSystem,
  MOUNT_PROCEDURES,
  NFS_PROCEDURES,
  type NfsExport,
  NfsServer,
  type NfsServerLimits,
  readReply,
  RecordReader,
  type ReplyHeader,
  writeCall,
  XdrReader,
  XdrWriter,
} from "../../mount/index.ts";
import { type Procedure } from "../../mount/nfs/procedure.ts";
import { type OctetStream, type OctetStreamEvents } from "../../net/index.ts";

export const everywhere: NfsExport = { path: "/", root: null, networks: [], isWritable: true, squash: "none" };
type AuthSys = Extract<Credential, { readonly flavor: "sys" }>;

export const root: AuthSys = { flavor: "sys", stamp: 0, machine: "pc24", uid: 0, gid: 0, groups: [] };
export const user: AuthSys = { flavor: "sys", stamp: 0, machine: "pc24", uid: 1000, gid: 100, groups: [24] };

export interface Reply {
  readonly header: ReplyHeader;
  readonly reader: XdrReader;
}

const mountProcedures: readonly unknown[] = Object.values(MOUNT_PROCEDURES);

/** One client's stream. */
export class PlainClient implements OctetStream {
  readonly sent: Uint8Array[] = [];
  readonly #records = new RecordReader();
  #events: OctetStreamEvents | null = null;
  #xid = 1;
  credential: Credential = root;
  /** Whether what is written is taken at once. */
  takes = true;
  isPaused = false;
  isClosed = false;

  write(pieces: readonly Uint8Array[], gone?: () => void): boolean {
    // As a socket does: what is read later is what the pieces hold then.
    this.sent.push(...pieces);
    if (this.takes) gone?.();
    return this.takes;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.isClosed = true;
  }

  joins(server: NfsServer, address: string): this {
    this.#events = server.accept(this, address);
    this.#events?.opened();
    return this;
  }

  /** The other end is gone. */
  leaves(): void {
    this.#events?.closed("gone");
  }

  drains(): void {
    this.takes = true;
    this.#events?.drained();
  }

  receives(octets: Uint8Array): void {
    this.#events?.received(octets);
  }

  get nextXid(): number {
    return this.#xid;
  }

  record<A>(procedure: Procedure<A, unknown>, argument: A, header: Partial<CallHeader> = {}): Buffer {
    const program = mountProcedures.includes(procedure) ? 100005 : 100003;
    const writer = new XdrWriter();
    writer.beginRecord();
    const usual = { xid: this.#xid++, program, version: 3, procedure: procedure.number, credential: this.credential };
    writeCall(writer, { ...usual, ...header });
    procedure.arguments.write(writer, argument);
    writer.endRecord();
    return Buffer.concat(writer.take());
  }

  /** The replies that came since this was asked for the last time. */
  replies(): Reply[] {
    this.#records.push(Buffer.concat(this.sent.splice(0)));
    const replies: Reply[] = [];
    for (let record = this.#records.next(); record !== null; record = this.#records.next()) {
      const reader = new XdrReader(record);
      replies.push({ header: readReply(reader), reader });
    }
    return replies;
  }

  /** The result of a call that is answered at once. */
  call<A, R>(procedure: Procedure<A, R>, argument: A, header: Partial<CallHeader> = {}): R {
    this.receives(this.record(procedure, argument, header));
    const replies = this.replies();
    if (replies.length !== 1) throw new Error(`${replies.length} replies to ${procedure.name}`);
    const { header: reply, reader } = replies[0]!;
    if (reply.outcome.kind !== "success") throw new Error(`${procedure.name}: ${JSON.stringify(reply.outcome)}`);
    const result = procedure.result.read(reader);
    reader.end();
    return result;
  }

  /** The handle of a directory, by MNT. */
  mounted(path: string): string {
    const result = this.call(MOUNT_PROCEDURES.MNT, path);
    if (result.status !== "OK") throw new Error(`MNT ${path}: ${result.status}`);
    return result.good.handle;
  }

  /** The handle of a file, by MNT of the root and LOOKUPs. */
  at(path: string): string {
    let handle = this.mounted("/");
    for (const name of path.split("/").filter((one) => one !== "")) {
      const result = this.call(NFS_PROCEDURES.LOOKUP, { directory: handle, name });
      if (result.status !== "OK") throw new Error(`${path}: ${result.status}`);
      handle = result.good.handle;
    }
    return handle;
  }
}

export interface RigOptions {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly isWritable?: boolean;
  readonly exports?: readonly NfsExport[];
  readonly limits?: Partial<NfsServerLimits>;
  readonly store?: HandleStore;
  readonly seed?: number;
  /** Instead of one in memory with these files. */
  readonly fileSystem?: FileSystem;
}

export class NfsRig implements Disposable {
  readonly clock = new SimulatedClock(1_800_000_000);
  readonly fileSystem: FileSystem;
  readonly store: HandleStore;
  readonly server: NfsServer;
  readonly client: PlainClient;

  constructor(options: RigOptions = {}) {
    const { clock } = this;
    const random = new SeededRandom(options.seed ?? 1813);
    this.store = options.store ?? new HandleStore(":memory:", random);
    this.fileSystem =
      options.fileSystem ?? MemoryFileSystem.of(options.files ?? {}, { clock, isWritable: options.isWritable ?? true });
    const { limits } = options;
    this.server = new NfsServer({
      fileSystem: this.fileSystem,
      store: this.store,
      clock,
      random,
      log: silentLog,
      ...(limits === undefined ? {} : { limits }),
    });
    this.server.publish(options.exports ?? [everywhere]);
    this.client = this.joined("192.0.2.1");
  }

  joined(address: string): PlainClient {
    return new PlainClient().joins(this.server, address);
  }

  [Symbol.dispose](): void {
    this.server.close();
    this.store[Symbol.dispose]();
  }
}
