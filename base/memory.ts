/**
 * Memory that a thread shares with others goes back to the system when none of them can reach it any more, and only the
 * collector finds that out. It does not know how large such memory is, so a thread that makes no garbage of its own would keep
 * it for ever: whoever has let go of a large one says so here.
 */
import { setFlagsFromString } from "node:v8";
import { type Context, createContext, runInContext } from "node:vm";

let context: Context | null = null;

/** Collects this thread's garbage now. Takes some milliseconds where little is alive (measured), so it is not for the query path. */
export function collectGarbage(): void {
  context ??= collectingContext();
  runInContext("gc()", context);
}

/**
 * Node has the function only when it is asked for, and only in contexts made since. The flag is every thread's, so it stays: to
 * take it back here would take it from another thread that is about to make its context.
 */
function collectingContext(): Context {
  setFlagsFromString("--expose-gc");
  return createContext();
}
