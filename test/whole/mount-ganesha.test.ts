/** Our NFS client keeps the contract of file systems against a real server, NFS-Ganesha, and what only a real server shows. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock, systemRandom } from "../../base/index.ts";
import { MOUNT_OPTIONS_DEFAULT, NfsFileSystem } from "../../mount/index.ts";
import { openTcpStream } from "../../net/index.ts";
import {
  CONTRACT_FILES,
  type ContractSubject,
  describeReading,
  describeReadOnly,
  describeWriting,
  file,
  good,
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
  test("a large file whose memory is given back as it is read comes whole", async () => {
    const { fileSystem, close } = await subject(true)();
    const text = Buffer.from(Array.from({ length: 1 << 21 }, (_, i) => (i * 31) >> 3));
    const big = Buffer.concat(Array<Buffer>(8).fill(text));
    const root = await good(fileSystem.root());
    const { key } = await good(fileSystem.create({ directory: root.key, name: "big" }, file("guarded")));
    await good(fileSystem.write(key, 0, big, "unstable"));
    await good(fileSystem.commit(key));
    const hash = createHash("sha256");
    for (let offset = 0, isEnd = false; !isEnd;) {
      const part = await good(fileSystem.read(key, offset, 1 << 20));
      hash.update(part.octets);
      offset += part.octets.length;
      isEnd = part.isEnd;
      part.release?.();
    }
    expect(hash.digest("hex")).toBe(createHash("sha256").update(big).digest("hex"));
    await close();
  });

  describeReading("our client of Ganesha", subject(false));
  describeReadOnly("our client of Ganesha", subject(false));
  describeWriting("our client of Ganesha", subject(true));
});
