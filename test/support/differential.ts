/**
 * The differential run: writes and signs the zones, starts the servers on them, asks all of them everything. Ours runs twice, in
 * batches and by way of node:dgram, and must say the same octet for octet.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "../../base/index.ts";
import { CLASS, emptyMessage, encodeMessage, Name, TYPE } from "../../dns/index.ts";
import { type Answer, compare, type Difference, readAnswer } from "./peer-answers.ts";
import { PeerClient } from "./peer-client.ts";
import { answers, end, freePort, type RunningPeer, startServer, type ZoneFile } from "./peers.ts";
import { generateQueries, type GeneratedQuery } from "./query-generator.ts";
import type { GeneratedZone } from "./zone-draft.ts";
import { sign } from "./zone-signer.ts";

export interface Plan {
  readonly seed: number;
  readonly zones: readonly GeneratedZone[];
  readonly queries: number;
}

export interface Outcome {
  readonly queries: number;
  /** Queries that our server did not answer, or answered with what is no message. */
  readonly unanswered: readonly string[];
  readonly differences: readonly Difference[];
  /** By server: the apexes that it does not serve. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
  readonly unsigned: readonly string[];
}

const PEERS = ["named", "nsd", "knotd"] as const;
const BY_DATAGRAMS = "strata by node:dgram";
const IN_FLIGHT = 64;

export async function runDifferential(plan: Plan): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "strata-differential-"));
  try {
    const { files, unsigned } = await writeZones(plan.zones, folder);
    await using ours = await startStrata("strata", files, folder);
    await using byDatagrams = await startStrata(BY_DATAGRAMS, files, folder);
    await using named = await startServer("named", files);
    await using nsd = await startWithout("nsd", files);
    await using knotd = await startServer("knotd", files);
    return { ...(await askAll(plan, [ours, named, nsd, knotd], byDatagrams)), unsigned };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeZones(
  zones: readonly GeneratedZone[],
  folder: string,
): Promise<{ files: ZoneFile[]; unsigned: string[] }> {
  const files: ZoneFile[] = [];
  const unsigned: string[] = [];
  for (const [index, { apex, text, signing }] of zones.entries()) {
    const file = join(folder, `${index}.zone`);
    writeFileSync(file, text);
    const complaint = await sign({ apex, file, signing }, join(folder, `keys-${index}`));
    if (complaint !== null) unsigned.push(`${apex} (${signing}): ${complaint}`);
    files.push({ apex, file });
  }
  return { files, unsigned };
}

/** Our server as users run it, with a list of zones and without rate limits, which loopback has none of. */
async function startStrata(name: string, files: readonly ZoneFile[], folder: string): Promise<RunningPeer> {
  const port = await freePort();
  const list = join(folder, "list");
  writeFileSync(list, files.map(({ apex, file }) => `${apex}\t${file}\n`).join(""));
  const launcher = join(import.meta.dirname, "../../bin/strata");
  // At least two threads, so that they are in it also on a machine of one core.
  const args = ["serve", "--zones", list, "--listen", `127.0.0.1:${port}`, "--threads", "2"];
  const hidden = `--import=${join(import.meta.dirname, "without-koffi.ts")}`;
  const env = name === BY_DATAGRAMS ? { ...process.env, NODE_OPTIONS: hidden } : process.env;
  const child = spawn(launcher, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const stop = (): Promise<void> => end(child, null);
  try {
    await answers(port, () => child.exitCode !== null, 60_000);
  } catch (cause) {
    await stop();
    throw new Error(`strata does not answer:\n${log.slice(-4000)}`, { cause });
  }
  return { name, port, pid: child.pid!, log: () => log, [Symbol.asyncDispose]: stop };
}

/** NSD 4.6 ends on some zones that it should serve: those are found by halving, and left out for it. */
async function startWithout(name: "nsd", files: readonly ZoneFile[]): Promise<RunningPeer> {
  const starts = async (count: number): Promise<boolean> => {
    try {
      await using server = await startServer(name, files.slice(0, count));
      return server.port > 0;
    } catch {
      return false;
    }
  };
  try {
    return await startServer(name, files);
  } catch (cause) {
    let fine = 0;
    let broken = files.length;
    while (broken - fine > 1) {
      const middle = (fine + broken) >> 1;
      if (await starts(middle)) fine = middle;
      else broken = middle;
    }
    if (broken === 0) throw cause;
    return startWithout(name, files.toSpliced(broken - 1, 1));
  }
}

type Asked = Omit<Outcome, "unsigned">;

async function askAll(plan: Plan, servers: readonly RunningPeer[], byDatagrams: RunningPeer): Promise<Asked> {
  await using clients = new AsyncDisposableStack();
  const byName = new Map<string, PeerClient>();
  for (const { name, port } of servers) byName.set(name, clients.use(await PeerClient.open(port)));
  const served = new Map<string, ReadonlySet<string>>();
  for (const [name, client] of byName) served.set(name, await servedZones(client, plan.zones));

  const again = clients.use(await PeerClient.open(byDatagrams.port));
  const queries = allQueries(plan);
  const differences: Difference[] = [];
  const unanswered: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let query = queries[next++]; query !== undefined; query = queries[next++]) {
      const outcome = await askOne(query, { clients: byName, again, served });
      if (typeof outcome === "string") unanswered.push(outcome);
      else differences.push(...outcome);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const refused = [...served].map(([name, apexes]) => {
    return [name, plan.zones.filter(({ apex }) => !apexes.has(apex)).map(({ apex }) => apex)] as const;
  });
  return { queries: queries.length, unanswered, differences, refused: new Map(refused) };
}

function allQueries({ seed, zones, queries }: Plan): GeneratedQuery[] {
  const random = new SeededRandom(seed);
  const share = Math.ceil(queries / zones.length);
  const byApex = new Map(zones.map((zone) => [Name.parse(zone.apex).key, zone]));
  return zones.flatMap((zone) =>
    [...generateQueries(zone, share, random)].map((query) => ({
      ...query,
      zone: closestZone(query.name, byApex) ?? zone,
    })),
  );
}

/** The zone that the name stands in; a query that was made for a zone may lead to its neighbour's. */
function closestZone(name: Name, byApex: ReadonlyMap<string, GeneratedZone>): GeneratedZone | null {
  for (let at: Name | null = name; at !== null; at = at.parent()) {
    const zone = byApex.get(at.key);
    if (zone !== undefined) return zone;
  }
  return null;
}

interface Asking {
  readonly clients: ReadonlyMap<string, PeerClient>;
  /** The server of ours that does without batches. */
  readonly again: PeerClient;
  readonly served: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Asks every server that serves the zone at once. A text says why there is nothing to compare. */
async function askOne(query: GeneratedQuery, { clients, again, served }: Asking): Promise<Difference[] | string> {
  const { apex } = query.zone;
  if (served.get("strata")?.has(apex) !== true) return [];
  const asked = ["strata", ...PEERS.filter((name) => served.get(name)?.has(apex) === true)];
  const [second, ...responses] = await Promise.all([
    again.ask(query.octets),
    ...asked.map((name) => clients.get(name)!.ask(query.octets)),
  ]);
  const [one, other] = [responses[0], second].map((octets) => withoutId(octets ?? null));
  if (one !== other) return `${query.label}: in batches ${one}, by node:dgram ${other}`;
  const read = new Map<string, Answer>();
  for (const [index, name] of asked.entries()) {
    const response = responses[index];
    if (response === null || response === undefined) {
      if (name === "strata") return `${query.label}: silence`;
      continue;
    }
    try {
      read.set(name, readAnswer(response));
    } catch (cause) {
      if (name === "strata") return `${query.label}: ${String(cause)}`;
    }
  }
  const ours = read.get("strata")!;
  read.delete("strata");
  return compare(query, ours, read);
}

function withoutId(response: Uint8Array | null): string {
  return response === null ? "silence" : Buffer.from(response.subarray(2)).toString("hex");
}

/** The zones whose SOA the server gives; servers load in the background, so this asks until nothing more comes. */
async function servedZones(client: PeerClient, zones: readonly GeneratedZone[]): Promise<Set<string>> {
  const served = new Set<string>();
  for (let idle = 0; idle < 10; idle++) {
    const missing = zones.filter(({ apex }) => !served.has(apex));
    if (missing.length === 0) break;
    for (const { apex } of missing) {
      const response = await client.ask(soaQuery(apex));
      if (response === null || !hasSoa(response, apex)) continue;
      served.add(apex);
      idle = 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return served;
}

function hasSoa(response: Uint8Array, apex: string): boolean {
  try {
    return [...readAnswer(response).answer].some((record) =>
      record.startsWith(`${Name.parse(apex).toLowerCase().toString()} `),
    );
  } catch {
    return false;
  }
}

function soaQuery(apex: string): Uint8Array {
  return encodeMessage({
    ...emptyMessage,
    question: [{ name: Name.parse(apex), type: TYPE.SOA, class: CLASS.IN }],
  });
}
