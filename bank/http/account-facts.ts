/** What never changes of an account once it is opened, remembered so that moving its money does not ask the books for it again. */
import type { LedgerReader } from "../store.ts";
import type { Currency } from "../money.ts";

export interface AccountFacts {
  readonly id: string;
  readonly holder: string | null;
  readonly currency: Currency;
}

const KNOWN_MAX = 20_000;

export class KnownAccounts {
  readonly #reader: LedgerReader;
  readonly #known = new Map<string, AccountFacts>();

  constructor(reader: LedgerReader) {
    this.#reader = reader;
  }

  /** Null where there is none yet. */
  async facts(account: string): Promise<AccountFacts | null> {
    const known = this.#known.get(account);
    if (known !== undefined) return known;
    const found = await this.#reader.account(account);
    if (found === null) return null;
    const { id, holder, currency } = found;
    const facts = { id, holder, currency };
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(account, facts);
    return facts;
  }
}
