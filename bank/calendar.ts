/** Days since 1970-01-01 UTC and the dates of the proleptic Gregorian calendar, reckoned without the system's ideas of zones. */

export interface CalendarDate {
  readonly year: number;
  /** From 1 on. */
  readonly month: number;
  /** Of the month, from 1 on. */
  readonly day: number;
}

/** Of four centuries, which are all alike. */
const CYCLE_DAYS = 146_097;
const CYCLE_YEARS = 400;
/** From 0000-03-01, where leap days are at the end of a year, to 1970-01-01. */
const MARCH_OFFSET_DAYS = 719_468;

/** Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil. */
export function dayOfDate({ year, month, day }: CalendarDate): number {
  const shifted = month <= 2 ? year - 1 : year;
  const cycle = Math.floor(shifted / CYCLE_YEARS);
  const yearOfCycle = shifted - cycle * CYCLE_YEARS;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfCycle = yearOfCycle * 365 + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear;
  return cycle * CYCLE_DAYS + dayOfCycle - MARCH_OFFSET_DAYS;
}

/** civil_from_days. */
export function dateOfDay(dayNumber: number): CalendarDate {
  const shifted = dayNumber + MARCH_OFFSET_DAYS;
  const cycle = Math.floor(shifted / CYCLE_DAYS);
  const dayOfCycle = shifted - cycle * CYCLE_DAYS;
  const leaps = Math.floor(dayOfCycle / 1460) - Math.floor(dayOfCycle / 36_524) + Math.floor(dayOfCycle / 146_096);
  const yearOfCycle = Math.floor((dayOfCycle - leaps) / 365);
  const before = 365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100);
  const dayOfYear = dayOfCycle - before;
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfCycle + cycle * CYCLE_YEARS + (month <= 2 ? 1 : 0), month, day };
}

/** `2026-02-28`; null where there is no such day. */
export function parseDate(text: string): number | null {
  const [, year = "", month = "", day = ""] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === "") return null;
  const number = dayOfDate({ year: Number(year), month: Number(month), day: Number(day) });
  return formatDate(number) === text ? number : null;
}

export function formatDate(dayNumber: number): string {
  const { year, month, day } = dateOfDay(dayNumber);
  return `${String(year).padStart(4, "0")}-${pad(month)}-${pad(day)}`;
}

/** RFC 3339, UTC, whole seconds. */
export function formatTime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const day = Math.floor(seconds / 86_400);
  const rest = seconds - day * 86_400;
  return `${formatDate(day)}T${pad(Math.floor(rest / 3600))}:${pad(Math.floor(rest / 60) % 60)}:${pad(rest % 60)}Z`;
}

/** The day of the next run of what runs every so often. The 31st is the last day of a month that has none, and the 31st again after it. */
export function nextRun(
  day: number,
  { every, dayOfMonth }: { readonly every: "day" | "week" | "month"; readonly dayOfMonth: number },
): number {
  if (every !== "month") return day + (every === "day" ? 1 : 7);
  const { year, month } = dateOfDay(day);
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
  const behind = next.month === 12 ? { year: next.year + 1, month: 1 } : { year: next.year, month: next.month + 1 };
  const days = dayOfDate({ ...behind, day: 1 }) - dayOfDate({ ...next, day: 1 });
  return dayOfDate({ ...next, day: Math.min(dayOfMonth, days) });
}

const pad = (number: number): string => String(number).padStart(2, "0");
