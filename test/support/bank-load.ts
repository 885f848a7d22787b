/**
 * Clients of a bank that transfer among its accounts while it is being killed. Each asks the same key again until it is told what became
 * of it; what was acknowledged is kept, to be looked for afterwards.
 */
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../../base/index.ts";
import { BankError, type Command, decodeAnswer, internalOf, type Ledger, type LedgerReader } from "../../bank/index.ts";

const HOLDER = "everybody";
const EACH = 10_000n;
/** A bank that stays away longer than that is a fault. */
const PATIENCE_MILLISECONDS = 60_000;

export class BankLoad {
  /** Key → the octets that were acknowledged. */
  readonly acknowledged = new Map<string, string>();
  /** How often an outcome was not known. */
  unknown = 0;
  readonly #random: SeededRandom;
  readonly #accounts: readonly string[];
  #isOver = false;

  constructor(seed: number, accounts: number) {
    this.#random = new SeededRandom(seed);
    this.#accounts = Array.from({ length: accounts }, (_, i) => `a${i}`);
  }

  /** What all accounts hold together, whatever is transferred among them. */
  get total(): bigint {
    return EACH * BigInt(this.#accounts.length);
  }

  async openAccounts(ledger: Ledger): Promise<void> {
    const terms = { holder: HOLDER, kind: "current", currency: "USD", overdraft: 0n } as const;
    const rest = { withdrawalMax: null, interestMillionths: 0n };
    const opening = [internalOf("counter:USD", "USD"), ...this.#accounts.map((id) => ({ id, ...terms, ...rest }))];
    for (const account of opening) await this.#ask(ledger, `open-${account.id}`, { kind: "open-account", account });
    for (const id of this.#accounts) await this.#ask(ledger, `fill-${id}`, transfer("counter:USD", id, EACH));
  }

  /** Until `stop`; resolves when every client has been told the outcome of its last transfer. */
  async run(ledger: Ledger, clients: number, series: string): Promise<void> {
    this.#isOver = false;
    const client = async (index: number): Promise<void> => {
      for (let i = 0; !this.#isOver; i++) {
        const [from, to] = [this.#random.pick(this.#accounts), this.#random.pick(this.#accounts)];
        await this.#ask(ledger, `${series}-${index}-${i}`, transfer(from, to, BigInt(1 + this.#random.below(3000))));
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  }

  stop(): void {
    this.#isOver = true;
  }

  /** What is wrong with a moment's balances; null: nothing, or they could not be read just then. */
  async look(reader: LedgerReader): Promise<string | null> {
    try {
      const accounts = await reader.accountsOf(HOLDER);
      const balances = accounts.map(({ creditsPosted, debitsPosted }) => creditsPosted - debitsPosted);
      const sum = balances.reduce((before, balance) => before + balance, 0n);
      if (sum !== this.total) return `the accounts hold ${sum}, and ${this.total} was put in`;
      return balances.some((balance) => balance < 0n) ? "an account is below zero" : null;
    } catch (error) {
      if (error instanceof BankError && error.code === "STORE") return null;
      throw error;
    }
  }

  /** Keys that were acknowledged and are missing, or answered otherwise now. */
  async lost(reader: LedgerReader): Promise<string[]> {
    const lost: string[] = [];
    for (const [key, told] of this.acknowledged) {
      const octets = await reader.answer(key);
      if (octets === null || Buffer.from(octets).toString() !== told) lost.push(key);
    }
    return lost;
  }

  async #ask(ledger: Ledger, key: string, command: Command): Promise<void> {
    const deadline = performance.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      try {
        const octets = await ledger.submit({ key, command, by: "load" });
        const { status } = decodeAnswer(octets);
        if (!EXPECTED.has(status)) throw new Error(`${key} was answered ${status}`);
        this.acknowledged.set(key, Buffer.from(octets).toString());
        return;
      } catch (error) {
        if (!(error instanceof BankError) || performance.now() > deadline) throw error;
        if (error.code === "UNKNOWN") this.unknown++;
        else if (error.code !== "STORE") throw error;
        await pause(20);
      }
    }
  }
}

const EXPECTED: ReadonlySet<string> = new Set(["ok", "insufficient-funds", "same-account"]);

const transfer = (debit: string, credit: string, amount: bigint): Command => ({
  kind: "transfer",
  movement: { debit, credit, amount, reason: "transfer", reference: "", card: null },
});
