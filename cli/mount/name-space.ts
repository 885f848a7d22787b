/** The local name space for a command: an NFS client of the daemon, over the socket that only its user may open. */
import { hostname } from "node:os";
import { stayAlive, systemClock, systemRandom } from "../../base/index.ts";
import { openLocalStream } from "../../net/index.ts";
import { type FileSystem, NfsFileSystem, parseMountOptions } from "../../mount/index.ts";
import type { Arguments } from "../arguments.ts";
import { WorkError } from "../failure.ts";
import { checkRunning, filesSocketOf, stateFolderOf } from "./asking.ts";

/** The daemon has its own time-outs for the servers behind it; this one is longer than all of them together. */
const OPTIONS = "rw,soft,timeo=1200,retrans=0,noac";

export interface OpenNameSpace {
  readonly fileSystem: FileSystem;
  close(): Promise<void>;
}

/** Throws a WorkError when no daemon is there. */
export async function openNameSpace(given: Arguments): Promise<OpenNameSpace> {
  const folder = stateFolderOf(given);
  checkRunning(folder);
  const servers = [{ address: filesSocketOf(folder), nfsPort: 0, mountPort: 0 }];
  const finder = {
    name: "strata mountd",
    find: async () => ({ servers, lifeSeconds: Number.MAX_SAFE_INTEGER, origin: "its state folder" }),
  };
  const fileSystem = new NfsFileSystem({
    clock: systemClock,
    random: systemRandom,
    open: ({ address }, events) => openLocalStream(address, events),
    replicas: [{ finder, path: "/" }],
    credential: {
      flavor: "sys",
      stamp: 0,
      machine: hostname().slice(0, 64),
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
      groups: [],
    },
    options: parseMountOptions(OPTIONS),
    onState: () => undefined,
  });
  const failure = await fileSystem.mount();
  if (failure !== null) {
    await fileSystem.close();
    throw new WorkError(`strata mountd of ${folder} does not answer: ${failure.reason}`);
  }
  const alive = stayAlive();
  return {
    fileSystem,
    close: async () => {
      await fileSystem.close();
      alive[Symbol.dispose]();
    },
  };
}
