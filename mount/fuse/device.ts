/** /dev/fuse, opened once for each mount: requests come by a thread of their own, replies go out at once, each in one writev(2) as the kernel wants it (fuse(4)). */
import fs from "node:fs";
import { Worker } from "node:worker_threads";
import type { Clock, Log } from "../../base/index.ts";
import { RequestRing } from "./request-ring.ts";

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./device-thread.ts" : "./device-thread.js", import.meta.url);
const PATH = "/dev/fuse";
/** How many requests are begun before others of this process get their turn. */
const REQUESTS_OF_TURN = 64;

/** The device cannot be opened; the message says what to do. */
export class FuseDeviceError extends Error {
  readonly code = "FUSE_DEVICE";
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "this system has none; `modprobe fuse` may make it",
  EACCES: "permission denied; only root may attach by FUSE",
  EPERM: "permission denied; only root may attach by FUSE",
  ENODEV: "the kernel has no FUSE; `modprobe fuse` may load it",
};

export class FuseDevice {
  readonly descriptor: number;
  /** Fulfilled with the system's code when no request will come any more: ENODEV when it was unmounted. */
  readonly ended: Promise<string>;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #memory = RequestRing.memory();
  readonly #end: (code: string) => void;
  #receive: (octets: Uint8Array) => void = () => undefined;

  /** Throws FuseDeviceError. */
  static open(clock: Clock, log: Log): FuseDevice {
    try {
      return new FuseDevice(fs.openSync(PATH, "r+"), clock, log);
    } catch (cause) {
      const code = codeOf(cause);
      throw new FuseDeviceError(`cannot open ${PATH}: ${REASONS[code] ?? code}`, { cause });
    }
  }

  private constructor(descriptor: number, clock: Clock, log: Log) {
    this.descriptor = descriptor;
    this.#clock = clock;
    this.#log = log;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** Requests are handed over one by one from now on, until it has ended; then it is closed. */
  serve(receive: (octets: Uint8Array) => void): void {
    this.#receive = receive;
    const ring = new RequestRing(this.#memory);
    const worker = new Worker(ENTRY, { workerData: { descriptor: this.descriptor, memory: this.#memory } });
    worker.on("message", (message: "filled" | { readonly ended: string }) => {
      if (message === "filled") this.#drain(ring);
      else this.#end(message.ended);
    });
    worker.on("error", (error) => this.#end(`its thread failed: ${String(error)}`));
    worker.on("exit", () => {
      this.#end("its thread has ended");
      this.close();
    });
  }

  /** False when nobody waits for the reply any more. */
  reply(pieces: readonly Uint8Array[]): boolean {
    try {
      fs.writevSync(this.descriptor, pieces);
      return true;
    } catch (error) {
      const code = codeOf(error);
      // ENOENT: the request was given up meanwhile. ENODEV, EPERM: the mount is gone.
      if (!["ENOENT", "ENODEV", "EPERM", "EBADF"].includes(code))
        this.#log.error({ code }, "the kernel refuses a reply");
      return false;
    }
  }

  /** For a device whose thread was never begun, or has ended. */
  close(): void {
    fs.close(this.descriptor, () => undefined);
  }

  #drain(ring: RequestRing): void {
    if (ring.drain(REQUESTS_OF_TURN, this.#receive)) this.#clock.soon(() => this.#drain(ring));
  }
}

/** Of a file that is read from its beginning, the kernel asks for as much at once as one request carries; 128 KiB, its own choice, halves the rate. */
const READ_AHEAD_KIBIBYTES = 1024;

/** Where the system lets this process say so, and shrugs elsewhere: it is only faster. */
export function readAheadFar(directory: string): void {
  fs.readFile("/proc/self/mountinfo", "utf8", (error, text) => {
    if (error !== null) return;
    // proc_pid_mountinfo(5): the third word is the device, the fifth the mount point, in which white space is octal.
    const words = text.split("\n").map((line) => line.split(" "));
    const device = words.findLast(([, , , , point]) => unescaped(point ?? "") === directory)?.[2];
    if (device === undefined) return;
    fs.writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, String(READ_AHEAD_KIBIBYTES), () => undefined);
  });
}

function unescaped(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** What a directory is upon which a mount stands whose server has ended. */
export const DEAD = "a file system is mounted there whose server has ended";

/** What is wrong with a directory to mount upon, or null. */
export function directoryFault(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    fs.stat(path, (error, stats) => {
      if (error === null) resolve(stats.isDirectory() ? null : "it is not a directory");
      else if (error.code === "ENOTCONN") resolve(DEAD);
      else resolve(error.code === "ENOENT" ? "there is no such directory" : (error.code ?? String(error)));
    });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}
