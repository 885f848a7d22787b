/** People at the ATMs of a bank (`crowd-child.ts`), as the test sees them that makes trouble meanwhile. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { atmCash, balanceOf, type LedgerReader } from "../../bank/index.ts";
import type { CrowdAtm, CrowdOutcome, FromCrowd, ToCrowd } from "./crowd-child.ts";

export interface Person {
  readonly card: string;
  readonly pin: string;
}

export interface CrowdPlan {
  readonly state: string;
  readonly resolver: string;
  readonly people: readonly Person[];
  readonly within: readonly string[];
}

/** Longer than any of what happens to a bank keeps it away. */
const LIMIT_MILLISECONDS = 90_000;

export class Crowd implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly outcomes: CrowdOutcome[] = [];
  #atms: readonly CrowdAtm[] = [];
  #isResting = false;
  #onNews: () => void = () => undefined;

  private constructor({ state, resolver, people, within }: CrowdPlan) {
    const file = join(import.meta.dirname, "crowd-child.ts");
    const words = [file, state, resolver, ...people.flatMap(({ card, pin }) => [card, pin])];
    const [command = process.execPath, ...before] = [...within, process.execPath];
    this.#child = spawn(command, [...before, ...words], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    this.#child.on("message", (message: FromCrowd) => {
      if (message.kind === "outcome") this.outcomes.push(message);
      else [this.#atms, this.#isResting] = [message.atms, true];
      this.#onNews();
    });
    this.#child.on("exit", () => this.#onNews());
  }

  /** Resolves when all ATMs are enrolled and filled. */
  static async open(plan: CrowdPlan): Promise<Crowd> {
    const crowd = new Crowd(plan);
    await crowd.#until("the ATMs could not be opened", () => crowd.#isResting);
    return crowd;
  }

  go(): void {
    this.#tell("go");
    this.#isResting = false;
  }

  /** Resolves, to the seconds that it took, when at every ATM so many more have been told what became of what they asked. */
  async goesOn(count = 3): Promise<number> {
    const beganAt = performance.now();
    const before = this.#counts();
    await this.#until("an ATM does not go on", () => {
      const now = this.#counts();
      return this.#atms.every(({ id }) => (now.get(id) ?? 0) >= (before.get(id) ?? 0) + count);
    });
    return (performance.now() - beganAt) / 1000;
  }

  /** All that is under way comes to its end; then notes, journals and books are compared. What is wrong, in words. */
  async rest(reader: LedgerReader): Promise<readonly string[]> {
    this.#isResting = false;
    this.#tell("rest");
    await this.#until("the ATMs do not come to rest", () => this.#isResting);
    const faults = [...(await reader.verify()).faults];
    const expectThat = (what: string, is: bigint, wanted: bigint): void =>
      void (is === wanted || faults.push(`${what} is ${is}, wanted ${wanted}`));
    for (const { id, account, inside, journal, troubles } of this.#atms) {
      faults.push(...troubles);
      const cash = await reader.account(atmCash(id, "USD"));
      expectThat(`the cash in ${id}, as its journal has it,`, journal, inside);
      expectThat(`the cash in ${id}, as the books have it,`, cash === null ? 0n : -balanceOf(cash), inside);
      const held = account === "" ? null : await reader.account(account);
      if (held !== null) expectThat(`account ${account}`, balanceOf(held), OPENING + this.#movedAt(id));
    }
    return [...faults, ...(await this.#wronglyBooked(reader))];
  }

  /** How many were asked again, because what became of them was not known at once. */
  get askedAgain(): number {
    return this.outcomes.filter(({ tries }) => tries > 1).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  #movedAt(id: string): bigint {
    return this.outcomes.reduce((sum, { atm, moved, amount }) => {
      if (atm !== id || moved === null) return sum;
      return moved === "deposit" ? sum + amount : sum - amount;
    }, 0n);
  }

  /** What people were told has one entry, and what they were told was refused has none, or one that was taken back. */
  async #wronglyBooked(reader: LedgerReader): Promise<string[]> {
    const entries = await reader.entries({ from: 1, countMax: 1_000_000 });
    const booked = new Map<string, number>();
    for (const { key } of entries) booked.set(key, (booked.get(key) ?? 0) + 1);
    return this.outcomes.flatMap(({ atm, key, moved }) => {
      const of = `atm:${atm}:${key}`;
      const left = (booked.get(of) ?? 0) - (booked.get(`${of}.reverse`) ?? 0);
      return left === (moved === null ? 0 : 1)
        ? []
        : [`${of} was told ${moved ?? "refused"} and is booked ${left} times`];
    });
  }

  #counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { atm } of this.outcomes) counts.set(atm, (counts.get(atm) ?? 0) + 1);
    return counts;
  }

  #tell(message: ToCrowd): void {
    this.#child.send(message);
  }

  async #until(complaint: string, isSo: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isSo()) resolve();
      else if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        reject(new Error(`${complaint}: they ended`));
    };
    this.#onNews = look;
    const timer = setTimeout(
      () => reject(new Error(`${complaint} within ${LIMIT_MILLISECONDS} ms`)),
      LIMIT_MILLISECONDS,
    );
    look();
    await promise.finally(() => clearTimeout(timer));
  }
}

/** What each account was opened with, in minor units. */
export const OPENING = 100_000n;
