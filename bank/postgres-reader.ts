/** Reads the books of a bank on PostgreSQL: what is committed, without standing in anyone's way. */
import type { Clock } from "../base/index.ts";
import { CHAIN_START, chainLink } from "./entry.ts";
import { BankError } from "./error.ts";
import { type Connection, Connections, RolledBack } from "./postgres-connections.ts";
import { SCHEMA_VERSION } from "./postgres-schema.ts";
import { accountFrom, amount, blob, entryFrom, holdFrom, type Row } from "./rows.ts";
import {
  accrualFrom,
  documentKeptFrom,
  POSTED,
  POSTINGS,
  postingsFrom,
  requestFrom,
  SqlReader,
  strayFrom,
  WHOLE,
} from "./sql-reader.ts";
import type { ChainHead, LedgerReader, Verdict } from "./store.ts";
import { type LinkedEntry, verifyBooks, type WholeBooks } from "./verify.ts";

const READ_MILLISECONDS = 20_000;
/** Reading all of the books. */
const VERIFY_MILLISECONDS = 3_600_000;
const CONNECTIONS_MAX = 4;

export class PostgresReader extends SqlReader implements LedgerReader {
  readonly #connections: Connections;
  /** By their text; the server keeps them prepared by name. */
  readonly #statements = new Map<string, { readonly name: string; readonly text: string }>();

  constructor(url: string, clock: Clock, needs: "primary" | "any") {
    super();
    this.#connections = new Connections(url, { clock, countMax: CONNECTIONS_MAX, needs });
  }

  async head(): Promise<ChainHead> {
    await this.chain();
    const [row] = await this.rows("SELECT position, link FROM chain ORDER BY position DESC LIMIT 1");
    return row === undefined
      ? { entries: 0, link: CHAIN_START }
      : { entries: Number(row["position"]), link: blob(row["link"]) };
  }

  async linkAt(entries: number): Promise<Uint8Array | null> {
    if (entries === 0) return CHAIN_START;
    const [row] = await this.rows("SELECT link FROM chain WHERE position = ?", entries);
    return row === undefined ? null : blob(row["link"]);
  }

  async verify(): Promise<Verdict> {
    await this.chain();
    return this.#guarded(async (connection) => {
      const all = (text: string): Promise<readonly Row[]> =>
        connection.query({ name: "", text, values: [] }, VERIFY_MILLISECONDS);
      await connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", READ_MILLISECONDS);
      try {
        return verifyBooks(await wholeBooks(all));
      } finally {
        if (connection.isUsable) await connection.run("COMMIT", READ_MILLISECONDS);
      }
    });
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Links what is committed up to now; a standby has what its primary has linked. */
  async chain(): Promise<void> {
    await this.rows("SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE chain_all() END");
  }

  /** Some of it, unless another is at it; says how much. */
  protected async chainSome(countMax: number): Promise<number> {
    const [row] = await this.rows("SELECT chain_some(?) AS linked", countMax);
    return Number(amount(row?.["linked"]));
  }

  protected override async rows(sql: string, ...values: readonly (string | number)[]): Promise<readonly Row[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      let place = 0;
      statement = { name: `read${this.#statements.size}`, text: sql.replace(/\?/g, () => `$${++place}`) };
      this.#statements.set(sql, statement);
    }
    const query = { ...statement, values };
    return this.#guarded((connection) => connection.query(query, READ_MILLISECONDS));
  }

  async #guarded<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await this.#connections.use(work);
    } catch (error) {
      const isOfTheStore = error instanceof RolledBack || (error instanceof BankError && error.code === "UNKNOWN");
      if (isOfTheStore) throw new BankError("STORE", `the books cannot be read (${error.message})`, { cause: error });
      throw error;
    }
  }
}

async function wholeBooks(all: (text: string) => Promise<readonly Row[]>): Promise<WholeBooks> {
  const entries = await all(
    `SELECT entry.*, chain.link, ${POSTED} FROM entry LEFT JOIN chain ON chain.entry = entry.number ${POSTINGS}
     ORDER BY chain.position NULLS LAST, entry.number`,
  );
  return {
    links: links(entries),
    accounts: (await all(WHOLE.accounts)).map(accountFrom),
    strays: (await all(WHOLE.strays)).map(strayFrom),
    holds: (await all(WHOLE.holds)).map(holdFrom),
    documents: (await all(WHOLE.documents)).map(documentKeptFrom),
    requests: (await all(WHOLE.requests)).map(requestFrom),
    accruals: (await all(WHOLE.accruals)).map(accrualFrom),
  };
}

/** What was committed since the chainer came by is taken as it will link it. */
function* links(rows: readonly Row[]): Generator<LinkedEntry> {
  let before = CHAIN_START;
  for (const row of rows) {
    const entry = entryFrom(row);
    const link = row["link"] === null ? chainLink(before, entry) : blob(row["link"]);
    yield { entry, link, postings: postingsFrom(row) };
    before = link;
  }
}

/** For reading alone: of a primary, or where there is none of a standby. Throws BankError "STORE", also when no bank is there. */
export async function openPostgresReader(url: string, clock: Clock): Promise<PostgresReader> {
  const connections = new Connections(url, { clock, countMax: 1, needs: "any" });
  try {
    await connections.use(async (connection) => {
      const rows = await connection
        .query({ name: "", text: "SELECT value FROM meta WHERE name = 'schema'", values: [] }, READ_MILLISECONDS)
        .catch((error: unknown) => {
          if (error instanceof RolledBack) throw noBank(error);
          throw error;
        });
      if (rows[0]?.["value"] !== BigInt(SCHEMA_VERSION)) throw noBank(null);
    });
  } finally {
    await connections.close();
  }
  return new PostgresReader(url, clock, "any");
}

export function noBank(cause: unknown): BankError {
  return new BankError(
    "STORE",
    "that database is no bank of this version's: name another, or use the strata that made it",
    { cause },
  );
}
