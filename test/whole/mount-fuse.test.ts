/**
 * A real FUSE mount, in mounts of its own that nobody else sees: the system's own tools over a local directory, and how it ends, by whomever. Each command has a time limit, for
 * a mount that hangs is what must not be.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { describeInNamespace, MOUNTS, Namespace } from "../support/namespaces.ts";

const CHILD = join(import.meta.dirname, "..", "support", "fuse-child.ts");
const COMMAND_MILLISECONDS = 30_000;

interface Ended {
  readonly code: number | string | null;
  readonly output: string;
}

/** A process that serves `export/` at `mount/`. */
class Server {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = "";

  private constructor(child: ChildProcess, lines: Interface) {
    this.child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(words: readonly string[]): Promise<Server> {
    const child = spawn(words[0]!, words.slice(1), { stdio: ["pipe", "pipe", "pipe"] });
    const server = new Server(child, createInterface({ input: child.stdout }));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (server.#said += text));
    const line = await server.line();
    if (line !== "ready") throw new Error(line);
    return server;
  }

  async line(): Promise<string> {
    const { value } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    if (value !== undefined) return value;
    await once(this.child, "close");
    return this.#said;
  }

  tell(what: "detach" | "lazy" | "exit" | "throw"): void {
    this.child.stdin!.write(`${what}\n`);
  }

  async ended(): Promise<number | string | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
    return this.child.exitCode ?? this.child.signalCode;
  }
}

class Rig implements AsyncDisposable {
  // In memory where that can be had: a local directory's changes are on the disk before they are answered, and there are thousands.
  readonly folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "strata-fuse-"));
  readonly exported = join(this.folder, "export");
  readonly mount = join(this.folder, "mount");
  readonly #namespace: Namespace;
  readonly #servers: Server[] = [];

  private constructor(namespace: Namespace) {
    this.#namespace = namespace;
    for (const folder of [this.exported, this.mount]) mkdirSync(folder);
  }

  static async open(): Promise<Rig> {
    return new Rig(await Namespace.open(MOUNTS, "mount --make-rprivate /", []));
  }

  async serve(...mode: readonly string[]): Promise<Server> {
    const words = [...this.#namespace.within, process.execPath, CHILD, this.exported, this.mount, ...mode];
    const server = await Server.start(words);
    this.#servers.push(server);
    return server;
  }

  /** A line of the shell, in the mount. */
  sh(line: string, folder = this.mount): Promise<Ended> {
    const [program, ...words] = [...this.#namespace.within, "sh", "-c", `cd "$0" && ${line}`, folder];
    return new Promise((resolve) => {
      const limits = { timeout: COMMAND_MILLISECONDS, killSignal: "SIGKILL", encoding: "utf8" } as const;
      execFile(program, words, { ...limits, env: { ...process.env, LC_ALL: "C.UTF-8" } }, (error, stdout, stderr) => {
        const code = error === null ? 0 : (error.code ?? error.signal ?? null);
        resolve({ code, output: `${stdout}${stderr}`.trim() });
      });
    });
  }

  async done(line: string): Promise<string> {
    const { code, output } = await this.sh(line);
    expect(code, `${line}: ${output}`).toBe(0);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.child.kill("SIGKILL");
    for (const server of this.#servers) await server.ended();
    await this.sh(`umount -f -l ${this.mount}`, "/");
    await this.#namespace[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function describeWithFuse(title: string, tests: () => void): void {
  const isRoot = process.getuid?.() === 0;
  if (existsSync("/dev/fuse") && isRoot) describeInNamespace(MOUNTS, title, [], tests);
  else describe.skip(`${title} (needs root and /dev/fuse; \`modprobe fuse\` may make it)`, tests);
}

function digest(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}

describeWithFuse("a FUSE mount", () => {
  test("the system's tools read and write it", async () => {
    await using rig = await Rig.open();
    mkdirSync(join(rig.exported, "pub/globe"), { recursive: true });
    writeFileSync(join(rig.exported, "pub/globe/index.html"), "<h1>Globe</h1>\n");
    writeFileSync(join(rig.exported, "pub/naïve ☃"), "snow");
    await rig.serve();
    expect(await rig.done("ls -a")).toBe(".\n..\npub");
    expect(await rig.done("cat pub/globe/index.html 'pub/naïve ☃'")).toBe("<h1>Globe</h1>\nsnow");
    expect(await rig.done("find . | sort")).toBe(".\n./pub\n./pub/globe\n./pub/globe/index.html\n./pub/naïve ☃");
    expect(await rig.done("df . | tail -1")).toMatch(/^strata .* \d+% \//);
    expect(await rig.done('grep -c "$PWD fuse.strata" /proc/self/mounts')).toBe("1");
    await rig.done("mkdir -p a/b && cp -r pub a/b/ && diff -r pub a/b/pub");
    await rig.done("mv a/b/pub a/moved && rmdir a/b && ln -s moved/globe a/l && ln a/moved/globe/index.html a/hard");
    expect(await rig.done("cat a/l/index.html && stat -c %h a/hard && readlink a/l")).toBe(
      "<h1>Globe</h1>\n2\nmoved/globe",
    );
    await rig.done("echo more >> a/hard && truncate -s 3 'a/moved/naïve ☃' && chmod 600 a/hard");
    expect(await rig.done("tail -1 a/moved/globe/index.html && cat a/moved/na* && stat -c %a a/hard")).toBe(
      "more\nsno600",
    );
    await rig.done("touch -d 2001-02-03T04:05:06Z a/hard && test $(stat -c %Y a/hard) = 981173106");
    expect(await rig.sh("ls gone")).toMatchObject({ code: 2, output: /No such file/ as unknown as string });
    expect((await rig.sh("rmdir a")).output).toContain("Directory not empty");
    expect((await rig.sh("set -C; echo x > a/hard")).code).not.toBe(0);
    await rig.done("rm -r a");
    expect(readdirSync(rig.exported)).toEqual(["pub"]);
  });

  test("a large file comes whole, there and back, and 5,000 entries are listed and removed", async () => {
    await using rig = await Rig.open();
    const octets = new SeededRandom(7).octets(40_000_003);
    writeFileSync(join(rig.exported, "big"), octets);
    await rig.serve();
    expect(await rig.done("sha256sum < big | cut -c 1-64")).toBe(digest(octets));
    await rig.done("cp big copy && dd if=big of=copy bs=1M skip=3 seek=3 count=2 conv=notrunc,fsync 2>/dev/null");
    expect(digest(readFileSync(join(rig.exported, "copy")))).toBe(digest(octets));
    await rig.done("mkdir many && cd many && seq 5000 | xargs touch");
    expect(await rig.done("ls many | wc -l")).toBe("5000");
    expect(await rig.done("find many -type f | sort -u | wc -l")).toBe("5000");
    expect(await rig.done("ls -l many | awk '{ n += $2 } END { print n }'")).toBe("5000");
    await rig.done("rm -r many");
    expect(readdirSync(rig.exported).sort()).toEqual(["big", "copy"]);
  });

  test("one that is read-only refuses what would change it", async () => {
    await using rig = await Rig.open();
    writeFileSync(join(rig.exported, "f"), "x");
    await rig.serve("read-only");
    for (const line of ["touch new", "rm f", "mv f g", "mkdir d", "chmod 600 f", "echo y > f"]) {
      expect((await rig.sh(line)).output, line).toContain("Read-only file system");
    }
    expect(await rig.done("cat f")).toBe("x");
  });

  test("umount(8) ends the server, and a mount in use is busy until it is taken away lazily", async () => {
    await using rig = await Rig.open();
    writeFileSync(join(rig.exported, "f"), "x");
    const first = await rig.serve();
    expect((await rig.sh(`umount ${rig.mount}`, "/")).code).toBe(0);
    expect(await first.line()).toBe("ended ENODEV");
    expect(await first.ended()).toBe(0);
    const second = await rig.serve();
    const user = rig.sh("while ls f > /dev/null; do :; done");
    await rig.done("true");
    second.tell("detach");
    expect(await second.line()).toContain("target is busy");
    second.tell("lazy");
    expect(await second.line()).toBe("ended ENODEV");
    expect(await second.ended()).toBe(0);
    expect((await rig.sh("ls", rig.mount)).output).toBe("");
    expect((await user).code).not.toBe("SIGKILL");
  });

  test("a server that is killed leaves nobody waiting, and the next one clears its mount away", async () => {
    await using rig = await Rig.open();
    writeFileSync(join(rig.exported, "f"), "x".repeat(100_000));
    const server = await rig.serve();
    const readers = [1, 2, 3].map(() =>
      rig.sh('while said=$(dd if=f of=/dev/null iflag=direct bs=4096 2>&1); do :; done; echo "$said"'),
    );
    await rig.done("cat f > /dev/null");
    server.child.kill("SIGKILL");
    for (const reader of readers) expect((await reader).output).toMatch(/not connected|aborted|No such device/);
    expect((await rig.sh(`ls ${rig.mount}`, "/")).output).toContain("not connected");
    await rig.serve();
    expect(await rig.done("head -c 3 f")).toBe("xxx");
  });

  test.each([
    ["exits at once", "exit", 7],
    ["fails", "throw", 1],
  ] as const)("a server that %s is gone soon, and its mount too", async (_, what, code) => {
    await using rig = await Rig.open();
    writeFileSync(join(rig.exported, "f"), "x");
    const server = await rig.serve();
    await rig.done("cat f");
    server.tell(what);
    expect(await server.ended()).toBe(code);
    expect(await rig.done("ls")).toBe("");
  });

  test("a directory that is not there is told in words", async () => {
    await using rig = await Rig.open();
    rmSync(rig.mount, { recursive: true });
    await expect(rig.serve()).rejects.toThrow(/cannot attach to .*mount: there is no such directory/);
  });
});
