export {
  type Account,
  type AccountKind,
  type AccountState,
  atmCash,
  availableOf,
  balanceOf,
  billerAccount,
  emptyAccount,
} from "./account.ts";
export { accrualAccount, INTERNAL_ROLES, internalAccount, internalOf, type NewAccount } from "./account.ts";
export type { Books, Change, Decision, Hold } from "./books.ts";
export {
  type AccountAfter,
  type AccountChange,
  type Answer,
  type Command,
  type LedgerRequest,
  type Movement,
} from "./command.ts";
export { type Reason, type SetDocument, type Status, STATUSES } from "./command.ts";
export { DAY_MILLISECONDS, dayOf, type Deciding } from "./deciding.ts";
export type {
  Atm,
  Card,
  DocumentKind,
  DocumentOf,
  Documents,
  Holder,
  Payee,
  Proposal,
  Staff,
  StandingOrder,
  Versioned,
} from "./document.ts";
export { openEmbeddedLedger } from "./embedded-ledger.ts";
export { CHAIN_START, chainLink, type Entry } from "./entry.ts";
export { BankError, type BankErrorCode } from "./error.ts";
export { Duties, type DutyParts } from "./duties.ts";
export { decide } from "./ledger.ts";
export {
  CASH_KINDS,
  type CashEntry,
  type CashKind,
  digestOfCash,
  reconcile,
  type Reconciliation,
  type Tally,
  tally,
  type Unmatched,
} from "./reconciliation.ts";
export { dateOfDay, dayOfDate, formatDate, formatTime, nextRun, parseDate } from "./calendar.ts";
export { AMOUNT_MAX, type Currency, formatAmount, isCurrency, parseAmount } from "./money.ts";
export { race, RACE_BEGINNING, RACE_RIGHT, type RaceOutcome } from "./race.ts";
export { type ClosableReader, epochOfBooks, openReader, reachBooks } from "./open-books.ts";
export { openPostgresLedger, type PostgresLedger, type PostgresLedgerParts } from "./postgres-ledger.ts";
export { openPostgresReader, type PostgresReader } from "./postgres-reader.ts";
export {
  checkKey,
  decodeAnswer,
  decodeCommand,
  digestOf,
  encodeAnswer,
  encodeCommand,
  whatOf,
} from "./request-text.ts";
export { type DigestedRequest, digested, GroupCommit, SqliteLedger, type SqliteLedgerParts } from "./sqlite-ledger.ts";
export { SqliteReader } from "./sqlite-reader.ts";
export {
  formatStatement,
  type Statement,
  STATEMENT_FORMATS,
  STATEMENT_TYPES,
  type StatementFormat,
} from "./statement.ts";
export type {
  AuditLine,
  ChainHead,
  Ledger,
  LedgerReader,
  LedgerStore,
  Line,
  LineRange,
  NumberRange,
  Verdict,
} from "./store.ts";
export { type Accrued, type LinkedEntry, verifyBooks, type WholeBooks } from "./verify.ts";
export type { DocumentKept, RequestMade } from "./verify-requests.ts";
export { createBankApp, type TlsIdentity } from "./http/app.ts";
export { sealed, signedText } from "./http/atm-signature.ts";
export {
  createAuthority,
  endOfCertificate,
  type Identity,
  issueCertificate,
  publicKeyDigest,
} from "./http/certificates.ts";
export { isAccountNumber, isCardNumber } from "./http/numbers.ts";
export type { BankParts } from "./http/parts.ts";
export { newRates, Rates } from "./http/rates.ts";
export { type Role, type Session, Tokens } from "./http/tokens.ts";
export { BankServer, type BankServerParts } from "./server.ts";
export { Writer } from "./threads/writer.ts";
export type { DeskTask } from "./threads/desk-work.ts";
export { type BankCall, BankClient, type BankOutcome, type ClientParts, messageIn } from "./client/client.ts";
export { BankFinder, type BankPlace, type FinderParts } from "./client/finder.ts";
export { CallError, type HttpCall, type HttpReply, httpsSender, type SendCall } from "./client/https.ts";
export { type AccountShown, type Answered, AtmBank, type CardSession, type StatementLine } from "./atm/atm-bank.ts";
export { type CardBank, CardRequests, type CardRequestsParts } from "./atm/card-requests.ts";
export {
  type CashAsked,
  type CashBank,
  cashIn,
  CashMachine,
  type CashMachineParts,
  type CountOutcome,
  PATIENCE_SECONDS,
} from "./atm/cash-machine.ts";
export type { CashOutcome, Told } from "./atm/cash-outcome.ts";
export type { CashAnswer, CashEvent, CashOperation, CashState, Cause } from "./atm/cash.ts";
export { AtmIdentity, makeAtmKey } from "./atm/identity.ts";
export type { Advice, AtmJournal, Bins, JournalPage } from "./atm/journal.ts";
export { type Dispenser, type Escrow, handToHand } from "./atm/medium.ts";
export { type Notes, sumOf, withNotes } from "./atm/notes.ts";
export { addLoad, type ChainHeadSeen, closeCutOver, type CutOver, cutOverOf } from "./atm/cut-over.ts";
export { forgetPin, judgePin, rememberPin } from "./atm/offline-pin.ts";
export { SqliteJournal } from "./atm/sqlite-journal.ts";
