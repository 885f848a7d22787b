/**
 * The list of service parameters of SVCB and HTTPS (RFC 9460 §2): on the wire in rising order of their keys, in text in
 * any order, each at most once. What a record with a target and a priority means is for those that use it.
 */
import { type RdataTokens, type Token, unescape } from "../text.ts";
import { WireError } from "../wire.ts";
import {
  asciiText,
  DataError,
  type Field,
  readU16,
  type RdataWriter,
  shown,
  STEP_REST,
  whole,
  wrong,
} from "./field.ts";
import { nameEnd } from "./name.ts";
import { ALPN, genericKey, keyFromText, keyToText, MANDATORY, NO_DEFAULT_ALPN, paramKind } from "./service-param.ts";

const EQUALS = 0x3d;
const QUOTE = 0x22;

interface Param {
  readonly key: number;
  readonly value: Uint8Array;
}

export const serviceParams: Field = {
  step: STEP_REST,
  name: null,
  end: paramsEnd,
  format: (octets, at, end) => paramsIn(octets, at, end).map(formatParam).join(" "),
  parse(tokens, out) {
    const params = new Map<number, Uint8Array>();
    for (let token = tokens.next(); token !== null; token = tokens.next()) {
      const { key, value } = parseParam(token, tokens);
      if (params.has(key)) throw wrong(token, `${keyToText(key)} is given twice; once is allowed (RFC 9460 §2.1)`);
      params.set(key, value);
    }
    writeParams(params, out);
  },
  toData: (octets, at, end) =>
    Object.fromEntries(
      paramsIn(octets, at, end).map(({ key, value }) => [keyToText(key), paramKind(key).toData(value)]),
    ),
  fromData(data, out) {
    const members = data === undefined ? {} : data;
    if (typeof members !== "object" || members === null) {
      throw new DataError(`an object with a member for each parameter is wanted, not ${shown(data)}`);
    }
    const params = new Map<number, Uint8Array>();
    for (const [name, value] of Object.entries(members)) {
      const key = keyFromText(name);
      if (key < 0) throw new DataError(`${shown(name)} is no service parameter key`);
      params.set(key, paramKind(key).fromData(value));
    }
    writeParams(params, out);
  },
};

/** What a record's parameters must keep among themselves for a client to use it (RFC 9460 §2.4.3). */
export function verifyServiceText(octets: Uint8Array): string | null {
  const keys = paramsIn(octets, nameEnd(octets, 2, octets.length), octets.length).map(({ key }) => key);
  if (keys.includes(NO_DEFAULT_ALPN) && !keys.includes(ALPN)) {
    return "no-default-alpn leaves no protocol at all unless alpn is given too (RFC 9460 §7.1.1)";
  }
  return null;
}

function paramsEnd(octets: Uint8Array, at: number, end: number): number {
  let from = at;
  let lastKey = -1;
  while (from < end) {
    whole(from, 4, end, "a service parameter");
    const key = readU16(octets, from);
    const next = whole(from + 4, readU16(octets, from + 2), end, "a service parameter");
    if (key <= lastKey) throw new WireError("keys of service parameters do not rise (RFC 9460 §2.2)", from);
    paramKind(key).check(octets.subarray(from + 4, next));
    lastKey = key;
    from = next;
  }
  checkMandatory(octets, at, end);
  return from;
}

/** The keys that are mandatory must be there (RFC 9460 §8). Key 0 can only stand first. */
function checkMandatory(octets: Uint8Array, at: number, end: number): void {
  if (at >= end || readU16(octets, at) !== MANDATORY) return;
  const keys = new Set(paramsIn(octets, at, end).map(({ key }) => key));
  const listEnd = at + 4 + readU16(octets, at + 2);
  for (let from = at + 4; from < listEnd; from += 2) {
    const key = readU16(octets, from);
    if (!keys.has(key)) throw new WireError(`${keyToText(key)} is mandatory but is not given (RFC 9460 §8)`, from);
  }
}

function paramsIn(octets: Uint8Array, at: number, end: number): Param[] {
  const params: Param[] = [];
  let from = at;
  while (from < end) {
    const next = from + 4 + readU16(octets, from + 2);
    params.push({ key: readU16(octets, from), value: octets.subarray(from + 4, next) });
    from = next;
  }
  return params;
}

function formatParam({ key, value }: Param): string {
  const text = paramKind(key).format(value);
  return text === null ? keyToText(key) : `${keyToText(key)}=${text}`;
}

function parseParam(token: Token, tokens: RdataTokens): Param {
  if (token.quoted) throw wrong(token, 'quotes stand around the value alone: alpn="h2,h3" (RFC 9460 §2.1)');
  const equals = token.octets.indexOf(EQUALS);
  const name = asciiText(equals < 0 ? token.octets : token.octets.subarray(0, equals));
  const key = keyFromText(name);
  if (key < 0) {
    const what = "a key such as alpn, port, ipv4hint, in lower case, or keyNNN";
    throw wrong(token, `${shown(name)} is no service parameter; ${what} is wanted (RFC 9460 §2.1)`);
  }
  const text = equals < 0 ? new Uint8Array(0) : unescape(valueToken(token, equals + 1, tokens));
  const kind = paramKind(key);
  const value = genericKey(name) >= 0 ? checked(token, key, text) : kind.parse(text);
  if (value === null) throw wrong(token, `${name} cannot be ${shown(asciiText(text))}; ${kind.wanted} is wanted`);
  return { key, value };
}

function checked(token: Token, key: number, value: Uint8Array): Uint8Array {
  try {
    paramKind(key).check(value);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw wrong(token, `as ${keyToText(key)} these octets are wrong: ${error.message}`);
  }
  return value;
}

/** What stands after `=`; its quotes may have come inside the token or, from a simpler lexer, as a token of their own. */
function valueToken(token: Token, from: number, tokens: RdataTokens): Token {
  const next = tokens.peek();
  if (from === token.octets.length && next !== null && next.quoted && next.start === token.end) {
    tokens.next();
    return next;
  }
  const start = token.start + from;
  const octets = token.octets.subarray(from);
  if (octets[0] !== QUOTE) return { octets, quoted: false, start, end: token.end };
  const close = octets.length - 1;
  // Text right after the closing quote would otherwise become part of the value unseen.
  if (close < 1 || quoteInside(octets) !== close)
    throw wrong(token, "nothing stands right after the quotes of a value");
  return { octets: octets.subarray(1, close), quoted: true, start, end: token.end };
}

function quoteInside(octets: Uint8Array): number {
  for (let at = 1; at < octets.length; at++) {
    if (octets[at] === QUOTE) return at;
    if (octets[at] === 0x5c) at++;
  }
  return -1;
}

function writeParams(params: ReadonlyMap<number, Uint8Array>, out: RdataWriter): void {
  for (const [key, value] of [...params].sort(([a], [b]) => a - b)) {
    out.u16(key);
    out.u16(value.length);
    out.octets(value);
  }
}
