/**
 * The embedded ledger's one writer: requests that wait together are one transaction and one commit. Nobody is answered before that is on
 * the disk.
 */
import type { DatabaseSync } from "node:sqlite";
import { assert, type Clock, equalOctets } from "../base/index.ts";
import type { Command, LedgerRequest } from "./command.ts";
import { BankError } from "./error.ts";
import { decide } from "./ledger.ts";
import { checkKey, digestOf, encodeAnswer, whatOf } from "./request-text.ts";
import { SqliteBooks } from "./sqlite-books.ts";
import { committed, guarded, isSqliteError, openForWriting } from "./sqlite-database.ts";

/** What may wait; beyond it a request is refused at once, with nothing done. */
const WAITING_MAX = 20_000;
/** In one commit: beyond it the first would wait too long. */
const GROUP_MAX = 512;

/** A request with the digest of its command. */
export interface DigestedRequest extends LedgerRequest {
  readonly digest: Uint8Array;
}

export interface SqliteLedgerParts {
  readonly clock: Clock;
  /** The epoch in which this server became the primary; 0: it never asked. */
  readonly epoch: number;
}

export const digested = (request: LedgerRequest): DigestedRequest => {
  checkKey(request.key);
  return { ...request, digest: digestOf(request.command) };
};

/** Synchronous: a thread of its own calls it (`writer.ts`). */
export class SqliteLedger {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #database: DatabaseSync;
  readonly #books: SqliteBooks;
  readonly #sql: ReturnType<typeof statementsOf>;
  #version: unknown;
  #epoch: number;
  #lastMilliseconds: number;

  /** Throws BankError "STORE". */
  constructor(path: string, { clock, epoch }: SqliteLedgerParts) {
    this.#path = path;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#database = openForWriting(path);
    [this.#books, this.#sql, this.#lastMilliseconds] = guarded(path, () => {
      const books = new SqliteBooks(this.#database);
      return [books, statementsOf(this.#database), books.lastMilliseconds()];
    });
  }

  /**
   * All in one commit, which is on the disk when it returns; an outcome for each, octets or why not. Throws BankError "STORE" when nothing was
   * done, "UNKNOWN" when only the next look at the disk can tell.
   */
  commit(group: readonly DigestedRequest[]): (Uint8Array | BankError)[] {
    return guarded(this.#path, () => {
      try {
        return this.#transaction(group);
      } catch (error) {
        if (isSqliteError(error) || error instanceof BankError) throw error;
        // A bug in one is not to take back the others: each is tried by itself.
        return group.map((request) => this.#alone(request));
      }
    });
  }

  #transaction(group: readonly DigestedRequest[]): (Uint8Array | BankError)[] {
    const { begin, commit } = this.#sql;
    const epochBefore = this.#epoch;
    begin.run();
    try {
      this.#lookAtOthers();
      const outcomes = group.map((request) => this.#one(request));
      this.#books.flush();
      committed(this.#path, () => commit.run());
      return outcomes;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#epoch = epochBefore;
      this.#books.forget();
      throw error;
    }
  }

  /** Those before it may be on the disk already, so whatever happens is its outcome alone. */
  #alone(request: DigestedRequest): Uint8Array | BankError {
    try {
      return guarded(this.#path, () => this.#transaction([request])[0]!);
    } catch (error) {
      if (error instanceof BankError) return error;
      return new BankError("STORE", `a bug ended the request: ${String(error)}`, { cause: error });
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Another server may write to the same file, as one that takes over does: what is kept in memory would then be of yesterday. */
  #lookAtOthers(): void {
    const version = this.#sql.version.get()!["data_version"]!;
    if (version === this.#version) return;
    this.#version = version;
    this.#books.forget();
    this.#lastMilliseconds = Math.max(this.#lastMilliseconds, this.#books.lastMilliseconds());
  }

  #one(request: DigestedRequest): Uint8Array | BankError {
    const known = this.#books.request(request.key);
    // A request that a reversal has barred has no digest: whatever it was to be, it is refused.
    if (known !== null && (known.digest.length === 0 || equalOctets(known.digest, request.digest))) return known.answer;
    if (known !== null) return this.#reused();
    const { kind } = request.command;
    if (kind !== "take-over" && this.#books.epoch > this.#epoch) {
      return new BankError(
        "EPOCH",
        `another server has taken over (epoch ${this.#books.epoch}): this one may not write any more`,
      );
    }
    return this.#carryOut(request);
  }

  #carryOut({ key, digest, command, by }: DigestedRequest): Uint8Array {
    // The wall clock may have been set back; the books never go back.
    const atMilliseconds = Math.max(this.#lastMilliseconds, Math.floor(this.#clock.wallSeconds() * 1000));
    this.#lastMilliseconds = atMilliseconds;
    const { answer, changes } = decide({ books: this.#books, key, atMilliseconds }, command);
    for (const change of changes) this.#books.apply(change, atMilliseconds);
    const octets = encodeAnswer(answer);
    this.#books.addRequest({
      key,
      digest,
      answer: octets,
      entry: answer.entry,
      kind: whatOf(command),
      by,
      atMilliseconds,
      card: "movement" in command ? command.movement.card : null,
    });
    if (isTakenOver(command, answer.status)) this.#epoch = command.epoch;
    return octets;
  }

  #reused(): Uint8Array {
    const none = { entry: null, amount: null, accounts: [], isFlagged: false, version: null };
    return encodeAnswer({ status: "key-reused", ...none, atMilliseconds: this.#lastMilliseconds });
  }
}

function statementsOf(database: DatabaseSync) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    /** Another number when somebody else has written. */
    version: database.prepare("PRAGMA data_version"),
  };
}

function isTakenOver(command: Command, status: string): command is Extract<Command, { kind: "take-over" }> {
  return command.kind === "take-over" && status === "ok";
}

interface Waiting {
  readonly request: DigestedRequest;
  readonly resolve: (octets: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers what comes while a commit is under way into the next one. */
export class GroupCommit {
  readonly #ledger: Pick<SqliteLedger, "commit">;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #isDue = false;

  constructor(ledger: Pick<SqliteLedger, "commit">, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  submit(request: DigestedRequest): Promise<Uint8Array> {
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(
        new BankError("STORE", "the bank is busy beyond its bound: nothing was done, ask again later"),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#waiting.push({ request, resolve, reject });
    if (!this.#isDue) {
      this.#isDue = true;
      this.#clock.soon(() => this.#flush());
    }
    return promise;
  }

  #flush(): void {
    this.#isDue = false;
    const group = this.#waiting.splice(0, GROUP_MAX);
    if (this.#waiting.length > 0) {
      this.#isDue = true;
      this.#clock.soon(() => this.#flush());
    }
    try {
      const outcomes = this.#ledger.commit(group.map(({ request }) => request));
      assert(outcomes.length === group.length, "an outcome for each");
      outcomes.forEach((outcome, i) => {
        if (outcome instanceof BankError) group[i]!.reject(outcome);
        else group[i]!.resolve(outcome);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
