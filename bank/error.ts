/** What fails at the bank; what the rules of an account refuse is no failure but an answer's status (`command.ts`). */

export type BankErrorCode =
  /** An amount, a currency, or another word that is not what is wanted. */
  | "AMOUNT"
  | "CURRENCY"
  | "INPUT"
  /** Whoever asks has not said who they are, or may not. */
  | "LOGIN"
  | "FORBIDDEN"
  /** An ATM whose key the bank does not know, or does not trust any more. */
  | "NOT_ENROLLED"
  | "REVOKED"
  /** Of one session or address, in too short a time. */
  | "TOO_MANY"
  /** The store is full, busy beyond its bound, damaged, or its database cannot be reached: nothing was committed, … */
  | "STORE"
  /** … or whether it was is not known: the same key is to be asked again. */
  | "UNKNOWN"
  /** Another server of the bank has taken over. */
  | "EPOCH";

export class BankError extends Error {
  readonly code: BankErrorCode;

  constructor(code: BankErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
