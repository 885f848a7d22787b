/** The mount daemon of this machine: where its sockets stand, and asking it on its control channel. */
import { systemFiles } from "../../base/index.ts";
import { askLocal, LocalError } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { UsageError, WorkError } from "../failure.ts";
import { STATE_FOLDER } from "../state.ts";

/** Where the daemon with that state folder takes commands. */
export const mountSocketOf = (folder: string): string => `${folder}/mountd.sock`;
/** Where it serves the whole name space to its own user. */
export const filesSocketOf = (folder: string): string => `${folder}/mountd.nfs`;

export const stateFolderOf = (given: Arguments): string => given.text("state") ?? STATE_FOLDER;

/** A definite no of the daemon: exit code 1. */
export class RefusedError extends Error {
  readonly code = "REFUSED";
}

/** Throws a WorkError when no daemon runs there. */
export function checkRunning(folder: string): void {
  if (systemFiles.exists(mountSocketOf(folder))) return;
  throw new WorkError(
    `no strata mountd keeps its state in ${folder}: start one with strata mountd --state ${folder}, or say where one does with --state DIR`,
  );
}

/** Asks the daemon. Throws UsageError, RefusedError and WorkError for what it says no to, in its words. */
export async function askDaemon(
  given: Arguments,
  request: Readonly<Record<string, unknown>>,
  tell: (text: string) => void = () => undefined,
): Promise<unknown> {
  const folder = stateFolderOf(given);
  checkRunning(folder);
  try {
    return await askLocal(mountSocketOf(folder), request, (progress) => tell(String(progress)));
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    if (error.code === "ABSENT") throw new WorkError(`strata mountd of ${folder} does not run: ${error.message}`);
    if (error.code === "USAGE") throw new UsageError(error.message);
    if (error.code === "REFUSED") throw new RefusedError(error.message);
    throw new WorkError(error.message);
  }
}
