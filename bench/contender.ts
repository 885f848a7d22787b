/** A server under measurement: ours or a peer, pinned to one core, on a loopback port, serving the zones it is given. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TYPE } from "../dns/index.ts";
import { findProgram, freePort, type ServerPeer, WRITERS, type ZoneFile } from "../test/support/peer-configuration.ts";

/** How one implementation is started: its program and, from the zones and a port, its arguments and files. */
export interface Contender {
  readonly name: string;
  /** Null where it is not installed. */
  readonly program: string | null;
  prepare(folder: string, port: number, zones: readonly ZoneFile[]): readonly string[];
}

export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** From starting the process to its first answer with records or a referral. */
  readonly readyMilliseconds: number;
}

export const CORE_OF_SERVER = "0";
export const CORE_OF_LOAD = "1";
export const EVERY_CORE = "0,1";
const READY_LIMIT_MILLISECONDS = 60_000;

const strata: Contender = {
  name: "strata",
  program: fileURLToPath(new URL("../bin/strata", import.meta.url)),
  prepare: (_folder, port, zones) => [
    "serve",
    "--listen",
    `127.0.0.1:${port}`,
    ...zones.flatMap(({ apex, file }) => ["--zone", `${apex}=${file}`]),
  ],
};

const peer = (name: ServerPeer): Contender => ({ name, program: findProgram(name), prepare: WRITERS[name] });

/** Ours first, then every peer that is installed. */
export function contenders(): Contender[] {
  return [strata, peer("nsd"), peer("knotd"), peer("named")].filter(({ name, program }) => {
    if (program === null) process.stderr.write(`${name} is not installed and is left out; npm run peers installs it\n`);
    return program !== null;
  });
}

export interface Work {
  readonly zones: readonly ZoneFile[];
  /** A name whose answer, with records or a referral, says that the zones are served. */
  readonly probe: string;
  /** The cores it may run on, as taskset(1) takes them. */
  readonly cores: string;
}

/** Starts a contender and waits for its answer to the probe. */
export async function start(contender: Contender, { zones, probe, cores }: Work): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), `bench-${contender.name}-`));
  const port = await freePort();
  const program = contender.program ?? contender.name;
  const args = contender.prepare(folder, port, zones);
  const began = performance.now();
  const child = spawn("taskset", ["-c", cores, program, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const complaints: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  try {
    await firstAnswer(child, port, probe, began + READY_LIMIT_MILLISECONDS);
  } catch (cause) {
    await stop(child, folder);
    throw new Error(`${contender.name} did not answer: ${Buffer.concat(complaints).toString().slice(0, 2000)}`, {
      cause,
    });
  }
  const readyMilliseconds = performance.now() - began;
  const pid = child.pid ?? 0;
  return { pid, port, readyMilliseconds, [Symbol.asyncDispose]: () => stop(child, folder) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Asks every two milliseconds until an answer with records or a referral comes back. */
async function firstAnswer(child: ChildProcess, port: number, probe: string, deadline: number): Promise<void> {
  const socket = createSocket("udp4");
  const query = Buffer.concat([
    Buffer.from([0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...probe.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.from([0, 0, TYPE.A, 0, 1]),
  ]);
  try {
    await new Promise<void>((resolve, reject) => {
      const ask = setInterval(() => {
        if (performance.now() > deadline || child.exitCode !== null) {
          clearInterval(ask);
          reject(new Error(child.exitCode === null ? "no answer in time" : `it ended with ${child.exitCode}`));
        } else {
          socket.send(query, port, "127.0.0.1");
        }
      }, 2);
      socket.on("error", () => undefined);
      socket.on("message", (octets) => {
        const found = (octets[3]! & 15) === 0 && octets[7]! + octets[9]! > 0;
        if (!found) return;
        clearInterval(ask);
        resolve();
      });
    });
  } finally {
    socket.close();
  }
}
