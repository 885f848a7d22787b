/**
 * What is wrong in a master file, for a person: where it is, what is wrong, by which rule, what would be right, and the
 * line itself with a caret under the place.
 */

/** Problems of one reading at most; the last one then says that there are more. */
export const PROBLEMS_MAX = 1000;

export interface MasterProblem {
  /** An error refuses the file; a warning does not. */
  readonly severity: "error" | "warning";
  readonly file: string;
  /** From 1, or 0 for the file as a whole. A column is a character, a tab is one. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The rule that is broken, with its RFC section; empty when the message says it. */
  readonly rule: string;
  /** What would be right; empty when the message says it. */
  readonly suggestion: string;
  /** The line, or of a huge one what surrounds the place, from the character numbered `sourceColumn` on. */
  readonly sourceLine: string;
  readonly sourceColumn: number;
  /** Characters the carets stand under. */
  readonly length: number;
}

/** What the reader knows of a problem: octets [start, end) of a source, and the number of the line they stand on. */
export interface Place {
  readonly file: string;
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

const LINE_FEED = 0x0a;
const WIDTH_MAX = 100;
const text = new TextDecoder();

export function problemAt(
  place: Place,
  what: {
    readonly severity?: "error" | "warning";
    readonly message: string;
    readonly rule: string;
    readonly suggestion: string;
  },
): MasterProblem {
  const { source, start } = place;
  let from = Math.min(start, source.length);
  while (from > 0 && source[from - 1] !== LINE_FEED) from--;
  const lineEnd = source.indexOf(LINE_FEED, from);
  const to = lineEnd < 0 ? source.length : lineEnd;
  // Of a huge line what surrounds the place is enough.
  const shownTo = Math.min(to, start + 1024);
  const shownFrom = Math.max(from, start - 1024);
  const before = characters(source.subarray(shownFrom, start));
  const marked = characters(source.subarray(start, Math.min(place.end, shownTo)));
  return {
    severity: what.severity ?? "error",
    file: place.file,
    line: place.line,
    column: shownFrom - from + before + 1,
    message: what.message,
    rule: what.rule,
    suggestion: what.suggestion,
    sourceLine: text.decode(source.subarray(shownFrom, shownTo)).replace(/\r$/, ""),
    sourceColumn: shownFrom - from + 1,
    length: Math.max(1, marked),
  };
}

function characters(octets: Uint8Array): number {
  return [...text.decode(octets)].length;
}

/** `file:line:column: error: what is wrong (rule); what would be right`, the line, and carets under the place if it has one. */
export function formatProblem(problem: MasterProblem): string {
  const { file, line, column, severity, message, rule, suggestion } = problem;
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  const head = `${place}: ${severity}: ${message}${rule === "" ? "" : ` (${rule})`}${
    suggestion === "" ? "" : `; ${suggestion}`
  }`;
  return line === 0 ? head : `${head}\n${drawCaret(problem)}`;
}

function drawCaret(problem: MasterProblem): string {
  // One cell a character, so that the caret stands where it should: tabs and controls become one visible cell each.
  const cells = [...problem.sourceLine].map((cell) => (cell === "\t" ? " " : isControl(cell) ? "\u00b7" : cell));
  const at = Math.min(problem.column - problem.sourceColumn, cells.length);
  const from = at + 20 < WIDTH_MAX ? 0 : at - 60;
  const to = Math.min(cells.length, from + WIDTH_MAX);
  const front = from > 0 ? "\u2026" : "";
  const back = to < cells.length ? "\u2026" : "";
  const room = Math.max(1, Math.min(problem.length, to - at));
  const line = `  ${front}${cells.slice(from, to).join("")}${back}`.trimEnd();
  return `${line}\n  ${" ".repeat(front.length + at - from)}${"^".repeat(room)}`;
}

function isControl(cell: string): boolean {
  const code = cell.codePointAt(0)!;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
