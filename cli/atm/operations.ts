/** What a card may do at an ATM, each as one outcome; the command line and the screen both go this way. */
import { systemRandom } from "../../base/index.ts";
import {
  type AccountShown,
  type Answered,
  type CardSession,
  type CashOutcome,
  forgetPin,
  formatAmount,
  judgePin,
  parseAmount,
  rememberPin,
} from "../../bank/index.ts";
import { EXIT } from "../failure.ts";
import { enrolAtm, type OpenAtm } from "./opening.ts";
import { type AtmOutcome, openOutcome, refusedOutcome } from "./outcome.ts";

/** A card in the slot, its PIN right. */
export interface CardInside {
  readonly card: string;
  /** Null: the bank cannot be asked, and the ATM found the PIN right; cash only. */
  readonly session: CardSession | null;
  /** The ATM's. */
  readonly currency: string;
}

/** Throws WorkError. */
export async function logIn(atm: OpenAtm, card: string, pin: string): Promise<Answered<CardSession | null>> {
  const answered = await logInOnline(atm, card, pin);
  const { journal, offlineMax } = atm;
  if (answered.kind === "refused") forgetPin(journal, card);
  if (offlineMax() === 0n || answered.kind === "refused") return answered;
  if (answered.kind === "done") {
    rememberPin(journal, card, pin, systemRandom);
    return answered;
  }
  switch (judgePin(journal, card, pin)) {
    case "right":
      return { kind: "done", value: null };
    case "wrong":
      return { kind: "refused", status: "login", message: "card or PIN is wrong", balance: null };
    default:
      return answered;
  }
}

/** An ATM that the bank does not know any more is enrolled again: no PIN was counted by then. */
async function logInOnline(atm: OpenAtm, card: string, pin: string): Promise<Answered<CardSession>> {
  const first = await atm.bank.login(card, pin);
  if (first.kind !== "refused" || first.status !== "not-enrolled") return first;
  await enrolAtm(atm);
  return atm.bank.login(card, pin);
}

const OFFLINE = { kind: "unreached", why: "the bank cannot be reached" } as const;

/** An earlier try under that key may have been carried out. */
const offline = ({ requests }: OpenAtm, key: string): Exclude<Answered<never>, { kind: "done" | "refused" }> =>
  requests.isOpen(key) ? { ...OFFLINE, kind: "unknown" } : OFFLINE;

export async function balance(atm: OpenAtm, { session }: CardInside, key: string): Promise<AtmOutcome> {
  return outcomeOf(key, session === null ? OFFLINE : await atm.bank.account(session), (shown: AccountShown) => {
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
  { card, session, currency }: CardInside,
  asked: { readonly amount: string; readonly to: string; readonly key: string },
): Promise<AtmOutcome> {
  const { key, amount, to } = asked;
  const { requests } = atm;
  const told = session === null ? offline(atm, key) : await requests.transfer({ ...asked, card, token: session.token });
  return outcomeOf(key, told, (value) => ({
    ...{ ...done(key), ...value, currency },
    message: `${amount} ${currency} to account ${to}; balance ${value.balance ?? "not told"}`,
    more: { amount, to },
  }));
}

export async function statement(atm: OpenAtm, inside: CardInside, key: string): Promise<AtmOutcome> {
  const shown = await balance(atm, inside, key);
  if (shown.exitCode !== EXIT.ok || inside.session === null) return shown;
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
  const { card, session } = inside;
  const { key } = asked;
  if (session === null) return outcomeOf(key, offline(atm, key), () => done(key));
  // Neither the old nor the new one is known to be right until the bank has said so.
  forgetPin(atm.journal, card);
  const changed = await atm.requests.changePin({ ...asked, card, token: session.token });
  if (changed.kind === "done" && atm.offlineMax() > 0n) rememberPin(atm.journal, card, asked.new, systemRandom);
  return outcomeOf(key, changed, () => ({ ...done(key), message: "the PIN is changed" }));
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
  ...{ key, card, currency, token: session?.token ?? null },
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
  const message = `${amount} ${currency} ${what}; ${answer.balance === null ? (answer.message ?? "") : `balance ${answer.balance}`}`;
  return { ...done(key), balance: answer.balance, currency, message, more: { amount, notes } };
}

function outcomeOf<T>(key: string, answered: Answered<T>, show: (value: T) => AtmOutcome): AtmOutcome {
  if (answered.kind === "done") return show(answered.value);
  return answered.kind === "refused" ? refusedOutcome(key, answered, null) : openOutcome(key, answered);
}
