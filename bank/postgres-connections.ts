/**
 * Connections to a bank's database on PostgreSQL, and what their failures mean. A URL may name several servers
 * (`postgres://user@one:5432,two:5432/bank`): whichever of them is the primary is used, so that a standby that was promoted is found.
 */
import { Client, DatabaseError, types as parsers } from "pg";
import type { Clock } from "../base/index.ts";
import { BankError } from "./error.ts";
import type { Row } from "./rows.ts";

/** To one server; a machine that is gone does not answer at all. */
const CONNECT_MILLISECONDS = 3000;

/** Of transactions that stand in each other's way: one is to be tried again (PostgreSQL, Appendix A). */
const WORTH_ANOTHER_TRY: ReadonlySet<string> = new Set(["40001", "40P01", "23505", "55P03"]);
const READ_ONLY = "25006";
/** PostgreSQL warns so, and reports success, when it has stopped waiting for the standby: it is committed on one machine alone. */
const NOT_REPLICATED: ReadonlySet<string> = new Set(["57014", "57P01"]);

/** The server says that it has taken the transaction back. */
export class RolledBack extends Error {
  readonly isWorthAnotherTry: boolean;

  constructor(cause: DatabaseError) {
    super(cause.message, { cause });
    this.isWorthAnotherTry = WORTH_ANOTHER_TRY.has(cause.code ?? "");
  }
}

export interface Query {
  /** By which the server keeps it prepared. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

class Connection {
  readonly #client: Client;
  readonly #clock: Clock;
  #isUsable = true;
  #isInDoubt = false;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    client.on("error", () => (this.#isUsable = false));
    client.on("end", () => (this.#isUsable = false));
    client.on("notice", ({ code }) => {
      if (NOT_REPLICATED.has(code ?? "")) this.#isInDoubt = true;
    });
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /**
   * Throws RolledBack when it is certain that nothing was done, BankError "UNKNOWN" when it is not. The promise is fulfilled after the
   * commit: the driver waits until the server is ready again.
   */
  query({ name, text, values }: Query, limitMilliseconds: number): Promise<readonly Row[]> {
    const query = { name, text, values: [...values], types: TYPES };
    return this.#judged(async () => (await this.#client.query<Row>(query)).rows, limitMilliseconds);
  }

  /** Several statements without values. */
  async run(sql: string, limitMilliseconds: number): Promise<void> {
    await this.#judged(() => this.#client.query(sql), limitMilliseconds);
  }

  async #judged<T>(work: () => Promise<T>, limitMilliseconds: number): Promise<T> {
    // Not a time-out of the server's: cancelling it there while it waits for the standby would look like success.
    const timer = this.#clock.after(limitMilliseconds, () => this.end());
    try {
      const result = await work();
      if (this.#isInDoubt) throw new Error("the standby has not confirmed it");
      return result;
    } catch (error) {
      if (error instanceof DatabaseError && error.severity === "ERROR") {
        if (error.code === READ_ONLY) this.end();
        throw new RolledBack(error);
      }
      this.end();
      throw inDoubt(error);
    } finally {
      timer.cancel();
    }
  }

  end(): void {
    this.#isUsable = false;
    this.#client.end().catch(() => undefined);
  }
}

export type { Connection };

function inDoubt(cause: unknown): BankError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BankError("UNKNOWN", `whether it was done is not known, ask again with the same key (${why})`, { cause });
}

/** Object identifiers of types (PostgreSQL's `pg_type.dat`). */
const [BOOL, INT8, INT4] = [16, 20, 23];

/** Integers as bigint, truth as 1 or 0: rows as SQLite gives them. */
const TYPES = {
  getTypeParser(oid: number, format?: "text" | "binary"): unknown {
    if (oid === INT8 || oid === INT4) return BigInt;
    if (oid === BOOL) return (text: string) => (text === "t" ? 1n : 0n);
    return format === "binary" ? parsers.getTypeParser(oid, "binary") : parsers.getTypeParser(oid, "text");
  },
};

export interface ConnectionsParts {
  readonly clock: Clock;
  readonly countMax: number;
  /** Whether a standby will do where there is no primary. */
  readonly needs: "primary" | "any";
}

/** So many connections at most, kept for the next; whoever comes when all are in use waits. */
export class Connections {
  readonly #urls: readonly string[];
  readonly #clock: Clock;
  readonly #parts: ConnectionsParts;
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection | null) => void)[] = [];
  #inUse = 0;
  #isClosed = false;
  /** Of the URLs, the one that had the primary last. */
  #last = 0;

  constructor(url: string, parts: ConnectionsParts) {
    this.#urls = urlsOf(url);
    this.#clock = parts.clock;
    this.#parts = parts;
  }

  /** Throws BankError "STORE" when no server can be reached, and what the work throws. */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** Waits for those in use. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#inUse > 0) {
      const { promise, resolve } = Promise.withResolvers<Connection | null>();
      this.#waiting.unshift(resolve);
      await promise;
    }
    for (const connection of this.#idle.splice(0)) connection.end();
  }

  async #take(): Promise<Connection> {
    if (this.#isClosed) throw new BankError("STORE", "the store is closed");
    let connection: Connection | null = null;
    if (this.#inUse >= this.#parts.countMax) {
      const { promise, resolve } = Promise.withResolvers<Connection | null>();
      this.#waiting.push(resolve);
      connection = await promise;
    }
    this.#inUse++;
    connection ??= this.#idle.pop() ?? null;
    if (connection?.isUsable === true) return connection;
    try {
      return await this.#connect();
    } catch (error) {
      this.#giveBack(null);
      throw error;
    }
  }

  #giveBack(connection: Connection | null): void {
    this.#inUse--;
    const next = this.#waiting.shift();
    const kept = connection?.isUsable === true ? connection : null;
    if (kept !== null && (next === undefined || this.#isClosed)) this.#idle.push(kept);
    next?.(this.#isClosed ? null : kept);
  }

  async #connect(): Promise<Connection> {
    const faults: string[] = [];
    let standby: Connection | null = null;
    for (let i = 0; i < this.#urls.length; i++) {
      const place = (this.#last + i) % this.#urls.length;
      try {
        const { connection, isPrimary } = await this.#connectTo(this.#urls[place]!);
        if (isPrimary) {
          standby?.end();
          this.#last = place;
          return connection;
        }
        standby?.end();
        standby = connection;
        faults.push(`${hostOf(this.#urls[place]!)} is a standby`);
      } catch (error) {
        faults.push(`${hostOf(this.#urls[place]!)}: ${messageOf(error)}`);
      }
    }
    if (standby !== null && this.#parts.needs === "any") return standby;
    standby?.end();
    throw new BankError("STORE", `the bank's database cannot be reached, nothing was done (${faults.join("; ")})`);
  }

  async #connectTo(url: string): Promise<{ readonly connection: Connection; readonly isPrimary: boolean }> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MILLISECONDS,
      keepAlive: true,
      application_name: "strata",
      options: OPTIONS,
    });
    const connection = new Connection(client, this.#clock);
    try {
      await client.connect();
      const primary: Query = { name: "", text: "SELECT pg_is_in_recovery() AS is_standby", values: [] };
      const [row] = await connection.query(primary, CONNECT_MILLISECONDS);
      return { connection, isPrimary: row?.["is_standby"] === 0n };
    } catch (error) {
      connection.end();
      throw error;
    }
  }
}

/** Whatever the server's defaults are: a commit is on the disk, and on the standby where one is named, before it is answered. */
const OPTIONS = [
  ["synchronous_commit", "on"],
  ["default_transaction_isolation", "read\\ committed"],
  ["search_path", "strata"],
  ["lock_timeout", "5000"],
  ["client_min_messages", "warning"],
  ["jit", "off"],
]
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(" ");

export const isPostgresUrl = (text: string): boolean => /^postgres(?:ql)?:\/\//.test(text);

/** Throws BankError "INPUT". */
function urlsOf(url: string): string[] {
  const [, before, hosts, behind] = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^/?#@]+)(.*)$/.exec(url) ?? [];
  if (before === undefined || hosts === undefined || behind === undefined) {
    throw new BankError("INPUT", "a database is named as postgres://user:password@host:port/database");
  }
  return hosts.split(",").map((host) => `${before}${host}${behind}`);
}

const hostOf = (url: string): string => /^[^/]*\/\/(?:[^@/]*@)?([^/?#]*)/.exec(url)?.[1] ?? "the server";

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of a name with several addresses the driver gathers an error for each.
  return error instanceof AggregateError ? error.errors.map(messageOf).join(", ") : error.message;
}
