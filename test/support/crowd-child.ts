/**
 * A process with ATMs that people stand at the whole time: each the ATM of `strata atm` with a journal of its own, before a drawer whose notes
 * are counted apart from it. Words: the state folder, the resolver, then a card and a PIN for each ATM.
 */
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../../base/index.ts";
import { type CashOutcome, type Dispenser, sumOf } from "../../bank/index.ts";
import { Arguments } from "../../cli/arguments.ts";
import { type OpenAtm, openAtm, readyAtm, settleAtm } from "../../cli/atm/opening.ts";
import { logIn } from "../../cli/atm/operations.ts";
import { atmCommand } from "../../cli/command/atm.ts";

export type ToCrowd = "go" | "rest" | "end";

/** What became of one operation; until it is known the same key is asked again. */
export interface CrowdOutcome {
  readonly kind: "outcome";
  readonly atm: string;
  readonly key: string;
  readonly moved: "withdrawal" | "deposit" | null;
  readonly amount: bigint;
  readonly tries: number;
}

export interface CrowdAtm {
  readonly id: string;
  readonly card: string;
  readonly account: string;
  /** Notes inside, counted; and as its journal has them. */
  readonly inside: bigint;
  readonly journal: bigint;
  readonly troubles: readonly string[];
}

export type FromCrowd = CrowdOutcome | { readonly kind: "resting"; readonly atms: readonly CrowdAtm[] };

/** Between one who is done and the next who has put in the card. */
const BETWEEN_MILLISECONDS = 100;
const NEVER = new AbortController().signal;
const [state, resolver, ...people] = process.argv.slice(2);
const tell = (message: FromCrowd): void => void process.send!(message);

class Stand implements Dispenser {
  readonly #id: string;
  readonly #card: string;
  readonly #pin: string;
  readonly #random: SeededRandom;
  readonly #atm: OpenAtm;
  #session: { readonly token: string; readonly account: string } | null = null;
  #account = "";
  #inside = 0n;
  #next = 0;

  constructor(index: number, card: string, pin: string) {
    [this.#id, this.#card, this.#pin] = [`a${index}`, card, pin];
    this.#random = new SeededRandom(index);
    const values = { bank: "firstbank.com", id: this.#id, state: state!, server: resolver! };
    this.#atm = openAtm(new Arguments(atmCommand, new Map(Object.entries(values)), []), NEVER, this);
  }

  async open(): Promise<void> {
    await readyAtm(this.#atm);
    this.#inside = this.#journal();
  }

  /** One operation, to its end. */
  async serve(): Promise<void> {
    const key = `${this.#id}-${this.#next++}`;
    const kind = this.#random.below(3) === 0 ? "deposit" : "withdrawal";
    const amount = 100n * BigInt(1 + this.#random.below(3));
    for (let tries = 1; ; tries++) {
      const outcome = await this.#try(kind, key, amount);
      if (outcome !== null && (outcome.kind === "ok" || outcome.kind === "refused")) {
        const moved = outcome.kind === "ok" ? kind : null;
        if (moved === "deposit") this.#inside += amount;
        tell({ kind: "outcome", atm: this.#id, key, moved, amount, tries });
        return;
      }
      await pause(BETWEEN_MILLISECONDS);
    }
  }

  async rest(): Promise<CrowdAtm> {
    const troubles = await settleAtm(this.#atm, 0);
    const atm = { id: this.#id, card: this.#card, account: this.#account };
    return { ...atm, inside: this.#inside, journal: this.#journal(), troubles };
  }

  close(): void {
    this.#atm.close();
  }

  present({ notes }: Parameters<Dispenser["present"]>[0]): Promise<"presented"> {
    this.#inside -= sumOf(notes);
    return Promise.resolve("presented");
  }

  awaitTaken(): Promise<"taken"> {
    return Promise.resolve("taken");
  }

  async #try(kind: "withdrawal" | "deposit", key: string, amount: bigint): Promise<CashOutcome | null> {
    if (this.#session === null) {
      const answered = await logIn(this.#atm, this.#card, this.#pin);
      if (answered.kind !== "done" || answered.value === null) return null;
      this.#session = answered.value;
      this.#account = answered.value.account;
    }
    const { machine } = this.#atm;
    const asked = { key, card: this.#card, currency: "USD", amount, token: this.#session.token };
    const outcome = await (kind === "deposit" ? machine.deposit(asked) : machine.withdraw(asked));
    if (outcome.kind !== "refused" || outcome.answer.status !== "login") return outcome;
    this.#session = null;
    return null;
  }

  #journal(): bigint {
    return this.#atm.journal.change((page) => {
      const { deposited, retracted } = page.bins();
      return sumOf(page.cassettes()) + deposited + retracted;
    });
  }
}

const stands = people.flatMap((card, i) => (i % 2 === 0 ? [new Stand(i / 2, card, people[i + 1]!)] : []));
let isGoing = false;
let rounds: Promise<unknown> = Promise.resolve();

async function stand(one: Stand): Promise<void> {
  while (isGoing) {
    await one.serve();
    await pause(BETWEEN_MILLISECONDS);
  }
}

process.on("message", (message: ToCrowd) => {
  isGoing = message === "go";
  if (message === "go") rounds = Promise.all(stands.map(stand));
  else void rounds.then(() => (message === "rest" ? rest() : end()));
});
process.on("disconnect", () => process.exit(0));

async function rest(): Promise<void> {
  tell({ kind: "resting", atms: await Promise.all(stands.map((one) => one.rest())) });
}

function end(): void {
  for (const one of stands) one.close();
  process.exit(0);
}

for (const one of stands) await one.open();
await rest();
