/** A run that is cut short: every process it started is ended and every folder it made is removed. */
import { family } from "./process.ts";
import { removeEveryScratch } from "./scratch.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const INTERRUPTED = 130;

export function endCleanly(): void {
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      endDescendants();
      removeEveryScratch();
      process.exit(INTERRUPTED);
    });
  }
}

/** Parents first and without asking, so that none of them starts a child anew. */
function endDescendants(): void {
  for (const pid of family(process.pid).slice(1)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
