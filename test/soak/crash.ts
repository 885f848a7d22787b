/**
 * A server that is killed at random moments under a stream of updates, again and again, beside a secondary that is not: no update that
 * was acknowledged may be missing, none may be half there, serials only grow, and the secondary ends equal to its primary.
 */
import { writeFileSync } from "node:fs";
import { SeededRandom, systemClock, systemRandom } from "../../base/index.ts";
import {
  CLASS,
  decodeMessage,
  encodeMessage,
  isNewerSerial,
  type Message,
  Name,
  OPCODE,
  RCODE,
  signMessage,
  TsigKey,
  TYPE,
} from "../../dns/index.ts";
import { type Endpoint, systemAsk, systemAskMany } from "../../net/index.ts";
import { formatRecord, soaSerial } from "../../zones/index.ts";
import { query, rr } from "../support/messages.ts";
import { PeerClient } from "../support/peer-client.ts";
import { RunningStrata, Scratch } from "../support/strata.ts";

export interface CrashWork {
  readonly kills: number;
  readonly seed: number;
  readonly port: number;
  readonly onKill?: (kills: number, acknowledged: number) => void;
}

export interface CrashOutcome {
  readonly acknowledged: number;
  /** Updates that are there without having been acknowledged: that is allowed. */
  readonly unacknowledged: number;
  readonly faults: readonly string[];
}

const SECRET = Uint8Array.of(7, 7, 7);
const KEY = new TsigKey(Name.parse("k."), "hmac-sha256", SECRET);
const CLIENTS = 8;
const LIFE_MILLISECONDS_MAX = 250;
const AGREE_MILLISECONDS = 20_000;
const ZONE = "$ORIGIN vu.nl.\n$TTL 60\n@ SOA ns h 1 2 1 600 60\n@ NS ns\nns A 127.0.0.1\n";

export async function crashLoop({ kills, seed, port, onKill }: CrashWork): Promise<CrashOutcome> {
  using scratch = new Scratch();
  const random = new SeededRandom(seed);
  const files = { zone: scratch.file("vu.nl.zone"), key: scratch.file("k.key") };
  writeFileSync(files.zone, ZONE);
  writeFileSync(files.key, `key k { algorithm hmac-sha256; secret "${Buffer.from(SECRET).toString("base64")}"; };\n`);
  const primary: Endpoint = { address: "127.0.0.1", port };
  const secondary: Endpoint = { address: "127.0.0.1", port: port + 1 };
  const run = (): Promise<RunningStrata> =>
    RunningStrata.start([
      ...["serve", "--threads", "0", "--listen", `127.0.0.1:${port}`, "--zone", `vu.nl=${files.zone}`],
      ...["--state", scratch.file("primary"), "--update-key", files.key, "--transfer", "127.0.0.0/8"],
      ...["--notify", `127.0.0.1:${port + 1}`],
    ]);
  const acknowledged = new Set<string>();
  const faults: string[] = [];
  let serial = 1;
  let server = await run();
  await using _copy = await RunningStrata.start([
    ...["serve", "--threads", "0", "--listen", `127.0.0.1:${port + 1}`, "--secondary", `vu.nl=127.0.0.1:${port}`],
    ...["--state", scratch.file("secondary"), "--transfer", "127.0.0.0/8"],
  ]);
  for (let kill = 0; kill < kills; kill++) {
    const life = 20 + random.below(LIFE_MILLISECONDS_MAX);
    await updateUntilKilled(server, { port, life, series: kill, acknowledged });
    server = await run();
    const seen = serialOf(await transferred(primary));
    if (seen !== serial && !isNewerSerial(seen, serial))
      faults.push(`after kill ${kill + 1} serial ${seen} follows ${serial}`);
    serial = seen;
    onKill?.(kill + 1, acknowledged.size);
  }
  const messages = await transferred(primary);
  const unacknowledged = judge(messages, acknowledged, faults);
  if (!(await agree(primary, secondary))) faults.push("the secondary does not become equal to its primary");
  await server.stop();
  return { acknowledged: acknowledged.size, unacknowledged, faults };
}

interface Life {
  readonly port: number;
  readonly life: number;
  readonly series: number;
  readonly acknowledged: Set<string>;
}

async function updateUntilKilled(server: RunningStrata, { port, life, series, acknowledged }: Life): Promise<void> {
  const client = await PeerClient.open(port);
  let isAlive = true;
  const work = async (index: number): Promise<void> => {
    for (let i = 0; isAlive; i++) {
      const label = `u${series}-${index}-${i}`;
      const response = await client.ask(update(label)).catch(() => null);
      if (response !== null && decodeMessage(response).rcode === RCODE.NOERROR) acknowledged.add(label);
    }
  };
  const working = Array.from({ length: CLIENTS }, (_, index) => work(index));
  await new Promise((resolve) => setTimeout(resolve, life));
  await server.stop("SIGKILL");
  isAlive = false;
  await client[Symbol.asyncDispose]();
  await Promise.all(working);
}

/** Adds two records to a name that there is not. */
function update(label: string): Uint8Array {
  const message: Message = {
    ...query("vu.nl.", "SOA", { opcode: OPCODE.UPDATE, recursionDesired: false }),
    authority: [rr(`${label}.vu.nl. 60 A 192.0.2.1`), rr(`${label}.vu.nl. 60 TXT ${label}`)],
  };
  return signMessage(encodeMessage(message), KEY, { nowSeconds: systemClock.wallSeconds() }).octets;
}

async function transferred(server: Endpoint): Promise<readonly Message[]> {
  const messages: Message[] = [];
  let soas = 0;
  await systemAskMany({ clock: systemClock, random: systemRandom })(server, query("vu.nl.", "AXFR"), {
    idleMilliseconds: 5000,
    timeoutMilliseconds: 30_000,
    signal: new AbortController().signal,
    take: (message) => {
      messages.push(message);
      soas += message.answer.filter(({ type }) => type === TYPE.SOA).length;
      return soas === 2 ? "done" : "more";
    },
  });
  return messages;
}

function serialOf([first]: readonly Message[]): number {
  return soaSerial(first!.answer[0]!.rdata);
}

/** Returns how many updates are there that nobody was told of. */
function judge(messages: readonly Message[], acknowledged: ReadonlySet<string>, faults: string[]): number {
  const found = new Map<string, number>();
  for (const { owner, class: rrClass } of messages.flatMap(({ answer }) => answer)) {
    const [label = ""] = owner.toString().split(".");
    if (label.startsWith("u") && rrClass === CLASS.IN) found.set(label, (found.get(label) ?? 0) + 1);
  }
  for (const [label, records] of found)
    if (records !== 2) faults.push(`of the update ${label} ${records} of 2 records are there`);
  for (const label of acknowledged)
    if (!found.has(label)) faults.push(`the update ${label} was acknowledged and is not there`);
  return [...found.keys()].filter((label) => !acknowledged.has(label)).length;
}

async function agree(primary: Endpoint, secondary: Endpoint): Promise<boolean> {
  const ask = systemAsk({ clock: systemClock, random: systemRandom });
  const options = { transport: "udp", timeoutMilliseconds: 2000, signal: new AbortController().signal } as const;
  const deadline = systemClock.now() + AGREE_MILLISECONDS;
  while (systemClock.now() < deadline) {
    const [ours, theirs] = await Promise.all(
      [primary, secondary].map(
        async (server) => (await ask(server, query("vu.nl.", "SOA"), options)).message.answer[0]!,
      ),
    );
    if (soaSerial(ours!.rdata) === soaSerial(theirs!.rdata)) {
      const [a, b] = await Promise.all([primary, secondary].map(transferred));
      return textOf(a!) === textOf(b!);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

const textOf = (messages: readonly Message[]): string =>
  messages
    .flatMap(({ answer }) => answer.map(formatRecord))
    .sort()
    .join("\n");
