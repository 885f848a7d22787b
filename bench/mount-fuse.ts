/** A folder of this machine, as the kernel reads it by FUSE from us, beside the folder itself: what going through this program costs. The folder lies in memory. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { alternate, type Sample } from "./alternate.ts";
import { type Effort } from "./effort.ts";
import { type Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";

const ROUNDS = 3;
const BIG_MEBIBYTES = 512;
const WRITTEN_MEBIBYTES = 128;
const ENTRIES = 20_000;
const LIMIT_MILLISECONDS = 120_000;

interface Place extends AsyncDisposable {
  readonly path: string;
  /** Whose processor time is counted, or null. */
  readonly pid: number | null;
}

export async function mountFuse({ rounds = ROUNDS }: Effort): Promise<Result> {
  const bench = "a folder by FUSE";
  if (!existsSync("/dev/fuse") || process.getuid?.() !== 0)
    return { bench: `${bench} (needs root and /dev/fuse)`, rows: {} };
  const folder = mkdtempSync("/dev/shm/strata-bench-fuse-");
  try {
    makeFiles(join(folder, "files"));
    const contenders = [
      { name: "strata by FUSE", open: () => served(folder) },
      { name: "the folder itself", open: () => itself(folder) },
    ];
    const rows = await alternate(contenders, rounds, async ({ open }) => {
      await using place = await open();
      return { ...read(place), ...written(place), ...listed(place) };
    });
    return { bench, rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeFiles(path: string): void {
  mkdirSync(join(path, "many"), { recursive: true });
  mkdirSync(join(path, "..", "mount"));
  for (let i = 0; i < ENTRIES; i++) writeFileSync(join(path, "many", `entry-${i}`), "");
  sh(`head -c ${BIG_MEBIBYTES}M /dev/urandom > big`, path);
}

async function served(folder: string): Promise<Place> {
  const script = fileURLToPath(new URL("../test/support/fuse-child.ts", import.meta.url));
  const path = join(folder, "mount");
  const child = spawn(process.execPath, [script, join(folder, "files"), path], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    path,
    pid: child.pid ?? null,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

async function itself(folder: string): Promise<Place> {
  return { path: join(folder, "files"), pid: null, [Symbol.asyncDispose]: async () => undefined };
}

/** A mount that was just made has nothing of the file in the kernel's memory. */
function read({ path, pid }: Place): Sample {
  const before = pid === null ? 0 : cpuMicroseconds(pid);
  const seconds = timed(() => sh("dd if=big of=/dev/null bs=1M 2>/dev/null", path));
  const megabytes = (BIG_MEBIBYTES * 2 ** 20) / 1e6;
  const cpu = pid === null ? 0 : cpuMicroseconds(pid) - before;
  return { "READ MB/s": megabytes / seconds, "READ CPU µs/MB": cpu / megabytes };
}

function written({ path }: Place): Sample {
  const seconds = timed(() => sh(`dd if=/dev/zero of=new bs=1M count=${WRITTEN_MEBIBYTES} 2>/dev/null`, path));
  sh("rm new", path);
  return { "WRITE MB/s": (WRITTEN_MEBIBYTES * 2 ** 20) / 1e6 / seconds };
}

function listed({ path }: Place): Sample {
  const seconds = timed(() => sh("ls -lU many > /dev/null", path));
  return { "names/s with attributes": ENTRIES / seconds };
}

function timed(act: () => void): number {
  const began = performance.now();
  act();
  return (performance.now() - began) / 1000;
}

function sh(line: string, folder: string): void {
  execFileSync("sh", ["-c", line], {
    cwd: folder,
    timeout: LIMIT_MILLISECONDS,
    killSignal: "SIGKILL",
    stdio: "ignore",
  });
}
