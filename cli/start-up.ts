/** Help for a fast start. */
import { flushCompileCache } from "node:module";

/** Writes compiled code to the cache now: what runs for days would else do so only at its end, and never when killed. */
export function keepCompiledCode(): void {
  flushCompileCache();
}
