/**
 * A million spoilt records of RPC, calls and replies of every procedure, from a printed seed: each is read or refused with an XdrError, and nothing is kept of it. And whole connections of
 * them to a server, which serves others on.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { collectGarbage, SeededRandom } from "../../base/index.ts";
import {
  MOUNT_PROCEDURES,
  NFS_PROCEDURES,
  readCall,
  type Procedure,
  readReply,
  RecordError,
  RecordReader,
  writeCall,
  writeSuccess,
  XdrError,
  XdrReader,
  XdrWriter,
} from "../../mount/index.ts";
import { NfsRig, user } from "../support/nfs-rig.ts";
import { procedureRows } from "../support/wire-arbitraries.ts";
import { mutated } from "../support/wire-mutations.ts";

const ROUNDS = 1_000_000;
const CALLS_TO_SERVER = 100_000;
const seed = Number(process.env["SEED"] ?? 20_261_123);
const procedures: Readonly<Record<string, Procedure<unknown, unknown>>> = { ...NFS_PROCEDURES, ...MOUNT_PROCEDURES };

interface Sample {
  readonly octets: Buffer;
  readonly read: (reader: XdrReader) => unknown;
}

function samples(): Sample[] {
  return procedureRows.flatMap(([name, argument, result], index) => {
    const procedure = procedures[name]!;
    const header = { xid: index, program: 100003, version: 3, procedure: procedure.number, credential: user };
    const of = (
      values: fc.Arbitrary<unknown>,
      codec: Procedure<unknown, unknown>["arguments"],
      head: (writer: XdrWriter) => void,
    ) =>
      fc.sample(values, { numRuns: 6, seed }).map((value) => {
        const writer = new XdrWriter();
        head(writer);
        codec.write(writer, value);
        return Buffer.concat(writer.take());
      });
    return [
      ...of(argument, procedure.arguments, (writer) => writeCall(writer, header)).map((octets) => ({
        octets,
        read: (reader: XdrReader) => readCall(reader).kind === "call" && procedure.arguments.read(reader),
      })),
      ...of(result, procedure.result, (writer) => writeSuccess(writer, index)).map((octets) => ({
        octets,
        read: (reader: XdrReader) => readReply(reader).outcome.kind === "success" && procedure.result.read(reader),
      })),
    ];
  });
}

test(`${ROUNDS} mutated records`, () => {
  const random = new SeededRandom(seed);
  const all = samples();
  let whole = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { octets, read } = all[random.below(all.length)]!;
    const spoilt = mutated(octets, random);
    try {
      const reader = new XdrReader(spoilt);
      read(reader);
      reader.end();
      whole++;
    } catch (error) {
      if (!(error instanceof XdrError))
        throw new Error(`seed ${seed}, round ${round}: ${spoilt.toString("hex").slice(0, 2000)}`, { cause: error });
    }
  }
  // Were nearly all refused at their heads, little would have been tried.
  expect(whole).toBeGreaterThan(ROUNDS / 50);
}, 300_000);

test("a stream of spoilt marks holds no more than a record", () => {
  const random = new SeededRandom(seed);
  collectGarbage();
  for (let stream = 0; stream < 2000; stream++) {
    const reader = new RecordReader(65_536);
    try {
      for (let chunk = 0; chunk < 20; chunk++) {
        reader.push(random.octets(1 + random.below(3000)));
        while (reader.next() !== null);
        expect(reader.heldOctets).toBeLessThanOrEqual(65_536);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(RecordError);
    }
  }
}, 60_000);

test(`${CALLS_TO_SERVER} spoilt calls leave a server as it was to others`, () => {
  using rig = new NfsRig({ files: { "/pub/readme": "read me\n" } });
  const random = new SeededRandom(seed);
  const good = rig.joined("192.0.2.9");
  const handle = good.at("/pub/readme");
  const directory = good.at("/pub");
  const list = { handle: directory, cookie: 0n, verifier: 0n, octetsMax: 4096 };
  const calls = [
    good.record(NFS_PROCEDURES.GETATTR, handle),
    good.record(NFS_PROCEDURES.LOOKUP, { directory, name: "readme" }),
    good.record(NFS_PROCEDURES.LOOKUP, { directory: "", name: "pub/../pub/readme" }),
    good.record(NFS_PROCEDURES.READ, { handle, offset: 0, octetsMax: 4096 }),
    good.record(NFS_PROCEDURES.READDIRPLUS, { ...list, nameOctetsMax: 4096 }),
    good.record(MOUNT_PROCEDURES.MNT, "/pub"),
    good.record(MOUNT_PROCEDURES.EXPORT, null),
  ];
  let client = rig.client;
  for (let round = 0; round < CALLS_TO_SERVER; round++) {
    if (client.isClosed) client = rig.joined("192.0.2.1");
    client.receives(mutated(calls[random.below(calls.length)]!, random));
    client.sent.length = 0;
    // A length that lies makes it wait for what follows.
    if (round % 16 !== 0) continue;
    client.leaves();
    client = rig.joined("192.0.2.1");
  }
  expect(rig.server.counters).toMatchObject({ failed: 0 });
  expect(good.call(NFS_PROCEDURES.GETATTR, handle).status).toBe("OK");
}, 120_000);
