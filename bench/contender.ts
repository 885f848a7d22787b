/** A server under measurement: ours or a peer, pinned to one core, on a loopback port, serving the zones it is given. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { TYPE } from "../dns/index.ts";
import {
  findProgram,
  freePort,
  type ServerPeer,
  writeNamedCompiled,
  writeNsdWithDatabase,
  WRITERS,
  type ZoneFile,
} from "../test/support/peer-configuration.ts";
import { strata } from "./package.ts";
import { Scratch } from "./scratch.ts";

/** How one implementation is started: its program and, from the zones and a port, its arguments and files. */
export interface Contender {
  readonly name: string;
  /** Null where it is not installed. */
  readonly program: string | null;
  prepare(folder: string, port: number, zones: readonly ZoneFile[]): readonly string[];
}

/** A contender with its files and its port: it may be launched, stopped and launched again on the same. */
export interface Prepared {
  readonly contender: Contender;
  readonly port: number;
  readonly args: readonly string[];
}

export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** From starting the process to its first answer with records or a referral. */
  readonly readyMilliseconds: number;
}

const LOOPBACK = "127.0.0.1";
export const CORE_OF_SERVER = "0";
export const CORE_OF_LOAD = "1";
export const EVERY_CORE = "0,1";
const READY_LIMIT_MILLISECONDS = 60_000;
const STOP_LIMIT_MILLISECONDS = 20_000;

export const strataAt = (address: string): Contender => ({
  name: "strata",
  program: strata(),
  prepare: (_folder, port, zones) => [
    "serve",
    "--listen",
    `${address}:${port}`,
    ...zones.flatMap(({ apex, file }) => ["--zone", `${apex}=${file}`]),
  ],
});

const peer = (name: ServerPeer): Contender => ({ name, program: findProgram(name), prepare: WRITERS[name] });

/** Ours first, then every peer that is installed. */
export function contenders(): Contender[] {
  return installed([strataAt(LOOPBACK), peer("nsd"), peer("knotd"), peer("named")]);
}

/** Peers that have their zones in a form they read faster than text. */
export function keepers(): Contender[] {
  return installed([
    { name: "nsd, database", program: findProgram("nsd"), prepare: writeNsdWithDatabase },
    { name: "named, raw", program: findProgram("named"), prepare: writeNamedCompiled },
  ]);
}

/** What npm has: JavaScript over node:dgram, for hosts only. They are scripts that the Node of this process runs. */
export function npmPeers(): Contender[] {
  return ["dns2", "dns-packet"].map((name) => ({
    name,
    program: process.execPath,
    prepare: (_folder, port, zones) => {
      const script = fileURLToPath(new URL(`peers/${name}.ts`, import.meta.url));
      return [script, `${port}`, zones[0]?.apex ?? "", zones[0]?.file ?? ""];
    },
  }));
}

export function installed(wanted: readonly Contender[]): Contender[] {
  return wanted.filter(({ name, program }) => {
    if (program === null) process.stderr.write(`${name} is not installed and is left out; npm run peers installs it\n`);
    return program !== null;
  });
}

export interface Launch {
  /** A name whose answer, with records or a referral, says that the zones are served. */
  readonly probe: string;
  /** The cores it may run on, as taskset(1) takes them. */
  readonly cores: string;
  /** Where it answers; 127.0.0.1 unless given. */
  readonly address?: string;
}

export interface Work extends Launch {
  readonly zones: readonly ZoneFile[];
}

export async function prepare(contender: Contender, zones: readonly ZoneFile[]): Promise<Prepared & Disposable> {
  const scratch = new Scratch(contender.name.replaceAll(" ", "-"));
  const port = await freePort();
  return {
    contender,
    port,
    args: contender.prepare(scratch.folder, port, zones),
    [Symbol.dispose]: () => scratch[Symbol.dispose](),
  };
}

/** Starts what was prepared and waits for its answer to the probe. */
export async function launch({ contender, port, args }: Prepared, how: Launch): Promise<Running> {
  const program = contender.program ?? contender.name;
  const { probe, cores, address = LOOPBACK } = how;
  const began = performance.now();
  const child = spawn("taskset", ["-c", cores, program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const complaints: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  try {
    await firstAnswer(child, { address, port, probe }, began + READY_LIMIT_MILLISECONDS);
  } catch (cause) {
    await stop(child);
    throw new Error(`${contender.name} did not answer: ${Buffer.concat(complaints).toString().slice(0, 2000)}`, {
      cause,
    });
  }
  const readyMilliseconds = performance.now() - began;
  return { pid: child.pid ?? 0, port, readyMilliseconds, [Symbol.asyncDispose]: () => stop(child) };
}

/** Prepares a contender and launches it, once. */
export async function start(contender: Contender, { zones, ...how }: Work): Promise<Running> {
  const prepared = await prepare(contender, zones);
  try {
    const running = await launch(prepared, how);
    return {
      ...running,
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        prepared[Symbol.dispose]();
      },
    };
  } catch (error) {
    prepared[Symbol.dispose]();
    throw error;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const impatient = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MILLISECONDS);
    await ended;
    clearTimeout(impatient);
  }
}

interface Asked {
  readonly address: string;
  readonly port: number;
  readonly probe: string;
}

/** Asks every two milliseconds until an answer with records or a referral comes back. */
async function firstAnswer(child: ChildProcess, { address, port, probe }: Asked, deadline: number): Promise<void> {
  const socket = createSocket("udp4");
  const query = Buffer.concat([
    // RD, because resolvers refuse to be asked without.
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
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
          socket.send(query, port, address);
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
