/** What the HTTP side of a bank is handed. */
import type { Clock, Log, Random } from "../../base/index.ts";
import type { Currency } from "../money.ts";
import type { Ledger, LedgerReader } from "../store.ts";
import type { Pins } from "./pins.ts";
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
}

/** What every route works with. */
export interface Desk extends BankParts {
  readonly tokens: Tokens;
  readonly pins: Pins;
}
