/** The pure ledger, by situation. */
import { describe, expect, test } from "vitest";
import { type Account, BankError, balanceOf, decodeAnswer, digested, STATUSES } from "../../bank/index.ts";
import { MemoryLedger } from "../support/memory-ledger.ts";
import { play, SITUATIONS } from "../support/bank-situations.ts";
import { ACCOUNT_IDS, balancesAtFirst, NOON_SECONDS, OPENING, type Situation } from "../support/bank-words.ts";

async function played(situation: Situation) {
  let seconds = NOON_SECONDS;
  const ledger = new MemoryLedger(() => seconds);
  ledger.commit(OPENING.map(digested));
  const octets = await play(
    situation,
    async (request) => {
      const [outcome] = ledger.commit([digested(request)]);
      if (outcome === undefined || outcome instanceof BankError) throw new Error(`no answer: ${outcome?.message}`);
      return outcome;
    },
    (passed) => void (seconds += passed),
  );
  return { ledger, answer: decodeAnswer(octets) };
}

describe("the ledger", () => {
  test.each(SITUATIONS.map((situation) => [situation.title, situation] as const))("%s", async (_title, situation) => {
    const { ledger, answer } = await played(situation);
    expect(answer).toMatchObject({ status: situation.status, ...situation.answer });
    for (const id of [...ACCOUNT_IDS, ...Object.keys(situation.balances)])
      expect([id, balanceOf(ledger.account(id)!)]).toEqual([id, situation.balances[id] ?? balancesAtFirst(id)]);
    expect(totals(ledger.accounts)).toEqual({ USD: 0n, EUR: 0n, ...totalsOfInterest(ledger.accounts) });
    if (answer.status !== "ok") expect([answer.entry, answer.amount, answer.accounts]).toEqual([null, null, []]);
  });

  test("every status that there is comes about in some situation", () => {
    const seen = new Set<string>(SITUATIONS.map(({ status }) => status));
    // What a store says of a key that came before is in the contract of stores.
    expect(STATUSES.filter((status) => !seen.has(status))).toEqual(["key-reused"]);
  });

  test("an answer tells both accounts as they are afterwards, the one that was debited first", async () => {
    const moved = SITUATIONS.find(({ title }) => title === "transfer: a transfer moves")!;
    const { answer } = await played(moved);
    expect(answer.accounts).toEqual([
      { id: "ada", currency: "USD", balance: 99_700n, available: 99_700n },
      { id: "bob", currency: "USD", balance: 10_300n, available: 15_300n },
    ]);
  });

  test("a reversal and the end of a hold name what they belong to", async () => {
    const reversal = await played(SITUATIONS.find(({ title }) => title === "reversal: a part of it")!);
    const capture = await played(SITUATIONS.find(({ title }) => title === "hold: captured whole")!);
    for (const { ledger } of [reversal, capture]) expect(ledger.entries.at(-1)).toMatchObject({ key: "s2", of: "s1" });
    expect(reversal.ledger.entries.at(-1)).toMatchObject({
      reason: "reversal",
      debit: "bob",
      credit: "ada",
      amount: 200n,
    });
  });
});

function totals(accounts: readonly Account[]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const account of accounts) sums[account.currency] = (sums[account.currency] ?? 0n) + balanceOf(account);
  return sums;
}

const totalsOfInterest = (accounts: readonly Account[]): Record<string, bigint> =>
  accounts.some(({ currency }) => currency === "uUSD") ? { uUSD: 0n } : {};
