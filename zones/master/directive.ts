/** Lines that begin with `$`: $ORIGIN and $INCLUDE (RFC 1035 §5.1), $TTL (RFC 2308 §4) and BIND's $GENERATE. */
import type { Name } from "../../dns/index.ts";
import { NOT_READ, readSeconds } from "./field-text.ts";
import { expandTemplate, isFault, parseRange, parseTemplate } from "./generate.ts";
import { wordAt } from "./header.ts";
import type { Fault, RecordLexer } from "./lexer.ts";
import { didYouMean } from "./nearest.ts";
import type { Place } from "./problem.ts";
import type { MasterOptions, MasterSource } from "./source.ts";

/** How deep $INCLUDE goes (DESIGN §8). */
export const INCLUDE_DEPTH_MAX = 10;

const DIRECTIVES = ["$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE"] as const;

/** What directives see of the reader and change in it. */
export interface Directed {
  readonly lexer: RecordLexer;
  readonly options: MasterOptions;
  readonly file: string;
  readonly depth: number;
  readonly origin: Name | null;
  ttlSecondsStated: number;
  setOrigin(origin: Name | null): void;
  nameAt(index: number): Name | null;
  read(source: MasterSource, depth: number): void;
  generated(line: Uint8Array, place: Place, step: string): boolean;
  place(start: number, end: number): Place;
  tokenProblem(index: number, fault: Fault): void;
}

/** Runs the directive that the reader's present record is. */
export function runDirective(reader: Directed): void {
  const word = wordAt(reader.lexer, 0);
  switch (word.toUpperCase()) {
    case "$ORIGIN":
      return setOrigin(reader);
    case "$TTL":
      return setTtl(reader);
    case "$INCLUDE":
      return include(reader);
    case "$GENERATE":
      return generate(reader);
    default:
      reader.tokenProblem(0, {
        message: `${word} is no directive`,
        rule: "a $ at the beginning of a line begins one, RFC 1035 §5.1",
        suggestion: didYouMean(word, DIRECTIVES, `write ${DIRECTIVES.join(", ")}, or \\$ if it is an owner`),
      });
  }
}

/** Complains unless there are so many tokens after the directive. */
function hasFields(reader: Directed, least: number, most: number, form: string): boolean {
  const given = reader.lexer.count - 1;
  if (given >= least && given <= most) return true;
  reader.tokenProblem(given < least ? reader.lexer.count : most + 1, {
    message: given < least ? "the directive ends too early" : `${wordAt(reader.lexer, most + 1)} is too much`,
    rule: "RFC 1035 §5.1",
    suggestion: `write ${form}`,
  });
  return false;
}

function setOrigin(reader: Directed): void {
  if (!hasFields(reader, 1, 1, "$ORIGIN name")) return;
  const name = reader.nameAt(1);
  if (name !== null) reader.setOrigin(name);
}

function setTtl(reader: Directed): void {
  if (!hasFields(reader, 1, 1, "$TTL seconds")) return;
  const { source, starts, ends } = reader.lexer;
  const seconds = readSeconds(source, starts[1]!, ends[1]!);
  if (seconds !== NOT_READ) {
    reader.ttlSecondsStated = seconds;
    return;
  }
  reader.tokenProblem(1, {
    message: `${wordAt(reader.lexer, 1)} is no TTL`,
    rule: "a TTL is 0 to 2147483647 seconds, RFC 2181 §8",
    suggestion: "write seconds, or units as in 1h30m",
  });
}

function include(reader: Directed): void {
  if (!hasFields(reader, 1, 2, "$INCLUDE file [origin]")) return;
  if (reader.depth >= INCLUDE_DEPTH_MAX) {
    return reader.tokenProblem(0, {
      message: `${INCLUDE_DEPTH_MAX} files include each other already`,
      rule: `$INCLUDE goes ${INCLUDE_DEPTH_MAX} deep at most`,
      suggestion: "look for a file that includes itself",
    });
  }
  const origin = reader.lexer.count > 2 ? reader.nameAt(2) : reader.origin;
  if (reader.lexer.count > 2 && origin === null) return;
  const { source, starts, ends, quoted } = reader.lexer;
  const quotes = quoted[1]!;
  const file = new TextDecoder().decode(source.subarray(starts[1]! + quotes, ends[1]! - quotes));
  const found = reader.options.include?.(file, reader.file) ?? {
    message: "$INCLUDE is not possible here",
    rule: "only a zone that is read from a file can include another",
    suggestion: "put the records in the place of this line",
  };
  if (isFault(found)) return reader.tokenProblem(1, found);
  const before = reader.origin;
  reader.setOrigin(origin);
  reader.read(found, reader.depth + 1);
  reader.setOrigin(before);
}

const GENERATE_FORM = "$GENERATE start-stop[/step] owner type RDATA, for example $GENERATE 1-9 host$ A 192.0.2.$";

function generate(reader: Directed): void {
  if (!hasFields(reader, 4, Infinity, GENERATE_FORM)) return;
  const { lexer } = reader;
  const range = parseRange(wordAt(lexer, 1));
  if (isFault(range)) return reader.tokenProblem(1, range);
  // Owner and RDATA are expanded as text and read again, so that every type can be made and is checked as usual.
  const parts: string[] = [];
  for (let i = 2; i < lexer.count; i++) {
    parts.push(Buffer.from(lexer.source.subarray(lexer.starts[i], lexer.ends[i])).toString("latin1"));
  }
  const template = parseTemplate(parts.join(" "));
  if (isFault(template)) return reader.tokenProblem(2, template);
  const place = reader.place(lexer.starts[0]!, lexer.ends[lexer.count - 1]!);
  for (let number = range.start; number <= range.stop; number += range.step) {
    const line = expandTemplate(template, number);
    if (line === null) {
      return reader.tokenProblem(2, {
        message: `the step ${number} makes a negative number`,
        rule: "$GENERATE counts from 0",
        suggestion: "let the range begin higher, or take a smaller offset",
      });
    }
    // What is wrong with one step is most likely wrong with all.
    if (!reader.generated(Buffer.from(line, "latin1"), place, String(number))) return;
  }
}
