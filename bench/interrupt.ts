/** A run that is cut short: every process it started is ended, every folder it made is removed, and what was measured until then is kept. */
import { family } from "./process.ts";
import { removeEveryScratch } from "./scratch.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const INTERRUPTED = 130;

/** @param keep Writes down what was measured. */
export function endCleanly(keep: () => void): void {
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      endDescendants();
      removeEveryScratch();
      keep();
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
