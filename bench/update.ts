/**
 * Durable updates of one record each (RFC 2136), signed (RFC 8945) and acknowledged: by one client which waits for each answer, and by 32
 * at once. All servers keep their journals on the same disk and are as durable as they are unless told: Strata, BIND and Knot have an
 * update in their journals before they answer. A zone of a thousand names.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBase64 } from "../base/index.ts";
import {
  CLASS,
  decodeMessage,
  encodeMessage,
  Name,
  OPCODE,
  plainEdns,
  RCODE,
  rcodeToText,
  signMessage,
  TsigKey,
  TYPE,
} from "../dns/index.ts";
import { PeerClient } from "../test/support/peer-client.ts";
import { findProgram, WRITERS, type ZoneFile } from "../test/support/peer-configuration.ts";
import { updateWords } from "../test/support/peer-updates.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Contender, EVERY_CORE, installed, start, strataAt } from "./contender.ts";
import { hostZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";
import { percentile } from "./statistics.ts";

const NAMES = 1000;
const CLIENTS = 32;
const ROUNDS = 3;
const SECONDS = 5;
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const KEY = new TsigKey(Name.parse("update.example."), "hmac-sha256", SECRET);
const KEY_TEXT = { name: "update.example", secret: toBase64(SECRET) };
const ZONE = Name.parse("example.");

export async function updates({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  const text = hostZone(NAMES);
  const rows = await alternate(servers(), rounds, async (contender) => {
    // A file of its own for each start: servers write into it, or beside it.
    using scratch = new Scratch("update");
    const zones = [{ apex: "example", file: scratch.write("example.zone", text) }];
    await using running = await start(contender, { zones, probe: `host${NAMES - 1}.example`, cores: EVERY_CORE });
    const one = await load(running, { clients: 1, seconds, series: "a" });
    const many = await load(running, { clients: CLIENTS, seconds, series: "b" });
    return { ...one, ...many };
  });
  return { bench: `durable updates of one record, signed, ${NAMES} names, server on both cores`, rows };
}

function servers(): Contender[] {
  const ours = strataAt("127.0.0.1");
  const peers = (["named", "knotd"] as const).map((name): Contender => ({
    name,
    program: findProgram(name),
    prepare: (folder, port, zones) => {
      const { first, more } = updateWords(name, KEY_TEXT);
      const args = WRITERS[name](
        folder,
        port,
        zones.map((zone): ZoneFile => ({ ...zone, more })),
      );
      const configuration = args.at(-1)!;
      writeFileSync(configuration, first + readFileSync(configuration, "utf8"));
      return args;
    },
  }));
  return installed([
    {
      ...ours,
      prepare: (folder, port, zones) => {
        const key = join(folder, "update.key");
        writeFileSync(key, `key "${KEY_TEXT.name}" { algorithm hmac-sha256; secret "${KEY_TEXT.secret}"; };\n`);
        const state = join(folder, "state");
        mkdirSync(state);
        return [...ours.prepare(folder, port, zones), "--state", state, "--update-key", key];
      },
    },
    ...peers,
  ]);
}

interface Load {
  readonly clients: number;
  readonly seconds: number;
  /** Tells the names of one load from those of another. */
  readonly series: string;
}

async function load(
  { pid, port }: { readonly pid: number; readonly port: number },
  { clients, seconds, series }: Load,
): Promise<Sample> {
  await using client = await PeerClient.open(port);
  const waited: number[] = [];
  const began = performance.now();
  const cpuBefore = cpuMicroseconds(pid);
  const end = began + seconds * 1000;
  const work = async (index: number): Promise<void> => {
    for (let i = 0; performance.now() < end; i++) {
      const asked = performance.now();
      await update(client, `${series}${index}-${i}`);
      waited.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => work(index)));
  const took = (performance.now() - began) / 1000;
  const sorted = Float64Array.from(waited).sort();
  const who = clients === 1 ? "1 client" : `${clients} clients`;
  return {
    [`updates/s, ${who}`]: waited.length / took,
    [`p50 ms, ${who}`]: percentile(sorted, 0.5),
    [`p99 ms, ${who}`]: percentile(sorted, 0.99),
    [`CPU µs/update, ${who}`]: (cpuMicroseconds(pid) - cpuBefore) / waited.length,
  };
}

/** Adds an address to a name that there is not; throws unless it is acknowledged. */
async function update(client: PeerClient, label: string): Promise<void> {
  const message = encodeMessage({
    id: 0,
    opcode: OPCODE.UPDATE,
    rcode: 0,
    response: false,
    authoritative: false,
    truncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    question: [{ name: ZONE, type: TYPE.SOA, class: CLASS.IN }],
    answer: [],
    authority: [
      {
        owner: Name.parse(`${label}.example.`),
        type: TYPE.A,
        class: CLASS.IN,
        ttlSeconds: 60,
        rdata: Uint8Array.of(192, 0, 2, 1),
      },
    ],
    additional: [],
    edns: plainEdns,
  });
  const signed = signMessage(message, KEY, { nowSeconds: Math.floor(Date.now() / 1000) });
  const response = await client.ask(signed.octets);
  if (response === null) throw new Error("an update was not answered");
  const { rcode } = decodeMessage(response);
  if (rcode !== RCODE.NOERROR) throw new Error(`an update was answered ${rcodeToText(rcode)}`);
}
