/** Work that can wait gives way to work that cannot: the priority of one thread among all of the machine. */
import { readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename } from "node:path";

/** Lets this thread run only when the machine has nothing better to do. Where the system knows no priority of threads, nothing happens. */
export function lowerThreadPriority(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), constants.priority.PRIORITY_LOW);
  } catch {
    // A sandbox may forbid it or have no /proc; the work is done all the same.
  }
}
