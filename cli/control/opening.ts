/** Opens the control channel of a server that has a state folder. */
import { type Files, type Log } from "../../base/index.ts";
import { LocalError, type LocalListener } from "../../net/index.ts";
import { strataVersion } from "../version.ts";
import { controlSocketOf } from "./asking.ts";
import type { ControlChannel } from "./channel.ts";
import { addServerCommands, type ServerCommandsParts } from "./server-commands.ts";
import { addZoneCommands, type ZoneCommandsParts } from "./zone-commands.ts";

export interface OpeningParts extends Omit<ServerCommandsParts, "version">, ZoneCommandsParts {
  readonly files: Files;
  readonly log: Log;
}

/** Null without a state folder, or where its path has no room for a socket. Throws LocalError and FileError. */
export async function openControl(channel: ControlChannel, parts: OpeningParts): Promise<LocalListener | null> {
  const { settings, files, log } = parts;
  if (settings.stateFolder === null) return null;
  addServerCommands(channel, { ...parts, version: strataVersion() });
  addZoneCommands(channel, parts);
  files.makeFolder(settings.stateFolder);
  try {
    return await channel.listen(controlSocketOf(settings.stateFolder), { files, log });
  } catch (error) {
    if (!(error instanceof LocalError && error.code === "TOO_LONG")) throw error;
    log.warn({ reason: error.message }, "there is no control channel");
    return null;
  }
}
