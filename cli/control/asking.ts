/** Asking the running servers of this machine: on which sockets, and what their refusals mean to a user. */
import type { Files } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { askLocal, LocalError } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { UsageError, WorkError } from "../failure.ts";
import { readState, serverFolderOf, STATE_FOLDER } from "../state.ts";

/** Where a server's control socket stands in its state folder. */
export const controlSocketOf = (stateFolder: string): string => `${stateFolder}/control.sock`;

/** A server that can be asked. */
export interface ControlPlace {
  /** The server's name where `strata up` gave it one, else its state folder. */
  readonly name: string;
  readonly socket: string;
}

/** Every server whose state stands in the folder: the one of `strata serve --state`, or those of `strata up`; with a zone, those that have it. */
export function controlPlaces(given: Arguments, zone: Name | null, files: Files): readonly ControlPlace[] {
  const folder = given.text("state") ?? STATE_FOLDER;
  const alone = controlSocketOf(folder);
  if (files.exists(alone)) return [{ name: folder, socket: alone }];
  const state = readState(files, folder)?.state ?? null;
  if (state === null) {
    throw new WorkError(
      `no server keeps its state in ${folder}: say where it does with --state DIR, or start one with strata serve --state DIR or strata up`,
    );
  }
  const having = state.servers.filter(
    ({ zones }) => zone === null || zones.some((served) => Name.parse(served).equals(zone)),
  );
  if (zone !== null && having.length === 0) {
    throw new UsageError(`none of the servers of ${folder} has the zone ${zone.toString()}`);
  }
  return having.map(({ name }) => ({ name, socket: controlSocketOf(serverFolderOf(folder, name)) }));
}

/** The first of them. */
export function controlPlace(given: Arguments, zone: Name, files: Files): ControlPlace {
  return controlPlaces(given, zone, files)[0]!;
}

/** Asks one server; what it refuses is a WorkError. Throws UsageError for what was not asked for rightly. */
export async function askControl(
  place: ControlPlace,
  request: Readonly<Record<string, unknown>>,
  tell: (text: string) => void = () => undefined,
): Promise<unknown> {
  try {
    return await askLocal(place.socket, request, (progress) => tell(String(progress)));
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    if (error.code === "ABSENT") throw new WorkError(`the server ${place.name} does not run: ${error.message}`);
    if (error.code === "BAD_NAME" || error.code === "USAGE") throw new UsageError(error.message);
    throw new WorkError(error.message);
  }
}
