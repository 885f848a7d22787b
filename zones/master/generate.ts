/**
 * $GENERATE, BIND's way to write many like records in one line: `$GENERATE start-stop[/step] owner [TTL] [class] type
 * RDATA`, where `$` stands for the number and `${offset,width,base}` for the number plus an offset in base d, o, x or X, or
 * as nibbles from the last to the first with dots between, n or N (BIND 9 Administrator Reference Manual, "$GENERATE").
 * `$$` is one `$`, and `\$` passes through. Unlike BIND, any type may be generated, and RDATA may have several fields.
 */
import type { Fault } from "./lexer.ts";

/** Steps of one directive at most (DESIGN §8). */
export const GENERATE_STEPS_MAX = 65536;

export interface GenerateRange {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** A piece of a template: text as it stands, or the number in some form. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly offset: number; readonly width: number; readonly base: string };

export type Template = readonly Piece[];

const RULE = "$GENERATE start-stop[/step] owner type RDATA, as in BIND";
const WIDTH_MAX = 127;

/** `1-254` or `0-510/2`. */
export function parseRange(text: string): GenerateRange | Fault {
  const parts = splitRange(text);
  const [start, stop, step] = parts ?? [];
  if (start === undefined || stop === undefined || step === undefined) {
    return fault(`${text} is no range`, "write start-stop or start-stop/step, for example 1-254");
  }
  if (stop < start) return fault(`the range ${text} ends before it begins`, `write ${stop}-${start}`);
  if (step === 0) return fault("a step of 0 never ends", "write a step of 1 or more");
  const steps = Math.floor((stop - start) / step) + 1;
  if (steps > GENERATE_STEPS_MAX) {
    return {
      message: `${steps} steps`,
      rule: `a $GENERATE has at most ${GENERATE_STEPS_MAX} steps`,
      suggestion: "split it into several, or generate the file beforehand",
    };
  }
  return { start, stop, step };
}

function splitRange(text: string): number[] | null {
  const dash = text.indexOf("-");
  const slash = text.indexOf("/");
  if (dash < 0 || (slash >= 0 && slash < dash)) return null;
  const stop = slash < 0 ? text.slice(dash + 1) : text.slice(dash + 1, slash);
  const numbers = [text.slice(0, dash), stop, slash < 0 ? "1" : text.slice(slash + 1)].map(smallNumber);
  return numbers.includes(-1) ? null : numbers;
}

function smallNumber(text: string): number {
  const isNumber = text.length > 0 && text.length <= 10 && [...text].every((digit) => digit >= "0" && digit <= "9");
  const value = isNumber ? Number(text) : -1;
  return value > 0x7fffffff ? -1 : value;
}

/** Cuts owner or RDATA into pieces. One character an octet. */
export function parseTemplate(text: string): Template | Fault {
  const pieces: Piece[] = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (character === "\\") {
      plain += text.slice(at, at + 2);
      at += 2;
    } else if (character !== "$") {
      plain += character;
      at++;
    } else if (text[at + 1] === "$") {
      plain += "$";
      at += 2;
    } else {
      if (plain !== "") pieces.push({ kind: "text", text: plain });
      plain = "";
      const close = text[at + 1] === "{" ? text.indexOf("}", at) : at;
      const modifier = close < 0 ? null : parseModifier(text.slice(at + 2, close), close === at);
      if (modifier === null) {
        return fault(
          `${text.slice(at, close < 0 ? undefined : close + 1)} is no modifier`,
          "write ${offset}, ${offset,width} or ${offset,width,base} with a base of d, o, x, X, n or N",
        );
      }
      pieces.push(modifier);
      at = close + 1;
    }
  }
  if (plain !== "") pieces.push({ kind: "text", text: plain });
  return pieces;
}

function parseModifier(text: string, isBare: boolean): Piece | null {
  if (isBare) return { kind: "number", offset: 0, width: 0, base: "d" };
  const [offsetText = "", widthText = "0", base = "d", ...more] = text.split(",").map((part) => part.trim());
  const isNegative = offsetText.startsWith("-");
  const offset = smallNumber(isNegative || offsetText.startsWith("+") ? offsetText.slice(1) : offsetText);
  const width = smallNumber(widthText);
  if (offset < 0 || width < 0 || width > WIDTH_MAX || more.length > 0) return null;
  if (base.length !== 1 || !"doxXnN".includes(base)) return null;
  return { kind: "number", offset: isNegative ? -offset : offset, width, base };
}

/** The text for one number, or null when a number in it would be negative. */
export function expandTemplate(template: Template, number: number): string | null {
  let text = "";
  for (const piece of template) {
    if (piece.kind === "text") text += piece.text;
    else {
      const value = number + piece.offset;
      if (value < 0) return null;
      text += formatNumber(value, piece.width, piece.base);
    }
  }
  return text;
}

function formatNumber(value: number, width: number, base: string): string {
  switch (base) {
    case "o":
      return value.toString(8).padStart(width, "0");
    case "x":
      return value.toString(16).padStart(width, "0");
    case "X":
      return value.toString(16).toUpperCase().padStart(width, "0");
    case "n":
      return nibbles(value, width);
    case "N":
      return nibbles(value, width).toUpperCase();
    default:
      return String(value).padStart(width, "0");
  }
}

/** The width counts digits and dots, as in BIND; it may end in a dot when it is even. */
function nibbles(value: number, width: number): string {
  let text = "";
  let rest = value;
  let room = width;
  do {
    text += (rest % 16).toString(16);
    rest = Math.floor(rest / 16);
    if (room > 0) room--;
    if (room > 0 || rest !== 0) {
      text += ".";
      if (room > 0) room--;
    }
  } while (rest !== 0 || room > 0);
  return text;
}

function fault(message: string, suggestion: string): Fault {
  return { message, rule: RULE, suggestion };
}

export function isFault(value: object): value is Fault {
  return "rule" in value;
}
