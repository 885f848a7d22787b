/**
 * An NFS server that does as a test says: plain answers about a small root, and for each procedure whatever the test puts in its place, down to octets that are no RPC at
 * all. Results are written with the codec of the product; what is wrong on purpose is put in as octets.
 */
import type { Attributes } from "../../mount/index.ts";
import { MOUNT_PROCEDURES, NFS_PROCEDURES, NFS_PROGRAM } from "../../mount/nfs/procedures.ts";
import type { Procedure } from "../../mount/nfs/procedure.ts";
import { readCall, writeSuccess } from "../../mount/rpc/message.ts";
import { RecordReader } from "../../mount/rpc/record-reader.ts";
import { XdrReader } from "../../mount/rpc/xdr-reader.ts";
import { XdrWriter } from "../../mount/rpc/xdr-writer.ts";
import type { OctetStream, OctetStreamEvents } from "../../net/index.ts";

type Table = typeof NFS_PROCEDURES & typeof MOUNT_PROCEDURES;
export type ProcedureName = keyof Table;
type ArgumentsOf<P> = P extends Procedure<infer A, infer _R> ? A : never;
type ResultOf<P> = P extends Procedure<infer _A, infer R> ? R : never;

export interface ScriptedCall {
  readonly xid: number;
  readonly stream: OctetStream;
  /** How often the procedure has been called before. */
  readonly times: number;
}

/** Gives the result; null: no reply; octets: they are sent as they are. */
export type Act<N extends ProcedureName> = (
  given: ArgumentsOf<Table[N]>,
  call: ScriptedCall,
) => ResultOf<Table[N]> | Uint8Array | null;
export type Acts = { readonly [N in ProcedureName]?: Act<N> };

export const ROOT_HANDLE = "root";

export function attributesOf(more: Partial<Attributes> = {}): Attributes {
  const time = { seconds: 1_700_000_000, nanoseconds: 0 };
  return {
    ...{ kind: "file", mode: 0o644, links: 1, uid: 0, gid: 0, sizeOctets: 10, usedOctets: 10, fileSystemId: 7n },
    ...{ fileId: 2n, accessed: time, modified: time, changed: time, lifeSeconds: null },
    ...more,
  };
}

export const rootAttributes = (more: Partial<Attributes> = {}): Attributes =>
  attributesOf({ kind: "directory", mode: 0o755, links: 2, fileId: 1n, ...more });

const PLAIN: Acts = {
  MNT: () => ({ status: "OK", good: { handle: ROOT_HANDLE, flavors: [1] } }),
  GETATTR: (handle) => ({ status: "OK", good: handle === ROOT_HANDLE ? rootAttributes() : attributesOf() }),
  FSINFO: () => ({
    status: "OK",
    good: {
      ...{ attributes: null, readOctetsMax: 4096, readOctetsPreferred: 4096, readOctetsMultiple: 1 },
      ...{ writeOctetsMax: 4096, writeOctetsPreferred: 4096, writeOctetsMultiple: 1, listOctetsPreferred: 4096 },
      ...{ fileOctetsMax: 2 ** 40, timeStep: { seconds: 0, nanoseconds: 1 }, properties: 0x1b },
    },
  }),
  LOOKUP: ({ name }) => ({
    status: "OK",
    good: { handle: `file ${name}`, attributes: attributesOf(), directory: rootAttributes() },
  }),
};

export class ScriptedNfs {
  /** How often each procedure was called. */
  readonly calls = new Map<ProcedureName, number>();
  acts: Acts;

  constructor(acts: Acts = {}) {
    this.acts = acts;
  }

  readonly accept = (stream: OctetStream): OctetStreamEvents => {
    const records = new RecordReader();
    return {
      opened: () => undefined,
      received: (octets) => {
        records.push(octets);
        for (let record = records.next(); record !== null; record = records.next()) this.#answer(stream, record);
      },
      drained: () => undefined,
      closed: () => undefined,
    };
  };

  #answer(stream: OctetStream, record: Uint8Array): void {
    const reader = new XdrReader(record);
    const read = readCall(reader);
    if (read.kind !== "call") throw new Error("our client made no call");
    const { xid, program, procedure: number } = read.call;
    const table = Object.entries(program === NFS_PROGRAM ? NFS_PROCEDURES : MOUNT_PROCEDURES);
    const found = table.find(([, procedure]) => procedure.number === number);
    if (found === undefined) throw new Error(`our client called procedure ${number}`);
    // The table says which arguments and results belong to which name; that is lost in a look-up by number.
    const name = found[0] as ProcedureName;
    const procedure = found[1] as unknown as Procedure<unknown, unknown>;
    const act = (this.acts[name] ?? PLAIN[name]) as ((given: unknown, call: ScriptedCall) => unknown) | undefined;
    if (act === undefined) throw new Error(`the test says nothing of ${name}`);
    const times = this.calls.get(name) ?? 0;
    this.calls.set(name, times + 1);
    const given = procedure.arguments.read(reader);
    const result = act(given, { xid, stream, times });
    if (result === null) return;
    stream.write(
      result instanceof Uint8Array ? [result] : reply(xid, (writer) => procedure.result.write(writer, result)),
    );
  }
}

/** A record with a reply that was accepted, and these results. */
export function reply(xid: number, writeResults: (writer: XdrWriter) => void): Uint8Array[] {
  const writer = new XdrWriter();
  writer.beginRecord();
  writeSuccess(writer, xid);
  writeResults(writer);
  writer.endRecord();
  return writer.take();
}
