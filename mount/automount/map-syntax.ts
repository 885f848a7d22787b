/**
 * The words of an automount map in the form of autofs(5) ("sun"): one entry a line, `\` before the line's end goes on, `#` begins a comment, quotes and `\` protect
 * blanks. Which place each word has in the file stays with it, for errors. What the words mean is `map-entry.ts`'s.
 */

/** Where something stands, both counted from 1. */
export interface MapPlace {
  readonly line: number;
  readonly column: number;
}

export interface MapWord extends MapPlace {
  /** `&` that stands for the key is KEY_MARK here; what was protected is as it is. */
  readonly text: string;
  /** `*` alone, not protected: every key. */
  readonly isEveryKey: boolean;
}

/** What is wrong with a map, and where. */
export class MapError extends Error {
  readonly code = "BAD_MAP";

  constructor(file: string, { line, column }: MapPlace, message: string) {
    super(`${file}:${line}:${column}: ${message}`);
  }
}

/** No map holds it. */
export const KEY_MARK = "\0";
const LINE_CHARACTERS_MAX = 65_536;

export interface MapLine {
  readonly words: readonly MapWord[];
  /** In place of words. */
  readonly fault: MapError | null;
}

/** The lines that hold something. */
export function readMapLines(text: string, file: string): MapLine[] {
  const lines: MapLine[] = [];
  const scanner = new Scanner(text, file);
  while (!scanner.isAtEnd) {
    const line = scanner.line();
    if (line.fault !== null || line.words.length > 0) lines.push(line);
  }
  return lines;
}

class Scanner {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string) {
    this.#text = text.replaceAll("\r\n", "\n");
    this.#file = file;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Up to the end of the line, continued lines included. */
  line(): MapLine {
    const words: MapWord[] = [];
    const start = this.#at;
    try {
      for (;;) {
        this.#skipBlanks();
        const character = this.#text[this.#at];
        if (character === "#") this.#skipComment();
        if (character === undefined || this.#text[this.#at] === "\n") break;
        if (character !== "#") words.push(this.#word());
        if (this.#at - start > LINE_CHARACTERS_MAX)
          throw this.#error(`a line has at most ${LINE_CHARACTERS_MAX} characters`);
      }
      this.#newLine();
      return { words, fault: null };
    } catch (error) {
      if (!(error instanceof MapError)) throw error;
      this.#skipComment();
      this.#newLine();
      return { words: [], fault: error };
    }
  }

  #word(): MapWord {
    const place = this.#place();
    let text = "";
    let isProtected = false;
    let quote: MapPlace | null = null;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character === KEY_MARK) throw this.#error("a map holds no NUL");
      if (character === "\n" || (quote === null && (character === " " || character === "\t"))) break;
      if (character === '"') {
        quote = quote === null ? this.#place() : null;
        isProtected = true;
      } else if (character === "\\") {
        const next = this.#text[this.#at + 1];
        if (next === "\n") break;
        // The last character of all protects nothing.
        text += next ?? character;
        isProtected = true;
        if (next !== undefined) this.#at++;
      } else if (character === "$" && /[{A-Za-z_]/.test(this.#text[this.#at + 1] ?? "")) {
        throw this.#error("variables are not known here; write the value, or \\$ for a dollar");
      } else text += character === "&" ? KEY_MARK : character;
    }
    if (quote !== null) throw new MapError(this.#file, quote, "the closing quote is missing");
    return { ...place, text, isEveryKey: text === "*" && !isProtected };
  }

  /** A line that goes on is a blank. */
  #skipBlanks(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === " " || character === "\t") this.#at++;
      else if (character === "\\" && this.#text[this.#at + 1] === "\n") {
        this.#at++;
        this.#newLine();
      } else return;
    }
  }

  #skipComment(): void {
    while (!this.isAtEnd && this.#text[this.#at] !== "\n") this.#at++;
  }

  #newLine(): void {
    if (this.#text[this.#at] !== "\n") return;
    this.#lineStart = ++this.#at;
    this.#line++;
  }

  #place(): MapPlace {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #error(message: string): MapError {
    return new MapError(this.#file, this.#place(), message);
  }
}
