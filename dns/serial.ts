/** Serial number arithmetic on 32 bits (RFC 1982), as SOA serials use it. */

const HALF = 0x8000_0000;

/** Positive when `a` is newer than `b`, negative when older, 0 when equal, null where RFC 1982 §3.2 leaves it undefined. */
export function compareSerials(a: number, b: number): number | null {
  const distance = (a - b) >>> 0;
  if (distance === 0) return 0;
  if (distance === HALF) return null;
  return distance < HALF ? 1 : -1;
}

/** Whether `a` is newer; of two serials exactly half the circle apart neither is. */
export function isNewerSerial(a: number, b: number): boolean {
  return compareSerials(a, b) === 1;
}

/** The next serial. Zero is stepped over because tools in the field read it as "no serial". */
export function nextSerial(serial: number): number {
  return (serial + 1) >>> 0 || 1;
}
