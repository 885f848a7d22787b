/**
 * Our NFS client as a process of its own, for measuring: mounts what listens at the given ports and does one thing, said by the first word: `copy PATH` copies the large file to there,
 * `beside-dead` asks two mounts for attributes, with and without a third whose server is dead. Prints one line of JSON. Run by mount-client.ts.
 */
import { closeSync, openSync, write } from "node:fs";
import { systemClock, systemRandom } from "../base/index.ts";
import {
  type FileKey,
  isStatus,
  MOUNT_OPTIONS_DEFAULT,
  type MountOptions,
  NfsFileSystem,
  type Status,
} from "../mount/index.ts";
import { openTcpStream } from "../net/index.ts";

const PART_OCTETS = 2 ** 20;
/** Writes to the copy that are under way at once. */
const WRITES_MAX = 4;
const QUERIES = 20_000;
const WARM_UP = 2000;
/** Who asks the dead one, over and over. */
const UNLUCKY = 8;
const NOT_KEPT = { fileMin: 0, fileMax: 0, directoryMin: 0, directoryMax: 0 };

const [job, nfsPort = "", mountPort = "", more = ""] = process.argv.slice(2);
const sample = job === "copy" ? await copied(more) : await besideDead(Number(more));
process.stdout.write(`${JSON.stringify(sample)}\n`);
process.exit();

function mount(port: { nfs: number; mount: number }, options: Partial<MountOptions> = {}): NfsFileSystem {
  const server = { address: "127.0.0.1", nfsPort: port.nfs, mountPort: port.mount };
  const found = { servers: [server], lifeSeconds: 3600, origin: "the benchmark" };
  return new NfsFileSystem({
    clock: systemClock,
    random: systemRandom,
    open: openTcpStream,
    replicas: [{ path: "/tree", finder: { name: "127.0.0.1", find: async () => found } }],
    credential: { flavor: "sys", stamp: 0, machine: "bench", uid: 0, gid: 0, groups: [] },
    options: { ...MOUNT_OPTIONS_DEFAULT, ...options },
    onState: () => undefined,
  });
}

async function good<T>(outcome: T | Status | Promise<T | Status>): Promise<T> {
  const answer = await outcome;
  if (isStatus(answer)) throw new Error(answer);
  return answer;
}

async function found(fileSystem: NfsFileSystem, name: string): Promise<FileKey> {
  const root = await good(fileSystem.root());
  return (await good(fileSystem.lookup(root.key, name))).key;
}

/** As nfs-cp does: all of the file, to a file. */
async function copied(path: string): Promise<object> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const fileSystem = mount({ nfs: Number(nfsPort), mount: Number(mountPort) });
  const key = await found(fileSystem, "big");
  const to = openSync(path, "w");
  const writing = new Set<Promise<void>>();
  let offset = 0;
  for (let isEnd = false; !isEnd;) {
    const part = await good(fileSystem.read(key, offset, PART_OCTETS));
    const at = offset;
    const written = new Promise<void>((resolve, reject) => {
      write(to, part.octets, 0, part.octets.length, at, (error) => {
        part.release?.();
        if (error === null) resolve();
        else reject(error);
      });
    }).finally(() => writing.delete(written));
    writing.add(written);
    if (writing.size >= WRITES_MAX) await Promise.race(writing);
    offset += part.octets.length;
    isEnd = part.isEnd;
  }
  await Promise.all(writing);
  closeSync(to);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await fileSystem.close();
  return { octets: offset, seconds, cpuMicroseconds: user + system };
}

/** How long questions to two healthy mounts take, in milliseconds. */
async function besideDead(deadPort: number): Promise<object> {
  const port = { nfs: Number(nfsPort), mount: Number(mountPort) };
  const healthy = [mount(port, { attributeSeconds: NOT_KEPT }), mount(port, { attributeSeconds: NOT_KEPT })];
  const keys: FileKey[] = [];
  for (const fileSystem of healthy) keys.push(await found(fileSystem, "small"));
  await times(healthy, keys, WARM_UP);
  const well = await times(healthy, keys, QUERIES);
  const dead = mount({ nfs: deadPort, mount: deadPort }, { timeoutMilliseconds: 200, retries: 1 });
  let isOver = false;
  let failed = 0;
  const unlucky = Array.from({ length: UNLUCKY }, async () => {
    while (!isOver) {
      await dead.root();
      failed++;
      // One that fails at once would only measure how often that can be asked.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  const beside = await times(healthy, keys, QUERIES);
  isOver = true;
  await dead.close();
  await Promise.all(unlucky);
  for (const fileSystem of healthy) await fileSystem.close();
  return { well, beside, failed };
}

async function times(healthy: readonly NfsFileSystem[], keys: readonly FileKey[], count: number): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const turn = i % healthy.length;
    const began = performance.now();
    await good(healthy[turn]!.attributes(keys[turn]!));
    taken.push(performance.now() - began);
  }
  taken.sort((one, other) => one - other);
  return taken[Math.floor(count * 0.99)]!;
}
