/** A zone list: one `NAME<tab>FILE` a line. Empty lines and those that begin with # say nothing. */
import { dirname } from "node:path";
import type { Files } from "../base/index.ts";
import { Name, NameError } from "../dns/index.ts";
import type { Layer } from "../zones/index.ts";
import { ConfigurationError, type Problem } from "./configuration-error.ts";
import { inFolder } from "./paths.ts";

/** A zone and the master file it is read from. */
export interface ZoneFile {
  readonly name: Name;
  readonly file: string;
  readonly layer: Layer | null;
}

/** Relative files start at the list's folder. Throws ConfigurationError with every line that is wrong. */
export function readZoneList(list: string, layer: Layer | null, files: Files): ZoneFile[] {
  const folder = dirname(list);
  const zones: ZoneFile[] = [];
  const problems: Problem[] = [];
  const lines = new TextDecoder().decode(files.read(list)).split("\n");
  lines.forEach((text, i) => {
    const line = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (line.trim() === "" || line.startsWith("#")) return;
    const tab = line.indexOf("\t");
    if (tab <= 0 || tab === line.length - 1) {
      problems.push({
        file: list,
        line: i + 1,
        column: 1,
        message: "NAME<tab>FILE is wanted: a zone's name, one tab, its master file",
      });
      return;
    }
    try {
      zones.push({ name: Name.parse(line.slice(0, tab)), file: inFolder(folder, line.slice(tab + 1)), layer });
    } catch (error) {
      if (!(error instanceof NameError)) throw error;
      problems.push({ file: list, line: i + 1, column: error.at + 1, message: error.message });
    }
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return zones;
}
