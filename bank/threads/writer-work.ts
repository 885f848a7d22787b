/** What crosses between the threads that take requests and the one that writes. */
import { BankError, type BankErrorCode } from "../error.ts";
import type { DigestedRequest } from "../sqlite-ledger.ts";

/** Where a writer works. */
export interface WriterTask {
  /** A file, or a URL. */
  readonly database: string;
  readonly epoch: number;
}

export const isWriterTask = (given: unknown): given is WriterTask =>
  typeof given === "object" && given !== null && "database" in given && "epoch" in given;

/** To the writer, in batches. The number is the asker's own. */
export type ToWriter = readonly (readonly [id: number, request: DigestedRequest])[];

/** From it. */
export type FromWriter = readonly (readonly [id: number, outcome: Uint8Array | Failed])[];

/** An error's class does not survive the passage. */
export interface Failed {
  readonly code: BankErrorCode;
  readonly message: string;
}

export const failedOf = (error: unknown): Failed =>
  error instanceof BankError
    ? { code: error.code, message: error.message }
    : { code: "STORE", message: `a bug ended the request: ${String(error)}` };
