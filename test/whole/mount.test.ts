/**
 * Remote names as local ones, end to end by processes (issue of location independence): a name server, a resolver, a file server that is found by its name, and a user's daemon. The server
 * then moves to another address, and the local name goes on meaning the same files, also in the middle of a long read. The file server is ours, and Ganesha.
 */
import { createHash, randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithGanesha, exportableFolder, type Ganesha, startGanesha } from "../support/ganesha.ts";
import { freePort } from "../support/peers.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const PRIMARY = "127.0.5.1";
const RESOLVER = "127.0.5.53";
const FIRST = "127.0.5.31";
const SECOND = "127.0.5.32";
const LIMIT_MILLISECONDS = 60_000;
const BIG_OCTETS = 48 << 20;

const ROOT = `. 300 SOA ns. h. 1 3600 600 86400 1
. 300 NS ns.
ns. 300 A ${PRIMARY}
cs.vu.nl. 300 NS ns.cs.vu.nl.
ns.cs.vu.nl. 300 A ${PRIMARY}
`;

/** A name server for cs.vu.nl whose records may be changed with a key, a resolver, and a user's mount daemon. */
class World implements AsyncDisposable {
  readonly scratch = new Scratch();
  readonly running: AsyncDisposable[] = [];
  port = 0;

  async start(): Promise<void> {
    const { scratch } = this;
    this.port = await freePort();
    writeFileSync(scratch.file("root"), ROOT);
    writeFileSync(scratch.file("k.key"), (await strata(["key", "generate", "k.vu.nl"])).stdout);
    writeFileSync(
      scratch.file("zone"),
      `$ORIGIN cs.vu.nl.\n$TTL 300\n@ SOA ns h 7 3600 600 86400 1\n@ NS ns\nns A ${PRIMARY}\nfiles 1 A ${FIRST}\n`,
    );
    const zones = [`.=${scratch.file("root")}`, `cs.vu.nl=${scratch.file("zone")}`].flatMap((zone) => ["--zone", zone]);
    const state = ["--state", scratch.file("names"), "--update-key", scratch.file("k.key")];
    await this.run(["serve", ...zones, "--listen", `${PRIMARY}:${this.port}`, "--threads", "0", ...state]);
    const hints = ["--hints", scratch.file("root"), "--port", String(this.port), "--threads", "0"];
    await this.run(["resolver", "--listen", `${RESOLVER}:${this.port}`, ...hints]);
    await this.run(this.daemon("here", ["--server", `${RESOLVER}:${this.port}`, "--listen", "127.0.0.1:0"]));
  }

  daemon(folder: string, more: readonly string[]): string[] {
    return ["mountd", "--state", this.scratch.file(folder), "--net", "-", ...more];
  }

  async run(words: readonly string[]): Promise<RunningStrata> {
    const running = await RunningStrata.start(words);
    this.running.unshift(running);
    return running;
  }

  /** As the user: with the state folder of his daemon. */
  user(...words: string[]) {
    return strata([...words, "--state", this.scratch.file("here")]);
  }

  /** The name of the file server is somewhere else from here on. */
  async move(address: string): Promise<void> {
    const server = ["--server", `${PRIMARY}:${this.port}`, "--key", this.scratch.file("k.key")];
    const lines = ["delete files.cs.vu.nl. A", `add files.cs.vu.nl. 1 A ${address}`];
    const { status, stderr } = await strata(["update", ...server, ...lines]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.running) await running[Symbol.asyncDispose]();
    this.scratch[Symbol.dispose]();
  }
}

/** Reads a file through the daemon, slowly enough that something can happen meanwhile. */
function readSlowly(world: World, path: string, onFirst: () => Promise<void>): Promise<{ sum: string; code: number }> {
  const launcher = new URL("../../bin/strata", import.meta.url).pathname;
  const child = spawn(launcher, ["cat", path, "--state", world.scratch.file("here")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const sum = createHash("sha256");
  let isFirst = true;
  child.stdout.on("data", (chunk: Buffer) => {
    sum.update(chunk);
    if (!isFirst) return;
    isFirst = false;
    // What it has in its hands it may finish; the rest has to come from the new place.
    child.stdout.pause();
    void onFirst().then(() => child.stdout.resume());
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ sum: sum.digest("hex"), code: code ?? -1 })));
}

const sumOf = (octets: Uint8Array): string => createHash("sha256").update(octets).digest("hex");

function fill(folder: string): { readonly big: Buffer } {
  mkdirSync(`${folder}/steen`, { recursive: true });
  writeFileSync(`${folder}/steen/mbox`, "From: ast\n");
  const big = randomBytes(BIG_OCTETS);
  writeFileSync(`${folder}/big`, big);
  return { big };
}

async function showsTheSame(world: World): Promise<void> {
  expect(await world.user("cat", "/remote/vu/steen/mbox")).toEqual({ status: 0, stdout: "From: ast\n", stderr: "" });
  expect((await world.user("ls", "/remote/vu")).stdout).toBe("big\nsteen\n");
}

describe("a file server of ours, found by its name", () => {
  const world = new World();
  const folder = new Scratch();
  let big: Buffer;
  let server: RunningStrata;
  let nfsPort: number;

  const serve = (address: string) => world.run(world.daemon("server", ["--listen", `${address}:${nfsPort}`]));

  beforeAll(async () => {
    ({ big } = fill(folder.file("home")));
    await world.start();
    nfsPort = await freePort();
    server = await serve(FIRST);
    const state = ["--state", world.scratch.file("server")];
    expect(await strata(["mount", `file://${folder.file("home")}`, "/home", ...state])).toMatchObject({ status: 0 });
    expect(await strata(["export", "/home", "--allow", "127.0.0.0/8", ...state])).toMatchObject({ status: 0 });
  }, LIMIT_MILLISECONDS);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test(
    "mounted by its name, read, and again after it has moved",
    async () => {
      const mounted = await world.user("mount", `nfs://files.cs.vu.nl:${nfsPort}/home`, "/remote/vu");
      expect(mounted).toMatchObject({ status: 0, stderr: "" });
      await showsTheSame(world);
      expect((await world.user("why", "/remote/vu/steen/mbox")).stdout).toContain(FIRST);
      await server.stop();
      server = await serve(SECOND);
      await world.move(SECOND);
      await showsTheSame(world);
      expect((await world.user("why", "/remote/vu/steen/mbox")).stdout).toContain(SECOND);
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "it moves back in the middle of a long read",
    async () => {
      const { sum, code } = await readSlowly(world, "/remote/vu/big", async () => {
        await server.stop("SIGKILL");
        await world.move(FIRST);
        server = await serve(FIRST);
      });
      expect(code).toBe(0);
      expect(sum).toBe(sumOf(big));
    },
    LIMIT_MILLISECONDS,
  );
});

describeWithGanesha("Ganesha, found by its name", [], () => {
  const world = new World();
  const folder = exportableFolder();
  let big: Buffer;
  let ganesha: Ganesha;

  const serve = (address: string, ports?: Ganesha) =>
    startGanesha([{ folder: folder.path, path: "/home", isWritable: true }], {
      address,
      ...(ports === undefined ? {} : { ports: { nfs: ports.nfsPort, mount: ports.mountPort } }),
    });

  beforeAll(async () => {
    ({ big } = fill(folder.path));
    await world.start();
    ganesha = await serve(FIRST);
  }, LIMIT_MILLISECONDS);
  afterAll(async () => {
    await ganesha[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test(
    "mounted by its name, read, and again after it has moved, also in the middle of a long read",
    async () => {
      const source = `nfs://files.cs.vu.nl/home?nfsport=${ganesha.nfsPort}&mountport=${ganesha.mountPort}`;
      expect(await world.user("mount", source, "/remote/vu")).toMatchObject({ status: 0, stderr: "" });
      await showsTheSame(world);
      const { sum, code } = await readSlowly(world, "/remote/vu/big", async () => {
        await ganesha[Symbol.asyncDispose]();
        ganesha = await serve(SECOND, ganesha);
        await world.move(SECOND);
      });
      expect(code).toBe(0);
      expect(sum).toBe(sumOf(big));
      await showsTheSame(world);
    },
    LIMIT_MILLISECONDS,
  );
});
