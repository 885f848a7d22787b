/** Generated requests to a store and to the plain bank, compared one by one, and all balances in the end. */
import { SeededRandom } from "../../base/index.ts";
import { balanceOf, decodeAnswer, encodeAnswer, type LedgerStore } from "../../bank/index.ts";
import { RequestGenerator } from "./bank-requests.ts";
import { PlainBank } from "./plain-bank.ts";

export interface OracleWork {
  readonly store: LedgerStore;
  readonly seed: number;
  readonly requests: number;
  /** Sets the store's clock. */
  readonly setSeconds: (seconds: number) => void;
}

const AT_ONCE_MAX = 400;

/** Throws at the first difference; says how often each status came about. */
export async function compareWithPlainBank(work: OracleWork): Promise<ReadonlyMap<string, number>> {
  const { store, seed, requests, setSeconds } = work;
  const random = new SeededRandom(seed);
  const generator = new RequestGenerator(random);
  const plain = new PlainBank();
  const statuses = new Map<string, number>();
  let seconds = 1_800_000_000;
  for (let sent = 0; sent < requests;) {
    const group =
      sent === 0
        ? generator.opening()
        : Array.from({ length: 1 + random.below(AT_ONCE_MAX) }, () => generator.next(seconds));
    setSeconds(seconds);
    const answers = await Promise.all(group.map((request) => store.submit(request)));
    group.forEach((request, i) => {
      const wanted = plain.ask(request, seconds * 1000);
      const { atMilliseconds, ...given } = decodeAnswer(answers[i]!);
      statuses.set(given.status, (statuses.get(given.status) ?? 0) + 1);
      if (asText({ ...wanted, atMilliseconds }) === asText({ ...given, atMilliseconds })) return;
      const told = `request ${sent + i} (${request.key}) ${JSON.stringify(request.command, digits)}`;
      throw new Error(
        `${told} was answered ${asText({ ...given, atMilliseconds })}, wanted ${asText({ ...wanted, atMilliseconds })}`,
      );
    });
    sent += group.length;
    seconds += random.below(12_000) - 1000;
  }
  for (const id of plain.accounts) {
    const account = (await store.account(id))!;
    const has = [balanceOf(account), account.debitsPending, account.creditsPending];
    const wants = [plain.balance(id), plain.promised(id, "from"), plain.promised(id, "to")];
    if (has.join() !== wants.join()) throw new Error(`account ${id} has ${has.join()}, wanted ${wants.join()}`);
  }
  return statuses;
}

const asText = (answer: Parameters<typeof encodeAnswer>[0]): string => {
  // In one order, whoever wrote it.
  const { status, entry, amount, accounts, isFlagged, version, atMilliseconds } = answer;
  return Buffer.from(encodeAnswer({ status, entry, amount, accounts, isFlagged, version, atMilliseconds })).toString();
};

const digits = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
