/** The map that a source of an automount names. */
import { type Files, type Log, type RunProgram } from "../../base/index.ts";
import type { FindingParts } from "../finding/nfs-servers.ts";
import type { MountOptions } from "../options.ts";
import type { AutoSource } from "../source.ts";
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
  readonly log: Log;
}

export function openAutomountMap({ map }: AutoSource, { options, files, run, finding, log }: MapParts): AutomountMap {
  switch (map.kind) {
    case "file":
      return new StoredMap({ path: map.path, options, files, log });
    case "program":
      return new ProgramMap({ path: map.path, options, run });
    case "net":
      return new NetMap({ finding, options });
  }
}
