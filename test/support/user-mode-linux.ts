/**
 * A real Linux kernel as a client: User-mode Linux (Debian: user-mode-linux), a kernel that runs as a program of any user. It shares this machine's files
 * read-only, reaches its 127.0.0.1 as 10.0.2.2 through slirp, runs one shell script as root and is gone. Bounded in time; it and its helpers are
 * ended as one process group.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { findProgram, program, type Program, written } from "./peer-configuration.ts";
import { describeWithPeers } from "./peers.ts";

/** This machine's loopback, seen from inside. */
export const HOST_FROM_INSIDE = "10.0.2.2";

export interface LinuxRun {
  /** What the script wrote, both streams. */
  readonly output: string;
  /** How the script ended; null when the kernel went down under it or its time was up. */
  readonly code: number | null;
  /** What the kernel and slirp said, for who looks for a cause. */
  readonly console: string;
}

export interface LinuxOptions {
  readonly limitMilliseconds?: number;
  /** Told of each line of the script's output as it comes. */
  readonly onLine?: (line: string) => void;
}

const NEEDED: readonly Program[] = ["linux.uml", "slirp-fullbolt", "modprobe", "mount.nfs"];
const LIMIT_MILLISECONDS = 60_000;
const MODULES = "/usr/lib/uml/modules";
const BEGIN = "strata: begin";
const END = /^strata: end (\d+)$/;

/** A group of tests that needs a Linux kernel of its own, and these programs. */
export function describeWithLinux(title: string, programs: readonly Program[], tests: () => void): void {
  const why = NEEDED.some((name) => findProgram(name) === null) ? null : obstacle();
  if (why === null) {
    describeWithPeers(title, [...NEEDED, ...programs], tests);
    return;
  }
  // Nothing that could be installed is missing, so this is no failure in CI either.
  process.stderr.write(`\nSKIPPED ${title}: ${why}\n\n`);
  describe.skip(`${title} (${why})`, tests);
}

let known: string | null | undefined;

/** Why it cannot run here, in words, or null: it traces its own processes, which not every container permits. */
function obstacle(): string | null {
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), "strata-uml-"));
  const trial = spawnSync(program("linux.uml"), ["mem=64M", `uml_dir=${folder}/`, "root=none", "con=null", "panic=1"], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 10_000,
    killSignal: "SIGKILL",
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true, force: true });
  const fault = /(?:ptrace|PROT_EXEC|executable).*(?:fail|denied|not permitted|disabled).*/i.exec(
    trial.stdout + trial.stderr,
  );
  known = fault === null ? null : `User-mode Linux cannot run here: ${fault[0]}`;
  return known;
}

/** Boots, runs the script with `sh`, and returns when the kernel has gone. */
export async function runInLinux(script: string, options: LinuxOptions = {}): Promise<LinuxRun> {
  const folder = mkdtempSync(join(tmpdir(), "strata-uml-"));
  const init = written(folder, "init", `#!/bin/sh\n${SETUP}`);
  written(folder, "script", script);
  const words = [
    ...["mem=256M", "root=/dev/root", "rootfstype=hostfs", "ro", "quiet"],
    ...[`uml_dir=${folder}/`, "umid=strata", `eth0=slirp,,${program("slirp-fullbolt")}`],
    // The kernel's console and the script's terminal are kept apart.
    ...["con0=null,fd:2", "con1=null,fd:1", "con=null", "init=/bin/sh", "--", init, folder],
  ];
  const child = spawn(program("linux.uml"), words, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const lines = new ScriptLines(options.onLine ?? (() => undefined));
  let console = "";
  child.stdout.on("data", (chunk: Buffer) => lines.take(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (console += chunk.toString()));
  const closed = once(child, "close");
  const impatient = setTimeout(() => killGroup(child.pid!), options.limitMilliseconds ?? LIMIT_MILLISECONDS);
  try {
    // Its helpers hold the pipes as long as they live, so its own end is what counts.
    await once(child, "exit");
    killGroup(child.pid!);
    await closed;
  } finally {
    clearTimeout(impatient);
    rmSync(folder, { recursive: true, force: true });
  }
  return { output: lines.output, code: lines.code, console };
}

/** Loads a module and all that it needs. */
export function loadModule(name: string): string {
  const [version = ""] = readdirSync(MODULES);
  return `modprobe -d /run/modules -S ${version} ${name}`;
}

const SETUP = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /run
mount -t tmpfs tmp /mnt
mkdir -p /run/modules/lib
ln -s ${MODULES} /run/modules/lib/modules
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via ${HOST_FROM_INSIDE}
exec >/dev/tty1 2>&1
stty -F /dev/tty1 -opost
echo "${BEGIN}"
sh "$1/script"
echo "strata: end $?"
sync
exec >/dev/null 2>&1
echo o >/proc/sysrq-trigger
exec sleep 60
`;

/** What stands between the marks on the script's terminal. */
class ScriptLines {
  readonly #onLine: (line: string) => void;
  #held = "";
  #hasBegun = false;
  output = "";
  code: number | null = null;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(text: string): void {
    this.#held += text;
    for (let end = this.#held.indexOf("\n"); end >= 0; end = this.#held.indexOf("\n")) {
      const line = this.#held.slice(0, end).replace(/\r$/, "");
      this.#held = this.#held.slice(end + 1);
      this.#line(line);
    }
  }

  #line(line: string): void {
    if (!this.#hasBegun) {
      this.#hasBegun = line.endsWith(BEGIN);
      return;
    }
    const ended = END.exec(line);
    if (ended !== null) this.code = Number(ended[1]);
    else if (this.code === null) {
      this.output += `${line}\n`;
      this.#onLine(line);
    }
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}
