/** Work that can wait gives way to work that cannot: the priority of one thread among all of the machine. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
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

const TASKS = "/proc/self/task";

/**
 * Lets the threads that compile for all others give way to them, from now on: what is compiled for a builder took up to 9 ms at a time from a
 * query thread on the same core (measured). Not the lowest: a tenth of a busy core remains to them, because query threads wait for
 * them too, those of a server that has just started above all (its first second cost half as much again, measured).
 */
export function lowerHelperPriority(): void {
  if (process.platform !== "linux") return;
  try {
    const helpers = readdirSync(TASKS).filter((task) =>
      readFileSync(`${TASKS}/${task}/comm`, "latin1").includes("V8Worker"),
    );
    for (const task of helpers) setPriority(Number(task), constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // As above; a thread may also have ended meanwhile.
  }
}
