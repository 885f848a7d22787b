/**
 * `npm run soak [-- MINUTES] [--dgram] [--only changes|convergence|crash|bank|load] [--share 0.25]`: ten million changes under the eyes of reading
 * threads, a thousand seeds of primaries and secondaries on a bad network, a bank that is killed on both stores, then ten minutes of full load on a
 * real server. Prints how it goes and, last, the verdict; exits with 1 when something is wrong. A share of the bank is a piece of it, by its seed.
 */
import { parseArgs } from "node:util";
import { converge } from "../support/convergence.ts";
import { BANK_PARTS, soakBank } from "./bank.ts";
import { type ChangesOutcome, soakChanges } from "./changes.ts";
import { crashLoop } from "./crash.ts";
import type { Growth } from "./growth.ts";
import { type ServeOutcome, type ServeRow, soakServe } from "./serve.ts";

const MINUTES = 10;
const CHANGES = 10_000_000;
const PAIRS = 50_000;
const READERS = 2;
const READER_REST_MILLISECONDS = 10;
const ROW_MILLISECONDS = 30_000;
const RELOAD_MILLISECONDS = 10_000;
const SEEDS = 1000;
const KILLS = 360;
/** 60 journals are damaged, so that 300 kills are of a server whose journal is left alone. */
const KILLS_PER_DAMAGE = 6;
const CRASH_PORT = 9293;
const MIB = 1 << 20;

/**
 * Memory that does not leak stays below these: what a minute adds, and what the second half has more than the first. The former says
 * nothing of a run of few minutes.
 */
const RESIDENT_A_MINUTE_MAX = 1 * MIB;
const SLOPE_MINUTES_MIN = 5;
const RESIDENT_RISE_MAX = 16 * MIB;
/** Connections come and go; those of the load generator's are all open at once now and then. */
const DESCRIPTORS_RISE_MAX = 8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dgram: { type: "boolean", default: false },
    only: { type: "string" },
    changes: { type: "string", default: String(CHANGES) },
    seed: { type: "string", default: "2026" },
    share: { type: "string", default: "1" },
  },
});
const minutes = Number(positionals[0] ?? MINUTES);
const changes = Number(values.changes);
const share = Number(values.share);
const PARTS: readonly string[] = ["changes", "convergence", "crash", "bank", ...BANK_PARTS, "load"];
const isUnderstood =
  positionals.length <= 1 &&
  minutes > 0 &&
  changes > 0 &&
  share > 0 &&
  share <= 1 &&
  (values.only === undefined || PARTS.includes(values.only));
if (!isUnderstood) {
  process.stderr.write(
    `usage: npm run soak [-- MINUTES] [--dgram] [--only ${PARTS.join("|")}] [--changes N] [--seed N] [--share PART]\n`,
  );
  process.exit(64);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const mebi = (octets: number): string => (octets / MIB).toFixed(1);
const complaints: string[] = [];
const expectThat = (isRight: boolean, complaint: string): void => void (isRight || complaints.push(complaint));

const isWanted = (part: string): boolean => values.only === undefined || values.only === part;
if (isWanted("changes")) judgeChanges(await runChanges());
if (isWanted("convergence")) await runConvergence();
if (isWanted("crash")) await runCrashes();
for (const part of BANK_PARTS) {
  if (!isWanted("bank") && values.only !== part) continue;
  const faults = await soakBank(part, { seed: Number(values.seed), share, say });
  expectThat(faults.length === 0, `${part}: ${faults.slice(0, 20).join(", ")}`);
}
if (isWanted("load")) judgeLoad(await runLoad());
say(complaints.length === 0 ? "PASSED" : `FAILED: ${complaints.join("; ")}`);
process.exitCode = complaints.length === 0 ? 0 : 1;

async function runConvergence(): Promise<void> {
  const first = Number(values.seed);
  say(`${SEEDS} seeds from ${first} of primaries and secondaries on a network that parts and loses`);
  const total = { versions: 0, transfers: 0 };
  for (let seed = first; seed < first + SEEDS; seed++) {
    const { complaints: told, versions, transfers } = await converge(seed);
    total.versions += versions;
    total.transfers += transfers;
    expectThat(told.length === 0, `converge(${seed}): ${told.join(", ")}`);
  }
  say(`${total.versions} versions, ${total.transfers} transfers`);
}

async function runCrashes(): Promise<void> {
  say(`${KILLS} kills of a server under a stream of updates, seed ${values.seed}`);
  const { acknowledged, unacknowledged, damages, lost, faults } = await crashLoop({
    kills: KILLS,
    killsPerDamage: KILLS_PER_DAMAGE,
    seed: Number(values.seed),
    port: CRASH_PORT,
    onKill: (kills, soFar) => void (kills % 50 === 0 && say(`${kills} kills, ${soFar} updates acknowledged`)),
  });
  say(`${acknowledged} updates acknowledged, ${unacknowledged} more were made and not told of`);
  say(`${damages} damaged journals told of, which ${lost} updates went with that were the last of their time`);
  expectThat(damages > 0, "crashes: no damage was told of");
  expectThat(faults.length === 0, `crashes: ${faults.join(", ")}`);
}

function runChanges(): Promise<ChangesOutcome> {
  say(`${changes} changes, ${READERS} threads reading, seed ${values.seed}`);
  say("   seconds     changes   moves  resident MiB  arena MiB");
  let next = ROW_MILLISECONDS / 1000;
  return soakChanges({
    changes,
    pairs: PAIRS,
    readers: READERS,
    readerRestMilliseconds: READER_REST_MILLISECONDS,
    seed: Number(values.seed),
    onProgress(soFar) {
      if (soFar.seconds < next) return;
      next += ROW_MILLISECONDS / 1000;
      const cells: [number | string, number][] = [
        [soFar.seconds.toFixed(0), 10],
        [soFar.changes, 12],
        [soFar.moves, 8],
        [mebi(soFar.residentOctets), 14],
        [mebi(soFar.usedOctets), 11],
      ];
      say(cells.map(([cell, width]) => String(cell).padStart(width)).join(""));
    },
  });
}

function judgeChanges(outcome: ChangesOutcome): void {
  const { seconds, moves, readings, versionsSeen, delay, faults, resident, used } = outcome;
  say(
    `${(outcome.changes / seconds).toFixed(0)} changes/s, ${moves} compactions, ${readings} readings of ${versionsSeen} versions; ` +
      `event loop late by ${delay.median.toFixed(1)} ms (median), ${delay.p99.toFixed(1)} (p99), ${delay.max.toFixed(1)} (most); ` +
      `arena at most ${mebi(used.max)} MiB; ${grown(resident)}`,
  );
  expectThat(faults.length === 0, `readings: ${faults.join(", ")}`);
  expectThat(versionsSeen > 0, "no version was seen");
  judgeMemory("changes", resident, seconds / 60);
}

function runLoad(): Promise<ServeOutcome> {
  const transport = values.dgram ? "dgram" : "batch";
  say(`${minutes} minutes of full load, transport ${transport}, seed ${values.seed}`);
  say("   seconds   queries/s         UDP       TCP  conns  lost  wrong  errors  reloads  CPU %  resident MiB  fds");
  return soakServe({
    minutes,
    transport,
    seed: Number(values.seed),
    reloadMilliseconds: RELOAD_MILLISECONDS,
    rowMilliseconds: ROW_MILLISECONDS,
    onRow,
  });
}

function onRow(row: ServeRow): void {
  const cells: [number | string, number][] = [
    [row.seconds.toFixed(0), 10],
    [row.queriesASecond.toFixed(0), 12],
    [row.udpAnswered, 12],
    [row.tcpAnswered, 10],
    [row.tcpConnections, 7],
    [row.udpLost, 6],
    [row.wrong, 7],
    [row.tcpErrors, 8],
    [row.reloads, 9],
    [row.cpuPercent.toFixed(0), 7],
    [mebi(row.residentOctets), 14],
    [row.descriptors, 5],
  ];
  say(cells.map(([cell, width]) => String(cell).padStart(width)).join(""));
}

function judgeLoad({ last, resident, descriptors, exitCode, logged }: ServeOutcome): void {
  say(
    `${last.udpAnswered + last.tcpAnswered} answers; ${grown(resident)}; file descriptors at most ${descriptors.max}`,
  );
  expectThat(last.udpAnswered > 0 && last.tcpAnswered > 0, "nothing was answered");
  expectThat(last.udpLost === 0, `${last.udpLost} queries lost`);
  expectThat(last.tcpErrors === 0, `${last.tcpErrors} TCP errors`);
  expectThat(last.wrong === 0, `${last.wrong} wrong answers: ${last.faults.join(", ")}`);
  expectThat(descriptors.rise <= DESCRIPTORS_RISE_MAX, `file descriptors rose by ${descriptors.rise}`);
  expectThat(exitCode === 0, `the server ended with ${exitCode}`);
  // That there are no batches is a warning, and wanted with --dgram.
  const unexpected = logged.filter((line) => !(values.dgram && line.includes("Node's own sockets")));
  expectThat(unexpected.length === 0, `the server logged: ${unexpected.slice(0, 3).join(" ")}`);
  judgeMemory("load", resident, minutes);
}

function judgeMemory(what: string, resident: Growth, lasted: number): void {
  const isSteep = lasted >= SLOPE_MINUTES_MIN && resident.aMinute > RESIDENT_A_MINUTE_MAX;
  expectThat(!isSteep && resident.rise <= RESIDENT_RISE_MAX, `${what}: ${grown(resident)}, which is growth`);
}

function grown(resident: Growth): string {
  return (
    `resident memory at most ${mebi(resident.max)} MiB, ${mebi(resident.aMinute)} MiB more a minute (limit ${mebi(RESIDENT_A_MINUTE_MAX)}), ` +
    `${mebi(resident.rise)} MiB more in the second half (limit ${mebi(RESIDENT_RISE_MAX)})`
  );
}
