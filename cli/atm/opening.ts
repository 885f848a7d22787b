/** An ATM on this machine: its folder, key and journal, and the bank that it finds by name. */
import { systemClock, systemFiles } from "../../base/index.ts";
import {
  addLoad,
  type Answered,
  AtmBank,
  AtmIdentity,
  type AtmJournal,
  CardRequests,
  CashMachine,
  type Dispenser,
  formatAmount,
  handToHand,
  makeAtmKey,
  type Notes,
  parseAmount,
  SqliteJournal,
  sumOf,
  withNotes,
} from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { type BankConnection, connectBank } from "../bank/connecting.ts";
import { atmFolderOf } from "../bank/folder.ts";
import { UsageError, WorkError } from "../failure.ts";

export interface OpenAtm {
  readonly id: string;
  readonly journal: AtmJournal;
  readonly bank: AtmBank;
  readonly machine: CashMachine;
  readonly requests: CardRequests;
  /** What a card may have while the bank cannot be asked, in minor units; 0: nothing. */
  readonly offlineMax: () => bigint;
  readonly connection: BankConnection;
  close(): void;
}

/** Words that the journal keeps. */
const WORDS = { key: "key", currency: "currency", filled: "filled" } as const;

/** What a new ATM is filled with: units of its currency, and how many notes. */
const FIRST_FILLING: readonly (readonly [units: string, count: number])[] = [
  ["100", 500],
  ["50", 1000],
  ["20", 2000],
  ["10", 1000],
  ["5", 1000],
  ["1", 2000],
];

/** Throws UsageError and BankError "STORE". */
export function openAtm(given: Arguments, signal: AbortSignal, dispenser: Dispenser = handToHand): OpenAtm {
  const id = given.text("id") ?? "";
  if (!/^[a-z0-9-]{1,20}$/.test(id)) {
    throw new UsageError(`--id ${id}: 1 to 20 letters a to z, digits and dashes are wanted, such as atm7`);
  }
  const connection = connectBank(given);
  try {
    return openWith(given, { id, connection, signal, dispenser });
  } catch (error) {
    // Else it would keep the process alive.
    connection.close();
    throw error;
  }
}

interface Opening {
  readonly id: string;
  readonly connection: BankConnection;
  readonly signal: AbortSignal;
  readonly dispenser: Dispenser;
}

function openWith(given: Arguments, { id, connection, signal, dispenser }: Opening): OpenAtm {
  const folder = atmFolderOf(connection.stateFolder, connection.bank, id);
  systemFiles.makeFolder(folder);
  const journal = new SqliteJournal(`${folder}/journal.sqlite`);
  systemFiles.protect(`${folder}/journal.sqlite`);
  const identity = new AtmIdentity(id, keyIn(journal), systemClock);
  const bank = new AtmBank({ client: connection.client, identity, signal });
  const offlineMax = (): bigint => offlineMaxOf(given, journal);
  const here = { journal, bank, clock: systemClock, owner: String(process.pid), isAlive: isProcessAlive };
  const machine = new CashMachine({ ...here, dispenser, escrow: handToHand, offlineMax });
  const requests = new CardRequests(here);
  const close = (): void => {
    connection.close();
    journal.close();
  };
  return { id, journal, bank, machine, requests, offlineMax, connection, close };
}

/** Goes on with what was left undone by whoever stood here before; that key is somebody's at this moment. Says what waits. */
export async function settleAtm(
  { machine, requests }: Pick<OpenAtm, "machine" | "requests">,
  patienceSeconds: number,
  except: string | null = null,
): Promise<readonly string[]> {
  return [...(await machine.settle(patienceSeconds, except)), ...(await requests.settle(patienceSeconds, except))];
}

/** Nothing before the bank has told the currency. */
function offlineMaxOf(given: Arguments, journal: AtmJournal): bigint {
  const text = given.text("offline");
  const currency = journal.change((page) => page.word(WORDS.currency));
  return text === null || currency === null ? 0n : parseAmount(text, currency);
}

/** Two processes that begin at once get the same one. */
function keyIn(journal: AtmJournal): string {
  return journal.change((page) => {
    const found = page.word(WORDS.key);
    if (found !== null) return found;
    const made = makeAtmKey();
    page.setWord(WORDS.key, made);
    return made;
  });
}

/** A process number may be a stranger's by now; then what its owner began is gone on with when that one has ended. */
function isProcessAlive(owner: string): boolean {
  try {
    process.kill(Number(owner), 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The ATM's currency; the first time, it is enrolled and filled. Throws WorkError. */
export async function readyAtm(atm: OpenAtm): Promise<string> {
  const known = atm.journal.change((page) => page.word(WORDS.currency));
  const currency = known ?? (await enrolAtm(atm));
  await fillFirst(atm, currency);
  return currency;
}

/** Changes nothing where the bank knows the ATM with that key. Throws WorkError. */
export async function enrolAtm({ id, bank, journal }: OpenAtm): Promise<string> {
  // Another process of this ATM may enrol it at the same moment: at the second try it finds itself enrolled.
  const first = await bank.enrol(`enrol-${id}`);
  const enrolled = first.kind === "refused" ? await bank.enrol(`enrol-${id}`) : first;
  if (enrolled.kind === "done") {
    const { currency } = enrolled.value;
    journal.change((page) => page.setWord(WORDS.currency, currency));
    return currency;
  }
  if (enrolled.kind !== "refused") throw new WorkError(`nothing was done: ${enrolled.why}`);
  if (enrolled.status === "changed-meanwhile") {
    throw new WorkError(
      `ATM ${id} is enrolled with another key: choose another --id, or have a member of staff revoke that key`,
    );
  }
  throw new WorkError(`the bank does not enrol ATM ${id}: ${enrolled.message}`);
}

/** Until the bank has taken that it was filled, it is told again; an ATM without cash works for all else meanwhile. */
async function fillFirst(atm: OpenAtm, currency: string): Promise<void> {
  const isFilled = atm.journal.change((page) => page.word(WORDS.filled) !== null);
  if (isFilled) return;
  const notes = FIRST_FILLING.map(([units, count]): Notes => ({ denomination: parseAmount(units, currency), count }));
  const told = await loadNotes(atm, { key: `first-load-${atm.id}`, notes, currency });
  if (told.kind === "done") atm.journal.change((page) => page.setWord(WORDS.filled, "yes"));
}

/** The bank is told first: notes that it does not know of are nobody's. */
export async function loadNotes(
  { bank, journal }: OpenAtm,
  { key, notes, currency }: { readonly key: string; readonly notes: readonly Notes[]; readonly currency: string },
): Promise<Answered<null>> {
  const after = journal.change((page) => withNotes(page.cassettes(), notes));
  const amount = formatAmount(sumOf(notes), currency);
  const told = await bank.tellLoad({ key, amount, cassettes: after });
  const load = { key, amount, atSeconds: systemClock.wallSeconds() };
  if (told.kind === "done") journal.change((page) => addLoad(page, load, notes));
  return told;
}
