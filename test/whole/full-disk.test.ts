/** A server whose state folder is on a disk that is full: a small one of its own, in memory, that nobody else sees. */
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { told } from "../support/closed-network.ts";
import { describeInNamespace, MOUNTS, Namespace } from "../support/namespaces.ts";
import { freePort } from "../support/peers.ts";
import { type Outcome, RunningStrata, Scratch, strata } from "../support/strata.ts";

const ZONE = "$ORIGIN vu.nl.\n$TTL 60\n@ SOA ns h 1 2 1 600 60\n@ NS ns\nns A 127.0.0.1\n";

class Rig implements AsyncDisposable {
  readonly #scratch = new Scratch();
  readonly #port: number;
  readonly #disk: Namespace;

  private constructor(port: number, scratch: Scratch, disk: Namespace) {
    this.#port = port;
    this.#scratch = scratch;
    this.#disk = disk;
  }

  static async open(): Promise<Rig> {
    const scratch = new Scratch();
    const port = await freePort();
    const disk = scratch.file("disk");
    mkdirSync(disk);
    writeFileSync(scratch.file("vu.nl.zone"), ZONE);
    writeFileSync(scratch.file("key"), (await strata(["key", "generate", "update.vu.nl"])).stdout);
    writeFileSync(
      scratch.file("serve.yaml"),
      `listen: [127.0.0.1:${port}]
state: ${disk}/state
keyFiles: [${scratch.file("key")}]
zones:
  - { name: vu.nl, file: ${scratch.file("vu.nl.zone")}, leases: { secondsMin: 1 }, update: [{ key: update.vu.nl }] }
`,
    );
    const line = `mount -t tmpfs -o size=2m tmpfs ${disk}`;
    return new Rig(port, scratch, await Namespace.open(MOUNTS, line, []));
  }

  get words(): readonly string[] {
    return ["serve", "--config", this.#scratch.file("serve.yaml"), "--log", "info"];
  }

  get within(): readonly string[] {
    return this.#disk.within;
  }

  start(): Promise<RunningStrata> {
    return RunningStrata.start(this.words, this.within);
  }

  async fill(): Promise<void> {
    const text = await told(...this.within, "dd", "if=/dev/zero", `of=${this.#scratch.file("disk/fill")}`, "bs=4096");
    expect(text).toContain("No space left on device");
  }

  async empty(): Promise<void> {
    await told(...this.within, "rm", this.#scratch.file("disk/fill"));
  }

  update(...words: readonly string[]): Promise<Outcome> {
    return strata(["update", "--server", `127.0.0.1:${this.#port}`, "--key", this.#scratch.file("key"), ...words]);
  }

  /** Which of these hosts have an address there. */
  async hosts(...names: readonly string[]): Promise<string[]> {
    const server = `127.0.0.1:${this.#port}`;
    const found = names.map(async (name) => [name, (await strata(["resolve", name, "A", "--server", server])).stdout]);
    return (await Promise.all(found)).flatMap(([name, text]) => (text === "" ? [] : [name!]));
  }

  async serial(): Promise<number> {
    const { stdout } = await strata(["resolve", "vu.nl", "SOA", "--server", `127.0.0.1:${this.#port}`]);
    return Number(stdout.split(" ")[6]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disk[Symbol.asyncDispose]();
    this.#scratch[Symbol.dispose]();
  }
}

const HOSTS = ["a.vu.nl", "b.vu.nl", "c.vu.nl", "leased.vu.nl"] as const;

describeInNamespace(MOUNTS, "a full disk", [], () => {
  test("updates are refused with the reason, reading goes on, nothing is lost, and with room all goes on", async () => {
    await using rig = await Rig.open();
    await using server = await rig.start();
    expect((await rig.update("add a.vu.nl 60 A 192.0.2.1")).status).toBe(0);
    expect((await rig.update("--lease", "1s", "add leased.vu.nl 1 A 192.0.2.9")).status).toBe(0);
    await rig.fill();

    const refused = await rig.update("add b.vu.nl 60 A 192.0.2.2");
    expect(refused.status).not.toBe(0);
    expect(refused.stderr + refused.stdout).toMatch(/SERVFAIL.*the disk is full and .*journal\.sqlite cannot grow/s);
    await rig.update("add b.vu.nl 60 A 192.0.2.2");
    await server.line("stderr", /still answered.*could not be removed/);
    expect(await rig.hosts(...HOSTS)).toEqual(["a.vu.nl", "leased.vu.nl"]);
    expect(server.stderr.filter((line) => line.includes("changes cannot be written"))).toHaveLength(1);

    await server.stop("SIGKILL");
    await using again = await rig.start();
    expect(await rig.hosts(...HOSTS)).toEqual(["a.vu.nl", "leased.vu.nl"]);
    expect((await rig.update("add b.vu.nl 60 A 192.0.2.2")).status).not.toBe(0);

    const before = await rig.serial();
    await rig.empty();
    expect((await rig.update("add c.vu.nl 60 A 192.0.2.3")).status).toBe(0);
    expect(await rig.serial()).toBeGreaterThan(before);
    await again.line("stderr", /are removed now/);
    await again.stop("SIGKILL");
    await using _last = await rig.start();
    expect(await rig.hosts(...HOSTS)).toEqual(["a.vu.nl", "c.vu.nl"]);
  }, 60_000);

  test("a journal that cannot be begun: the server says what to do", async () => {
    await using rig = await Rig.open();
    await rig.fill();
    const { status, stderr } = await strata(rig.words, {}, rig.within);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/the disk is full/);
  });
});
