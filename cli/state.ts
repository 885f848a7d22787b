/**
 * What `strata up` leaves in its state folder (`.strata/` unless told) so that other commands need no flags beside it:
 * `state.json` with who listens where, and `root.hints` with the root's servers. No schema library here, because
 * `strata resolve` reads it and may take 150 ms in all.
 */
import { type Files, systemFiles } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import type { Endpoint } from "../net/index.ts";
import { WorkError } from "./failure.ts";

export const STATE_FOLDER = ".strata";

export interface StateServer {
  readonly name: string;
  readonly address: string;
  readonly layer: string;
  readonly zones: readonly string[];
}

export interface State {
  /** The process of `strata up`. */
  readonly pid: number;
  readonly port: number;
  /** ADDR:PORT of the caching resolver. */
  readonly resolver: string;
  readonly servers: readonly StateServer[];
}

export interface StateFolder {
  readonly folder: string;
  readonly state: State;
  readonly hintsFile: string;
}

/** Where one of its servers keeps what must outlive it. */
export const serverFolderOf = (folder: string, name: string): string => `${folder}/servers/${name}`;
/** The journal of a server with that folder. */
export const journalFileOf = (serverFolder: string): string => `${serverFolder}/journal.sqlite`;
/** The key that `strata up` makes for updates of a zone. */
export const updateKeyFileOf = (folder: string, zone: string): string => `${folder}/keys/${zone}.key`;
/** A name as files have it: in lower case, without the last dot. */
export const plainName = (name: string): string => name.toLowerCase().replace(/(.)\.$/, "$1");
export const hintsFileOf = (folder: string): string => `${folder}/root.hints`;
const stateFileOf = (folder: string): string => `${folder}/state.json`;

/** What stands in the folder, or null when nothing does. Throws WorkError when it cannot be understood. */
export function readState(files: Files, folder: string): StateFolder | null {
  const file = stateFileOf(folder);
  if (!files.exists(file)) return null;
  const state = decodeState(new TextDecoder().decode(files.read(file)));
  if (state === null) {
    throw new WorkError(
      `${file} is damaged or of another version: stop any "strata up", remove ${folder} and start again`,
    );
  }
  return { folder, state, hintsFile: hintsFileOf(folder) };
}

/** The servers read the hints as they start, so they are written before the state. */
export function writeHints(files: Files, folder: string, hints: string): void {
  files.write(hintsFileOf(folder), hints);
}

/** After a start that failed; another `strata up` may have put its state beside them since. */
export function removeHints(files: Files, folder: string): void {
  if (!files.exists(stateFileOf(folder))) files.remove(hintsFileOf(folder));
}

export function writeState(files: Files, folder: string, state: State): void {
  files.write(stateFileOf(folder), `${JSON.stringify(state, null, 2)}\n`);
}

/** Takes state and hints away, unless another process has written there since. */
export function removeState(files: Files, folder: string, pid: number): void {
  try {
    if (readState(files, folder)?.state.pid !== pid) return;
  } catch {
    return; // Not ours any more, or not to be understood: then it is not ours to remove.
  }
  files.remove(stateFileOf(folder));
  files.remove(hintsFileOf(folder));
}

/** Whether the `strata up` that wrote the state still runs. A process number may belong to a stranger by now. */
export function isRunning(files: Files, state: State): boolean {
  try {
    process.kill(state.pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const commandLine = `/proc/${state.pid}/cmdline`;
  if (!files.exists(commandLine)) return true;
  return new TextDecoder().decode(files.read(commandLine)).includes("\0up");
}

/** The state of a `strata up` that runs; null: none does. Throws WorkError. */
export function runningState(folder: string, files: Files = systemFiles): State | null {
  const found = readState(files, folder);
  return found !== null && isRunning(files, found.state) ? found.state : null;
}

/** The server that takes updates of that name: of those that have the nearest zone, the first. Null: none has it. */
export function primaryInState(name: Name, { servers, port }: State): Endpoint | null {
  let nearest: { readonly zone: Name; readonly address: string } | null = null;
  for (const { zones, address } of servers) {
    for (const zone of zones.map((text) => Name.parse(text))) {
      if (!name.isAtOrBelow(zone)) continue;
      if (nearest === null || zone.labelCount > nearest.zone.labelCount) nearest = { zone, address };
    }
  }
  return nearest === null ? null : { address: nearest.address, port };
}

function decodeState(text: string): State | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isState(value) ? value : null;
}

function isState(value: unknown): value is State {
  return (
    isRecord(value) &&
    typeof value["pid"] === "number" &&
    typeof value["port"] === "number" &&
    typeof value["resolver"] === "string" &&
    Array.isArray(value["servers"]) &&
    value["servers"].every(isStateServer)
  );
}

function isStateServer(value: unknown): boolean {
  if (!isRecord(value) || !Array.isArray(value["zones"])) return false;
  return (
    typeof value["name"] === "string" && typeof value["address"] === "string" && typeof value["layer"] === "string"
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
