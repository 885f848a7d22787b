/**
 * What a bank's name costs an ATM and what it gains by it: the time to find the bank, known already and anew, and the time from the death of
 * the bank's server (SIGKILL) to the first request that the other server of that name has carried out. Both servers stand on one embedded
 * database and register themselves with a server of names, which the client asks too; all of them on this machine.
 */
import { writeFileSync } from "node:fs";
import { systemClock, systemRandom } from "../base/index.ts";
import { BankClient, BankFinder, type BankOutcome, httpsSender } from "../bank/index.ts";
import { emptyMessage, plainEdns } from "../dns/index.ts";
import { type Exchange, systemAsk } from "../net/index.ts";
import { RunningStrata, Scratch, strata } from "../test/support/strata.ts";
import { type Sample, spreads } from "./alternate.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { percentile } from "./statistics.ts";

const BANK = "firstbank.com";
const ADDRESS = "127.0.5.9";
const PORT = 9298;
const ROUNDS = 3;
const FINDS = 1000;
/** The shortest that the zone below grants. What a server registers has a TTL of 5 s. */
const LEASE_SECONDS = 2;
const TTL_SECONDS = 5;
const LIMIT_MILLISECONDS = 60_000;
const NEVER = new AbortController().signal;

const ZONE = `$ORIGIN ${BANK}.
$TTL 5
@ SOA ns h 7 3600 900 604800 5
@ NS ns
ns A ${ADDRESS}
`;

export async function bankName({ rounds = ROUNDS }: Effort): Promise<Result> {
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`  round ${round + 1} of ${rounds}\n`);
    samples.push(await once());
  }
  return {
    bench: `a bank's name: finding it, and a server's death (lease ${LEASE_SECONDS} s, TTL ${TTL_SECONDS} s)`,
    rows: { strata: spreads(samples) },
  };
}

async function once(): Promise<Sample> {
  using scratch = new Scratch();
  const key = scratch.file("update.key");
  writeFileSync(key, (await strata(["key", "generate", `update.${BANK}`])).stdout);
  await using _zone = await zoneServer(scratch, key);
  const words = ["bank", "serve", "--name", BANK, "--server", `${ADDRESS}:${PORT}`, "--key", key];
  const serve = [...words, "--state", scratch.file("state"), "--lease", `${LEASE_SECONDS}s`];
  await using first = await RunningStrata.start([...serve, "--host", "b1"]);
  await using second = RunningStrata.begin([...serve, "--host", "b2"]);
  await second.line("stderr", /is the bank's server now/);
  const found = await finding();
  const death = await deathOf(first);
  await second.ready();
  return { ...found, ...death };
}

/** Takes leases from whoever has that key. */
function zoneServer(scratch: Scratch, key: string): Promise<RunningStrata> {
  const file = scratch.file(`${BANK}.zone`);
  writeFileSync(file, ZONE);
  const zone = { name: BANK, file, update: [{ key: `update.${BANK}` }], leases: { secondsMin: 1 } };
  const more = { state: scratch.file("zone-state"), keyFiles: [key], threads: 0 };
  writeFileSync(
    scratch.file("server.yaml"),
    JSON.stringify({ listen: [`${ADDRESS}:${PORT}`], zones: [zone], ...more }),
  );
  return RunningStrata.start(["serve", "--config", scratch.file("server.yaml")]);
}

async function finding(): Promise<Sample> {
  const anew = await timed(FINDS, () => finder());
  const one = finder();
  await one.places(NEVER);
  const known = await timed(FINDS, () => one);
  return {
    "p50 µs to find it, known": 1000 * percentile(known, 0.5),
    "p99 µs to find it, known": 1000 * percentile(known, 0.99),
    "p50 ms to find it anew": percentile(anew, 0.5),
    "p99 ms to find it anew": percentile(anew, 0.99),
  };
}

async function timed(count: number, next: () => BankFinder): Promise<Float64Array> {
  const took = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const chosen = next();
    const began = performance.now();
    const places = await chosen.places(NEVER);
    took[i] = performance.now() - began;
    if (places.length === 0) throw new Error("the bank was not found");
  }
  return took.sort();
}

/** One account is opened before it and one after it, by a client with a connection that it keeps. */
async function deathOf(server: RunningStrata): Promise<Sample> {
  const send = httpsSender(null, systemClock);
  const limits = {
    tryMilliseconds: 5000,
    totalMilliseconds: LIMIT_MILLISECONDS,
    absentMilliseconds: LIMIT_MILLISECONDS,
  };
  const client = new BankClient({ finder: finder(), send, clock: systemClock, random: systemRandom, ...limits });
  const open = (holder: string): Promise<BankOutcome> =>
    client.call({ method: "POST", path: "/v1/holders", body: { holder, pin: "2468" }, key: holder }, NEVER);
  try {
    succeeded(await open("Alice"));
    const began = performance.now();
    await server.stop("SIGKILL");
    succeeded(await open("Bob"));
    return { "s from a server's death to success elsewhere": (performance.now() - began) / 1000 };
  } finally {
    send.close();
  }
}

function succeeded(outcome: BankOutcome): void {
  if (outcome.kind === "answered" && outcome.code < 300) return;
  throw new Error(`the bank did not open an account: ${JSON.stringify(outcome)}`);
}

/** It knows nothing yet. */
const finder = (): BankFinder =>
  new BankFinder({ bank: BANK, resolve: askingTheZone, clock: systemClock, random: systemRandom });

const ask = systemAsk({ clock: systemClock, random: systemRandom });
const askingTheZone: Exchange = async ({ question }, signal) => {
  const message = { ...emptyMessage, recursionDesired: true, question: [question], edns: plainEdns };
  const way = { transport: "udp", timeoutMilliseconds: 2000, signal } as const;
  return (await ask({ address: ADDRESS, port: PORT }, message, way)).message;
};
