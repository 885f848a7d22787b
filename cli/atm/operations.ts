/** What a card may do at an ATM, each as one outcome; the command line and the screen both go this way. */
import {
  type AccountShown,
  type Answered,
  type CardSession,
  type CashOutcome,
  formatAmount,
  parseAmount,
} from "../../bank/index.ts";
import { EXIT } from "../failure.ts";
import { enrolAtm, type OpenAtm } from "./opening.ts";
import { type AtmOutcome, openOutcome, refusedOutcome } from "./outcome.ts";

/** A card in the slot, its PIN right. */
export interface CardInside {
  readonly card: string;
  readonly session: CardSession;
  /** The ATM's. */
  readonly currency: string;
}

/** An ATM that the bank does not know any more is enrolled again: no PIN was counted by then. Throws WorkError. */
export async function logIn(atm: OpenAtm, card: string, pin: string): Promise<Answered<CardSession>> {
  const first = await atm.bank.login(card, pin);
  if (first.kind !== "refused" || first.status !== "not-enrolled") return first;
  await enrolAtm(atm);
  return atm.bank.login(card, pin);
}

export async function balance(atm: OpenAtm, { session }: CardInside, key: string): Promise<AtmOutcome> {
  return outcomeOf(key, await atm.bank.account(session), (shown: AccountShown) => {
    const { account, currency, available } = shown;
    const message = `balance ${shown.balance} ${currency}`;
    return { ...done(key), balance: shown.balance, currency, message, more: { account, available } };
  });
}

export async function withdraw(
  atm: OpenAtm,
  inside: CardInside,
  asked: { readonly amount: string; readonly key: string },
): Promise<AtmOutcome> {
  return cashOutcome(atm, inside, asked, await atm.machine.withdraw(cashAsked(inside, asked)));
}

export async function deposit(
  atm: OpenAtm,
  inside: CardInside,
  asked: { readonly amount: string; readonly key: string },
): Promise<AtmOutcome> {
  return cashOutcome(atm, inside, asked, await atm.machine.deposit(cashAsked(inside, asked)));
}

export async function transfer(
  atm: OpenAtm,
  { session, currency }: CardInside,
  asked: { readonly amount: string; readonly to: string; readonly key: string },
): Promise<AtmOutcome> {
  const { key, amount, to } = asked;
  return outcomeOf(key, await atm.bank.transfer(session, asked), (value) => ({
    ...{ ...done(key), ...value, currency },
    message: `${amount} ${currency} to account ${to}; balance ${value.balance ?? "not told"}`,
    more: { amount, to },
  }));
}

export async function statement(atm: OpenAtm, inside: CardInside, key: string): Promise<AtmOutcome> {
  const shown = await balance(atm, inside, key);
  if (shown.exitCode !== EXIT.ok) return shown;
  return outcomeOf(key, await atm.bank.statement(inside.session), (lines) => {
    const rows = lines.map(({ at, amount, balance: left, reason }) =>
      [at.slice(5, 16).replace("T", " "), amount.padStart(10), left.padStart(10), reason].join("  "),
    );
    return { ...shown, message: [...rows, `${shown.message}`].join("\n"), more: { ...shown.more, lines } };
  });
}

export async function changePin(
  atm: OpenAtm,
  inside: CardInside,
  asked: { readonly old: string; readonly new: string; readonly key: string },
): Promise<AtmOutcome> {
  const changed = await atm.bank.changePin(inside.session, asked);
  return outcomeOf(asked.key, changed, () => ({ ...done(asked.key), message: "the PIN is changed" }));
}

const done = (key: string): AtmOutcome => ({
  exitCode: EXIT.ok,
  status: "ok",
  balance: null,
  key,
  currency: null,
  message: "",
});

/** Throws BankError "AMOUNT". */
const cashAsked = ({ card, session, currency }: CardInside, { key, amount }: { key: string; amount: string }) => ({
  ...{ key, card, currency, token: session.token },
  amount: parseAmount(amount, currency),
});

async function cashOutcome(
  atm: OpenAtm,
  inside: CardInside,
  { key }: { readonly key: string },
  outcome: CashOutcome,
): Promise<AtmOutcome> {
  if (outcome.kind === "unknown" || outcome.kind === "unreached") return openOutcome(key, outcome);
  const { currency } = inside;
  if (outcome.kind === "refused") {
    // The person asks next what there is.
    const { answer } = outcome;
    const shown = answer.balance === null ? (await balance(atm, inside, key)).balance : answer.balance;
    return refusedOutcome(key, { ...answer, balance: shown }, currency);
  }
  const { answer, operation } = outcome;
  const amount = formatAmount(operation.amount, currency);
  const notes = operation.notes.map(({ denomination, count }) => ({
    denomination: formatAmount(denomination, currency),
    count,
  }));
  const what = operation.kind === "withdrawal" ? "taken" : "put in";
  const message = `${amount} ${currency} ${what}; balance ${answer.balance ?? "not told"}`;
  return { ...done(key), balance: answer.balance, currency, message, more: { amount, notes } };
}

function outcomeOf<T>(key: string, answered: Answered<T>, show: (value: T) => AtmOutcome): AtmOutcome {
  if (answered.kind === "done") return show(answered.value);
  return answered.kind === "refused" ? refusedOutcome(key, answered, null) : openOutcome(key, answered);
}
