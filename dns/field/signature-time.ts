/**
 * Signature inception and expiration (RFC 4034 §3.2): written as YYYYMMDDHHmmSS in UTC, read as that or as seconds since
 * 1970. The wire's 32 bits are serial numbers (§3.1.5); text always means the years 1970 to 2106, so that the same octets
 * give the same text whatever the day. The calendar is reckoned here because clocks are none of this folder's business.
 */
import { tokenText } from "../text.ts";
import { type Field, readU32, shown, wanted, wrong } from "./field.ts";
import { decimalOf, u32 } from "./number.ts";

const WANTED = "a time as YYYYMMDDHHmmSS or as seconds since 1970, up to 20 characters, before 2106-02-07 06:28:16,";
const DATE_DIGITS = 14;
const DAY_SECONDS = 86_400;

export const signatureTime: Field = {
  ...u32,
  format: (octets, at) => timeToText(readU32(octets, at)),
  parse(tokens, out, label) {
    const token = wanted(tokens, label, WANTED);
    const value = token.octets.length === DATE_DIGITS ? timeFromText(tokenText(token)) : decimalOf(token.octets);
    if (token.quoted || value < 0 || value > 0xffffffff) {
      throw wrong(token, `the ${label} cannot be ${shown(tokenText(token))}; ${WANTED} is wanted`);
    }
    out.u32(value);
  },
};

/** Seconds since 1970 as YYYYMMDDHHmmSS in UTC. */
export function timeToText(time: number): string {
  const ofDay = time % DAY_SECONDS;
  const { year, month, day } = dateOf(Math.floor(time / DAY_SECONDS));
  const parts = [month, day, Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60];
  return String(year) + parts.map((part) => String(part).padStart(2, "0")).join("");
}

/** Seconds since 1970; -1 when it is no time of that form. */
export function timeFromText(text: string): number {
  const parts = [text.slice(0, 4), ...(text.slice(4).match(/../g) ?? [])];
  if (parts.some((part) => [...part].some((digit) => digit < "0" || digit > "9"))) return -1;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  // A leap second counts as the first of the next minute, as in POSIX.
  if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return -1;
  const days = daysTo(year, month, day);
  const date = dateOf(days);
  if (day < 1 || date.month !== month) return -1;
  return days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

/** Days from 1970-01-01 to a date. Years are taken to begin in March, so that the leap day is a year's last. */
function daysTo(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month <= 2 ? month + 9 : month - 3) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function dateOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysTo(year, 1, 1) > days) year--;
  while (daysTo(year + 1, 1, 1) <= days) year++;
  let month = 12;
  while (daysTo(year, month, 1) > days) month--;
  return { year, month, day: days - daysTo(year, month, 1) + 1 };
}
