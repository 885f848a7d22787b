/** Our client and our server, joined in memory: together they keep the contract of file systems, as a whole chain of them does. */
import { describe } from "vitest";
import { SeededRandom, silentLog, systemClock } from "../../../base/index.ts";
import {
  type FileSystem,
  HandleStore,
  MemoryFileSystem,
  MOUNT_OPTIONS_DEFAULT,
  NfsFileSystem,
  NfsServer,
} from "../../../mount/index.ts";
import {
  CONTRACT_FILES,
  type ContractSubject,
  describeReading,
  describeReadOnly,
  describeWriting,
} from "../../support/file-system-contract.ts";
import { MemoryStreams } from "../../support/memory-streams.ts";
import { at, NFS_PORT } from "../../support/nfs-client-rig.ts";
import { everywhere } from "../../support/nfs-rig.ts";

const clock = systemClock;
const random = new SeededRandom(5);

/** The file system, served at that address and mounted from there. */
function remote(fileSystem: FileSystem, address: string, isWritable: boolean): FileSystem {
  const streams = new MemoryStreams(clock);
  const server = new NfsServer({
    fileSystem,
    store: new HandleStore(":memory:", random),
    clock,
    random,
    log: silentLog,
  });
  server.publish([everywhere]);
  streams.listen({ address, port: NFS_PORT }, (stream, from) => server.accept(stream, from));
  const finder = {
    name: "files.example",
    find: async () => ({ servers: [at(address)], lifeSeconds: 60, origin: "the test" }),
  };
  return new NfsFileSystem({
    clock,
    random,
    open: streams.open,
    replicas: [{ finder, path: "/" }],
    credential: { flavor: "sys", stamp: 0, machine: "strata", uid: 0, gid: 0, groups: [] },
    options: { ...MOUNT_OPTIONS_DEFAULT, isWritable },
    onState: () => undefined,
  });
}

const subject = (hops: number, isWritable: boolean) => async (): Promise<ContractSubject> => {
  let fileSystem: FileSystem = MemoryFileSystem.of(CONTRACT_FILES, { clock, isWritable: true });
  const all: FileSystem[] = [];
  for (let hop = 1; hop <= hops; hop++) {
    fileSystem = remote(fileSystem, `192.0.2.${hop}`, isWritable);
    all.push(fileSystem);
  }
  return {
    fileSystem,
    close: async () => {
      for (const each of all) await each.close();
    },
  };
};

describe.each([
  ["our client of our server", 1],
  ["our client of our server of our client of our server", 2],
])("%s", (title, hops) => {
  describeReading(title, subject(hops, false));
  describeReadOnly(title, subject(hops, false));
  describeWriting(title, subject(hops, true));
});
