/**
 * A server of files as a process of its own, for measuring: a tree in memory, or a folder of this machine. Says its port on standard output and ends with its standard input. Run by
 * mount-server.ts.
 */
import { silentLog, stayAlive, systemClock, systemRandom } from "../base/index.ts";
import { type FileSystem, HandleStore, LocalFileSystem, MemoryFileSystem, NfsServer } from "../mount/index.ts";
import { listenOctetStreams } from "../net/index.ts";
import { BIG_OCTETS, ENTRIES } from "./mount-tree.ts";

const folder = process.argv[2];

const server = new NfsServer({
  fileSystem: folder === undefined ? memory() : await local(folder),
  store: new HandleStore(":memory:", systemRandom),
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
});
server.publish([{ path: "/tree", root: null, networks: [], isWritable: true, squash: "none" }]);
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
