/**
 * A server that is killed at random moments under a stream of updates, again and again, beside a secondary that is not: no update that
 * was acknowledged may be missing, none may be half there, serials only grow, and the secondary ends equal to its primary.
 *
 * Now and then the end of the journal is damaged besides. Then the last updates may be missing, if the server says so; nothing may be
 * missing before them, and the secondary, which has them, becomes equal to its primary even so.
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
import { spoilJournal } from "./damage.ts";

export interface CrashWork {
  readonly kills: number;
  readonly seed: number;
  readonly port: number;
  /** After every so many kills the journal's end is damaged. */
  readonly killsPerDamage: number;
  readonly onKill?: (kills: number, acknowledged: number) => void;
}

export interface CrashOutcome {
  readonly acknowledged: number;
  /** Updates that are there without having been acknowledged: that is allowed. */
  readonly unacknowledged: number;
  /** How often the server said that its journal was damaged, and how many acknowledged updates were missing then. */
  readonly damages: number;
  readonly lost: number;
  readonly faults: readonly string[];
}

const SECRET = Uint8Array.of(7, 7, 7);
const KEY = new TsigKey(Name.parse("k."), "hmac-sha256", SECRET);
const CLIENTS = 8;
const LIFE_MILLISECONDS_MAX = 250;
const AGREE_MILLISECONDS = 20_000;
const ZONE = "$ORIGIN vu.nl.\n$TTL 60\n@ SOA ns h 1 2 1 600 60\n@ NS ns\nns A 127.0.0.1\n";

/** What is known so far of what was promised and what was found. */
interface Ledger {
  readonly acknowledged: Set<string>;
  readonly faults: string[];
  damages: number;
  lost: number;
}

export async function crashLoop({ kills, seed, port, killsPerDamage, onKill }: CrashWork): Promise<CrashOutcome> {
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
  const ledger: Ledger = { acknowledged: new Set(), faults: [], damages: 0, lost: 0 };
  let serial = 1;
  let server = await run();
  await using _copy = await RunningStrata.start([
    ...["serve", "--threads", "0", "--listen", `127.0.0.1:${port + 1}`, "--secondary", `vu.nl=127.0.0.1:${port}`],
    ...["--state", scratch.file("secondary"), "--transfer", "127.0.0.0/8"],
  ]);
  for (let kill = 0; kill < kills; kill++) {
    const life = 20 + random.below(LIFE_MILLISECONDS_MAX);
    const isDamaged = (kill + 1) % killsPerDamage === 0;
    const rest = isDamaged ? () => agree(primary, secondary) : null;
    await updateUntilKilled(server, { port, life, series: kill, acknowledged: ledger.acknowledged, rest });
    const which = ((kill + 1) / killsPerDamage) % 2 === 0 ? "main" : "log";
    const damage = isDamaged ? spoilJournal(scratch.file("primary/journal.sqlite"), which, random) : null;
    const theirs = damage === null ? serial : await serialAt(secondary);
    server = await run();
    const messages = await transferred(primary);
    const seen = serialOf(messages);
    const known = isNewerSerial(theirs, serial) ? theirs : serial;
    if (seen !== known && !isNewerSerial(seen, known))
      ledger.faults.push(`after kill ${kill + 1} serial ${seen} follows ${known}`);
    serial = seen;
    if (damage !== null) {
      judgeDamage({ what: `${damage} after kill ${kill + 1}`, server, messages }, ledger);
      if (!(await agree(primary, secondary))) ledger.faults.push(`the secondary stays another after ${damage}`);
    }
    onKill?.(kill + 1, ledger.acknowledged.size);
  }
  const messages = await transferred(primary);
  const unacknowledged = judge(messages, ledger.acknowledged, ledger.faults);
  if (!(await agree(primary, secondary))) ledger.faults.push("the secondary does not become equal to its primary");
  await server.stop();
  return { ...ledger, acknowledged: ledger.acknowledged.size, unacknowledged };
}

interface Life {
  readonly port: number;
  readonly life: number;
  readonly series: number;
  readonly acknowledged: Set<string>;
  /** What is waited for between the last update and the kill: so that the secondary has what is about to be lost. Null: nothing. */
  readonly rest: (() => Promise<boolean>) | null;
}

async function updateUntilKilled(
  server: RunningStrata,
  { port, life, series, acknowledged, rest }: Life,
): Promise<void> {
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
  if (rest !== null) {
    isAlive = false;
    await Promise.all(working);
    await rest();
  }
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

async function serialAt(server: Endpoint): Promise<number> {
  const options = { transport: "udp", timeoutMilliseconds: 2000, signal: new AbortController().signal } as const;
  const { message } = await systemAsk({ clock: systemClock, random: systemRandom })(
    server,
    query("vu.nl.", "SOA"),
    options,
  );
  return soaSerial(message.answer[0]!.rdata);
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

/** How many records of each update are there. */
function updatesOf(messages: readonly Message[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { owner, class: rrClass } of messages.flatMap(({ answer }) => answer)) {
    const [label = ""] = owner.toString().split(".");
    if (label.startsWith("u") && rrClass === CLASS.IN) found.set(label, (found.get(label) ?? 0) + 1);
  }
  return found;
}

interface Damage {
  readonly what: string;
  readonly server: RunningStrata;
  readonly messages: readonly Message[];
}

/** What is missing is struck off what was promised, once it is told and the last. */
function judgeDamage({ what, server, messages }: Damage, ledger: Ledger): void {
  const { acknowledged, faults } = ledger;
  const found = updatesOf(messages);
  const isTold = server.stderr.some((line) => /"msg":"the journal('s log)? is damaged/.test(line));
  const missing = [...acknowledged].filter((label) => !found.has(label));
  if (isTold) ledger.damages++;
  if (!isTold && missing.length > 0) faults.push(`${what}: ${missing.length} updates are missing without a word`);
  // A client sends its next update when it was told of the last.
  const ended = new Set<string>();
  for (const label of acknowledged) {
    const client = label.slice(0, label.lastIndexOf("-"));
    if (!found.has(label)) ended.add(client);
    else if (ended.has(client)) faults.push(`${what}: the update ${label} is there, and one before it is not`);
  }
  for (const label of missing) acknowledged.delete(label);
  ledger.lost += missing.length;
}

/** Returns how many updates are there that nobody was told of. */
function judge(messages: readonly Message[], acknowledged: ReadonlySet<string>, faults: string[]): number {
  const found = updatesOf(messages);
  for (const [label, records] of found)
    if (records !== 2) faults.push(`of the update ${label} ${records} of 2 records are there`);
  for (const label of acknowledged)
    if (!found.has(label)) faults.push(`the update ${label} was acknowledged and is not there`);
  return [...found.keys()].filter((label) => !acknowledged.has(label)).length;
}

async function agree(primary: Endpoint, secondary: Endpoint): Promise<boolean> {
  const deadline = systemClock.now() + AGREE_MILLISECONDS;
  while (systemClock.now() < deadline) {
    const [ours, theirs] = await Promise.all([primary, secondary].map(serialAt));
    if (ours === theirs) {
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
