/** `strata atm`: one operation at an ATM by words, or the screen. */
import { createLog, sleep, systemClock } from "../../base/index.ts";
import { parseAmount, PATIENCE_SECONDS } from "../../bank/index.ts";
import { formatEndpoint } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { freshKey } from "../bank/open.ts";
import { EXIT, UsageError, WorkError } from "../failure.ts";
import type { Output } from "../output.ts";
import { stopSignal } from "../signals.ts";
import { count, cutOver, load, settle } from "./keeping.ts";
import { type OpenAtm, openAtm, readyAtm, settleAtm } from "./opening.ts";
import * as at from "./operations.ts";
import { type AtmOutcome, openOutcome, refusedOutcome, tell } from "./outcome.ts";
import { registerAtm, wishOf } from "./registering.ts";

type CardOperation = "balance" | "withdraw" | "deposit" | "transfer" | "statement" | "pin";

/** With `.reverse` behind it, it is still one that the bank takes. */
const KEY = /^[\x21-\x7e]{1,40}$/;
const SETTLE_MILLISECONDS = 5000;

export async function atm(given: Arguments, output: Output): Promise<number> {
  const operation = given.positional("OPERATION");
  if (operation === null) return (await import("./screen-desk.ts")).atmScreen(given, output);
  const stop = stopSignal();
  const open = openAtm(given, stop);
  try {
    if (operation === "serve") return await serve(given, open, { output, stop });
    const key = keyOf(given);
    const outcome = await operate(given, open, { operation, key }).catch((error: unknown) => absentOutcome(error, key));
    return tell(outcome, given.flag("json"), output);
  } finally {
    open.close();
  }
}

/** Nobody was asked for what was wanted: the bank was not there, or does not have the ATM. */
function absentOutcome(error: unknown, key: string): AtmOutcome {
  if (!(error instanceof WorkError)) throw error;
  const none = { balance: null, key, currency: null };
  return { exitCode: EXIT.unknown, status: "unreached", ...none, message: error.message };
}

async function operate(
  given: Arguments,
  open: OpenAtm,
  { operation, key }: { readonly operation: string; readonly key: string },
): Promise<AtmOutcome> {
  switch (operation) {
    case "load":
      return load(given, open, key);
    case "count":
      return count(given, open, key);
    case "settle":
      return settle(open, key);
    case "cutover":
      return cutOver(open, key);
    default:
      return atTheCard(given, open, {
        operation: CARD_OPERATIONS.find((name) => name === operation) ?? "balance",
        key,
      });
  }
}

/** Found by its name until the signal, it goes on with what was left undone. */
async function serve(
  given: Arguments,
  open: OpenAtm,
  { output, stop }: { readonly output: Output; readonly stop: AbortSignal },
): Promise<number> {
  await readyAtm(open);
  const onTrouble = (message: string): void => output.note(message);
  const registered = await registerAtm(wishOf(given, open, { log: await createLog("warn"), onTrouble }));
  output.result(`ATM ${registered.name} is at ${formatEndpoint(registered.endpoint)}`);
  output.result("ready");
  const settled = settleUntil(open, { output, stop });
  await registered.keep(stop);
  await settled;
  output.result(`ATM ${registered.name} is withdrawn`);
  return EXIT.ok;
}

/** What waits is tried again now and then, and said when it changes. */
async function settleUntil(
  open: OpenAtm,
  { output, stop }: { readonly output: Output; readonly stop: AbortSignal },
): Promise<void> {
  let said = "";
  while (!stop.aborted) {
    const waiting = (await settleAtm(open, PATIENCE_SECONDS)).join("\n");
    if (waiting !== said && waiting !== "") output.note(waiting);
    said = waiting;
    await sleep(systemClock, SETTLE_MILLISECONDS, stop).catch(() => undefined);
  }
}

const CARD_OPERATIONS: readonly CardOperation[] = ["balance", "withdraw", "deposit", "transfer", "statement", "pin"];

interface Words {
  readonly card: string;
  readonly pin: string;
  readonly key: string;
}

async function atTheCard(
  given: Arguments,
  open: OpenAtm,
  { operation, key: chosen }: { readonly operation: CardOperation; readonly key: string },
): Promise<AtmOutcome> {
  const words = { ...wordsOf(given, operation), key: chosen };
  const currency = await readyAtm(open);
  // Before anything is asked of the bank.
  if (["withdraw", "deposit", "transfer"].includes(operation) && parseAmount(amountOf(given), currency) === 0n)
    throw new UsageError(`"${amountOf(given)}": an amount above zero is wanted`);
  const { card, key } = words;
  const session = await logInAgain(given, open, { operation, words });
  if (session.kind === "refused") return refusedOutcome(key, session, currency);
  if (session.kind !== "done") {
    const mayBeDone = wasAsked(open, key) || open.requests.isOpen(key);
    return openOutcome(key, { kind: mayBeDone ? "unknown" : "unreached", why: session.why });
  }
  if (session.value !== null) await settleAtm(open, PATIENCE_SECONDS, key);
  return operateCard(given, { open, operation, inside: { card, session: session.value, currency }, words });
}

/** Where the PIN may have been changed by an earlier try under that key, the new one does as well. */
async function logInAgain(
  given: Arguments,
  open: OpenAtm,
  { operation, words }: { readonly operation: CardOperation; readonly words: Words },
): ReturnType<typeof at.logIn> {
  const { card, pin, key } = words;
  const session = await at.logIn(open, card, pin);
  const mayBeChanged = operation === "pin" && session.kind === "refused" && open.requests.isOpen(key);
  return mayBeChanged ? at.logIn(open, card, textOf(given, "new-pin", "4 to 12 digits")) : session;
}

/** An earlier try under that key may have been carried out, whatever this one comes to. */
const wasAsked = ({ journal }: OpenAtm, key: string): boolean =>
  journal.change((page) => page.operation(key)?.isUnknown ?? false);

interface AtCard {
  readonly open: OpenAtm;
  readonly operation: CardOperation;
  readonly inside: at.CardInside;
  readonly words: Words;
}

function operateCard(given: Arguments, { open, operation, inside, words }: AtCard): Promise<AtmOutcome> {
  const { key, pin } = words;
  switch (operation) {
    case "balance":
      return at.balance(open, inside, key);
    case "statement":
      return at.statement(open, inside, key);
    case "withdraw":
      return at.withdraw(open, inside, { amount: amountOf(given), key });
    case "deposit":
      return at.deposit(open, inside, { amount: amountOf(given), key });
    case "transfer":
      return at.transfer(open, inside, { amount: amountOf(given), to: textOf(given, "to", "an account"), key });
    case "pin":
      return at.changePin(open, inside, { old: pin, new: textOf(given, "new-pin", "4 to 12 digits"), key });
  }
}

function wordsOf(given: Arguments, operation: CardOperation): Omit<Words, "key"> {
  if (operation === "transfer") textOf(given, "to", "an account");
  if (operation === "pin") textOf(given, "new-pin", "4 to 12 digits");
  const [card, pin] = [textOf(given, "card", "16 digits"), textOf(given, "pin", "4 to 12 digits")];
  if (!/^\d{16}$/.test(card)) throw new UsageError(`--card ${card}: 16 digits are wanted`);
  if (!/^\d{4,12}$/.test(pin)) throw new UsageError("--pin: 4 to 12 digits are wanted");
  return { card, pin };
}

function keyOf(given: Arguments): string {
  const key = given.text("key") ?? freshKey();
  if (!KEY.test(key)) throw new UsageError(`--key ${key}: 1 to 40 visible characters are wanted`);
  return key;
}

function amountOf(given: Arguments): string {
  const [amount, extra] = given.positionals("AMOUNT");
  if (amount === undefined) throw new UsageError("the amount is missing, such as 50 or 12.30");
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
  return amount;
}

function textOf(given: Arguments, option: string, what: string): string {
  const text = given.text(option);
  if (text === null) throw new UsageError(`--${option} is missing: ${what}`);
  return text;
}
