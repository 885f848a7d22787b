/** What the HTTP side of a bank is handed. */
import type { Clock, Log, Random } from "../../base/index.ts";
import type { Currency } from "../money.ts";
import type { Ledger, LedgerReader, Verdict } from "../store.ts";
import type { KnownAccounts } from "./account-facts.ts";
import type { AtmKeys } from "./atm-signature.ts";
import type { Pins } from "./pins.ts";
import type { Rates } from "./rates.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

export interface BankParts {
  /** Its name, such as firstbank.com. */
  readonly bank: string;
  readonly ledger: Ledger;
  readonly reader: LedgerReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 32 octets that only servers of the bank know. */
  readonly serverKey: Uint8Array;
  /** The currencies it keeps accounts in; the first where none is said. */
  readonly currencies: readonly Currency[];
  /** Who may open accounts and enrol ATMs without being a member of staff: programs on this machine, or nobody. */
  readonly counter: "loopback" | "off";
  readonly limits?: Partial<Limits>;
  /** What all threads of a server count in (`newRates`); not given: this one counts by itself. */
  readonly rates?: SharedArrayBuffer;
  /** Works the books out again, without standing in the way of other requests; not given: by the reader. */
  readonly verify?: () => Promise<Verdict>;
}

export interface Limits {
  /** What a teller may move alone, in whole units of a currency. */
  readonly tellerMax: string;
  /** What one advice of an ATM may book on a holder's account, in whole units of a currency; more waits on `suspense`. */
  readonly adviceMax: string;
  /** Of one session, or of one address where there is none, on all threads of a server. */
  readonly requestsPerSecondMax: number;
  /** From the first octet of a request to its last. */
  readonly requestMillisecondsMax: number;
}

export const LIMITS: Limits = {
  tellerMax: "5000",
  adviceMax: "1000",
  requestsPerSecondMax: 1000,
  requestMillisecondsMax: 10_000,
};

/** What every route works with. */
export interface Desk extends Omit<BankParts, "limits" | "rates"> {
  readonly limits: Limits;
  readonly rates: Rates;
  readonly verify: () => Promise<Verdict>;
  readonly tokens: Tokens;
  readonly pins: Pins;
  readonly sessions: Sessions;
  readonly atmKeys: AtmKeys;
  readonly accounts: KnownAccounts;
}
