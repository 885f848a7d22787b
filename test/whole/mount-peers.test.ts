/** The peers of mounting start, serve and end: a real NFS server and a real kernel as its client, before anything of ours stands between them. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWithGanesha, exportableFolder, startGanesha } from "../support/ganesha.ts";
import { program } from "../support/peer-configuration.ts";
import { describeWithLinux, HOST_FROM_INSIDE, loadModule, runInLinux } from "../support/user-mode-linux.ts";

describeWithGanesha("Ganesha", ["nfs-cat"], () => {
  test("libnfs reads a file from it", async () => {
    using folder = exportableFolder();
    writeFileSync(join(folder.path, "mbox"), "From steen\n");
    await using server = await startGanesha([{ folder: folder.path, path: "/home", isWritable: true }]);
    const url = `nfs://127.0.0.1/home/mbox?version=3&nfsport=${server.nfsPort}&mountport=${server.mountPort}`;
    expect(execFileSync(program("nfs-cat"), [url], { timeout: 20_000, encoding: "utf8" })).toBe("From steen\n");
  });
});

describeWithLinux("a Linux kernel of our own", [], () => {
  test("runs a script and says how it ended", async () => {
    const seen: string[] = [];
    const run = await runInLinux('echo "hello $(id -u)"; cat /nothing; exit 3', { onLine: (line) => seen.push(line) });
    expect(run.code, run.console).toBe(3);
    expect(seen).toEqual(["hello 0", "cat: /nothing: No such file or directory"]);
    expect(run.output).toBe(seen.map((line) => `${line}\n`).join(""));
  }, 90_000);

  test("a script that never ends is ended with its kernel", async () => {
    const run = await runInLinux("echo here; sleep 1000", { limitMilliseconds: 5000 });
    expect(run.code, run.console).toBeNull();
  }, 90_000);
});

describeWithGanesha("a Linux kernel and Ganesha", [], () => {
  describeWithLinux("together", [], () => {
    test("mounts it, reads and writes", async () => {
      using folder = exportableFolder();
      writeFileSync(join(folder.path, "mbox"), "From steen\n");
      await using server = await startGanesha([{ folder: folder.path, path: "/home", isWritable: true }]);
      const options = `vers=3,tcp,port=${server.nfsPort},mountport=${server.mountPort},mountproto=tcp,nolock`;
      const run = await runInLinux(`set -e
${loadModule("nfsv3")}
mount -t nfs -o ${options} ${HOST_FROM_INSIDE}:/home /mnt
cat /mnt/mbox
echo written >/mnt/new
umount /mnt
`);
      expect(run, run.console).toMatchObject({ output: "From steen\n", code: 0 });
      expect(readFileSync(join(folder.path, "new"), "utf8")).toBe("written\n");
    }, 90_000);
  });
});
