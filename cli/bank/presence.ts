/**
 * A bank server in the name space: it waits until no other is the bank's primary, is registered under a lease for as long as its books can be
 * written, and ends its term when another has taken over.
 */
import { sleep, systemClock, systemRandom } from "../../base/index.ts";
import { BankError, type BankServer, type ChainHead, epochOfBooks, reachBooks } from "../../bank/index.ts";
import type { TsigKey } from "../../dns/index.ts";
import type { Endpoint } from "../../net/index.ts";
import { WorkError } from "../failure.ts";
import type { Output } from "../output.ts";
import { Registration } from "../registration.ts";
import { UpdateSender } from "../update-sender.ts";
import { type BankName, type Epoch, registeredLines, withdrawalLines } from "./naming.ts";

const TIMEOUT_MILLISECONDS = 3000;
/** The head of the chain is told this often at most. */
const HEAD_MILLISECONDS = 10_000;
/** From one look at which server is the primary, and at whether the books can be written, to the next. */
const LOOK_MILLISECONDS = 1000;

export interface StartedBank {
  readonly server: BankServer;
  readonly name: BankName;
}

/** Where and as whom it registers. */
export interface Naming {
  readonly primary: Endpoint;
  readonly key: TsigKey | null;
  readonly leaseSeconds: number;
  readonly epoch: Epoch;
}

interface Beginning {
  /** Without waiting for who is the primary now. */
  readonly isAtOnce: boolean;
  /** Whoever cannot be asked is asked again, also at first: it was there before. */
  readonly isPatient: boolean;
  /** The books, which may know a later epoch than the name space. */
  readonly database: string;
  readonly output: Output;
  readonly stop: AbortSignal;
}

/**
 * Waits until no other server of the bank is registered and its books can be written, and takes the next epoch. False: it was stopped meanwhile.
 * What cannot be asked at first is an error of whoever started it; later it is waited for. Throws WorkError, and BankError "STORE".
 */
export async function becomePrimary(epoch: Epoch, beginning: Beginning): Promise<boolean> {
  const { output, stop } = beginning;
  let { isPatient } = beginning;
  let told = "";
  for (;;) {
    let why: string | null;
    try {
      why = await takeEpoch(epoch, beginning);
      if (why === null) return true;
    } catch (error) {
      const isOfOthers = error instanceof WorkError || (error instanceof BankError && error.code === "STORE");
      if (!isOfOthers || !isPatient) throw error;
      why = error.message;
    }
    isPatient = true;
    if (why !== told && why !== "") output.note(why);
    told = why;
    if (!(await paused(stop))) return false;
  }
}

/** Null when it has the epoch; else what it waits for. */
async function takeEpoch(epoch: Epoch, { isAtOnce, database }: Beginning): Promise<string | null> {
  const other = isAtOnce ? null : await epoch.otherServer();
  if (other !== null) return `${other} is the bank's server now: this one waits until it is gone`;
  // Who cannot write is no better than who has gone.
  await reachBooks(database, systemClock);
  // Others may want it at the same moment: whoever gets it is the primary.
  return (await epoch.take(await epochOfBooks(database, systemClock))) ? null : "";
}

/** False when it was stopped. */
async function paused(stop: AbortSignal): Promise<boolean> {
  try {
    await sleep(systemClock, LOOK_MILLISECONDS, stop);
    return true;
  } catch {
    return false; // Nothing but the signal ends the wait.
  }
}

/**
 * Registers; until the signal its records are renewed, then they are withdrawn. They are withdrawn as well for as long as the books cannot be
 * written: whoever waits and reaches them is then the better server.
 */
export async function registerBank(
  { server, name }: StartedBank,
  { primary, key, leaseSeconds, epoch }: Naming,
  { output, stop }: { readonly output: Output; readonly stop: AbortSignal },
): Promise<{ readonly kept: Promise<void>; readonly over: Promise<void> }> {
  const sender = new UpdateSender({
    server: primary,
    zone: null,
    lease: { seconds: leaseSeconds, keySeconds: null },
    key,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  const head = new LatestHead(server);
  const books = new BooksWatch(server, { limitMilliseconds: 1000 * leaseSeconds, output });
  void books.keep(stop);
  const registration = await Registration.begin(
    { sender, leaseSeconds, clock: systemClock, random: systemRandom },
    {
      lines: () => (books.areWritten() ? registeredLines(name, head.latest()) : withdrawalLines(name)),
      withdrawal: () => withdrawalLines(name),
      onMoved: () => undefined,
      onTrouble: (message) => output.note(`not renewed: ${message}`),
    },
  );
  // What cannot be withdrawn ends with its lease.
  const kept = registration.keep(stop).catch((error: unknown) => {
    if (!(error instanceof WorkError)) throw error;
    output.note(`not withdrawn: ${error.message}`);
  });
  return { kept, over: untilOver(epoch, stop) };
}

/** Resolves when another server has a later epoch, or the signal has come. */
async function untilOver(epoch: Epoch, stop: AbortSignal): Promise<void> {
  while (await paused(stop)) {
    try {
      if (await epoch.isOver()) return;
    } catch (error) {
      // Who cannot be asked says nothing; the books themselves refuse a server whose epoch is over.
      if (!(error instanceof WorkError)) throw error;
    }
  }
}

/** Where the chain ends, looked up now and then. */
class LatestHead {
  readonly #server: BankServer;
  #head: ChainHead | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(server: BankServer) {
    this.#server = server;
  }

  latest(): ChainHead | null {
    if (systemClock.now() - this.#askedAt >= HEAD_MILLISECONDS) {
      this.#askedAt = systemClock.now();
      this.#server.head().then(
        (head) => (this.#head = head),
        () => undefined, // It is asked for again; what was told before stands meanwhile.
      );
    }
    return this.#head;
  }
}

interface BooksWatchParts {
  readonly limitMilliseconds: number;
  readonly output: Output;
}

/** Whether the books could be written within the last lease. */
class BooksWatch {
  readonly #server: BankServer;
  readonly #parts: BooksWatchParts;
  #writtenAt = systemClock.now();
  #wereWritten = true;

  constructor(server: BankServer, parts: BooksWatchParts) {
    this.#server = server;
    this.#parts = parts;
  }

  areWritten(): boolean {
    return this.#wereWritten;
  }

  async keep(stop: AbortSignal): Promise<void> {
    let isAsking = false;
    while (await paused(stop)) {
      this.#look();
      // A database that is silent keeps one question waiting, not one a second.
      if (isAsking) continue;
      isAsking = true;
      void this.#server.canWrite().then((can) => {
        if (can) this.#writtenAt = systemClock.now();
        isAsking = false;
      });
    }
  }

  #look(): void {
    const { limitMilliseconds, output } = this.#parts;
    const are = systemClock.now() - this.#writtenAt < limitMilliseconds;
    if (are === this.#wereWritten) return;
    this.#wereWritten = are;
    if (are) output.note("the books can be written again: this server is registered again");
    else
      output.note(
        "the books cannot be written: until they can, this server is not registered, and another may take over",
      );
  }
}
