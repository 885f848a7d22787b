/** A bank's books on a medium: what every store does, whatever it is made of. `test/bank/store-contract.ts` says what that means. */
import type { Account } from "./account.ts";
import type { Hold } from "./books.ts";
import type { LedgerRequest, Status } from "./command.ts";
import type { DocumentKind, DocumentOf, StandingOrder, Versioned } from "./document.ts";
import type { Entry } from "./entry.ts";

/**
 * Takes requests. Several at once cost one commit. When a promise is fulfilled its answer (`encodeAnswer`, as octets) is on the disk;
 * the same key with the same command is answered by the same octets.
 */
export interface Ledger {
  /** Throws BankError "STORE" when it is certain that nothing was done, "UNKNOWN" when it is not, "EPOCH" when another server has taken over. */
  submit(request: LedgerRequest): Promise<Uint8Array>;
}

/** An entry as one account sees it. */
export interface Line {
  readonly entry: Entry;
  /** Negative: it was taken. Zero for holds. */
  readonly moved: bigint;
  /** After it. */
  readonly balance: bigint;
}

export interface LineRange {
  /** Inclusive. */
  readonly fromMilliseconds: number;
  /** Exclusive. */
  readonly toMilliseconds: number;
  /** The latest are given, in order. */
  readonly linesMax: number;
}

/** A request as the audit trail has it. */
export interface AuditLine {
  /** In the order in which requests were taken. */
  readonly number: number;
  readonly key: string;
  /** Who asked: a role and a name. */
  readonly by: string;
  /** The command's kind; of a document also which. */
  readonly what: string;
  readonly status: Status;
  readonly entry: Entry | null;
  readonly atMilliseconds: number;
}

/** From a number on, at most so many. */
export interface NumberRange {
  readonly from: number;
  readonly countMax: number;
}

/** Reads what is committed; each call sees one moment. Throws BankError "STORE". */
export interface LedgerReader {
  account(id: string): Promise<Account | null>;
  accountsOf(holder: string): Promise<readonly Account[]>;
  /** Internal ones: with that beginning of their id, such as `atm:`. */
  internalAccounts(beginning: string): Promise<readonly Account[]>;
  lines(account: string, range: LineRange): Promise<readonly Line[]>;
  balanceAt(account: string, beforeMilliseconds: number): Promise<bigint>;
  /** Entries of all accounts, in order. */
  entries(range: NumberRange): Promise<readonly Entry[]>;
  /** What was asked of the bank by anyone, in order. */
  audit(range: NumberRange): Promise<readonly AuditLine[]>;
  hold(key: string): Promise<Hold | null>;
  /** Of that account, by either side, in order of key. */
  holdsOf(account: string): Promise<readonly Hold[]>;
  /** The octets that a request was answered with; null: it is not known. */
  answer(key: string): Promise<Uint8Array | null>;
  document<K extends DocumentKind>(what: K, id: string): Promise<Versioned<DocumentOf<K>> | null>;
  /** Those whose id begins so, in order of id. */
  documents<K extends DocumentKind>(what: K, beginning: string): Promise<readonly Versioned<DocumentOf<K>>[]>;
  /** Standing orders whose next run is on that day or before, the earliest first. */
  ordersDue(day: number, countMax: number): Promise<readonly Versioned<StandingOrder>[]>;
  /** Keys of holds whose time has come. */
  holdsDue(atMilliseconds: number, countMax: number): Promise<readonly string[]>;
  /** Ids of open accounts with interest for which that day has not accrued. */
  accrualsDue(day: number, countMax: number): Promise<readonly string[]>;
  /** Ids of accounts with interest that accrued before that day and was not paid out. */
  paymentsDue(beforeDay: number, countMax: number): Promise<readonly string[]>;
  head(): Promise<ChainHead>;
  /** In which writes are taken. */
  epoch(): Promise<number>;
  /** The chain's link after that many entries; null where there are not so many. */
  linkAt(entries: number): Promise<Uint8Array | null>;
  verify(): Promise<Verdict>;
}

export interface ChainHead {
  readonly entries: number;
  /** 32 octets. */
  readonly link: Uint8Array;
}

/** Whether the books are right; each fault says where. */
export interface Verdict {
  readonly entries: number;
  readonly accounts: number;
  readonly requests: number;
  readonly holdsPending: number;
  readonly head: ChainHead;
  readonly faults: readonly string[];
}

export interface LedgerStore extends Ledger, LedgerReader {
  close(): Promise<void>;
}
