/**
 * A bank server: one thread writes the books, several take requests, and this one sees to what is due by the clock (holds that end,
 * interest). How it is found by name is its caller's.
 */
import type { Clock, Log, Random } from "../base/index.ts";
import { INTERNAL_ROLES, internalAccount, internalOf } from "./account.ts";
import type { LedgerRequest } from "./command.ts";
import { Duties } from "./duties.ts";
import { BankError } from "./error.ts";
import { newRates } from "./http/rates.ts";
import { type ClosableReader, epochOfBooks, openReader } from "./open-books.ts";
import { decodeAnswer } from "./request-text.ts";
import type { ChainHead, Ledger } from "./store.ts";
import type { DeskTask } from "./threads/desk-work.ts";
import { Desks } from "./threads/desks.ts";
import { Writer } from "./threads/writer.ts";

export interface BankServerParts {
  readonly task: Omit<DeskTask, "rates">;
  readonly threads: number;
  /** In which this server is the bank's primary, later than any that the books know; null: the next one, whoever else there is. */
  readonly epoch: number | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** From one look at what is due to the next. */
const ROUND_MILLISECONDS = 1000;

interface Running {
  readonly writer: Writer;
  readonly desks: Desks;
  readonly reader: ClosableReader;
  /** With which it took over. */
  readonly began: LedgerRequest;
}

export class BankServer {
  readonly #parts: BankServerParts;
  readonly #writer: Writer;
  readonly #desks: Desks;
  readonly #reader: ClosableReader;
  readonly ledger: Ledger & { close(): void };
  readonly #duties: Duties;
  readonly #began: LedgerRequest;
  #isClosed = false;
  #round: Promise<void> = Promise.resolve();

  private constructor(parts: BankServerParts, { writer, desks, reader, began }: Running) {
    this.#parts = parts;
    this.#writer = writer;
    this.#desks = desks;
    this.#reader = reader;
    this.#began = began;
    this.ledger = writer.ledger();
    this.#duties = new Duties({ ledger: this.ledger, reader, clock: parts.clock });
    this.#nextRound();
  }

  /** Resolves when it takes requests. Throws BankError "STORE", and "EPOCH" when the books know a later one. */
  static async start(parts: BankServerParts): Promise<BankServer> {
    const { clock, log, task, threads } = parts;
    const epoch = parts.epoch ?? (await epochOfBooks(task.database, clock)) + 1;
    const writer = await Writer.start({ task: { database: task.database, epoch }, clock, log });
    try {
      const began = await begin(writer, { epoch, currencies: task.currencies, run: parts.random.uint32() });
      const reader = await openReader(task.database, clock);
      const desks = await Desks.start({
        task: { ...task, rates: newRates(parts.random) },
        threads,
        writer,
        clock,
        log,
      });
      return new BankServer(parts, { writer, desks, reader, began });
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  get port(): number {
    return this.#desks.port;
  }

  head(): Promise<ChainHead> {
    return this.#reader.head();
  }

  /** Whether a request would be carried out now: asked with one that was, which is answered as it was then. */
  async canWrite(): Promise<boolean> {
    try {
      await this.ledger.submit(this.#began);
      return true;
    } catch (error) {
      if (error instanceof BankError) return false;
      throw error;
    }
  }

  /** Requests under way are answered first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#desks.close();
    await this.#round;
    this.ledger.close();
    await this.#reader.close();
    await this.#writer.close();
  }

  #nextRound(): void {
    this.#parts.clock.after(ROUND_MILLISECONDS, () => {
      if (this.#isClosed) return;
      this.#round = this.#duties
        .round()
        .catch((error: unknown) => {
          if (!(error instanceof BankError)) throw error;
          this.#parts.log.warn({ reason: error.message }, "what is due could not be done; it is tried again");
        })
        .finally(() => this.#nextRound());
    });
  }
}

interface Beginning {
  readonly epoch: number;
  readonly currencies: readonly string[];
  /** Tells this start from every other. */
  readonly run: number;
}

/** From here on no server of an earlier epoch writes; the bank's own accounts are there. */
async function begin(writer: Writer, { epoch, currencies, run }: Beginning): Promise<LedgerRequest> {
  const ledger = writer.ledger();
  try {
    const takeOver: LedgerRequest = {
      ...{ key: `take-over:${epoch}:${run}`, by: "bank" },
      command: { kind: "take-over", epoch },
    };
    const octets = await ledger.submit(takeOver);
    // Two that have the same number, which the name space gives to one alone, are told apart here at the latest.
    if (decodeAnswer(octets).status !== "ok")
      throw new BankError("EPOCH", `epoch ${epoch} is over: another server has taken over`);
    for (const currency of currencies) {
      for (const role of INTERNAL_ROLES) {
        const account = internalOf(internalAccount(role, currency), currency);
        await ledger.submit({ key: `internal:${account.id}`, command: { kind: "open-account", account }, by: "bank" });
      }
    }
    return takeOver;
  } finally {
    ledger.close();
  }
}
