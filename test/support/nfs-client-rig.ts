/** Our NFS client on a simulated clock, with servers in memory and a name that may move between them. */
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { MOUNT_OPTIONS_DEFAULT, type MountOptions, NfsFileSystem, type ServerAddress } from "../../mount/index.ts";
import { MemoryStreams } from "./memory-streams.ts";
import { type Acts, ScriptedNfs } from "./scripted-nfs.ts";

export const NFS_PORT = 2049;

export interface ClientRig {
  readonly clock: SimulatedClock;
  readonly streams: MemoryStreams;
  readonly server: ScriptedNfs;
  readonly fileSystem: NfsFileSystem;
  /** What the mount table was told, one line each. */
  readonly states: string[];
  /** Where the server's name leads, and for how long that holds. */
  found: { addresses: readonly string[]; lifeSeconds: number };
  /** How often the name was asked for. */
  finds: number;
  /** What comes of it, in simulated time. */
  run<T>(outcome: T | Promise<T>): Promise<T>;
}

export const at = (address: string): ServerAddress => ({ address, nfsPort: NFS_PORT, mountPort: NFS_PORT });

/** A client and one server at 192.0.2.1. Ten seconds between a call and its end at most: twice 5 s. */
export function clientRig(
  acts: Acts = {},
  options: Partial<MountOptions> = {},
  clock: SimulatedClock = new SimulatedClock(),
): ClientRig {
  const streams = new MemoryStreams(clock);
  const server = new ScriptedNfs(acts);
  streams.listen({ address: "192.0.2.1", port: NFS_PORT }, server.accept);
  const states: string[] = [];
  const fileSystem = new NfsFileSystem({
    clock,
    random: new SeededRandom(1),
    open: streams.open,
    replicas: [
      {
        path: "/home",
        finder: {
          name: "files.example",
          find: async () => {
            rig.finds++;
            const { addresses, lifeSeconds } = rig.found;
            return { servers: addresses.map(at), lifeSeconds, origin: "the test" };
          },
        },
      },
    ],
    credential: { flavor: "sys", stamp: 0, machine: "strata", uid: 1, gid: 1, groups: [] },
    options: { ...MOUNT_OPTIONS_DEFAULT, retries: 1, ...options },
    onState: (state, reason) => states.push(`${state}: ${reason}`),
  });
  const run = <T>(outcome: T | Promise<T>): Promise<T> => clock.run(Promise.resolve(outcome));
  const found = { addresses: ["192.0.2.1"], lifeSeconds: 3600 };
  const rig: ClientRig = { clock, streams, server, fileSystem, states, found, finds: 0, run };
  return rig;
}
