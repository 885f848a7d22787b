/** `strata bank open`: an account with a card for a new holder, at the bank's counter. */
import { systemRandom, toHex } from "../../base/index.ts";
import { type BankOutcome, messageIn } from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, WorkError } from "../failure.ts";
import type { Output } from "../output.ts";
import { connectBank } from "./connecting.ts";

const NEVER = new AbortController().signal;

export async function bankOpen(given: Arguments, output: Output): Promise<number> {
  const [holder, pin] = [given.text("holder"), given.text("pin")];
  if (holder === null) throw new UsageError("whose account it is to be is missing: --holder TEXT");
  if (pin === null) throw new UsageError("the card's PIN is missing: --pin PIN, 4 to 12 digits");
  const key = given.text("key") ?? freshKey();
  const [currency, deposit] = [given.text("currency"), given.text("deposit")];
  const body = { holder, pin, ...(currency === null ? {} : { currency }), ...(deposit === null ? {} : { deposit }) };
  const connection = connectBank(given);
  try {
    const outcome = await connection.client.call({ method: "POST", path: "/v1/holders", body, key }, NEVER);
    if (outcome.kind !== "answered" && given.flag("json"))
      output.result(JSON.stringify({ status: outcome.kind, message: outcome.reason, key }, null, 2));
    const told = answerIn(outcome, key);
    if (given.flag("json")) output.result(JSON.stringify({ ...told.body, key }, null, 2));
    else if (told.isDone) {
      const { account, card, balance, currency: kept } = told.body;
      output.result(`account ${String(account)}, card ${String(card)}, balance ${String(balance)} ${String(kept)}`);
    }
    if (!told.isDone) output.note(`${output.notePaint.yellow("strata:")} not opened: ${told.why}`);
    return told.exitCode;
  } finally {
    connection.close();
  }
}

/** Drawn so that nobody draws it again; in hexadecimal, so that it never begins with a dash. */
export const freshKey = (): string => toHex(systemRandom.octets(15));

export interface ToldOutcome {
  readonly isDone: boolean;
  readonly exitCode: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** What was wrong, when it was not done. */
  readonly why: string;
}

/** What became of a request, in exit codes (DESIGN §9). Throws WorkError when that is not known, with the key to ask again. */
export function answerIn(outcome: BankOutcome, key: string): ToldOutcome {
  if (outcome.kind === "unreached") throw new WorkError(`nothing was done: ${outcome.reason}`);
  if (outcome.kind === "unknown") {
    throw new WorkError(`whether it was done is not known (${outcome.reason}): ask again with --key ${key}`);
  }
  const { code } = outcome;
  const body = isRecord(outcome.body) ? outcome.body : {};
  const status = body["status"];
  const why = messageIn(body) ?? (typeof status === "string" ? status : `the bank says ${code}`);
  if (code < 300) return { isDone: true, exitCode: EXIT.ok, body, why: "" };
  const isWrongWords = code === 400 || code === 413 || code === 415;
  return { isDone: false, exitCode: isWrongWords ? EXIT.usage : EXIT.no, body, why };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
