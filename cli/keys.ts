/**
 * Keys in files, in BIND's form (`key "NAME" { algorithm hmac-sha256; secret "…"; };`, as `tsig-keygen` and `strata key generate` print
 * it) or in our own YAML. A message about a file never shows what stands in it, because that is a secret.
 */
import type { Files } from "../base/index.ts";
import type { TsigKey } from "../dns/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { algorithmProblem, keyNameProblem, keyOf, secretProblem } from "./key-text.ts";

/** The keys of a file, one at least. Throws ConfigurationError and FileError. */
export async function readKeys(file: string, files: Pick<Files, "read">): Promise<TsigKey[]> {
  const text = new TextDecoder().decode(files.read(file));
  if (/^\s*keys\s*:/m.test(text)) {
    const [{ keyFile }, { readYaml }] = await Promise.all([import("./key-schema.ts"), import("./yaml.ts")]);
    return readYaml({ file, text }, keyFile).keys.map(keyOf);
  }
  return new KeyReader(file, text).keys();
}

/** The one key of a file. Throws ConfigurationError when it has several. */
export async function readKey(file: string, files: Pick<Files, "read">): Promise<TsigKey> {
  const [key, ...others] = await readKeys(file, files);
  if (others.length === 0) return key!;
  throw new ConfigurationError([
    {
      file,
      line: 1,
      column: 1,
      message: `${others.length + 1} keys stand here and one is wanted: give it a file of its own`,
    },
  ]);
}

type TokenKind = "word" | "{" | "}" | ";" | "end";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/**
 * Characters of BIND's configuration: comments of three kinds, quoted words, and signs. A slash may stand in a word, as base64 has them;
 * what looks like a comment begins one only where a word may begin. One expression a token, none backtracks.
 */
const SPACE = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\/)/y;
const WORD = /"([^"\n]*)"|(?:[^\s{};"#/]|\/(?![/*]))[^\s{};"]*/y;

class KeyReader {
  readonly #file: string;
  readonly #text: string;
  #at = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  keys(): TsigKey[] {
    const keys: TsigKey[] = [];
    for (let token = this.#next(); token.kind !== "end"; token = this.#next()) {
      if (token.text !== "key") throw this.#wrong(token, 'key "NAME" { algorithm …; secret "…"; }; is wanted');
      keys.push(this.#key());
    }
    if (keys.length > 0) return keys;
    throw this.#wrong({ kind: "end", text: "", at: 0 }, "there is no key in this file; strata key generate prints one");
  }

  #key(): TsigKey {
    const name = this.#word("the key's name", keyNameProblem);
    this.#expect("{");
    let algorithm: string | null = null;
    let secret: string | null = null;
    let token = this.#next();
    for (; token.kind === "word"; token = this.#next()) {
      if (token.text === "algorithm") algorithm = this.#word("an algorithm", algorithmProblem);
      else if (token.text === "secret") secret = this.#word("a secret", secretProblem);
      else throw this.#wrong(token, "algorithm or secret is wanted here");
      this.#expect(";");
    }
    if (token.kind !== "}") throw this.#wrong(token, "} is wanted here");
    if (algorithm === null) throw this.#wrong(token, "the key has no algorithm");
    if (secret === null) throw this.#wrong(token, "the key has no secret");
    this.#expect(";");
    return keyOf({ name, algorithm, secret });
  }

  #word(what: string, problemOf: (text: string) => string | null): string {
    const token = this.#next();
    if (token.kind !== "word") throw this.#wrong(token, `${what} is wanted here`);
    const problem = problemOf(token.text);
    if (problem !== null) throw this.#wrong(token, problem);
    return token.text;
  }

  #expect(kind: TokenKind): void {
    const token = this.#next();
    if (token.kind !== kind) throw this.#wrong(token, `${kind} is wanted here`);
  }

  #next(): Token {
    while (this.#match(SPACE) !== null);
    const at = this.#at;
    const sign = this.#text[at];
    if (sign === undefined) return { kind: "end", text: "", at };
    if (sign === "{" || sign === "}" || sign === ";") {
      this.#at++;
      return { kind: sign, text: sign, at };
    }
    const word = this.#match(WORD);
    if (word === null) throw this.#wrong({ kind: "end", text: "", at }, "this is no key file");
    return { kind: "word", text: word[1] ?? word[0], at };
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #wrong({ at }: Token, message: string): ConfigurationError {
    const before = this.#text.slice(0, at).split("\n");
    const [line, column] = [before.length, before.at(-1)!.length + 1];
    return new ConfigurationError([{ file: this.#file, line, column, message }]);
  }
}
