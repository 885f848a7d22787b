/**
 * A place on earth (RFC 1876): latitude and longitude in thousandths of a second of arc, altitude in centimetres above
 * 100 km below sea level, three lengths as one digit and a power of ten, of centimetres.
 */
import { tokenText, type RdataTokens, type Token } from "../text.ts";
import { WireError } from "../wire.ts";
import { DataError, type Field, readU32, type RdataWriter, shown, STEP_REST, wanted, whole, wrong } from "./field.ts";

const LOC_OCTETS = 16;
const EQUATOR = 2 ** 31;
const ALTITUDE_BASE = 10_000_000;
const DEGREE = 3_600_000;
const LATITUDE_MAX = 90 * DEGREE;
const LONGITUDE_MAX = 180 * DEGREE;
const LENGTH_CENTIMETRES_MAX = 9_000_000_000;
/** Size 1 m, horizontal precision 10 km, vertical precision 10 m (RFC 1876 §3). */
const LENGTH_DEFAULTS = [100, 1_000_000, 1000];

/** Octets of the three lengths and offsets of the three places. */
const LENGTHS_AT = 1;
const LATITUDE_AT = 4;
const LONGITUDE_AT = 8;
const ALTITUDE_AT = 12;

/**
 * Versions other than 0, and a length of zero with a power of ten, get through on the wire, but cannot be written so that
 * they read back the same.
 */
export const location: Field = {
  step: STEP_REST,
  name: null,
  end(octets, at, end) {
    whole(at, 1, end, "a location");
    if (octets[at] !== 0) return end;
    whole(at, LOC_OCTETS, end, "a location");
    for (let i = LENGTHS_AT; i < LATITUDE_AT; i++) {
      if (octets[at + i]! >> 4 > 9 || (octets[at + i]! & 15) > 9) {
        throw new WireError("a length of a location is not two decimal digits (RFC 1876 §2)", at + i);
      }
    }
    if (Math.abs(readU32(octets, at + LATITUDE_AT) - EQUATOR) > LATITUDE_MAX) {
      throw new WireError("a latitude is beyond a pole (RFC 1876 §2)", at + LATITUDE_AT);
    }
    if (Math.abs(readU32(octets, at + LONGITUDE_AT) - EQUATOR) > LONGITUDE_MAX) {
      throw new WireError("a longitude is beyond 180 degrees (RFC 1876 §2)", at + LONGITUDE_AT);
    }
    return at + LOC_OCTETS;
  },
  isWritable: isPlain,
  format(octets, at) {
    const latitude = formatAngle(readU32(octets, at + LATITUDE_AT) - EQUATOR, "N", "S");
    const longitude = formatAngle(readU32(octets, at + LONGITUDE_AT) - EQUATOR, "E", "W");
    const altitude = ((readU32(octets, at + ALTITUDE_AT) - ALTITUDE_BASE) / 100).toFixed(2);
    const lengths = [...octets.subarray(at + LENGTHS_AT, at + LATITUDE_AT)].map(formatLength);
    return `${latitude} ${longitude} ${altitude}m ${lengths.join(" ")}`;
  },
  parse(tokens, out) {
    const latitude = parseAngle(tokens, { name: "latitude", max: LATITUDE_MAX, positive: "N", negative: "S" });
    const longitude = parseAngle(tokens, { name: "longitude", max: LONGITUDE_MAX, positive: "E", negative: "W" });
    const altitude = parseMetres(wanted(tokens, "altitude", "metres such as -2.5m"), "altitude", {
      min: -ALTITUDE_BASE,
      max: 0xffffffff - ALTITUDE_BASE,
    });
    const lengths = LENGTH_DEFAULTS.map((centimetres, i) => {
      const token = tokens.next();
      const range = { min: 0, max: LENGTH_CENTIMETRES_MAX };
      return token === null ? centimetres : parseMetres(token, LENGTH_NAMES[i]!, range);
    });
    write(out, { latitude, longitude, altitude, lengths });
  },
  toData(octets, at, end) {
    if (!isPlain(octets, at)) return Buffer.from(octets.subarray(at, end));
    const [size, horizontalPrecision, verticalPrecision] = [...octets.subarray(at + LENGTHS_AT, at + LATITUDE_AT)].map(
      (code) => centimetresOf(code) / 100,
    );
    return {
      latitude: (readU32(octets, at + LATITUDE_AT) - EQUATOR) / DEGREE,
      longitude: (readU32(octets, at + LONGITUDE_AT) - EQUATOR) / DEGREE,
      altitude: (readU32(octets, at + ALTITUDE_AT) - ALTITUDE_BASE) / 100,
      size,
      horizontalPrecision,
      verticalPrecision,
    };
  },
  fromData(data, out) {
    if (data instanceof Uint8Array) out.octets(data);
    else write(out, placeFromData(data));
  },
};

function isPlain(octets: Uint8Array, at: number): boolean {
  const lengths = octets.subarray(at + LENGTHS_AT, at + LATITUDE_AT);
  return octets[at] === 0 && lengths.every((code) => code === 0 || code >> 4 > 0);
}

interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude: number;
  readonly lengths: readonly number[];
}

const LENGTH_NAMES = ["size", "horizontalPrecision", "verticalPrecision"];

function write(out: RdataWriter, { latitude, longitude, altitude, lengths }: Place): void {
  out.u8(0);
  for (const length of lengths) out.u8(lengthCode(length));
  out.u32(latitude + EQUATOR);
  out.u32(longitude + EQUATOR);
  out.u32(altitude + ALTITUDE_BASE);
}

function placeFromData(data: unknown): Place {
  const members = new Map<string, unknown>(typeof data === "object" && data !== null ? Object.entries(data) : []);
  const number = (name: string, scale: number, fallback?: number): number => {
    const value = members.get(name) ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) throw new DataError(`a number is wanted as ${name}`);
    return Math.round(value * scale);
  };
  const place = {
    latitude: number("latitude", DEGREE),
    longitude: number("longitude", DEGREE),
    altitude: number("altitude", 100, 0),
    lengths: LENGTH_NAMES.map((name, i) => number(name, 100, LENGTH_DEFAULTS[i]! / 100)),
  };
  if (
    Math.abs(place.latitude) > LATITUDE_MAX ||
    Math.abs(place.longitude) > LONGITUDE_MAX ||
    place.altitude < -ALTITUDE_BASE ||
    place.altitude > 0xffffffff - ALTITUDE_BASE ||
    place.lengths.some((length) => length < 0 || length > LENGTH_CENTIMETRES_MAX)
  ) {
    throw new DataError("a place on earth is wanted: degrees up to 90 and 180, metres");
  }
  return place;
}

interface Axis {
  readonly name: string;
  readonly max: number;
  readonly positive: string;
  readonly negative: string;
}

/** `42 21 43.952 N`; minutes and seconds may be left out. Thousandths of a second, negative for S and W. */
function parseAngle(tokens: RdataTokens, axis: Axis): number {
  const what = `degrees, minutes and seconds with ${axis.positive} or ${axis.negative} after them, such as 42 21 43.952 ${axis.positive}`;
  const units = [DEGREE, 60_000, 1000];
  let angle = 0;
  let given = 0;
  for (;;) {
    const token = wanted(tokens, axis.name, what);
    const text = tokenText(token).toUpperCase();
    if (given > 0 && (text === axis.positive || text === axis.negative)) {
      if (angle > axis.max) throw wrong(token, `the ${axis.name} is over ${axis.max / DEGREE} degrees`);
      return text === axis.positive ? angle : -angle;
    }
    const value = given < units.length ? decimalFraction(text, given === 2 ? 3 : 0) : -1;
    const limit = given === 0 ? axis.max / DEGREE : given === 1 ? 59 : 59_999;
    if (token.quoted || value < 0 || value > limit) {
      throw wrong(token, `${shown(tokenText(token))} does not fit the ${axis.name}; ${what} are wanted (RFC 1876 §3)`);
    }
    angle += given === 2 ? value : value * units[given]!;
    given++;
  }
}

function formatAngle(angle: number, positive: string, negative: string): string {
  const size = Math.abs(angle);
  const seconds = ((size % 60_000) / 1000).toFixed(3);
  return `${Math.floor(size / DEGREE)} ${Math.floor(size / 60_000) % 60} ${seconds} ${angle < 0 ? negative : positive}`;
}

/** Centimetres of `-2.5m`; the m may be left out. */
function parseMetres(token: Token, name: string, range: { readonly min: number; readonly max: number }): number {
  const text = tokenText(token);
  const isNegative = text.startsWith("-");
  const size = decimalFraction(text.slice(isNegative ? 1 : 0, /[mM]$/.test(text) ? -1 : undefined), 2);
  const value = isNegative ? -size : size;
  if (token.quoted || size < 0 || value < range.min || value > range.max) {
    const what = `metres from ${range.min / 100} to ${range.max / 100} with at most two decimals are wanted`;
    throw wrong(token, `the ${name} cannot be ${shown(text)}; ${what} (RFC 1876 §3)`);
  }
  return value;
}

/** A decimal number times 10^`decimals`, which it may have after its point at most; -1 for anything else. */
function decimalFraction(text: string, decimals: number): number {
  const point = text.indexOf(".");
  const fraction = point < 0 ? "" : text.slice(point + 1);
  const digits = (point < 0 ? text : text.slice(0, point)) + fraction.padEnd(decimals, "0");
  if (fraction.length > decimals || (point >= 0 && fraction === "") || point === 0 || text === "") return -1;
  return digits.length <= 12 && [...digits].every((digit) => digit >= "0" && digit <= "9") ? Number(digits) : -1;
}

function centimetresOf(code: number): number {
  return (code >> 4) * 10 ** (code & 15);
}

/** The largest digit and power of ten that are not more: RFC 1876 §2 leaves one digit only. */
function lengthCode(centimetres: number): number {
  let power = 0;
  let digit = centimetres;
  while (digit >= 10) {
    digit = Math.floor(digit / 10);
    power++;
  }
  return (digit << 4) | power;
}

function formatLength(code: number): string {
  const centimetres = centimetresOf(code);
  return centimetres % 100 === 0 && centimetres > 0 ? `${centimetres / 100}m` : `${(centimetres / 100).toFixed(2)}m`;
}
