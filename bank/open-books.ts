/** A bank's books by what names them: a file of this machine, or the URL of a database (`postgres://…`) that several machines share. */
import type { Clock } from "../base/index.ts";
import { openEmbeddedLedger } from "./embedded-ledger.ts";
import { BankError } from "./error.ts";
import { isPostgresUrl } from "./postgres-connections.ts";
import { openPostgresLedger } from "./postgres-ledger.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import type { DigestedRequest } from "./sqlite-ledger.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import type { LedgerReader } from "./store.ts";

export interface ClosableReader extends LedgerReader {
  close(): Promise<void>;
}

/** Throws BankError "STORE". */
export async function openReader(database: string, clock: Clock): Promise<ClosableReader> {
  return isPostgresUrl(database) ? openPostgresReader(database, clock) : new SqliteReader(database);
}

/** What takes requests; for one thread, since an embedded database has one writer. */
export interface BookWriter {
  submit(request: DigestedRequest): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface BookWriterParts {
  readonly clock: Clock;
  /** The epoch in which this server became the primary; 0: it never asked. */
  readonly epoch: number;
}

/** Makes the tables where there are none. Throws BankError "STORE". */
export async function openWriter(database: string, parts: BookWriterParts): Promise<BookWriter> {
  return isPostgresUrl(database) ? openPostgresLedger(database, parts) : openEmbeddedLedger(database, parts);
}

/** The epoch in which the books were written last; 0 where there are none yet. */
export async function epochOfBooks(database: string, clock: Clock): Promise<number> {
  let reader: ClosableReader;
  try {
    reader = await openReader(database, clock);
  } catch (error) {
    if (error instanceof BankError && error.code === "STORE") return 0; // Whoever opens them to write says what is wrong.
    throw error;
  }
  try {
    return await reader.epoch();
  } finally {
    await reader.close();
  }
}

/** Looks whether they can be written there now; a file is looked at by whoever opens it. Throws BankError "STORE". */
export async function reachBooks(database: string, clock: Clock): Promise<void> {
  if (!isPostgresUrl(database)) return;
  await (await openPostgresLedger(database, { clock, epoch: 0, connections: 1 })).close();
}
