/** Amounts of money: whole minor units as bigint, beside a currency (ISO 4217); text only at the edges. */
import { BankError } from "./error.ts";

/** ISO 4217 code and the digits of its minor unit. A currency that begins with a small `u` counts millionths of a minor unit (interest). */
export type Currency = string;

/** Minor-unit digits (ISO 4217 table A.1) of the currencies that a bank may keep books in. */
const DIGITS: Readonly<Record<string, number>> = {
  ...{ AUD: 2, BRL: 2, CAD: 2, CHF: 2, CNY: 2, CZK: 2, DKK: 2, EUR: 2, GBP: 2, HKD: 2, INR: 2, JPY: 0, KRW: 0 },
  ...{ KWD: 3, MXN: 2, NOK: 2, NZD: 2, PLN: 2, SEK: 2, SGD: 2, TND: 3, TRY: 2, USD: 2, ZAR: 2 },
};

/** Above what any one command may move; the sums of a bank stay far below the 63 bits that stores have. */
export const AMOUNT_MAX = 10n ** 15n;
/** Millionths in a minor unit. */
export const MILLIONTHS = 1_000_000n;

export const isCurrency = (text: string): boolean => Object.hasOwn(DIGITS, text);

/** The currency in which interest on that one accrues. */
export const accrualCurrency = (currency: Currency): Currency => `u${currency}`;

/** `12.30` of a currency with two digits is 1230. Throws BankError "AMOUNT". */
export function parseAmount(text: string, currency: Currency): bigint {
  const digits = digitsOf(currency);
  const [, units = "", fraction = ""] = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (/^\d{16,}(\.\d*)?$/.test(text)) throw tooMuch(text);
  if (units === "") {
    throw new BankError("AMOUNT", `"${text}" is no amount: digits are wanted, such as 50 or 12.30`);
  }
  if (fraction.length > digits) {
    throw new BankError(
      "AMOUNT",
      `"${text}" is finer than ${currency} goes: at most ${digits} digits behind the point`,
    );
  }
  const amount = BigInt(units + fraction.padEnd(digits, "0"));
  if (amount > AMOUNT_MAX) throw tooMuch(text);
  return amount;
}

const tooMuch = (text: string): BankError => new BankError("AMOUNT", `"${text}" is more than one command may move`);

/** 1230 of a currency with two digits is `12.30`. */
export function formatAmount(amount: bigint, currency: Currency): string {
  const digits = currency.startsWith("u") ? 0 : digitsOf(currency);
  const sign = amount < 0n ? "-" : "";
  const text = String(amount < 0n ? -amount : amount).padStart(digits + 1, "0");
  const point = text.length - digits;
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}

function digitsOf(currency: Currency): number {
  const digits = Object.hasOwn(DIGITS, currency) ? DIGITS[currency] : undefined;
  if (digits === undefined) {
    throw new BankError("CURRENCY", `"${currency}" is no currency of this bank: ${Object.keys(DIGITS).join(", ")}`);
  }
  return digits;
}
