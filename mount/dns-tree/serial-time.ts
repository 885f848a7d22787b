/** When a zone was changed, as far as its serial tells: many are dates (YYYYMMDDnn, RFC 1912 §2.2) or times. */
import type { FileTime } from "../file-system.ts";

const DAY_SECONDS = 86_400;
/** Before 1987 there were no zones. */
const FIRST_SECONDS = 536_457_600;

/** The serial's own time where it can be one, not after now; else now, when it was first seen. */
export function serialTime(serial: number, nowSeconds: number): FileTime {
  const day = daySeconds(serial);
  // A revision is a second, so that each has a time of its own.
  const told = day === null ? serial : day + (serial % 100);
  const isTime = told >= FIRST_SECONDS && told <= nowSeconds;
  return { seconds: isTime ? told : nowSeconds, nanoseconds: 0 };
}

/** Seconds since 1970 of the day in YYYYMMDDnn, or null when it is none. By days of the civil calendar, since only the clock's owner knows Date. */
function daySeconds(serial: number): number | null {
  const year = Math.floor(serial / 1_000_000);
  const month = Math.floor(serial / 10_000) % 100;
  const day = Math.floor(serial / 100) % 100;
  if (year < 1987 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31) return null;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * DAY_SECONDS;
}
