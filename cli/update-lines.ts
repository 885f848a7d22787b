/**
 * What `strata update` is told, a command a line, in the words of nsupdate and knsupdate. Names are absolute, with or without their last
 * dot. Sending it is `update.ts`'s.
 */
import {
  CLASS,
  classFromText,
  NameError,
  Name,
  parseName,
  type RdataTokens,
  rdataType,
  type Rr,
  secondsOf,
  TextError,
  type Token,
  tokenize,
  tokenText,
  TYPE,
  typeFromText,
} from "../dns/index.ts";
import { suggestion } from "../base/index.ts";
import { AddressError, type Endpoint, parseEndpoint } from "../net/index.ts";
import { ConfigurationError, type Problem } from "./configuration-error.ts";

/** One message to be sent. */
export interface UpdateWork {
  /** Null: none was said up to here. */
  readonly server: Endpoint | null;
  readonly zone: Name | null;
  readonly prerequisites: readonly Rr[];
  readonly updates: readonly Rr[];
}

export interface UpdateLine {
  readonly text: string;
  /** Where it comes from, for what is wrong with it. */
  readonly file: string;
  readonly line: number;
}

/**
 * @param ttlSeconds Of records that are added without one; null: each must say it.
 * Throws ConfigurationError with every line that is wrong.
 */
export function readUpdateLines(lines: readonly UpdateLine[], ttlSeconds: number | null): UpdateWork[] {
  const reader = new UpdateReader(ttlSeconds);
  const problems: Problem[] = [];
  for (const { text, file, line } of lines) {
    try {
      if (reader.take(text) === "end") break;
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      problems.push({ file, line, column: error.column, message: error.message });
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  reader.send();
  return reader.works;
}

const NO_OCTETS = new Uint8Array(0);

/** nsupdate has them, and they change nothing of what is sent. */
const WITHOUT_EFFECT: readonly string[] = ["answer", "debug", "show"];
const PREREQUISITES: readonly string[] = ["nxdomain", "yxdomain", "nxrrset", "yxrrset"];
const UPDATES: readonly string[] = ["add", "del", "delete"];
const OTHERS: readonly string[] = ["server", "zone", "ttl", "class", "send", "quit"];
const WORDS: readonly string[] = ["prereq", "update", ...PREREQUISITES, ...UPDATES, ...OTHERS, ...WITHOUT_EFFECT];

class UpdateReader {
  readonly works: UpdateWork[] = [];
  #server: Endpoint | null = null;
  #zone: Name | null = null;
  #ttlSeconds: number | null;
  #prerequisites: Rr[] = [];
  #updates: Rr[] = [];

  constructor(ttlSeconds: number | null) {
    this.#ttlSeconds = ttlSeconds;
  }

  /** "end": nothing after it counts. Throws TextError. */
  take(line: string): "end" | "more" {
    const tokens = tokenize(line);
    const first = tokens.next();
    if (first === null) {
      // As with nsupdate, an empty line sends; a comment does not.
      if (line.trim() === "") this.send();
      return "more";
    }
    const word = tokenText(first).toLowerCase();
    if (word === "quit") return "end";
    if (word === "prereq") this.#prerequisite(tokens, wanted(tokens, PREREQUISITES.join(", ")));
    else if (word === "update") this.#update(tokens, wanted(tokens, UPDATES.join(", ")));
    else if (PREREQUISITES.includes(word)) this.#prerequisite(tokens, first);
    else if (UPDATES.includes(word)) this.#update(tokens, first);
    else this.#other(tokens, first);
    return "more";
  }

  send(): void {
    if (this.#prerequisites.length > 0 || this.#updates.length > 0) {
      this.works.push({
        server: this.#server,
        zone: this.#zone,
        prerequisites: this.#prerequisites,
        updates: this.#updates,
      });
    }
    this.#prerequisites = [];
    this.#updates = [];
  }

  #other(tokens: RdataTokens, first: Token): void {
    const word = tokenText(first).toLowerCase();
    if (WITHOUT_EFFECT.includes(word)) return;
    switch (word) {
      case "server":
        this.#server = readServer(tokens);
        break;
      case "zone":
        this.#zone = readName(tokens, "the zone's name");
        break;
      case "ttl":
        this.#ttlSeconds = readTtl(tokens, wanted(tokens, "a TTL"));
        break;
      case "class":
        readClass(tokens, wanted(tokens, "IN"));
        break;
      case "send":
        this.send();
        break;
      case "key":
        throw tokens.error(first, "keys are given by --key FILE, so that secrets stay out of scripts and logs");
      default:
        throw tokens.error(first, `there is no command "${word}"${suggestion(word, WORDS)}`);
    }
    end(tokens);
  }

  #prerequisite(tokens: RdataTokens, word: Token): void {
    const kind = tokenText(word).toLowerCase();
    const owner = readName(tokens, "the name");
    skipClass(tokens);
    const rrClass = kind.startsWith("nx") ? CLASS.NONE : CLASS.ANY;
    switch (kind) {
      case "nxdomain":
      case "yxdomain":
        this.#prerequisites.push(withoutRdata(owner, TYPE.ANY, rrClass));
        break;
      case "nxrrset":
        this.#prerequisites.push(withoutRdata(owner, readType(tokens), rrClass));
        break;
      case "yxrrset": {
        const type = readType(tokens);
        this.#prerequisites.push(
          tokens.peek() === null
            ? withoutRdata(owner, type, rrClass)
            : { owner, type, class: CLASS.IN, ttlSeconds: 0, rdata: rdataType(type).parse(tokens) },
        );
        break;
      }
      default:
        throw tokens.error(word, `after prereq one of ${PREREQUISITES.join(", ")} is wanted`);
    }
    end(tokens);
  }

  #update(tokens: RdataTokens, word: Token): void {
    const kind = tokenText(word).toLowerCase();
    if (!UPDATES.includes(kind)) throw tokens.error(word, `after update one of ${UPDATES.join(", ")} is wanted`);
    const owner = readName(tokens, "the name");
    const ttlSeconds = this.#takeTtl(tokens);
    skipClass(tokens);
    this.#updates.push(kind === "add" ? this.#added(tokens, owner, ttlSeconds) : deleted(tokens, owner));
    end(tokens);
  }

  #added(tokens: RdataTokens, owner: Name, given: number | null): Rr {
    const ttlSeconds = given ?? this.#ttlSeconds;
    if (ttlSeconds === null) {
      throw tokens.error(tokens.peek(), "a TTL is wanted behind the name, such as 30 or 1h (or say --ttl)");
    }
    const type = readType(tokens);
    return { owner, type, class: CLASS.IN, ttlSeconds, rdata: rdataType(type).parse(tokens) };
  }

  #takeTtl(tokens: RdataTokens): number | null {
    const token = tokens.peek();
    // No type begins with a digit.
    if (token === null || !/^\d/.test(tokenText(token))) return null;
    tokens.next();
    return readTtl(tokens, token);
  }
}

function deleted(tokens: RdataTokens, owner: Name): Rr {
  if (tokens.peek() === null) return withoutRdata(owner, TYPE.ANY, CLASS.ANY);
  const type = readType(tokens);
  if (tokens.peek() === null) return withoutRdata(owner, type, CLASS.ANY);
  return { owner, type, class: CLASS.NONE, ttlSeconds: 0, rdata: rdataType(type).parse(tokens) };
}

function withoutRdata(owner: Name, type: number, rrClass: number): Rr {
  return { owner, type, class: rrClass, ttlSeconds: 0, rdata: NO_OCTETS };
}

function wanted(tokens: RdataTokens, what: string): Token {
  const token = tokens.next();
  if (token === null) throw tokens.error(null, `${what} is wanted here`);
  return token;
}

function end(tokens: RdataTokens): void {
  const token = tokens.next();
  if (token !== null) throw tokens.error(token, `"${tokenText(token)}" is one word too many`);
}

function readName(tokens: RdataTokens, what: string): Name {
  return parseName(wanted(tokens, what), Name.root);
}

function readType(tokens: RdataTokens): number {
  const token = wanted(tokens, "a record type");
  const type = typeFromText(tokenText(token));
  if (type !== null) return type;
  const known = suggestion(tokenText(token), Object.keys(TYPE));
  throw tokens.error(token, `${tokenText(token)} is no record type${known}`);
}

function readTtl(tokens: RdataTokens, token: Token): number {
  const seconds = secondsOf(token.octets);
  if (seconds >= 0 && seconds <= 0x7fffffff) return seconds;
  throw tokens.error(token, `${tokenText(token)} is no TTL; seconds are wanted, or such as 1h30m`);
}

function readClass(tokens: RdataTokens, token: Token): void {
  if (classFromText(tokenText(token)) === CLASS.IN) return;
  throw tokens.error(token, `only zones of the class IN are updated, not of ${tokenText(token)}`);
}

function skipClass(tokens: RdataTokens): void {
  const token = tokens.peek();
  if (token === null || classFromText(tokenText(token)) === null || tokenText(token).toUpperCase() === "ANY") return;
  tokens.next();
  readClass(tokens, token);
}

/** `server ADDR [PORT]`, as nsupdate has it, or `server ADDR:PORT`. */
function readServer(tokens: RdataTokens): Endpoint {
  const token = wanted(tokens, "the server's address");
  const port = tokens.next();
  try {
    const endpoint = parseEndpoint(tokenText(token));
    return port === null ? endpoint : parseEndpoint(`[${endpoint.address}]:${tokenText(port)}`);
  } catch (error) {
    if (!(error instanceof AddressError || error instanceof NameError)) throw error;
    throw tokens.error(token, error.message);
  }
}
