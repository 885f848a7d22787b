/**
 * Our server of files beside NFS-Ganesha: a file of 1 GiB to nfs-cp, attributes with one and with 64 calls under way, a directory of 100,000 names. Ours serves the same folder
 * as Ganesha, which lies in memory, and a tree of its own memory.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exportableFolder, startGanesha } from "../test/support/ganesha.ts";
import { program } from "../test/support/peer-configuration.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Effort } from "./effort.ts";
import { MEMORY_SERVED, type Result } from "./history.ts";
import { LoadClient } from "./mount-load.ts";
import { BIG_OCTETS, ENTRIES, makeTree } from "./mount-tree.ts";
import { cpuMicroseconds, residentOctets } from "./process.ts";

const ROUNDS = 3;
const SECONDS = 3;
const MIB = 2 ** 20;
const COPY_LIMIT_MILLISECONDS = 60_000;

/** A server that is running. */
interface Serving extends AsyncDisposable {
  readonly pid: number;
  readonly nfsPort: number;
  readonly mountPort: number;
}

interface Contender {
  readonly name: string;
  readonly start: () => Promise<Serving>;
}

export async function mountServer({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  using folder = exportableFolder();
  makeTree(folder.path);
  const contenders: readonly Contender[] = [
    { name: "strata", start: () => serving([folder.path]) },
    { name: MEMORY_SERVED, start: () => serving([]) },
    {
      name: "ganesha",
      start: () => startGanesha([{ folder: `${folder.path}/tree`, path: "/tree", isWritable: true }]),
    },
  ];
  const rows = await alternate(contenders, rounds, async ({ start }) => {
    await using server = await start();
    return { ...(await copied(server)), ...(await asked(server, seconds)), ...(await listed(server)) };
  });
  return { bench: "a server of files beside Ganesha", rows };
}

/** Ours as a process of its own; the words say what it serves. */
export async function serving(words: readonly string[]): Promise<Serving> {
  const script = fileURLToPath(new URL("mount-serving.ts", import.meta.url));
  const child = spawn(process.execPath, [script, ...words], { stdio: ["pipe", "pipe", "inherit"] });
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(/port (\d+)/.exec(chunk.toString())?.[1]);
  return {
    pid: child.pid!,
    nfsPort: port,
    mountPort: port,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

/** One warm-up would warm only some of them: each reads the file twice, and the second time counts. */
async function copied(server: Serving): Promise<Sample> {
  let sample: Sample = {};
  for (let turn = 0; turn < 2; turn++) {
    const to = `/dev/shm/strata-bench-copy-${process.pid}`;
    const url = `nfs://127.0.0.1/tree/big?version=3&nfsport=${server.nfsPort}&mountport=${server.mountPort}`;
    const cpuBefore = cpuMicroseconds(server.pid);
    const began = performance.now();
    const { status } = spawnSync(program("nfs-cp"), [url, to], { timeout: COPY_LIMIT_MILLISECONDS, stdio: "ignore" });
    const seconds = (performance.now() - began) / 1000;
    const octets = status === 0 ? statSync(to).size : 0;
    rmSync(to, { force: true });
    if (octets !== BIG_OCTETS) throw new Error(`nfs-cp copied ${octets} octets`);
    const cpu = cpuMicroseconds(server.pid) - cpuBefore;
    sample = { "READ MB/s": octets / 1e6 / seconds, "READ CPU µs/MB": cpu / (octets / 1e6) };
  }
  return sample;
}

async function asked({ pid, nfsPort, mountPort }: Serving, seconds: number): Promise<Sample> {
  using mount = await LoadClient.open(mountPort);
  const root = await mount.mounted("/tree");
  using client = await LoadClient.open(nfsPort);
  const handle = await client.lookup(root, "small");
  await client.attributesASecond(handle, 64, 1);
  const cpuBefore = cpuMicroseconds(pid);
  const deep = await client.attributesASecond(handle, 64, seconds);
  const cpu = (cpuMicroseconds(pid) - cpuBefore) / (deep * seconds);
  const single = await client.attributesASecond(handle, 1, seconds);
  return { "GETATTR/s at depth 64": deep, "GETATTR CPU µs at depth 64": cpu, "GETATTR/s at depth 1": single };
}

async function listed({ pid, nfsPort, mountPort }: Serving): Promise<Sample> {
  using mount = await LoadClient.open(mountPort);
  using client = await LoadClient.open(nfsPort);
  const many = await client.lookup(await mount.mounted("/tree"), "many");
  const before = residentOctets(pid);
  const began = performance.now();
  const names = await client.count(many);
  const seconds = (performance.now() - began) / 1000;
  // Some servers show "." and "..".
  if (names < ENTRIES) throw new Error(`${names} names`);
  return { "names/s listed": names / seconds, "MiB more after listing": (residentOctets(pid) - before) / MIB };
}
