/** Words in which situations of a bank are told (`bank-situations.ts`): its accounts, and commands on them. Amounts are cents. */
import {
  type Answer,
  atmCash,
  type Command,
  internalAccount,
  internalOf,
  type LedgerRequest,
  type Movement,
  type NewAccount,
  type Status,
} from "../../bank/index.ts";

export const [COUNTER, INTEREST, CASH] = [
  internalAccount("counter", "USD"),
  internalAccount("interest", "USD"),
  atmCash("a1", "USD"),
];
/** 2027-01-15, at noon: half a day before the next. */
export const NOON_SECONDS = 1_800_014_400;
export const DAY = NOON_SECONDS / 86_400 - 0.5;
export const HOUR = 3600;

/** Seconds that pass, or what is asked; the n-th that is asked (from 1 on) has the key `sn`. */
type Step = number | Command;

export interface Situation {
  readonly title: string;
  readonly before: readonly Step[];
  readonly command: Command;
  readonly status: Status;
  /** Posted, in the end; accounts that are not named have what they began with. */
  readonly balances: Readonly<Record<string, bigint>>;
  readonly answer: Partial<Answer>;
}

export type Row = readonly [
  title: string,
  before: readonly Step[],
  command: Command,
  status: Status,
  balances?: Readonly<Record<string, bigint>>,
  answer?: Partial<Answer>,
];

export const account = (id: string, more: Partial<NewAccount> = {}): NewAccount => ({
  id,
  holder: "h1",
  kind: "current",
  currency: "USD",
  overdraft: 0n,
  withdrawalMax: null,
  interestMillionths: 0n,
  ...more,
});

export const ACCOUNTS: readonly NewAccount[] = [
  ...[COUNTER, INTEREST, CASH].map((id) => internalOf(id, "USD")),
  account("ada", { withdrawalMax: 20_000n }),
  account("bob", { overdraft: 5_000n }),
  account("sue", { kind: "savings", interestMillionths: 36_500n }),
  account("eva", { currency: "EUR" }),
];
export const BEGINNING: Readonly<Record<string, bigint>> = {
  [COUNTER]: -210_000n,
  ada: 100_000n,
  bob: 10_000n,
  sue: 100_000n,
};

export const move = (debit: string, credit: string, amount: bigint, more: Partial<Movement> = {}): Movement => ({
  ...{ debit, credit, amount, reason: "transfer", reference: "", card: null },
  ...more,
});
export const transfer = (...parts: Parameters<typeof move>): Command => ({
  kind: "transfer",
  movement: move(...parts),
});
export const advice = (...parts: Parameters<typeof move>): Command => ({ kind: "advice", movement: move(...parts) });
export const hold = (...parts: Parameters<typeof move>): Command => ({
  kind: "hold",
  movement: move(...parts),
  expiresAtMilliseconds: (NOON_SECONDS + HOUR) * 1000,
});
export const withdrawal = { reason: "withdrawal" } as const;
export const byCard = { reason: "withdrawal", card: "c1" } as const;
export const change = (id: string, more: Partial<Extract<Command, { kind: "set-account" }>> = {}): Command => ({
  ...{ kind: "set-account", account: id, state: "open", overdraft: 0n, withdrawalMax: null, interestMillionths: 0n },
  ...more,
});
export const card = (state: "active" | "blocked", ifVersion: number | null): Command => {
  const value = { holder: "h1", account: "ada", state, pin: "-", wrongTries: 0, dayMax: "30000" } as const;
  return { kind: "set", what: "card", id: "c1", value, ifVersion };
};
export const removal: Command = { kind: "set", what: "card", id: "c1", value: null, ifVersion: 1 };
export const reverse = (of: string, amount: bigint | null = null): Command => ({
  kind: "reverse",
  of,
  amount,
  cause: "68",
});
export const accrue = (id: string, day: number): Command => ({ kind: "accrue", account: id, day });
export const pay = (id: string, beforeDay: number): Command => ({ kind: "pay-interest", account: id, beforeDay });
export const capture = (key: string, amount: bigint): Command => ({ kind: "capture", hold: key, amount });
export const release = (key: string): Command => ({ kind: "release", hold: key });
export const expire = (key: string): Command => ({ kind: "expire", hold: key });
export const takeOver = (epoch: number): Command => ({ kind: "take-over", epoch });

/** What a bank has before each situation. */
export const OPENING: readonly LedgerRequest[] = [
  ...ACCOUNTS.map((opened): Command => ({ kind: "open-account", account: opened })),
  ...["ada", "bob", "sue"].map((id) => transfer(COUNTER, id, BEGINNING[id]!, { reason: "opening" })),
  card("active", 0),
].map((command, i) => ({ key: `opening-${i}`, command, by: "bank" }));

export const balancesAtFirst = (id: string): bigint => BEGINNING[id] ?? 0n;
export const ACCOUNT_IDS: readonly string[] = ACCOUNTS.map(({ id }) => id);
