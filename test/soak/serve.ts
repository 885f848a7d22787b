/**
 * `strata serve` under all the load that one process can make, for minutes, its zone replaced now and then: answers must be
 * right, none lost, and memory and file descriptors must not grow. Linux only, for what it reads of the process.
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../base/index.ts";
import { RunningStrata, Scratch } from "../support/strata.ts";
import { Growth } from "./growth.ts";
import { type LoadCounts, type ToLoad, ZONE, zoneText } from "./load-work.ts";

export interface ServeWanted {
  readonly minutes: number;
  readonly transport: "batch" | "dgram";
  readonly seed: number;
  readonly reloadMilliseconds: number;
  /** Between two rows of the table. */
  readonly rowMilliseconds: number;
  readonly onRow: (row: ServeRow) => void;
}

export interface ServeRow extends LoadCounts {
  readonly seconds: number;
  readonly queriesASecond: number;
  readonly residentOctets: number;
  readonly descriptors: number;
  readonly cpuPercent: number;
  readonly reloads: number;
}

export interface ServeOutcome {
  readonly last: ServeRow;
  readonly resident: Growth;
  readonly descriptors: Growth;
  readonly exitCode: number | null;
  /** What the server logged at level warn and above. */
  readonly logged: readonly string[];
}

const LISTEN = { address: "127.0.0.1", port: 9290 };
const SAMPLE_MILLISECONDS = 500;
const SOCKETS = 8;
const WINDOW = 32;
const TICKS_A_SECOND = 100;

export async function soakServe(wanted: ServeWanted): Promise<ServeOutcome> {
  using scratch = new Scratch();
  const zone = new ChangingZone(scratch.file("soak.zone"));
  const config = scratch.file("server.yaml");
  const { address, port } = LISTEN;
  writeFileSync(
    config,
    `listen: ["${address}:${port}"]\nzones: [{ name: ${ZONE}, file: soak.zone }]\nthreads: auto\nlog: warn\n`,
  );
  await using server = await RunningStrata.start(["serve", "--config", config], launcherOf(wanted.transport));
  const load = startLoad(wanted, zone.version);
  const outcome = await watch(wanted, { server, load, zone });
  tell(load, { kind: "stop" });
  await once(load, "exit");
  const exitCode = await server.stop();
  return { ...outcome, exitCode, logged: server.stderr.filter((line) => line.startsWith("{")) };
}

/** The launcher is a shell script; what stands before it sets the server's environment. */
function launcherOf(transport: ServeWanted["transport"]): readonly string[] {
  if (transport === "batch") return [];
  return ["env", `NODE_OPTIONS=--import=${join(import.meta.dirname, "../support/without-koffi.ts")}`];
}

/** The zone's file, and which version of it is served. */
class ChangingZone {
  version = 1;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, zoneText(this.version));
  }

  async replace(server: RunningStrata, load: ChildProcess): Promise<void> {
    this.version++;
    writeFileSync(this.#path, zoneText(this.version));
    tell(load, { kind: "coming", version: this.version });
    server.signal("SIGHUP");
    await server.line("stderr", new RegExp(`serial ${this.version}$`));
    tell(load, { kind: "served", version: this.version });
  }
}

function startLoad({ seed }: ServeWanted, version: number): ChildProcess {
  const load = fork(join(import.meta.dirname, "load.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  // On the last core where there are several, so that the server keeps the others for itself; it shares that one.
  const cores = availableParallelism();
  if (cores > 1) spawnSync("taskset", ["-a", "-p", "-c", String(cores - 1), String(load.pid)]);
  tell(load, { kind: "start", work: { at: LISTEN, seed, sockets: SOCKETS, window: WINDOW, version } });
  return load;
}

function tell(load: ChildProcess, message: ToLoad): void {
  if (load.connected) load.send(message);
}

interface Watched {
  readonly server: RunningStrata;
  readonly load: ChildProcess;
  readonly zone: ChangingZone;
}

async function watch(
  wanted: ServeWanted,
  { server, load, zone }: Watched,
): Promise<Pick<ServeOutcome, "last" | "resident" | "descriptors">> {
  const resident = new Growth();
  const descriptors = new Growth();
  let counts: LoadCounts = NOTHING;
  load.on("message", (message: LoadCounts) => (counts = message));
  const began = systemClock.now();
  const end = began + wanted.minutes * 60_000;
  const row = rowMaker(server.pid, began);
  let last = row(counts, 0);
  let nextRow = began + wanted.rowMilliseconds;
  let nextReload = began + wanted.reloadMilliseconds;
  while (systemClock.now() < end && load.connected) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MILLISECONDS));
    const now = systemClock.now();
    resident.add((now - began) / 1000, residentOctets(server.pid));
    descriptors.add((now - began) / 1000, descriptorCount(server.pid));
    if (now >= nextReload) {
      nextReload = now + wanted.reloadMilliseconds;
      await zone.replace(server, load);
    }
    if (now >= nextRow || now >= end) {
      nextRow += wanted.rowMilliseconds;
      last = row(counts, zone.version - 1);
      wanted.onRow(last);
    }
  }
  return { last, resident, descriptors };
}

const NOTHING: LoadCounts = {
  udpAnswered: 0,
  udpLost: 0,
  tcpAnswered: 0,
  tcpConnections: 0,
  tcpErrors: 0,
  wrong: 0,
  faults: [],
};

function rowMaker(pid: number, began: number): (counts: LoadCounts, reloads: number) => ServeRow {
  let before = { at: began, answered: 0, cpuSeconds: cpuSeconds(pid) };
  return (counts, reloads) => {
    const at = systemClock.now();
    const answered = counts.udpAnswered + counts.tcpAnswered;
    const used = cpuSeconds(pid);
    const seconds = Math.max(0.001, (at - before.at) / 1000);
    const row = {
      ...counts,
      seconds: (at - began) / 1000,
      queriesASecond: (answered - before.answered) / seconds,
      cpuPercent: ((used - before.cpuSeconds) / seconds) * 100,
      residentOctets: residentOctets(pid),
      descriptors: descriptorCount(pid),
      reloads,
    };
    before = { at, answered, cpuSeconds: used };
    return row;
  };
}

function residentOctets(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

function descriptorCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function cpuSeconds(pid: number): number {
  // The command's name, which may hold blanks, ends with the last parenthesis.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
