/** Our NFS client keeps the contract of file systems against a real server, NFS-Ganesha, and what only a real server shows. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { systemClock, systemRandom } from "../../base/index.ts";
import { MOUNT_OPTIONS_DEFAULT, NfsFileSystem } from "../../mount/index.ts";
import { openTcpStream } from "../../net/index.ts";
import {
  CONTRACT_FILES,
  type ContractSubject,
  describeReading,
  describeReadOnly,
  describeWriting,
} from "../support/file-system-contract.ts";
import { describeWithGanesha, exportableFolder, type Ganesha, startGanesha } from "../support/ganesha.ts";

describeWithGanesha("our client of Ganesha", [], () => {
  let folder: ReturnType<typeof exportableFolder>;
  let server: Ganesha;

  beforeAll(async () => {
    folder = exportableFolder();
    server = await startGanesha([{ folder: folder.path, path: "/home", isWritable: true }]);
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const subject = (isWritable: boolean) => async (): Promise<ContractSubject> => {
    const path = mkdtempSync(join(folder.path, "tree-"));
    for (const [name, text] of Object.entries(CONTRACT_FILES)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    }
    const { address, nfsPort, mountPort } = server;
    const fileSystem = new NfsFileSystem({
      clock: systemClock,
      random: systemRandom,
      open: openTcpStream,
      replicas: [
        {
          path: `/home${path.slice(folder.path.length)}`,
          finder: {
            name: "ganesha",
            find: async () => ({ servers: [{ address, nfsPort, mountPort }], lifeSeconds: 60, origin: "test" }),
          },
        },
      ],
      credential: { flavor: "sys", stamp: 0, machine: "strata", uid: 0, gid: 0, groups: [] },
      options: { ...MOUNT_OPTIONS_DEFAULT, isWritable },
      onState: () => undefined,
    });
    return {
      fileSystem,
      close: async () => {
        await fileSystem.close();
        rmSync(path, { recursive: true });
      },
    };
  };
  describeReading("our client of Ganesha", subject(false));
  describeReadOnly("our client of Ganesha", subject(false));
  describeWriting("our client of Ganesha", subject(true));
});
