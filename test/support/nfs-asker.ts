/** A plain NFS client over a real stream, for tests that kill servers: each call is answered, or ends with "lost" when the connection does. It never asks again by itself. */
import {
  type Credential,
  type Procedure,
  readReply,
  RecordReader,
  writeCall,
  XdrReader,
  XdrWriter,
} from "../../mount/index.ts";
import { type OctetStream, type OctetStreamEvents } from "../../net/index.ts";

export type Lost = "lost";

const LIMIT_MILLISECONDS = 20_000;

export class NfsAsker implements OctetStreamEvents, Disposable {
  readonly #stream: OctetStream;
  readonly #credential: Credential;
  readonly #records = new RecordReader();
  readonly #waiting = new Map<number, (reader: XdrReader | null) => void>();
  #xid: number;
  #isOpen = true;

  /** @param firstXid differs from client to client, as numbers of calls do. */
  constructor(open: (events: OctetStreamEvents) => OctetStream, credential: Credential, firstXid: number) {
    this.#credential = credential;
    this.#xid = firstXid;
    this.#stream = open(this);
  }

  opened(): void {}

  drained(): void {}

  received(octets: Uint8Array): void {
    this.#records.push(octets);
    for (let record = this.#records.next(); record !== null; record = this.#records.next()) {
      const reader = new XdrReader(record);
      const { xid, outcome } = readReply(reader);
      if (outcome.kind !== "success") throw new Error(`call ${xid}: ${outcome.kind}`);
      this.#end(xid, reader);
    }
  }

  closed(): void {
    this.#isOpen = false;
    for (const xid of [...this.#waiting.keys()]) this.#end(xid, null);
  }

  call<A, R>(program: number, procedure: Procedure<A, R>, argument: A): Promise<R | Lost> {
    if (!this.#isOpen) return Promise.resolve("lost");
    const xid = this.#xid++;
    const writer = new XdrWriter();
    writer.beginRecord();
    writeCall(writer, { xid, program, version: 3, procedure: procedure.number, credential: this.#credential });
    procedure.arguments.write(writer, argument);
    writer.endRecord();
    return new Promise((resolve, reject) => {
      const impatient = setTimeout(() => reject(new Error(`${procedure.name} was not answered`)), LIMIT_MILLISECONDS);
      this.#waiting.set(xid, (reader) => {
        clearTimeout(impatient);
        resolve(reader === null ? "lost" : procedure.result.read(reader));
      });
      this.#stream.write(writer.take());
    });
  }

  [Symbol.dispose](): void {
    this.#stream.close();
    this.closed();
  }

  #end(xid: number, reader: XdrReader | null): void {
    const end = this.#waiting.get(xid);
    this.#waiting.delete(xid);
    end?.(reader);
  }
}
