/** The map that a source of an automount names. */
import { type Files, type Log, type RunProgram } from "../../base/index.ts";
import type { FindingParts } from "../finding/nfs-servers.ts";
import { OpenSourceError } from "../mounted.ts";
import type { MountOptions } from "../options.ts";
import type { AutoSource } from "../source.ts";
import type { ExportListParts } from "./export-list.ts";
import type { AutomountMap } from "./map.ts";
import { NetMap } from "./net-map.ts";
import { ProgramMap } from "./program-map.ts";
import { StoredMap } from "./stored-map.ts";

export interface MapParts {
  /** Of the mount of the map; what its entries do not say otherwise. */
  readonly options: MountOptions;
  /** Where the map is mounted. */
  readonly target: string;
  readonly files: Pick<Files, "read" | "stamp">;
  readonly run: RunProgram;
  readonly finding: FindingParts;
  readonly exporting: ExportListParts;
  readonly log: Log;
}

/** Throws an OpenSourceError when there is no such map. */
export function openAutomountMap({ map }: AutoSource, parts: MapParts): AutomountMap {
  const { files, run, log } = parts;
  // How the map itself stands in a union says nothing of what is mounted in it.
  const options: MountOptions = { ...parts.options, place: "replace", takesNew: false };
  switch (map.kind) {
    case "file":
      return new StoredMap({ path: existing(map.path, files), directory: null, options, files, log });
    case "direct":
      return new StoredMap({ path: existing(map.path, files), directory: parts.target, options, files, log });
    case "program":
      existing(map.path, files);
      return new ProgramMap({ path: map.path, options, run });
    case "net":
      return new NetMap({ ...parts, options });
  }
}

function existing(path: string, files: Pick<Files, "stamp">): string {
  if (files.stamp(path) === null) throw new OpenSourceError("NOENT", `there is no map ${path}`);
  return path;
}
