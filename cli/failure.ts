/** Exit codes and the errors that carry them (DESIGN §9). What a command throws becomes a message and a code here only. */
import { FileError } from "../base/index.ts";

export const EXIT = {
  /** Records found, or the work is done. */
  ok: 0,
  /** A definite no: the name or type does not exist, the check found errors. */
  no: 1,
  /** Could not find out or could not start: time-out, SERVFAIL, a busy port. */
  unknown: 2,
  /** The command line or a configuration file is wrong. */
  usage: 64,
} as const;

/** The command line or a configuration is wrong; the message says what would be right. */
export class UsageError extends Error {
  readonly code = "USAGE";
}

/** The work could not be done although it was asked for rightly; the message says what would help. */
export class WorkError extends Error {
  readonly code = "WORK";
}

export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** What to tell the user about something thrown. Bugs keep their stack: it is what a report needs. */
export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof UsageError) return { exitCode: EXIT.usage, message: thrown.message };
  if (thrown instanceof WorkError) return { exitCode: EXIT.unknown, message: thrown.message };
  if (thrown instanceof FileError) return { exitCode: EXIT.usage, message: thrown.message };
  const exitCode = codeOf(thrown);
  if (thrown instanceof Error && exitCode !== null) return { exitCode, message: thrown.message };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { exitCode: EXIT.unknown, message: `this is a bug in strata, please report it:\n${text}` };
}

/** Errors of lower floors whose message is meant for the user, by their `code`; their classes are not loaded for this. */
function codeOf(thrown: unknown): number | null {
  if (!(thrown instanceof Error && "code" in thrown && typeof thrown.code === "string")) return null;
  return EXIT_CODES[thrown.code] ?? null;
}

const EXIT_CODES: Readonly<Record<string, number>> = {
  BAD_NAME: EXIT.usage,
  BAD_ADDRESS: EXIT.usage,
  BAD_HINTS: EXIT.usage,
  IN_USE: EXIT.unknown,
  NOT_ALLOWED: EXIT.unknown,
  NO_SUCH_ADDRESS: EXIT.unknown,
  FAILED: EXIT.unknown,
  TOO_LONG: EXIT.usage,
  BROKEN: EXIT.unknown,
  FULL: EXIT.unknown,
  DAMAGED: EXIT.unknown,
  // The bank's (bank/error.ts).
  AMOUNT: EXIT.usage,
  CURRENCY: EXIT.usage,
  INPUT: EXIT.usage,
  LOGIN: EXIT.no,
  FORBIDDEN: EXIT.no,
  STORE: EXIT.unknown,
  UNKNOWN: EXIT.unknown,
  EPOCH: EXIT.unknown,
};
