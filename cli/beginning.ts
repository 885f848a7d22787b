/** Where a resolution begins when it begins at the root: a hints file, or what `strata up` left in its state folder. */
import { systemFiles } from "../base/index.ts";
import { readHints, type ZoneServers } from "../resolver/index.ts";
import { UsageError } from "./failure.ts";
import { isRunning, readState, type StateFolder } from "./state.ts";

export const readHintsFile = (file: string): ZoneServers => readHints(systemFiles.read(file), file);

/** Throws UsageError when none runs there. `instead` says what else may be given. */
export function findState(folder: string, instead: string): StateFolder {
  const found = readState(systemFiles, folder);
  if (found === null) throw new UsageError(`no "strata up" has left its addresses in ${folder}; ${instead}`);
  if (!isRunning(systemFiles, found.state)) {
    throw new UsageError(
      `the "strata up" that wrote ${folder} (process ${found.state.pid}) does not run any more; ${instead}`,
    );
  }
  return found;
}
