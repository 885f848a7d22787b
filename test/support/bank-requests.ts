/**
 * Requests to a bank as they may come: every kind of command, on accounts that there are and that there are not, with amounts that are
 * wrong, keys that come again with the same command or another, reversals that come first, holds that end twice.
 */
import type { SeededRandom } from "../../base/index.ts";
import { type AccountState, type Command, internalAccount, internalOf, type LedgerRequest } from "../../bank/index.ts";
import type { Movement, NewAccount } from "../../bank/index.ts";

const HOLDERS = ["ada", "bob", "eve"];
const CUSTOMERS = Array.from({ length: 6 }, (_, i) => `100000000${i}`);
const CARDS = ["4000000000000002", "4000000000000010"];
const CASH = "atm:a1:USD";
const COUNTER = internalAccount("counter", "USD");
const REASONS: readonly Movement["reason"][] = ["deposit", "withdrawal", "transfer", "bill", "adjustment"];
const STATES: readonly AccountState[] = ["open", "open", "open", "blocked", "closed"];
const DAY_SECONDS = 86_400;

export class RequestGenerator {
  readonly #random: SeededRandom;
  readonly #sent: LedgerRequest[] = [];
  #count = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What a bank has before anything else; not at random. */
  opening(): LedgerRequest[] {
    const accounts = [COUNTER, CASH, internalAccount("interest", "USD"), internalAccount("fees", "EUR")];
    const commands: Command[] = [
      ...accounts.map((id): Command => ({ kind: "open-account", account: internalOf(id, id.slice(-3)) })),
      ...CUSTOMERS.map((id): Command => ({ kind: "open-account", account: this.#account(id) })),
      ...CUSTOMERS.map((id): Command => {
        const movement = { ...this.#movement(), debit: COUNTER, credit: id, amount: 1_000_000n, card: null };
        return { kind: "transfer", movement: { ...movement, reason: "opening" } };
      }),
      ...CARDS.map((id, i): Command => ({ kind: "set", what: "card", id, ifVersion: 0, value: card(CUSTOMERS[i]!) })),
    ];
    return commands.map((command) => this.#request(command));
  }

  /** At that moment, which the days of interest depend on. */
  next(nowSeconds: number): LedgerRequest {
    const roll = this.#random.below(100);
    if (roll < 5 && this.#sent.length > 0) return this.#random.pick(this.#sent);
    const command = this.#command(Math.floor(nowSeconds / DAY_SECONDS), nowSeconds * 1000);
    if (roll < 8 && this.#sent.length > 0) return { ...this.#random.pick(this.#sent), command };
    return this.#request(command);
  }

  #request(command: Command): LedgerRequest {
    const request = { key: `k${++this.#count}`, command, by: "teller:ted" };
    this.#sent.push(request);
    if (this.#sent.length > 400) this.#sent.shift();
    return request;
  }

  #command(day: number, atMilliseconds: number): Command {
    const random = this.#random;
    const roll = random.below(100);
    if (roll < 40) return { kind: "transfer", movement: this.#movement() };
    if (roll < 46) return { kind: "advice", movement: this.#movement() };
    if (roll < 56) {
      const expiresAtMilliseconds = atMilliseconds + (random.below(40) - 2) * 3_600_000;
      return { kind: "hold", movement: this.#movement(), expiresAtMilliseconds };
    }
    if (roll < 62) return { kind: "capture", hold: this.#key(["hold"]), amount: this.#amount() };
    if (roll < 66) return { kind: "release", hold: this.#key(["hold"]) };
    if (roll < 69) return { kind: "expire", hold: this.#key(["hold"]) };
    if (roll < 77) {
      const amount = random.below(3) === 0 ? this.#amount() : null;
      return { kind: "reverse", of: this.#key(["transfer", "advice", "hold", "capture"]), amount, cause: "68" };
    }
    if (roll < 83) return { kind: "accrue", account: random.pick(CUSTOMERS), day: day - random.below(4) };
    if (roll < 87) return { kind: "pay-interest", account: random.pick(CUSTOMERS), beforeDay: day };
    return roll < 94 ? this.#keeping() : this.#setting();
  }

  #keeping(): Command {
    const random = this.#random;
    const id = random.below(4) === 0 ? `200000000${random.below(9)}` : random.pick(CUSTOMERS);
    const { overdraft, withdrawalMax, interestMillionths } = this.#account(id);
    if (random.below(5) === 0) return { kind: "open-account", account: this.#account(id) };
    const state = random.pick(STATES);
    return { kind: "set-account", account: id, state, overdraft, withdrawalMax, interestMillionths };
  }

  #setting(): Command {
    const random = this.#random;
    const ifVersion = random.below(2) === 0 ? null : random.below(4);
    if (random.below(3) === 0) {
      const state = random.below(4) === 0 ? "blocked" : "active";
      const value = { ...card(random.pick(CUSTOMERS)), state } as const;
      return { kind: "set", what: "card", id: random.pick(CARDS), value, ifVersion: null };
    }
    const value = random.below(4) === 0 ? null : { holder: "ada", name: 'Ünal "&" Söhne\n', account: CUSTOMERS[0]! };
    return { kind: "set", what: "payee", id: `p${random.below(3)}`, value, ifVersion };
  }

  #account(id: string): NewAccount {
    const random = this.#random;
    return {
      id,
      holder: random.pick(HOLDERS),
      kind: random.below(2) === 0 ? "current" : "savings",
      currency: random.below(12) === 0 ? "EUR" : "USD",
      overdraft: BigInt(random.below(3) * 20_000),
      withdrawalMax: random.below(2) === 0 ? null : 50_000n,
      interestMillionths: BigInt(random.below(4) * 12_345),
    };
  }

  #movement(): Movement {
    const random = this.#random;
    const party = (): string =>
      random.below(3) === 0 ? random.pick([COUNTER, CASH, "nobody"]) : random.pick(CUSTOMERS);
    const card = random.below(3) === 0 ? random.pick([...CARDS, "4000000000000028"]) : null;
    const reference = random.pick(["", "rent", '"quoted" \\ \t\n\u0001\u2028 für Zoë 🏦']);
    return { debit: party(), credit: party(), amount: this.#amount(), reason: random.pick(REASONS), reference, card };
  }

  #amount(): bigint {
    const roll = this.#random.below(40);
    if (roll < 2) return BigInt(roll) - 1n;
    return roll === 2 ? 10n ** 21n : BigInt(1 + this.#random.below(90_000));
  }

  /** Of a request of such a kind, or of one that is not there yet. */
  #key(kinds: readonly Command["kind"][]): string {
    const some = this.#sent.filter(({ command }) => kinds.includes(command.kind));
    if (some.length === 0 || this.#random.below(15) === 0) return `k${this.#count + 1 + this.#random.below(6)}`;
    return this.#random.pick(some).key;
  }
}

const card = (account: string) =>
  ({ holder: "ada", account, state: "active", pin: "-", wrongTries: 0, dayMax: "120000" }) as const;
