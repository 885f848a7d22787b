/** `strata mount --os`: the name space in the operating system's own tree, where the daemon may do that, and what the user is told where it may not. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describeInNamespace, MOUNTS, Namespace } from "../support/namespaces.ts";
import { type Outcome, RunningStrata, Scratch, strata } from "../support/strata.ts";

/** A daemon whose name space has a local directory at /loc. */
class World implements AsyncDisposable {
  readonly scratch = new Scratch();
  readonly #daemon: RunningStrata;
  readonly #within: readonly string[];

  private constructor(scratch: Scratch, daemon: RunningStrata, within: readonly string[]) {
    this.scratch = scratch;
    this.#daemon = daemon;
    this.#within = within;
  }

  static async open(within: readonly string[], uid = 0): Promise<World> {
    const scratch = new Scratch();
    chmodSync(scratch.path, 0o755);
    for (const folder of ["state", "exported", "mnt"]) {
      mkdirSync(scratch.file(folder));
      chownSync(scratch.file(folder), uid, uid);
    }
    writeFileSync(scratch.file("exported/f"), "hello");
    const state = ["--state", scratch.file("state")];
    const words = ["mountd", ...state, "--net", "-", "--listen", "127.0.0.1:0", "--server", "127.0.0.1:9"];
    const world = new World(scratch, await RunningStrata.start(words, within), within);
    expect((await world.strata("mount", "-o", "rw", `file://${scratch.file("exported")}`, "/loc")).stderr).toBe("");
    return world;
  }

  strata(...words: readonly string[]): Promise<Outcome> {
    return strata([...words, "--state", this.scratch.file("state")], {}, this.#within);
  }

  sh(line: string): string {
    const [program = "sh", ...words] = [...this.#within, "sh", "-c", line];
    return execFileSync(program, words, { encoding: "utf8", timeout: 20_000, killSignal: "SIGKILL", cwd: "/" });
  }

  stop(): Promise<unknown> {
    return this.#daemon[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.scratch[Symbol.dispose]();
  }
}

const isRoot = process.getuid?.() === 0;
function describeWithFuse(title: string, tests: () => void): void {
  if (isRoot && existsSync("/dev/fuse")) describeInNamespace(MOUNTS, title, [], tests);
  else describe.skip(`${title} (needs root and /dev/fuse)`, tests);
}

describeWithFuse("the name space in the system's tree, by FUSE", () => {
  test("is read, written where asked for, refused twice, and gone with the daemon", async () => {
    await using namespace = await Namespace.open(MOUNTS, "mount --make-rprivate /", []);
    await using world = await World.open(namespace.within);
    const directory = world.scratch.file("mnt");
    expect(await world.strata("mount", "--os", directory)).toMatchObject({
      status: 0,
      stdout: `${directory} is the local name space\n`,
    });
    expect(world.sh(`ls ${directory} && cat ${directory}/loc/f`)).toBe("loc\nhello");
    expect(() => world.sh(`touch ${directory}/loc/new`)).toThrow(/Read-only file system/);
    const again = await world.strata("mount", "--os", directory);
    expect([again.status, again.stderr]).toEqual([
      1,
      `${directory} is attached already (umount ${directory} undoes it)\n`,
    ]);
    world.sh(`umount ${directory}`);
    expect((await world.strata("mount", "--os", directory, "--writable", "--json")).stdout).toContain('"fault":null');
    world.sh(`echo more >> ${directory}/loc/f`);
    expect(readFileSync(world.scratch.file("exported/f"), "utf8")).toBe("hellomore\n");
    expect((await world.strata("mount", "--os", world.scratch.file("gone"))).stderr).toContain(
      "there is no such directory",
    );
    expect(await world.strata("mount", "--os", directory, "ns:/loc", "/x")).toMatchObject({ status: 64 });
    await world.stop();
    expect(world.sh(`ls ${directory}; grep -c ${directory} /proc/self/mounts; true`)).toBe("0\n");
  });

  test("follows mounts made and undone while it is attached", async () => {
    await using namespace = await Namespace.open(MOUNTS, "mount --make-rprivate /", []);
    await using world = await World.open(namespace.within);
    const directory = world.scratch.file("mnt");
    await world.strata("mount", "--os", directory, "--writable");
    expect((await world.strata("mount", "ns:/loc", "/again/here")).status).toBe(0);
    expect(world.sh(`cat ${directory}/again/here/f`)).toBe("hello");
    expect((await world.strata("umount", "/loc", "--lazy", "--recursive")).status).toBe(0);
    expect(() => world.sh(`cat ${directory}/loc/f`)).toThrow();
    expect(world.sh(`echo fine`)).toBe("fine\n");
  });
});

describe.runIf(isRoot)("where the daemon may not", () => {
  test("the lines that do it by NFS are printed", async () => {
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    await using world = await World.open(nobody, 65534);
    const directory = world.scratch.file("mnt");
    const first = await world.strata("mount", "--os", directory);
    expect(first.status).toBe(1);
    expect(first.stderr).toMatch(/cannot open \/dev\/fuse: .*\nas root, on a system with an NFS client/);
    const [line, command] = first.stdout.trimEnd().split("\n");
    expect(line).toBe(`strata export / --state ${world.scratch.file("state")}`);
    expect(command).toMatch(
      new RegExp(`^mount -t nfs -o vers=3,tcp,port=(\\d+),mountport=\\1,nolock 127.0.0.1:/ ${directory}$`),
    );
    expect((await world.strata("export", "/")).status).toBe(0);
    expect((await world.strata("mount", "--os", directory)).stdout.trimEnd()).toBe(command);
    expect((await world.strata("mount", "--os", directory, "--writable")).stdout).toContain(
      "strata export / --writable",
    );
  });
});
