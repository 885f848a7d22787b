/** What a bank keeps beside the books, each under a kind and an id, with a version that grows by each change. */

export interface Holder {
  readonly name: string;
  /** For online banking; a hash as in `pin.ts`, null: none. */
  readonly password: string | null;
}

export interface Card {
  readonly holder: string;
  /** The account it takes from. */
  readonly account: string;
  readonly state: "active" | "blocked";
  /** A hash (`pin.ts`). */
  readonly pin: string;
  /** Whose key changed the PIN last: that request, asked again, is done already. Not given: an earlier version wrote it, or nobody has. */
  readonly pinChange?: string;
  readonly wrongTries: number;
  /** The most it may take in a day, in minor units as decimal digits. */
  readonly dayMax: string;
}

export interface Payee {
  readonly holder: string;
  readonly name: string;
  readonly account: string;
}

export interface StandingOrder {
  readonly holder: string;
  readonly from: string;
  readonly to: string;
  /** Minor units as decimal digits. */
  readonly amount: string;
  readonly reference: string;
  readonly every: "day" | "week" | "month";
  /** Day of the next run, since 1970-01-01 UTC. */
  readonly nextDay: number;
  /** The day of the month it began with, so that the 31st comes back after February. */
  readonly dayOfMonth: number;
  /** What became of the last run. */
  readonly last: string | null;
}

export interface Atm {
  /** Ed25519, SPKI in base64. */
  readonly publicKey: string;
  readonly state: "active" | "revoked";
  readonly currency: string;
  /** Advices up to this sequence number have arrived. */
  readonly sequence: number;
  readonly contactAtMilliseconds: number;
  /** As it was last told: denomination in minor units and count. */
  readonly cassettes: readonly { readonly denomination: string; readonly count: number }[];
}

/** Tellers and auditors. */
export interface Staff {
  readonly name: string;
  readonly role: "teller" | "auditor";
  readonly password: string;
  readonly wrongTries: number;
  readonly state: "active" | "blocked";
}

/** What a teller wants done that needs a second person. */
export interface Proposal {
  readonly by: string;
  readonly state: "open" | "approved" | "declined";
  readonly decidedBy: string | null;
  /** The key and command that are carried out on approval, as `encodeCommand` writes it. */
  readonly key: string;
  readonly command: string;
  readonly about: string;
}

/** A session that was ended before its time; its id is the token's nonce. Of no use once that time has come. */
export interface EndedSession {
  readonly endsAtSeconds: number;
}

export interface Documents {
  readonly holder: Holder;
  readonly card: Card;
  readonly payee: Payee;
  readonly "standing-order": StandingOrder;
  readonly atm: Atm;
  readonly staff: Staff;
  readonly proposal: Proposal;
  readonly "ended-session": EndedSession;
}

export type DocumentKind = keyof Documents;
export const DOCUMENT_KINDS: readonly DocumentKind[] = [
  "holder",
  "card",
  "payee",
  "standing-order",
  "atm",
  "staff",
  "proposal",
  "ended-session",
];
/** Whether one that was removed leaves nothing: its id is never used again, and there are many. Of all others the last version is kept. */
export const leavesNothing = (what: DocumentKind): boolean => what === "ended-session";
export type DocumentOf<K extends DocumentKind> = Documents[K];

export interface Versioned<T> {
  readonly id: string;
  readonly version: number;
  readonly value: T;
}
