/**
 * A mount daemon that is killed again and again while it mounts, unmounts, makes and writes files. What it acknowledged must be there when it comes back: rows of the mount table with their numbers, files
 * with their handles, octets that were written to stay or were committed.
 */
import { chmodSync, closeSync, mkdirSync, openSync, readSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../../base/index.ts";
import { MOUNT_PROCEDURES as MOUNT, NFS_PROCEDURES as NFS } from "../../mount/index.ts";
import { askLocal, LocalError, openTcpStream } from "../../net/index.ts";
import { NfsAsker } from "./nfs-asker.ts";
import { freePort } from "./peers.ts";
import { RunningStrata, type Scratch } from "./strata.ts";

export interface KillsOutcome {
  readonly faults: readonly string[];
  readonly written: number;
  readonly made: number;
  readonly mounts: number;
}

const NFS_PROGRAM = 100_003;
const MOUNT_PROGRAM = 100_005;
const BLOCK_OCTETS = 4096;
const LIFE_MILLISECONDS_MAX = 400;
const MOUNTS_MAX = 12;
/** Who writes: where that is root, the export takes him for nobody. */
const USER = process.getuid?.() ?? 0;

export async function killMountd(scratch: Scratch, kills: number, seed: number): Promise<KillsOutcome> {
  const work = new KilledWork(scratch, await freePort(), seed);
  try {
    await work.begin();
    for (let round = 1; round <= kills; round++) await work.round(round);
  } finally {
    await work.end();
  }
  return work.outcome();
}

interface Made {
  readonly name: string;
  readonly handle: string;
  readonly fileId: bigint;
}

class KilledWork {
  readonly #scratch: Scratch;
  readonly #port: number;
  readonly #random: SeededRandom;
  readonly #faults: string[] = [];
  /** What each block of the file was last acknowledged to hold; and what it may hold, where nobody knows. */
  readonly #blocks = new Map<number, ReadonlySet<number>>();
  readonly #made: Made[] = [];
  /** Acknowledged mounts by target, and those of which nobody knows. */
  readonly #mounts = new Map<string, number>();
  readonly #unsure = new Set<string>();
  #daemon: RunningStrata | null = null;
  #root = "";
  #rootId = 0n;
  #log = "";
  #serial = 0;
  #written = 0;

  constructor(scratch: Scratch, port: number, seed: number) {
    this.#scratch = scratch;
    this.#port = port;
    this.#random = new SeededRandom(seed);
  }

  async begin(): Promise<void> {
    mkdirSync(this.#scratch.file("home"));
    chmodSync(this.#scratch.file("home"), 0o777);
    await this.#start();
    await this.#command({ command: "mount", sources: this.#source(), target: "/home", options: "rw" });
    await this.#command({ command: "export", path: "/home", writable: "yes" });
    using asker = this.#asker(1);
    const mounted = await asker.call(MOUNT_PROGRAM, MOUNT.MNT, "/home");
    if (mounted === "lost" || mounted.status !== "OK") throw new Error("MNT /home failed");
    this.#root = mounted.good.handle;
    const seen = await asker.call(NFS_PROGRAM, NFS.GETATTR, this.#root);
    if (seen === "lost" || seen.status !== "OK") throw new Error("GETATTR of /home failed");
    this.#rootId = seen.good.fileId;
    const log = await this.#create(asker, "log");
    if (log === null) throw new Error("CREATE of the file to write to failed");
    this.#log = log.handle;
  }

  async round(number: number): Promise<void> {
    using asker = this.#asker(number * 100_000);
    const busy = [this.#keepWriting(asker), this.#keepMaking(asker), this.#keepMounting()];
    await pause(30 + this.#random.below(LIFE_MILLISECONDS_MAX));
    await this.#daemon!.stop("SIGKILL");
    await Promise.all(busy);
    await this.#start();
    await this.#look(number);
  }

  async end(): Promise<void> {
    await this.#daemon?.stop();
  }

  outcome(): KillsOutcome {
    return { faults: this.#faults, written: this.#written, made: this.#made.length, mounts: this.#mounts.size };
  }

  async #start(): Promise<void> {
    const state = ["--state", this.#scratch.file("state"), "--net", "-"];
    this.#daemon = await RunningStrata.start(["mountd", "--listen", `127.0.0.1:${this.#port}`, ...state]);
  }

  #source(): string {
    return `file://${this.#scratch.file("home")}`;
  }

  #asker(firstXid: number): NfsAsker {
    const credential = { flavor: "sys", stamp: 0, machine: "kills", uid: USER, gid: USER, groups: [] } as const;
    return new NfsAsker(
      (events) => openTcpStream({ address: "127.0.0.1", port: this.#port }, events),
      credential,
      firstXid,
    );
  }

  #command(request: Readonly<Record<string, string>>): Promise<unknown> {
    return askLocal(this.#scratch.file("state/mountd.sock"), request, () => undefined);
  }

  /** Writes blocks of one number each, to stay; now and then several that may be lost, and commits them. */
  async #keepWriting(asker: NfsAsker): Promise<void> {
    for (;;) {
      const isOne = this.#random.below(2) === 0;
      const blocks = Array.from({ length: isOne ? 1 : 4 }, () => this.#random.below(64));
      const serial = ++this.#serial;
      for (const block of blocks) this.#mayHold(block, serial);
      const octets = Buffer.alloc(BLOCK_OCTETS);
      for (let at = 0; at < BLOCK_OCTETS; at += 4) octets.writeUInt32BE(serial, at);
      const results = await Promise.all(
        blocks.map((block) =>
          asker.call(NFS_PROGRAM, NFS.WRITE, {
            handle: this.#log,
            offset: block * BLOCK_OCTETS,
            stability: isOne ? "file" : "unstable",
            octets,
          }),
        ),
      );
      const committed = isOne
        ? null
        : await asker.call(NFS_PROGRAM, NFS.COMMIT, { handle: this.#log, offset: 0, octets: 0 });
      if (committed === "lost" || results.includes("lost")) return;
      const isKept = results.every(
        (result) =>
          result !== "lost" &&
          result.status === "OK" &&
          (committed === null || (committed.status === "OK" && committed.good.verifier === result.good.verifier)),
      );
      if (!isKept) {
        this.#faults.push(
          `a write was refused: ${results.map((result) => result !== "lost" && result.status).join(" ")}`,
        );
        return;
      }
      for (const block of blocks) this.#blocks.set(block, new Set([serial]));
      this.#written += blocks.length;
    }
  }

  #mayHold(block: number, serial: number): void {
    this.#blocks.set(block, new Set([...(this.#blocks.get(block) ?? [0]), serial]));
  }

  async #keepMaking(asker: NfsAsker): Promise<void> {
    for (;;) {
      const made = await this.#create(asker, `made-${++this.#serial}`);
      if (made === null) return;
      this.#made.push(made);
    }
  }

  async #create(asker: NfsAsker, name: string): Promise<Made | null> {
    const place = { directory: this.#root, name };
    const file = { kind: "file", how: "guarded", verifier: 0n, attributes: { mode: 0o666 } } as const;
    const made = await asker.call(NFS_PROGRAM, NFS.CREATE, { place, file });
    if (made === "lost") return null;
    if (made.status !== "OK" || made.good.handle === null || made.good.attributes === null) {
      this.#faults.push(`CREATE ${name}: ${made.status}`);
      return null;
    }
    return { name, handle: made.good.handle, fileId: made.good.attributes.fileId };
  }

  /** Mounts more and more, and unmounts some; until the daemon is gone. */
  async #keepMounting(): Promise<void> {
    for (;;) {
      const isFull = this.#mounts.size >= MOUNTS_MAX;
      const target = isFull ? [...this.#mounts.keys()][this.#random.below(MOUNTS_MAX)]! : `/m/${++this.#serial}`;
      this.#unsure.add(target);
      try {
        if (isFull) {
          await this.#command({ command: "umount", target });
          this.#mounts.delete(target);
        } else {
          const row = await this.#command({ command: "mount", sources: this.#source(), target, options: "" });
          this.#mounts.set(target, idOf(row));
        }
        this.#unsure.delete(target);
      } catch (error) {
        if (!(error instanceof LocalError)) throw error;
        if (error.code !== "BROKEN" && error.code !== "ABSENT") this.#faults.push(`${target}: ${error.message}`);
        return;
      }
    }
  }

  /** What was acknowledged is there, and nothing that was never asked for. */
  async #look(round: number): Promise<void> {
    const fault = (text: string): void => void this.#faults.push(`after kill ${round}: ${text}`);
    const rows = await this.#command({ command: "mounts" });
    const there = new Map((Array.isArray(rows) ? rows : []).map((row: unknown) => [targetOf(row), idOf(row)]));
    for (const [target, id] of this.#mounts) {
      if (there.get(target) !== id && !this.#unsure.has(target))
        fault(`${target} was mount ${id}, now ${there.get(target)}`);
    }
    for (const [target, id] of there) {
      if (!target.startsWith("/m/") || this.#mounts.has(target)) continue;
      if (!this.#unsure.has(target)) fault(`${target} is mounted, and was not`);
      this.#mounts.set(target, id);
    }
    for (const target of this.#mounts.keys()) if (!there.has(target)) this.#mounts.delete(target);
    this.#unsure.clear();

    using asker = this.#asker(round * 100_000 + 50_000);
    const root = { name: "/home", handle: this.#root, fileId: this.#rootId };
    for (const { name, handle, fileId } of [root, ...this.#made.slice(-200)]) {
      const seen = await asker.call(NFS_PROGRAM, NFS.GETATTR, handle);
      if (seen === "lost" || seen.status !== "OK")
        fault(`the handle of ${name}: ${seen === "lost" ? seen : seen.status}`);
      else if (seen.good.fileId !== fileId) fault(`the handle of ${name} is another file's`);
    }
    this.#lookAtBlocks(fault);
  }

  #lookAtBlocks(fault: (text: string) => void): void {
    const file = openSync(this.#scratch.file("home/log"), "r");
    const octets = Buffer.alloc(BLOCK_OCTETS);
    for (const [block, serials] of this.#blocks) {
      octets.fill(0);
      readSync(file, octets, 0, BLOCK_OCTETS, block * BLOCK_OCTETS);
      const found = octets.readUInt32BE(0);
      if (!serials.has(found)) fault(`block ${block} holds ${found}, not ${[...serials].join(" or ")}`);
      this.#blocks.set(block, new Set([found]));
    }
    closeSync(file);
  }
}

function idOf(row: unknown): number {
  return typeof row === "object" && row !== null && "id" in row ? Number(row.id) : -1;
}

function targetOf(row: unknown): string {
  return typeof row === "object" && row !== null && "target" in row ? String(row.target) : "";
}
