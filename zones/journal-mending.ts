/**
 * The files around a journal that was damaged: a copy of it put aside, and a sound one made beside it that takes its place in one
 * step. Whenever the server is killed meanwhile, or the disk is full, the damaged one is still whole and is mended at the next start.
 * That changes may be lost is noted in a file of its own, until every zone has a serial beyond those that they may have had.
 */
import { FileError, type Files } from "../base/index.ts";

export type MendingFiles = Pick<Files, "exists" | "read" | "status" | "writeSafely" | "remove">;

/** In place of octets: nobody can say how many changes are lost, for it is not known which zones there were. */
export const ALL_LOST = Number.MAX_SAFE_INTEGER;

const LOG = "-wal";
const ENDINGS = ["", LOG, "-shm"] as const;

export const logFileOf = (path: string): string => path + LOG;
/** Where a sound journal is made. */
export const draftFileOf = (path: string): string => `${path}.mending`;
/** It is there only while a finished journal is to take the place of a damaged one. */
const mendedFileOf = (path: string): string => `${path}.mended`;

const lossFileOf = (path: string): string => `${path}.lost`;

const octetsOfFile = (path: string, files: MendingFiles): number => files.status(path)?.octets ?? 0;

/** Octets of both files of a journal. */
export function octetsOfJournal(path: string, files: MendingFiles): number {
  return octetsOfFile(path, files) + octetsOfFile(logFileOf(path), files);
}

/** Whether there is a log and nothing that it belongs to: SQLite removes it without a word then. */
export function isLogAlone(path: string, files: MendingFiles): boolean {
  return octetsOfFile(logFileOf(path), files) > 0 && octetsOfFile(path, files) === 0;
}

/** Copies the files of a journal that there is something in; returns where to. Throws FileError. */
export function copyAside(path: string, files: MendingFiles, nowSeconds: number): string {
  const aside = `${path}.damaged-${nowSeconds}`;
  for (const ending of ["", LOG]) {
    if (octetsOfFile(path + ending, files) > 0) files.writeSafely(aside + ending, [files.read(path + ending)]);
  }
  return aside;
}

/** Changes that took up to so many octets may be lost. Throws FileError. */
export function noteLoss(path: string, files: MendingFiles, octets: number): void {
  files.writeSafely(lossFileOf(path), [Buffer.from(`${octets} octets of changes may be lost\n`)]);
}

/** The same where the disk may be full; false when it is. */
export function hasNotedLoss(path: string, files: MendingFiles, octets: number): boolean {
  try {
    noteLoss(path, files, octets);
    return true;
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}

/** Octets that changes may have taken that are lost; 0 when none are. */
export function lossOf(path: string, files: MendingFiles): number {
  const file = lossFileOf(path);
  if (!files.exists(file)) return 0;
  const octets = Number.parseInt(Buffer.from(files.read(file)).toString(), 10);
  return Number.isNaN(octets) ? octetsOfJournal(path, files) : octets;
}

export function forgetLoss(path: string, files: MendingFiles): void {
  files.remove(lossFileOf(path));
}

/** Removes what SQLite leaves beside a copy that was read. */
export function tidyCopy(aside: string, files: MendingFiles): void {
  files.remove(`${aside}-shm`);
  if (octetsOfFile(logFileOf(aside), files) === 0) files.remove(logFileOf(aside));
}

export function removeJournal(path: string, files: MendingFiles): void {
  for (const ending of ENDINGS) if (files.exists(path + ending)) files.remove(path + ending);
}

/** Has the draft, which is closed, take the journal's place. Throws FileError. */
export function replaceByDraft(path: string, files: MendingFiles): void {
  const draft = draftFileOf(path);
  files.writeSafely(mendedFileOf(path), [files.read(draft)]);
  finishMending(path, files);
  removeJournal(draft, files);
}

/** Before a journal is opened: ends what a server that was killed had begun. */
export function finishMending(path: string, files: MendingFiles): void {
  const mended = mendedFileOf(path);
  if (!files.exists(mended)) return;
  // The log of the damaged one would be taken for that of the new one.
  if (files.exists(logFileOf(path))) files.remove(logFileOf(path));
  files.writeSafely(path, [files.read(mended)]);
  files.remove(mended);
}
