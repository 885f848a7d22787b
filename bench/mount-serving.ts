/**
 * A server of files as a process of its own, for measuring: of a tree in memory, a folder of this machine (FOLDER), or what another server of files has (`nfs PORT MOUNTPORT`). Says its port on standard output and ends with its standard input. Run by
 * mount-server.ts.
 */
import { silentLog, stayAlive, systemClock, systemRandom } from "../base/index.ts";
import {
  type FileKey,
  type FileSystem,
  HandleStore,
  isStatus,
  LocalFileSystem,
  MemoryFileSystem,
  MOUNT_OPTIONS_DEFAULT,
  NfsFileSystem,
  NfsServer,
} from "../mount/index.ts";
import { listenOctetStreams, openTcpStream } from "../net/index.ts";
import { BIG_OCTETS, ENTRIES } from "./mount-tree.ts";

const [folder, ...ports] = process.argv.slice(2);

const fileSystem = folder === undefined ? memory() : folder === "nfs" ? far(ports.map(Number)) : await local(folder);
// What is far away is mounted at its "/tree", which is its root here.
const root = folder === "nfs" ? await rootOf(fileSystem) : null;
const server = new NfsServer({
  fileSystem,
  store: new HandleStore(":memory:", systemRandom),
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
});
server.publish([{ path: "/tree", root, networks: [], isWritable: true, squash: "none" }]);
const listener = await listenOctetStreams(
  { address: "127.0.0.1", port: 0 },
  (stream, address) => server.accept(stream, address),
  silentLog,
);
stayAlive();
process.stdin.on("end", () => process.exit()).resume();
process.stdout.write(`port ${listener.endpoint!.port}\n`);

function memory(): FileSystem {
  const files: Record<string, Uint8Array> = {
    "/tree/big": Buffer.alloc(BIG_OCTETS, "strata "),
    "/tree/small": Buffer.from("x"),
  };
  for (let i = 0; i < ENTRIES; i++) files[`/tree/many/file-${i}`] = new Uint8Array(0);
  return MemoryFileSystem.of(files, { clock: systemClock, isWritable: true, octetsMax: 4 * 2 ** 30 });
}

function local(directory: string): Promise<FileSystem> {
  return LocalFileSystem.open({
    directory,
    tablePath: ":memory:",
    isWritable: true,
    random: systemRandom,
    log: silentLog,
  });
}

async function rootOf(fileSystem: FileSystem): Promise<FileKey> {
  const found = await fileSystem.root();
  if (isStatus(found)) throw new Error(found);
  return found.key;
}

function far([nfsPort = 0, mountPort = 0]: readonly number[]): FileSystem {
  const found = { servers: [{ address: "127.0.0.1", nfsPort, mountPort }], lifeSeconds: 3600, origin: "the benchmark" };
  return new NfsFileSystem({
    clock: systemClock,
    random: systemRandom,
    open: openTcpStream,
    replicas: [{ path: "/tree", finder: { name: "127.0.0.1", find: async () => found } }],
    credential: { flavor: "sys", stamp: 0, machine: "bench", uid: 0, gid: 0, groups: [] },
    options: MOUNT_OPTIONS_DEFAULT,
    onState: () => undefined,
  });
}
