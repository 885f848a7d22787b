/** Reads a source part by part, and says what is wrong where. Which parts a source has is `source.ts`'s. */
import { suggestion } from "../base/index.ts";
import { Name, NameError } from "../dns/index.ts";
import { addressOctets, addressText } from "../net/index.ts";
import { fileNameOctets, fileNameText, nameFault } from "./file-name.ts";
import { PATH_OCTETS_MAX } from "./path.ts";

/** Where a server is said to be. The host is an address, or a name without its last dot. */
export interface Host {
  readonly host: string;
  readonly port: number | null;
}

/** A text that is no source. `at` is the character where it goes wrong, counted from 0. */
export class SourceError extends Error {
  readonly code = "BAD_SOURCE";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export const FORMS = {
  nfs: "nfs://HOST[:PORT]/PATH",
  dns: "dns://ZONE[@SERVER[:PORT]]",
  ns: "ns:/PATH",
  file: "file:///DIRECTORY",
  auto: "auto:/MAP, auto:direct:/MAP, auto:program:/PROGRAM or auto:net",
} as const;
export type Scheme = keyof typeof FORMS;

const PORT_MAX = 65_535;
/** 2^32 - 2: the last one means "nobody is said" to chown(2), and so to servers. */
const ID_MAX = 0xffff_fffe;

export const isScheme = (word: string): word is Scheme => Object.hasOwn(FORMS, word);

export interface Parameter {
  readonly value: string;
  readonly at: number;
}
export interface Range {
  readonly min: number;
  readonly max: number;
}
export const PORT_RANGE: Range = { min: 1, max: PORT_MAX };
export const ID_RANGE: Range = { min: 0, max: ID_MAX };

/** Where reading is in a source, and how its parts are read. */
export class SourceCursor {
  readonly #text: string;
  readonly #scheme: Scheme;
  at: number;

  constructor(text: string, scheme: Scheme, at: number) {
    this.#text = text;
    this.#scheme = scheme;
    this.at = at;
  }

  fault(message: string, at = this.at): SourceError {
    return new SourceError(`${JSON.stringify(this.#text)}: ${message}; ${FORMS[this.#scheme]} is wanted`, at);
  }

  isAt(word: string): boolean {
    return this.#text.startsWith(word, this.at);
  }

  skip(word: string): boolean {
    if (!this.isAt(word)) return false;
    this.at += word.length;
    return true;
  }

  expectSlashes(): void {
    if (!this.skip("//")) throw this.fault(`"//" is missing behind "${this.#scheme}:"`);
  }

  expectEnd(message: string): void {
    if (this.at < this.#text.length) throw this.fault(message);
  }

  /** Up to one of these characters, or to the end. */
  until(ends: string): string {
    const start = this.at;
    while (this.at < this.#text.length && !ends.includes(this.#text[this.at]!)) this.at++;
    return this.#text.slice(start, this.at);
  }

  authority(): Host {
    this.expectSlashes();
    return this.hostPort();
  }

  hostPort(): Host {
    const start = this.at;
    const isBracketed = this.skip("[");
    const hostText = this.until(isBracketed ? "]/?#" : ":/?#");
    if (!isBracketed && /^[0-9A-Fa-f]*:[0-9A-Fa-f]*:/.test(this.#text.slice(start))) {
      throw this.fault("an IPv6 address stands in brackets: [::1]", start);
    }
    if (isBracketed && !this.skip("]")) throw this.fault(`"]" is missing behind the IPv6 address`, start);
    const host = this.#host(hostText, { isBracketed, start });
    if (!this.skip(":")) return { host, port: null };
    const at = this.at;
    return { host, port: wholeNumber({ value: this.until("/?#"), at }, "a port", PORT_RANGE) };
  }

  #host(text: string, { isBracketed, start }: { readonly isBracketed: boolean; readonly start: number }): string {
    if (text === "") throw this.fault("the server's name is missing", start);
    if (text.includes("@")) throw this.fault("no user stands before the server; uid= and gid= say who asks", start);
    const octets = addressOctets(text);
    if (isBracketed && octets?.length !== 16) {
      throw this.fault(`${text} is no IPv6 address, and only those stand in brackets`, start);
    }
    if (octets !== null) return addressText(octets);
    try {
      const name = Name.parse(this.decoded(text, start));
      if (!name.isRoot) return name.toString().slice(0, -1);
    } catch (error) {
      if (!(error instanceof NameError)) throw error;
      throw this.fault(`${JSON.stringify(text)} is no name of a server: ${error.message}`, start + error.at);
    }
    throw this.fault("the root of the DNS is no server", start);
  }

  /** A path that nothing follows. */
  lastPath(): string {
    const path = this.path();
    this.expectEnd(`"${this.#text[this.at] ?? ""}" in a path is written %${hexOf(this.#text[this.at] ?? "")}`);
    return path;
  }

  /** From the root, without "." and "..", without empty components and without a slash at its end. */
  path(): string {
    const start = this.at;
    if (!this.isAt("/")) throw this.fault(`a path beginning with "/" is missing`);
    const components: string[] = [];
    let at = this.at;
    for (const part of this.until("?#").split("/")) {
      const name = this.decoded(part, at);
      const fault = name === "" ? null : nameFault(name);
      if (name === "." || name === "..") throw this.fault(`"${name}" leads nowhere in the path of a source`, at);
      if (fault === "NAMETOOLONG") throw this.fault("a component of a path has at most 255 octets", at);
      if (fault !== null) throw this.fault(`a component of a path holds neither "/" nor NUL`, at);
      if (name !== "") components.push(name);
      at += part.length + 1;
    }
    const path = `/${components.join("/")}`;
    if (fileNameOctets(path).length > PATH_OCTETS_MAX) {
      throw this.fault(`a path has at most ${PATH_OCTETS_MAX} octets`, start);
    }
    return path;
  }

  parameters(known: readonly string[]): ReadonlyMap<string, Parameter> {
    const given = new Map<string, Parameter>();
    if (!this.skip("?")) {
      this.expectEnd(`"#" in a path is written %23`);
      return given;
    }
    while (this.at < this.#text.length) {
      const start = this.at;
      const key = this.until("=&");
      const at = this.at + 1;
      const value = this.skip("=") ? this.until("&") : "";
      this.skip("&");
      if (!known.includes(key)) {
        const hint = suggestion(key, known);
        throw this.fault(`there is no parameter ${JSON.stringify(key)}${hint} (${known.join(", ")})`, start);
      }
      if (given.has(key)) throw this.fault(`${key} is given twice`, start);
      given.set(key, { value: this.decoded(value, at), at });
    }
    return given;
  }

  /** %-escapes are octets (RFC 3986 §2.1). `at` is where the text begins. */
  decoded(text: string, at: number): string {
    if (!text.includes("%")) return text;
    const octets: number[] = [];
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== "%") {
        const character = String.fromCodePoint(text.codePointAt(i)!);
        octets.push(...fileNameOctets(character));
        i += character.length - 1;
        continue;
      }
      const digits = text.slice(i + 1, i + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) {
        throw this.fault(`"%" needs two hexadecimal digits behind it; a "%" itself is written %25`, at + i);
      }
      octets.push(parseInt(digits, 16));
      i += 2;
    }
    return fileNameText(Uint8Array.from(octets));
  }
}

const hexOf = (character: string): string => character.charCodeAt(0).toString(16).toUpperCase();

export function wholeNumber({ value, at }: Parameter, what: string, { min, max }: Range): number {
  const number = /^[0-9]{1,10}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) {
    throw new SourceError(`${what} is a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`, at);
  }
  return number;
}
