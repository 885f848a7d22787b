/** Account and card numbers: digits, the last of which checks the others (ISO/IEC 7812-1 annex B, Luhn). */
import { createHmac } from "node:crypto";

const ACCOUNT_DIGITS = 10;
const CARD_DIGITS = 16;
/** Ours begin so: an industry digit that no network has. */
const CARD_BEGINNING = "9";

export const isAccountNumber = (text: string): boolean => text.length === ACCOUNT_DIGITS && isChecked(text);
export const isCardNumber = (text: string): boolean => text.length === CARD_DIGITS && isChecked(text);

/** The same for the same seed, so that who asks again gets the one that was opened before. */
export const accountNumber = (key: Uint8Array, seed: string): string =>
  checked(digitsFrom(key, `account ${seed}`, ACCOUNT_DIGITS - 1));

export function cardNumber(key: Uint8Array, seed: string): string {
  return checked(CARD_BEGINNING + digitsFrom(key, `card ${seed}`, CARD_DIGITS - 2));
}

function digitsFrom(key: Uint8Array, seed: string, count: number): string {
  const number = createHmac("sha256", key).update(seed).digest().readBigUInt64BE() % 10n ** BigInt(count);
  return String(number).padStart(count, "0");
}

const checked = (digits: string): string => digits + String((10 - (luhn(`${digits}0`) % 10)) % 10);
const isChecked = (text: string): boolean => /^\d+$/.test(text) && luhn(text) % 10 === 0;

/** Every second digit from the right counts twice, its digits added up. */
function luhn(digits: string): number {
  return [...digits].reverse().reduce((sum, digit, i) => {
    const twice = Number(digit) * (i % 2 === 0 ? 1 : 2);
    return sum + (twice > 9 ? twice - 9 : twice);
  }, 0);
}
