/** The books of a bank that one machine is enough for: one writer with group commit, and a connection that reads what is committed. */
import type { Clock } from "../base/index.ts";
import type { LedgerRequest } from "./command.ts";
import { type DigestedRequest, digested, GroupCommit, SqliteLedger, type SqliteLedgerParts } from "./sqlite-ledger.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import type { LedgerStore } from "./store.ts";

export class EmbeddedLedger extends SqliteReader implements LedgerStore {
  readonly #ledger: SqliteLedger;
  readonly #commits: GroupCommit;

  /** The ledger's file is there already, for who reads. */
  constructor(path: string, ledger: SqliteLedger, clock: Clock) {
    super(path);
    this.#ledger = ledger;
    this.#commits = new GroupCommit(ledger, clock);
  }

  /** A digest that was made where the request came in is not made again. */
  async submit(request: LedgerRequest | DigestedRequest): Promise<Uint8Array> {
    return this.#commits.submit("digest" in request ? request : digested(request));
  }

  override async close(): Promise<void> {
    await super.close();
    this.#ledger.close();
  }
}

/** Makes the tables where there are none. Throws BankError "STORE". */
export function openEmbeddedLedger(path: string, parts: SqliteLedgerParts): EmbeddedLedger {
  const ledger = new SqliteLedger(path, parts);
  try {
    return new EmbeddedLedger(path, ledger, parts.clock);
  } catch (error) {
    ledger.close();
    throw error;
  }
}
