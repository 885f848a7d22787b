/**
 * The thread that reads /dev/fuse: the kernel's requests wait there for whoever reads, and a thread that waits blocks nobody else. It fills the slots of a ring one after the other and wakes the
 * main thread when that one has nothing left to do; it ends when the mount is undone. Replies are not its business.
 */
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { isRingWork, RequestRing } from "./request-ring.ts";

/** The request was given up before it was read, or a signal came: there will be another. */
const HARMLESS: ReadonlySet<string> = new Set(["ENOENT", "EINTR", "EAGAIN"]);

if (parentPort === null || !isRingWork(workerData))
  throw new Error("this is the thread of a FUSE device, started by it");
const port = parentPort;
const { descriptor } = workerData;
const ring = new RequestRing(workerData.memory);

while (readOne());

/** False when no request will come any more. */
function readOne(): boolean {
  const slot = ring.free();
  try {
    const length = readSync(descriptor, slot, 0, slot.length, null);
    if (ring.fill(length)) port.postMessage("filled");
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
    if (HARMLESS.has(code)) return true;
    // ENODEV: the mount was undone.
    port.postMessage({ ended: code });
    return false;
  }
}
