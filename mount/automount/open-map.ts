/** The map that a source of an automount names. */
import { type Files, type Log, type RunProgram } from "../../base/index.ts";
import type { FindingParts } from "../finding/nfs-servers.ts";
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
  readonly files: Pick<Files, "read" | "stamp">;
  readonly run: RunProgram;
  readonly finding: FindingParts;
  readonly exporting: ExportListParts;
  readonly log: Log;
}

export function openAutomountMap({ map }: AutoSource, parts: MapParts): AutomountMap {
  const { options, files, run, log } = parts;
  switch (map.kind) {
    case "file":
      return new StoredMap({ path: map.path, options, files, log });
    case "program":
      return new ProgramMap({ path: map.path, options, run });
    case "net":
      return new NetMap(parts);
  }
}
