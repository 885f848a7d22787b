/** Commands and answers as text and octets: what a digest is made of, what a store keeps, what crosses from thread to thread. */
import { createHash } from "node:crypto";
import type { AccountAfter, Answer, Command } from "./command.ts";
import { BankError } from "./error.ts";

/** These fields are amounts, written as decimal digits because JSON's numbers end at 2^53. */
const AMOUNTS: ReadonlySet<string> = new Set([
  "amount",
  "overdraft",
  "withdrawalMax",
  "interestMillionths",
  "balance",
  "available",
]);

/** The same text for the same command, whatever the order of its fields was. */
export function encodeCommand(command: Command): string {
  return JSON.stringify(command, (_, value: unknown) => {
    if (typeof value === "bigint") return String(value);
    return isPlain(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value;
  });
}

/** Reads what `encodeCommand` wrote. A document's amounts are text in the document itself, and stay so. */
export function decodeCommand(text: string): Command {
  const plain: unknown = JSON.parse(text);
  const isDocument = isPlain(plain) && plain["kind"] === "set";
  return (isDocument ? plain : JSON.parse(text, withAmounts)) as Command;
}

/** In JSON, written by hand: this is done for every request, and a replacer costs more than all the rest of it. */
export function encodeAnswer(answer: Answer): Uint8Array {
  const { status, entry, amount, accounts, isFlagged, version, atMilliseconds } = answer;
  return Buffer.from(
    `{"status":"${status}","entry":${entry},"amount":${amountText(amount)},"accounts":[${accounts.map(accountText).join(",")}],` +
      `"isFlagged":${isFlagged},"version":${version},"atMilliseconds":${atMilliseconds}}`,
  );
}

const accountText = ({ id, currency, balance, available }: AccountAfter): string =>
  `{"id":${JSON.stringify(id)},"currency":${JSON.stringify(currency)},"balance":"${balance}","available":${amountText(available)}}`;

const amountText = (amount: bigint | null): string => (amount === null ? "null" : `"${amount}"`);

/** Reads what `encodeAnswer` wrote. */
export function decodeAnswer(octets: Uint8Array): Answer {
  return JSON.parse(Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString(), withAmounts) as Answer;
}

/** For the audit trail: the command's kind, and of a document or an account that is changed, which. */
export function whatOf(command: Command): string {
  switch (command.kind) {
    case "set":
      return `set ${command.what} ${command.id}`;
    case "set-account":
      return `set-account ${command.account}`;
    case "open-account":
      return `open-account ${command.account.id}`;
    default:
      return command.kind;
  }
}

/**
 * SHA-256 of the command. Throws BankError "INPUT" where a text in it is half a character (a lone surrogate): no store keeps that as it is, so
 * that the chain over what is kept would not be the one over what was asked.
 */
export function digestOf(command: Command): Uint8Array {
  const text = encodeCommand(command);
  if (text.includes("\\ud") && LONE_SURROGATE.test(text))
    throw new BankError("INPUT", "a text has half a character in it, which is no Unicode");
  return createHash("sha256").update(text).digest();
}

/** As JSON writes it, and nothing else so; a backslash before it is itself written as two. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

const KEY = /^[\x21-\x7e]{1,80}$/;

/** Throws BankError "INPUT". */
export function checkKey(key: string): void {
  if (!KEY.test(key)) throw new BankError("INPUT", "an idempotency key is 1 to 80 visible ASCII characters");
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1);

function withAmounts(name: string, value: unknown): unknown {
  return AMOUNTS.has(name) && typeof value === "string" ? BigInt(value) : value;
}
