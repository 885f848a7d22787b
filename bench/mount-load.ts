/**
 * A client of a server of files for measuring: asks for attributes over and over with a given number of calls under way, and lists a directory. It does as little itself as it can, so that the
 * server is what is measured.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  type CallHeader,
  MOUNT_PROCEDURES,
  NFS_PROCEDURES,
  readReply,
  RecordReader,
  writeCall,
  XdrReader,
  XdrWriter,
} from "../mount/index.ts";

const NFS = 100_003;
const MOUNT = 100_005;
const MARK_OCTETS = 4;
const PAGE_OCTETS = 65_536;
const LIMIT_MILLISECONDS = 60_000;

type Caller = Pick<CallHeader, "program" | "version" | "procedure" | "credential">;

/** A connection on which one call after the other is made, or the same call many times at once. */
export class LoadClient implements Disposable {
  readonly #socket: Socket;
  readonly #records = new RecordReader();
  #xid = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<LoadClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new LoadClient(socket);
  }

  /** The handle of what MNT gives for the path. */
  async mounted(path: string): Promise<string> {
    const { MNT } = MOUNT_PROCEDURES;
    const reader = await this.#ask(MOUNT, MNT.number, (writer) => MNT.arguments.write(writer, path));
    const result = MNT.result.read(reader);
    if (result.status !== "OK") throw new Error(`MNT ${path}: ${result.status}`);
    return result.good.handle;
  }

  async lookup(directory: string, name: string): Promise<string> {
    const { LOOKUP } = NFS_PROCEDURES;
    const reader = await this.#ask(NFS, LOOKUP.number, (writer) => LOOKUP.arguments.write(writer, { directory, name }));
    const result = LOOKUP.result.read(reader);
    if (result.status !== "OK") throw new Error(`LOOKUP ${name}: ${result.status}`);
    return result.good.handle;
  }

  /** How many names a directory has, by READDIRPLUS page after page. */
  async count(handle: string): Promise<number> {
    const { READDIRPLUS } = NFS_PROCEDURES;
    let [cookie, verifier, names] = [0n, 0n, 0];
    for (;;) {
      const asked = { handle, cookie, verifier, nameOctetsMax: PAGE_OCTETS, octetsMax: PAGE_OCTETS };
      const reader = await this.#ask(NFS, READDIRPLUS.number, (writer) => READDIRPLUS.arguments.write(writer, asked));
      const result = READDIRPLUS.result.read(reader);
      if (result.status !== "OK") throw new Error(`READDIRPLUS: ${result.status}`);
      const { entries, isEnd } = result.good;
      names += entries.length;
      if (isEnd) return names;
      ({ verifier } = result.good);
      cookie = entries.at(-1)!.cookie;
    }
  }

  /** Attributes a second, with so many calls under way. */
  async attributesASecond(handle: string, depth: number, seconds: number): Promise<number> {
    const call = this.#record(NFS, NFS_PROCEDURES.GETATTR.number, (writer) =>
      NFS_PROCEDURES.GETATTR.arguments.write(writer, handle),
    );
    const calls = Buffer.concat(new Array<Buffer>(depth).fill(call));
    const began = performance.now();
    const until = began + seconds * 1000;
    const answered = await this.#flood(calls, call.length, until);
    return answered / ((performance.now() - began) / 1000);
  }

  /** Sends a call for each reply until then; resolves with the number of replies. Numbers of calls do not matter to a server of what changes nothing. */
  #flood(calls: Buffer, callOctets: number, until: number): Promise<number> {
    const socket = this.#socket;
    const replies = new ReplyCounter();
    let answered = 0;
    let sent = calls.length / callOctets;
    return new Promise((resolve, reject) => {
      const impatient = setTimeout(() => reject(new Error("the server stopped answering")), LIMIT_MILLISECONDS);
      const onData = (chunk: Buffer): void => {
        const count = replies.count(chunk);
        answered += count;
        if (performance.now() < until) {
          sent += count;
          socket.write(calls.subarray(0, count * callOctets));
        } else if (answered === sent) {
          clearTimeout(impatient);
          socket.off("data", onData);
          resolve(answered);
        }
      };
      socket.on("data", onData);
      socket.write(calls);
    });
  }

  async #ask(program: number, procedure: number, write: (writer: XdrWriter) => void): Promise<XdrReader> {
    this.#socket.write(this.#record(program, procedure, write));
    for (;;) {
      const [chunk] = (await once(this.#socket, "data")) as [Buffer];
      this.#records.push(chunk);
      const record = this.#records.next();
      if (record === null) continue;
      const reader = new XdrReader(record);
      const { outcome } = readReply(reader);
      if (outcome.kind !== "success") throw new Error(`procedure ${procedure}: ${outcome.kind}`);
      return reader;
    }
  }

  #record(program: number, procedure: number, write: (writer: XdrWriter) => void): Buffer {
    const caller: Caller = {
      program,
      version: 3,
      procedure,
      credential: { flavor: "sys", stamp: 0, machine: "bench", uid: 0, gid: 0, groups: [] },
    };
    const writer = new XdrWriter();
    writer.beginRecord();
    writeCall(writer, { xid: this.#xid++, ...caller });
    write(writer);
    writer.endRecord();
    return Buffer.concat(writer.take());
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Counts whole replies of one fragment, and looks at nothing else in them. */
class ReplyCounter {
  #left = 0;
  #mark = 0;
  #markOctets = 0;

  count(chunk: Buffer): number {
    let [at, count] = [0, 0];
    while (at < chunk.length) {
      if (this.#left === 0) {
        this.#mark = ((this.#mark << 8) | chunk[at++]!) >>> 0;
        if (++this.#markOctets < MARK_OCTETS) continue;
        this.#left = this.#mark & 0x7fff_ffff;
        this.#mark = 0;
        this.#markOctets = 0;
        continue;
      }
      const here = Math.min(this.#left, chunk.length - at);
      at += here;
      this.#left -= here;
      if (this.#left === 0) count++;
    }
    return count;
  }
}
