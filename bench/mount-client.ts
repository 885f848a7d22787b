/**
 * Our NFS client beside libnfs, both copying a file of 1 GiB from NFS-Ganesha; what is left of that when our server stands between nfs-cp and Ganesha; and whether a dead server
 * among three mounts is felt at the other two.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { exportableFolder, type Ganesha, startGanesha } from "../test/support/ganesha.ts";
import { program } from "../test/support/peer-configuration.ts";
import { alternate, type Sample } from "./alternate.ts";
import { type Effort } from "./effort.ts";
import { type Result } from "./history.ts";
import { serving } from "./mount-server.ts";
import { BIG_OCTETS, makeTree } from "./mount-tree.ts";

const ROUNDS = 3;
const LIMIT_MILLISECONDS = 60_000;
const MEGABYTES = BIG_OCTETS / 1e6;

/** Copies the large file and says how many megabytes a second. */
type Copy = (server: Ganesha, to: string) => Promise<Sample>;

export async function mountClient({ rounds = ROUNDS }: Effort): Promise<Result> {
  using folder = exportableFolder();
  makeTree(folder.path);
  await using server = await startGanesha([{ folder: `${folder.path}/tree`, path: "/tree", isWritable: false }]);
  const contenders: readonly { readonly name: string; readonly copy: Copy }[] = [
    {
      name: "strata",
      copy: async (from, to) => ({ ...(await ours(from, to)), ...(await through(from, to)), ...(await beside(from)) }),
    },
    { name: "libnfs", copy: async (from, to) => libnfs(from, to, "copy MB/s") },
  ];
  const rows = await alternate(contenders, rounds, async ({ copy }) => {
    const to = `/dev/shm/strata-bench-copy-${process.pid}`;
    try {
      return await copy(server, to);
    } finally {
      rmSync(to, { force: true });
    }
  });
  return { bench: "a client of Ganesha: a file of 1 GiB, copied", rows };
}

async function ours({ nfsPort, mountPort }: Ganesha, to: string): Promise<Sample> {
  const { octets, seconds, cpuMicroseconds } = await reading(["copy", String(nfsPort), String(mountPort), to]);
  if (octets !== BIG_OCTETS) throw new Error(`our client copied ${octets} octets`);
  rmSync(to);
  return { "copy MB/s": MEGABYTES / seconds!, "copy CPU µs/MB": cpuMicroseconds! / MEGABYTES };
}

function libnfs({ nfsPort, mountPort }: Pick<Ganesha, "nfsPort" | "mountPort">, to: string, what: string): Sample {
  const url = `nfs://127.0.0.1/tree/big?version=3&nfsport=${nfsPort}&mountport=${mountPort}`;
  const began = performance.now();
  const { status } = spawnSync(program("nfs-cp"), [url, to], { timeout: LIMIT_MILLISECONDS, stdio: "ignore" });
  const seconds = (performance.now() - began) / 1000;
  const octets = status === 0 ? statSync(to).size : 0;
  rmSync(to, { force: true });
  if (octets !== BIG_OCTETS) throw new Error(`nfs-cp copied ${octets} octets`);
  return { [what]: MEGABYTES / seconds };
}

/** Exported again: nfs-cp from our server, which is a client of Ganesha. */
async function through({ nfsPort, mountPort }: Ganesha, to: string): Promise<Sample> {
  await using ours = await serving(["nfs", String(nfsPort), String(mountPort)]);
  return libnfs(ours, to, "exported again, MB/s to nfs-cp");
}

/** A server that takes connections and says nothing. */
async function beside({ nfsPort, mountPort }: Ganesha): Promise<Sample> {
  const sockets = new Set<Socket>();
  const dead = createServer((socket) => sockets.add(socket.on("error", () => socket.destroy()).resume()));
  dead.listen(0, "127.0.0.1");
  await once(dead, "listening");
  const address = dead.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  try {
    const { well, beside } = await reading(["beside-dead", String(nfsPort), String(mountPort), String(port)]);
    return {
      "p99 ms of two mounts": well!,
      "p99 ms beside a dead third": beside!,
      "p99 beside it / without": beside! / well!,
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    dead.close();
  }
}

/** What the process says that our client runs in. */
async function reading(words: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const script = fileURLToPath(new URL("mount-reading.ts", import.meta.url));
  const child = spawn(process.execPath, [script, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: LIMIT_MILLISECONDS,
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`our client ended with ${code}`);
  return JSON.parse(text) as Record<string, number>;
}
