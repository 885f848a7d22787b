/** Clients that others wrote, against our server of files: libnfs's tools, and the Linux kernel. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { silentLog, systemClock } from "../../base/index.ts";
import {
  type FileSystem,
  isStatus,
  MemoryFileSystem,
  Mounting,
  MountTableStore,
  type NfsExport,
  parseMountOptions,
  parseSource,
} from "../../mount/index.ts";
import { NfsOverTcp } from "../support/nfs-over-tcp.ts";
import { program, type Program } from "../support/peer-configuration.ts";
import { describeWithPeers } from "../support/peers.ts";
import { describeWithLinux, HOST_FROM_INSIDE, loadModule, runInLinux } from "../support/user-mode-linux.ts";

const everywhere: NfsExport = { path: "/", root: null, networks: [], isWritable: true, squash: "none" };
const big = Buffer.alloc(5_000_000, "globe ");
const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`/many/file-${i}`, ""]));
const files = { "/pub/globe/index.html": "<h1>globe</h1>\n", "/pub/big": big, ...many };

function memory(content: Readonly<Record<string, string | Uint8Array>>): MemoryFileSystem {
  return MemoryFileSystem.of(content, { clock: systemClock, isWritable: true });
}

const execute = promisify(execFile);

/** One retry: these tools wait a minute for a lost reply, and a machine may be busy. */
async function run(name: Program, ...words: string[]): Promise<string> {
  const limits = { timeout: 20_000, killSignal: "SIGKILL", encoding: "utf8" } as const;
  try {
    return (await execute(program(name), words, limits)).stdout;
  } catch {
    return (await execute(program(name), words, limits)).stdout;
  }
}

describeWithPeers("libnfs", ["nfs-ls", "nfs-cat", "nfs-cp"], () => {
  test("lists, prints and copies in both directions", async () => {
    await using server = await NfsOverTcp.start({ fileSystem: memory(files), exports: [everywhere] });
    expect(await run("nfs-ls", server.url("/pub"))).toMatch(/^d.*globe$/m);
    expect(await run("nfs-cat", server.url("/pub/globe/index.html"))).toBe("<h1>globe</h1>\n");
    expect((await run("nfs-ls", server.url("/many"))).trim().split("\n")).toHaveLength(5000);

    const folder = mkdtempSync(join(tmpdir(), "strata-nfs-"));
    try {
      const [out, back, again] = [join(folder, "out"), join(folder, "back"), join(folder, "again")];
      await run("nfs-cp", server.url("/pub/big"), out);
      expect(readFileSync(out).equals(big)).toBe(true);
      writeFileSync(back, big.subarray(0, 1_234_567));
      await run("nfs-cp", back, server.url("/pub/copy"));
      await run("nfs-cp", server.url("/pub/copy"), again);
      expect(readFileSync(again).equals(big.subarray(0, 1_234_567))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(server.counters).toMatchObject({ failed: 0, unreadable: 0, garbage: 0 });
  }, 120_000);

  test("is refused what is not exported", async () => {
    const exports = [{ ...everywhere, path: "/pub", isWritable: false }];
    await using server = await NfsOverTcp.start({ fileSystem: memory(files), exports });
    await expect(run("nfs-ls", server.url("/many"))).rejects.toThrow();
    await expect(run("nfs-cp", "/etc/hostname", server.url("/pub/new"))).rejects.toThrow(/ROFS/);
  }, 120_000);
});

/** A name space with two file systems in it: one at its root, another at /remote/vu. */
async function nameSpace(): Promise<FileSystem> {
  const systems: Readonly<Record<string, FileSystem>> = {
    base: memory(files),
    vu: memory({ "/steen/mbox": "dear\n" }),
  };
  const mounting = new Mounting({
    store: new MountTableStore(":memory:"),
    clock: systemClock,
    log: silentLog,
    open: ({ sources }) => {
      const [source] = sources;
      const made = source?.kind === "file" ? systems[source.path.slice(1)] : undefined;
      if (made === undefined) throw new Error("no such directory in this test");
      return made;
    },
  });
  for (const [source, target] of [
    ["file:///base", "/all"],
    ["file:///vu", "/all/pub/globe"],
  ] as const) {
    const options = parseMountOptions("rw");
    const outcome = await mounting.mount({ sources: [parseSource(source)], target, options });
    if (isStatus(outcome)) throw new Error(outcome);
  }
  return mounting.nameSpace;
}

describeWithLinux("the Linux kernel", [], () => {
  const mount = (port: number, path: string, options = ""): string =>
    `mount -t nfs -o vers=3,tcp,port=${port},mountport=${port},mountproto=tcp,nolock${options} ${HOST_FROM_INSIDE}:${path} /mnt`;

  test("walks, reads, writes and is refused, and reads on over a restart of the server", async () => {
    const fileSystem = memory(files);
    const exports = [everywhere, { ...everywhere, path: "/pub", isWritable: false }];
    await using server = await NfsOverTcp.start({ fileSystem, exports });
    const script = `set -e
${loadModule("nfsv3")}
${mount(server.port, "/", ",lookupcache=none")}
ls -1 /mnt
cat /mnt/pub/globe/index.html
find /mnt/many -type f | wc -l
ls -1a /mnt/pub/globe
(cd /mnt/pub/globe; cd ..; ls -1)
df /mnt | tail -1 | wc -w
echo one >/mnt/pub/new; echo two >>/mnt/pub/new; mv /mnt/pub/new /mnt/pub/newer; cat /mnt/pub/newer
mkdir /mnt/pub/dir; ln -s ../newer /mnt/pub/dir/link; cat /mnt/pub/dir/link; rm -r /mnt/pub/dir
ln /mnt/pub/newer /mnt/pub/newest; stat -c %h /mnt/pub/newer; chmod 600 /mnt/pub/newest; stat -c %a /mnt/pub/newer
mknod /mnt/pub/pipe p 2>/dev/null || echo no pipe
exec 3</mnt/pub/big
head -c 12 <&3; echo
echo restart
while [ ! -e /mnt/restarted ]; do sleep 0.1; done
md5sum <&3
umount -l /mnt
${mount(server.port, "/pub")}
echo x 2>/dev/null >/mnt/new || echo refused
rm /mnt/big 2>/dev/null || echo refused
umount /mnt
`;
    const done = runInLinux(script, {
      limitMilliseconds: 60_000,
      onLine(line) {
        if (line !== "restart") return;
        void server.restart().then(() => {
          const { key } = fileSystem.root();
          const what = { kind: "file", how: "guarded", verifier: 0n, attributes: {} } as const;
          fileSystem.create({ directory: key, name: "restarted" }, what);
        });
      },
    });
    const outcome = await done;
    const sum = outcome.output.split("\n").find((line) => line.endsWith("  -"));
    expect(
      outcome.output.split("\n").filter((line) => line !== sum && line !== ""),
      outcome.console,
    ).toEqual([
      ...["many", "pub", "<h1>globe</h1>", "5000", ".", "..", "index.html", "big", "globe", "6"],
      ...["one", "two", "one", "two", "2", "600", "no pipe", "globe globe ", "restart", "refused", "refused"],
    ]);
    expect(outcome.code).toBe(0);
    expect(sum).toBeDefined();
    expect(server.counters).toMatchObject({ failed: 0, unreadable: 0, garbage: 0 });
  }, 120_000);

  test("sees a mount below as a file system of its own", async () => {
    await using server = await NfsOverTcp.start({ fileSystem: await nameSpace(), exports: [everywhere] });
    const script = `set -e
${loadModule("nfsv3")}
${mount(server.port, "/")}
cat /mnt/all/pub/globe/steen/mbox
(cd /mnt/all/pub/globe/steen; cd ../..; ls -1)
grep -c " /mnt.*nfs" /proc/mounts
[ $(stat -c %d /mnt/all/pub) != $(stat -c %d /mnt/all/pub/globe) ] && echo another
umount -l /mnt
`;
    const outcome = await runInLinux(script, { limitMilliseconds: 60_000 });
    expect(outcome.output.split("\n").slice(0, -1), outcome.console).toEqual(["dear", "big", "globe", "3", "another"]);
    expect(outcome.code).toBe(0);
  }, 120_000);
});
