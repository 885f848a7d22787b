/**
 * The ledger on PostgreSQL, for a bank that outgrows a machine. Requests that wait together are one transaction; several transactions are
 * under way at once, in the order of the locks that their first statement takes, and their commits share what the disk and the standby cost.
 * Decisions are made in the database (`postgres-procedures.ts`).
 */
import { createHash } from "node:crypto";
import { assert, type Clock, equalOctets } from "../base/index.ts";
import type { Command, LedgerRequest } from "./command.ts";
import { BankError } from "./error.ts";
import { BATCH, SUBMIT } from "./postgres-batch.ts";
import { type Connection, Connections, RolledBack } from "./postgres-connections.ts";
import { KEEPING_COMMANDS } from "./postgres-keeping.ts";
import { MONEY_COMMANDS } from "./postgres-procedures.ts";
import { noBank, PostgresReader } from "./postgres-reader.ts";
import { LOCK_SCHEMA, LOCK_SPACE, SCHEMA, SCHEMA_VERSION, UPGRADE } from "./postgres-schema.ts";
import { decodeAnswer, encodeCommand, whatOf } from "./request-text.ts";
import { blob } from "./rows.ts";
import { digested, type DigestedRequest } from "./sqlite-ledger.ts";
import type { LedgerStore } from "./store.ts";

/** What may wait; beyond it a request is refused at once, with nothing done. */
const WAITING_MAX = 20_000;
/** In one transaction: the locks of many such have room in the server's table (`max_locks_per_transaction`). */
const GROUP_MAX = 64;
const CONNECTIONS = 8;
/** Until then a commit that nobody confirms is waited for. */
const COMMIT_MILLISECONDS = 15_000;
/** All requests are looked at. */
const UPGRADE_MILLISECONDS = 600_000;
const TRIES_MAX = 8;
const TRY_AGAIN_MILLISECONDS = 10;
/** The chain may be behind that long. */
const CHAIN_MILLISECONDS = 200;
const CHAIN_MAX = 2000;

export interface PostgresLedgerParts {
  readonly clock: Clock;
  /** The epoch in which this server became the primary; 0: it never asked. */
  readonly epoch: number;
  /** Transactions under way at once. */
  readonly connections?: number;
}

interface Waiting {
  readonly request: DigestedRequest;
  readonly promise: Promise<Uint8Array>;
  readonly resolve: (octets: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes the tables where there are none. Throws BankError "STORE", or "INPUT" for a URL that is none. */
export async function openPostgresLedger(url: string, parts: PostgresLedgerParts): Promise<PostgresLedger> {
  const connections = new Connections(url, { clock: parts.clock, countMax: 1, needs: "primary" });
  try {
    await connections.use(prepare);
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
    throw new BankError("STORE", `the bank's tables cannot be made there (${error.message})`, { cause: error });
  } finally {
    await connections.close();
  }
  return new PostgresLedger(url, parts);
}

export class PostgresLedger extends PostgresReader implements LedgerStore {
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #connectionsMax: number;
  readonly #underWay = new Map<string, Waiting>();
  #epoch: number;
  #waiting: Waiting[] = [];
  #groups = 0;
  #isDue = false;
  #isChaining = false;
  #isClosed = false;

  constructor(url: string, { clock, epoch, connections = CONNECTIONS }: PostgresLedgerParts) {
    super(url, clock, "primary");
    this.#clock = clock;
    this.#epoch = epoch;
    this.#connectionsMax = connections;
    this.#connections = new Connections(url, { clock, countMax: connections, needs: "primary" });
  }

  async submit(given: LedgerRequest): Promise<Uint8Array> {
    const request = digested(given);
    const before = this.#underWay.get(request.key);
    if (before !== undefined) {
      if (equalOctets(before.request.digest, request.digest)) return before.promise;
      await before.promise.catch(() => undefined);
      return this.submit(given);
    }
    if (this.#isClosed) throw new BankError("STORE", "the store is closed: nothing was done");
    if (this.#underWay.size >= WAITING_MAX) {
      throw new BankError("STORE", "the bank is busy beyond its bound: nothing was done, ask again later");
    }
    const waiting: Waiting = { request, ...Promise.withResolvers<Uint8Array>() };
    this.#underWay.set(request.key, waiting);
    this.#waiting.push(waiting);
    this.#begin();
    return waiting.promise;
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#underWay.values()].map(({ promise }) => promise));
    await Promise.all([this.#connections.close(), super.close()]);
  }

  /** Once all that came together is there. */
  #begin(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      while (this.#waiting.length > 0 && this.#groups < this.#connectionsMax) {
        this.#groups++;
        void this.#finish(this.#waiting.splice(0, GROUP_MAX));
      }
    });
  }

  async #finish(group: readonly Waiting[]): Promise<void> {
    await this.#commit(group);
    this.#groups--;
    if (this.#waiting.length > 0) this.#begin();
    this.#chainSoon();
  }

  /** Answers each of them, whatever happens. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const answers = await this.#connections.use((connection) => this.#ask(connection, group));
        group.forEach((waiting, i) => this.#answer(waiting, answers[i] ?? null));
        return;
      } catch (error) {
        if (!(error instanceof RolledBack)) return this.#fail(group, error);
        if (error.isWorthAnotherTry && tries < TRIES_MAX) await this.#pause(tries * TRY_AGAIN_MILLISECONDS);
        else if (group.length > 1) {
          // One that the database cannot bear is not to take the others with it.
          for (const waiting of group) await this.#commit([waiting]);
          return;
        } else return this.#fail(group, storeError(error));
      }
    }
  }

  async #ask(connection: Connection, group: readonly Waiting[]): Promise<readonly (Uint8Array | null)[]> {
    const requests = group.map(({ request }) => requestText(request)).join(",");
    const { accounts, documents, related } = placesOf(group.map(({ request }) => request.command));
    const atMilliseconds = Math.floor(this.#clock.wallSeconds() * 1000);
    const values = [`[${requests}]`, accounts, documents, related, this.#epoch, atMilliseconds];
    const rows = await connection.query({ name: "submit", text: SUBMIT, values }, COMMIT_MILLISECONDS);
    assert(rows.length === group.length, "an answer for each");
    return rows.map(({ answer = null }) => (answer === null ? null : blob(answer)));
  }

  #answer(waiting: Waiting, octets: Uint8Array | null): void {
    const { key, command } = waiting.request;
    this.#underWay.delete(key);
    if (octets === null) {
      const what = "another server has taken over (a later epoch has begun): this one may not write any more";
      return waiting.reject(new BankError("EPOCH", what));
    }
    // Asked again after an outcome that was not known, it is answered as the first time.
    if (command.kind === "take-over" && decodeAnswer(octets).status === "ok") {
      this.#epoch = Math.max(this.#epoch, command.epoch);
    }
    waiting.resolve(octets);
  }

  #fail(group: readonly Waiting[], error: unknown): void {
    for (const { request, reject } of group) {
      this.#underWay.delete(request.key);
      reject(error);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(milliseconds, resolve);
    return promise;
  }

  #chainSoon(): void {
    if (this.#isChaining || this.#isClosed) return;
    this.#isChaining = true;
    this.#clock.after(CHAIN_MILLISECONDS, () => void this.#chainAll());
  }

  async #chainAll(): Promise<void> {
    try {
      while (!this.#isClosed && (await this.chainSome(CHAIN_MAX)) === CHAIN_MAX);
    } catch (error) {
      // After the next commit it is tried again, and whoever asks for the head sees the error.
      if (!(error instanceof BankError)) throw error;
    } finally {
      this.#isChaining = false;
    }
  }
}

const storeError = (error: RolledBack): BankError =>
  new BankError("STORE", `the database has taken the request back, nothing was done (${error.message})`, {
    cause: error,
  });

function requestText({ key, digest, command, by }: DigestedRequest): string {
  const rest = JSON.stringify({ key, digest: Buffer.from(digest).toString("hex"), what: whatOf(command), by });
  return `${rest.slice(0, -1)},"command":${encodeCommand(command)}}`;
}

interface Places {
  readonly accounts: string[];
  /** Kind and id. */
  readonly documents: string[];
  /** Requests whose accounts are changed once more. */
  readonly related: string[];
}

/** What commands touch, to be locked before. */
function placesOf(commands: readonly Command[]): Places {
  const accounts = new Set<string>();
  const documents = new Set<string>();
  const related = new Set<string>();
  for (const command of commands) {
    switch (command.kind) {
      case "transfer":
      case "advice":
      case "hold":
        accounts.add(command.movement.debit).add(command.movement.credit);
        if (command.movement.card !== null) documents.add(`card ${command.movement.card}`);
        break;
      case "capture":
      case "release":
      case "expire":
        related.add(command.hold);
        break;
      case "reverse":
        related.add(command.of);
        break;
      case "set":
        documents.add(`${command.what} ${command.id}`);
        break;
      case "set-account":
      case "accrue":
      case "pay-interest":
        accounts.add(command.account);
        break;
      case "open-account":
      case "take-over":
    }
  }
  return { accounts: [...accounts], documents: [...documents], related: [...related] };
}

const PROCEDURES = MONEY_COMMANDS + KEEPING_COMMANDS + BATCH;

/** What the procedures are known by, in the database: the first 48 bits of their digest. */
const PROCEDURES_DIGEST = createHash("sha256").update(PROCEDURES).digest().readUIntBE(0, 6);

async function prepare(connection: Connection): Promise<void> {
  const one = async (text: string): Promise<unknown> =>
    (await connection.query({ name: "", text, values: [] }, COMMIT_MILLISECONDS))[0]?.["value"];
  const encoding = await one("SELECT current_setting('server_encoding') AS value");
  if (encoding !== "UTF8") throw new BankError("STORE", "a bank's database is in UTF8, and that one is not");
  await connection.run("BEGIN", COMMIT_MILLISECONDS);
  try {
    await one(`SELECT pg_advisory_xact_lock(${LOCK_SPACE}, ${LOCK_SCHEMA})`);
    if ((await one("SELECT to_regclass('strata.meta')::text AS value")) === null)
      await connection.run(SCHEMA, COMMIT_MILLISECONDS);
    const version = await one("SELECT value FROM strata.meta WHERE name = 'schema'");
    if (version === 1n) await connection.run(UPGRADE, UPGRADE_MILLISECONDS);
    else if (version !== BigInt(SCHEMA_VERSION)) throw noBank(null);
    if ((await one("SELECT value FROM strata.meta WHERE name = 'procedures'")) !== BigInt(PROCEDURES_DIGEST)) {
      await connection.run(PROCEDURES, COMMIT_MILLISECONDS);
      await one(`UPDATE strata.meta SET value = ${PROCEDURES_DIGEST} WHERE name = 'procedures'`);
    }
    await connection.run("COMMIT", COMMIT_MILLISECONDS);
  } catch (error) {
    if (connection.isUsable) await connection.run("ROLLBACK", COMMIT_MILLISECONDS);
    throw error;
  }
}
