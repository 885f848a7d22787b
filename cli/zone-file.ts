/** A master file read for looking at it, not for serving: everything it says is kept, wrong or not. */
import type { Files } from "../base/index.ts";
import { Name, NameError } from "../dns/index.ts";
import {
  type Layer,
  type MasterProblem,
  readingOptions,
  readMaster,
  RecordList,
  type SortedRecords,
} from "../zones/index.ts";
import { UsageError } from "./failure.ts";
import { guessOrigin } from "./zone-origin.ts";

export interface ZoneText {
  readonly file: string;
  /** Null: told by the file. */
  readonly origin: string | null;
  readonly layer: Layer | null;
}

export interface ReadZone {
  readonly apex: Name;
  readonly records: SortedRecords;
  readonly problems: readonly MasterProblem[];
}

/** Throws FileError, and UsageError when nobody knows which zone it is. */
export function readZone({ file, origin, layer }: ZoneText, files: Files): ReadZone {
  const octets = files.read(file);
  const apex = origin === null ? guessOrigin(file, new TextDecoder().decode(octets)) : readOrigin(origin);
  const list = new RecordList();
  const problems = readMaster({ name: file, octets }, readingOptions(files, { apex, file, layer }), list);
  return { apex, records: list.sorted(), problems };
}

function readOrigin(text: string): Name {
  try {
    return Name.parse(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new UsageError(`--origin ${text}: ${error.message}`);
  }
}
