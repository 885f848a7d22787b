/** Files of the local name space as commands reach them: by path, page by page, with words and exit codes for what goes wrong. */
import {
  type Attributes,
  type FileKey,
  type FileSystem,
  type Found,
  isStatus,
  type LastLink,
  type ListEntry,
  type Status,
  statusText,
  Walker,
} from "../../mount/index.ts";
import { EXIT, UsageError } from "../failure.ts";
import type { Output } from "../output.ts";

const PAGE_ENTRIES = 1000;

/** What a file system did not do, at which path. */
export class FileFault extends Error {
  readonly status: Status;

  constructor(path: string, status: Status) {
    super(`${path}: ${statusText(status)}`);
    this.status = status;
  }
}

/** What is there, or a FileFault with this path. */
export async function askFile<T>(path: string, outcome: T | Status | Promise<T | Status>): Promise<T> {
  const answer = await outcome;
  if (isStatus(answer)) throw new FileFault(path, answer);
  return answer;
}

/** Walks there. Throws a FileFault, and a UsageError for a path that is not absolute. */
export async function findFile(fileSystem: FileSystem, path: string, last: LastLink = "follow"): Promise<Found> {
  if (!path.startsWith("/")) {
    throw new UsageError(
      `${path}: a path of the local name space begins with "/" (file:${path} is a file of this machine, for strata cp)`,
    );
  }
  const walked = await new Walker(fileSystem).walk(path, last);
  if ("status" in walked) throw new FileFault(walked.path, walked.status);
  return walked.steps.at(-1)!.found;
}

/** An entry of a directory, with what is known of it: what the listing does not say is asked. */
export interface Child {
  readonly name: string;
  readonly key: FileKey;
  readonly attributes: Attributes;
}

/** The entries of a directory page by page, so that a large one is not held whole. One that cannot be looked at is told to `miss`. */
export async function* children(
  fileSystem: FileSystem,
  directory: { readonly key: FileKey; readonly path: string },
  miss: (fault: FileFault) => void,
): AsyncGenerator<Child> {
  for await (const { name, found } of entries(fileSystem, directory)) {
    const looked = found ?? (await fileSystem.lookup(directory.key, name));
    if (isStatus(looked)) miss(new FileFault(below(directory.path, name), looked));
    else yield { name, key: looked.key, attributes: looked.attributes };
  }
}

/** The names of a directory, without looking behind them: nothing is mounted for it. */
export async function* entries(
  fileSystem: FileSystem,
  { key, path }: { readonly key: FileKey; readonly path: string },
): AsyncGenerator<ListEntry> {
  for (let cookie = 0n; ;) {
    const part = await askFile(path, fileSystem.list(key, cookie, PAGE_ENTRIES));
    yield* part.entries;
    const last = part.entries.at(-1);
    if (part.isEnd || last === undefined) return;
    cookie = last.cookie;
  }
}

/** The path of a name in a directory. */
export function below(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** 1 for a definite no, 2 where nobody could say (DESIGN §9). */
export function exitCodeOf(status: Status): number {
  const isUnknown = status === "TIMEDOUT" || status === "JUKEBOX" || status === "IO" || status === "SERVERFAULT";
  return isUnknown ? EXIT.unknown : EXIT.no;
}

/** Does it for each path; what fails is told, and the others are done. The worst exit code counts. */
export async function forEachPath(
  paths: readonly string[],
  output: Output,
  act: (path: string) => Promise<void>,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  for (const path of paths) {
    try {
      await act(path);
    } catch (error) {
      if (!(error instanceof FileFault)) throw error;
      output.note(error.message);
      exitCode = Math.max(exitCode, exitCodeOf(error.status));
    }
  }
  return exitCode;
}
