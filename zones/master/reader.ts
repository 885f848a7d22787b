/**
 * Reads master files (RFC 1035 §5, RFC 2308 §4, RFC 3597 §5) into a sink, one record after the other, and finds all that
 * is wrong in one go: a line is either a record, a directive, blank, or a problem. Knows nothing of zones: whether a record
 * belongs there, the sink says.
 *
 * Where the texts leave it open: a record without TTL takes that of $TTL if there was one, else that of the record before
 * (RFC 1035 §5.1), else the default handed in (the layer's), else the SOA's minimum, as BIND. $INCLUDE gives back origin
 * and owner at its end, but a $TTL in it stays, as in BIND. A TTL over 2^31 - 1 is refused rather than taken as 0.
 */
import { Name, type RdataTokens, rdataType, TextError, type Token, TYPE } from "../../dns/index.ts";
import { type Directed, runDirective } from "./directive.ts";
import { NOT_READ, readName } from "./field-text.ts";
import { RecordHeader, wordAt } from "./header.ts";
import { type Fault, LEXED, RecordLexer } from "./lexer.ts";
import { type MasterProblem, type Place, problemAt, PROBLEMS_MAX } from "./problem.ts";
import { readRdata } from "./rdata-text.ts";
import type { MasterOptions, MasterSource, RecordSink } from "./source.ts";

/** Reads it all. The problems are in the order of the text. */
export function readMaster(source: MasterSource, options: MasterOptions, sink: RecordSink): MasterProblem[] {
  const reader = new MasterReader(options, sink);
  reader.read(source, 0);
  return reader.problems;
}

const NO_OCTETS = new Uint8Array(0);
const DOLLAR = 0x24;

/** One for all readings, since none ever waits: ten thousand small zones would otherwise clear 640 MB of it. */
const rdataScratch = new Uint8Array(0x10000 + 512);

export class MasterReader implements Directed {
  readonly problems: MasterProblem[] = [];
  readonly options: MasterOptions;
  origin: Name | null;
  ttlSecondsStated = -1;
  readonly #sink: RecordSink;
  readonly #header = new RecordHeader();
  readonly #owner = new Uint8Array(512);
  #rdataLength = 0;
  /** Where the owner's text stands in the present source, to know it again; -1 when it cannot be compared. */
  #ownerStart = -1;
  #ownerEnd = -1;
  #hasOwner = false;
  #originOctets: Uint8Array = NO_OCTETS;
  #ttlSecondsLast = -1;
  #ttlSecondsSoa = -1;
  #lexer = new RecordLexer(NO_OCTETS, () => undefined);
  #file = "";
  #depth = 0;
  /** While $GENERATE makes lines: where it stands, so that problems point there. */
  #generating: { readonly place: Place; readonly step: string } | null = null;

  constructor(options: MasterOptions, sink: RecordSink) {
    this.options = options;
    this.#sink = sink;
    this.origin = options.origin;
    this.setOrigin(options.origin);
  }

  get lexer(): RecordLexer {
    return this.#lexer;
  }

  get file(): string {
    return this.#file;
  }

  get depth(): number {
    return this.#depth;
  }

  setOrigin(origin: Name | null): void {
    this.origin = origin;
    this.#originOctets = origin === null ? NO_OCTETS : origin.octets;
    this.#ownerStart = -1;
  }

  /** Reads a whole file; what surrounds it (an including file) goes on afterwards as it was, but for $TTL. */
  read(source: MasterSource, depth: number): void {
    const before = { lexer: this.#lexer, file: this.#file, depth: this.#depth, origin: this.origin };
    const owner = this.#owner.slice(0, 256);
    const hadOwner = this.#hasOwner;
    this.#file = source.name;
    this.#depth = depth;
    this.#ownerStart = -1;
    this.#lexer = new RecordLexer(source.octets, (start, end, fault) => this.problem(start, end, fault));
    this.#sink.enter?.(source.name);
    this.#readRecords(this.#lexer);
    this.#sink.enter?.(before.file);
    this.#lexer = before.lexer;
    this.#file = before.file;
    this.#depth = before.depth;
    this.setOrigin(before.origin);
    this.#owner.set(owner);
    this.#hasOwner = hadOwner;
  }

  #readRecords(lexer: RecordLexer): void {
    for (;;) {
      const lexed = lexer.next();
      if (lexed === LEXED.end || this.problems.length >= PROBLEMS_MAX) return;
      // The owner of a record that cannot be read would be a guess, so the next line must have its own.
      if (lexed === LEXED.faulty) this.#loseOwner();
      else if (!lexer.hasLeadingBlank && lexer.source[lexer.starts[0]!] === DOLLAR) runDirective(this);
      else this.#record(lexer);
    }
  }

  /** Reads one line that $GENERATE made. False when there was a problem. */
  generated(line: Uint8Array, place: Place, step: string): boolean {
    const before = this.#lexer;
    const known = this.problems.length;
    this.#generating = { place, step };
    this.#lexer = new RecordLexer(line, (start, end, fault) => this.problem(start, end, fault));
    this.#ownerStart = -1;
    if (this.#lexer.next() === LEXED.record) this.#record(this.#lexer);
    this.#lexer = before;
    this.#ownerStart = -1;
    this.#generating = null;
    return this.problems.length === known;
  }

  /** Notes what is wrong with octets [start, end) of the present source. */
  problem(start: number, end: number, fault: Fault & { readonly severity?: "error" | "warning" }): void {
    if (this.problems.length >= PROBLEMS_MAX) return;
    if (this.#generating !== null) {
      const { place, step } = this.#generating;
      this.problems.push(problemAt(place, { ...fault, message: `${fault.message}, in the step ${step}` }));
    } else {
      const found = problemAt(this.place(start, end), fault);
      // What follows a ( that is not closed is read twice: to look for the ), and then as lines of their own.
      const isKnown = this.problems.some((known) => isSamePlace(known, found) && known.message === found.message);
      if (isKnown) return;
      this.problems.push(found);
    }
    if (this.problems.length === PROBLEMS_MAX - 1) {
      const more = { message: "there are more problems than are shown", rule: "", suggestion: "mend these first" };
      this.problems.push(problemAt(this.place(start, end), { ...more, severity: "error" }));
    }
  }

  place(start: number, end: number): Place {
    return { file: this.#file, source: this.#lexer.source, start, end, line: this.#lexer.lineOf(start) };
  }

  /** Notes what is wrong with a token of the present record; past the last: at its end. */
  tokenProblem(index: number, fault: Fault & { readonly severity?: "error" | "warning" }): void {
    const { starts, ends, count } = this.#lexer;
    if (index < count) this.problem(starts[index]!, ends[index]!, fault);
    else this.problem(ends[count - 1]!, ends[count - 1]! + 1, fault);
  }

  #record(lexer: RecordLexer): void {
    let first = 0;
    if (!lexer.hasLeadingBlank) {
      if (!this.#readOwner(lexer)) return this.#loseOwner();
      first = 1;
    } else if (!this.#hasOwner) {
      return this.tokenProblem(0, {
        message: "this record has no owner: no readable one stands before it",
        rule: "a line that begins with a blank takes the owner of the record before, RFC 1035 §5.1",
        suggestion: "write the owner at the beginning of the line, or @ for the origin",
      });
    }
    const header = this.#header;
    const fault = header.read(lexer, first);
    if (fault !== null) return this.tokenProblem(header.faultAt, fault);
    const rdata = this.#readRdata(lexer, header);
    if (rdata === null) return;
    const length = rdata === rdataScratch ? this.#rdataLength : rdata.length;
    const ttlSeconds = this.#ttlSeconds(header, rdata, length);
    if (ttlSeconds < 0) return this.#noTtl(header);
    const line = this.#generating === null ? lexer.recordLine : this.#generating.place.line;
    const complaint = this.#sink.record(this.#owner, 0, header.type, ttlSeconds, rdata, 0, length, line);
    if (complaint !== null) this.tokenProblem(complaint.severity === "error" ? 0 : header.rdataAt - 1, complaint);
  }

  /** The RDATA: in the scratch octets when it is plain. Null after a problem. */
  #readRdata(lexer: RecordLexer, header: RecordHeader): Uint8Array | null {
    if (this.origin !== null) {
      const length = readRdata(header.type, lexer, header.rdataAt, this.#originOctets, rdataScratch);
      if (length !== NOT_READ) {
        this.#rdataLength = length;
        return rdataScratch;
      }
    }
    try {
      const octets = rdataType(header.type).parse(new RecordTokens(lexer, header.rdataAt, this.origin));
      if (octets.length <= 0xffff) return octets;
      this.tokenProblem(header.rdataAt, {
        message: `RDATA of ${octets.length} octets`,
        rule: "RDATA has at most 65535 octets, RFC 1035 §3.2.1",
        suggestion: "split the record",
      });
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      this.problem(error.start, error.end, { message: error.message, rule: "", suggestion: "" });
    }
    return null;
  }

  /** The owner in the first token. Most owners of one name stand in a row, so the text is compared before it is read. */
  #readOwner(lexer: RecordLexer): boolean {
    const start = lexer.starts[0]!;
    const end = lexer.ends[0]!;
    if (this.#ownerStart >= 0 && isSame(lexer.source, start, end, this.#ownerStart, this.#ownerEnd)) return true;
    const source = lexer.source;
    const isQuoted = lexer.quoted[0] === 1;
    const isRelative = source[end - 1] !== 0x2e || source[end - 2] === 0x5c;
    if (!isQuoted && !(isRelative && this.origin === null)) {
      if (readName(source, start, end, this.#originOctets, this.#owner, 0) !== NOT_READ) {
        this.#ownerStart = start;
        this.#ownerEnd = end;
        this.#hasOwner = true;
        return true;
      }
    }
    const name = this.nameAt(0);
    if (name === null) return false;
    this.#owner.set(name.octets);
    this.#ownerStart = -1;
    this.#hasOwner = true;
    return true;
  }

  /** The name a token is; null after a problem. */
  nameAt(index: number): Name | null {
    const lexer = this.#lexer;
    const tokens = new RecordTokens(lexer, index, this.origin);
    const token = tokens.next();
    if (token === null) return null;
    const text = wordAt(lexer, index);
    if (token.quoted) {
      this.tokenProblem(index, {
        message: `a name in quotes: ${text}`,
        rule: "a domain name stands without quotes, RFC 1035 §5.1",
        suggestion: "take the quotes away; what is special in a name is escaped as \\X",
      });
      return null;
    }
    const octets = new Uint8Array(512);
    if (this.origin === null && !endsInDot(token.octets)) {
      this.tokenProblem(index, {
        message: `${text} is relative, and there is no origin`,
        rule: "RFC 1035 §5.1",
        suggestion: "end it with a dot, or say $ORIGIN or --origin first",
      });
      return null;
    }
    const { octets: source } = token;
    if (readName(source, 0, source.length, this.#originOctets, octets, 0) !== NOT_READ) return Name.fromWire(octets);
    try {
      return Name.parse(String.fromCharCode(...source.subarray(0, 2048)), this.origin ?? Name.root);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.tokenProblem(index, { message: `${text} is no name: ${error.message}`, rule: "", suggestion: "" });
      return null;
    }
  }

  #loseOwner(): void {
    this.#hasOwner = false;
    this.#ownerStart = -1;
  }

  #ttlSeconds(header: RecordHeader, rdata: Uint8Array, length: number): number {
    let ttl = header.ttlSeconds;
    const minimum = header.type === TYPE.SOA && length >= 22 ? soaMinimum(rdata, length) : -1;
    if (ttl < 0) ttl = this.ttlSecondsStated;
    if (ttl < 0) ttl = this.#ttlSecondsLast;
    if (ttl < 0) ttl = this.options.ttlSecondsDefault ?? -1;
    if (ttl < 0) ttl = minimum >= 0 ? minimum : this.#ttlSecondsSoa;
    if (header.ttlSeconds >= 0) this.#ttlSecondsLast = header.ttlSeconds;
    if (minimum >= 0 && this.#ttlSecondsSoa < 0) this.#ttlSecondsSoa = minimum;
    return ttl;
  }

  #noTtl(header: RecordHeader): void {
    this.tokenProblem(header.rdataAt - 1, {
      message: "this record has no TTL, and none was stated before",
      rule: "RFC 2308 §4, RFC 1035 §5.1",
      suggestion: "put a line such as $TTL 1h at the top of the file, or a TTL before the type",
    });
  }
}

function soaMinimum(rdata: Uint8Array, length: number): number {
  const at = length - 4;
  const value = (rdata[at]! << 24) | (rdata[at + 1]! << 16) | (rdata[at + 2]! << 8) | rdata[at + 3]!;
  return Math.max(0, value);
}

function endsInDot(octets: Uint8Array): boolean {
  if (octets.at(-1) !== 0x2e) return false;
  let escapes = 0;
  while (octets[octets.length - 2 - escapes] === 0x5c) escapes++;
  return escapes % 2 === 0;
}

function isSame(source: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  const length = end - start;
  if (length !== otherEnd - otherStart) return false;
  for (let i = 0; i < length; i++) if (source[start + i] !== source[otherStart + i]) return false;
  return true;
}

/** The rest of a record's tokens, as the types' own parsers take them. */
class RecordTokens implements RdataTokens {
  readonly #origin: Name | null;
  readonly #lexer: RecordLexer;
  #at: number;
  #last: Token | null = null;

  constructor(lexer: RecordLexer, first: number, origin: Name | null) {
    this.#lexer = lexer;
    this.#at = first;
    this.#origin = origin;
  }

  /** Asked for with a name in hand: without an origin that name must be absolute. */
  get origin(): Name {
    if (this.#origin !== null) return this.#origin;
    if (this.#last === null || endsInDot(this.#last.octets)) return Name.root;
    const message =
      "the name is relative, and there is no origin (RFC 1035 §5.1); end it with a dot, or say $ORIGIN first";
    throw this.error(this.#last, message);
  }

  next(): Token | null {
    this.#last = this.peek();
    if (this.#last !== null) this.#at++;
    return this.#last;
  }

  peek(): Token | null {
    const { source, starts, ends, quoted, count } = this.#lexer;
    if (this.#at >= count) return null;
    const start = starts[this.#at]!;
    const end = ends[this.#at]!;
    const quotes = quoted[this.#at]!;
    return { octets: source.subarray(start + quotes, end - quotes), quoted: quotes === 1, start, end };
  }

  error(token: Token | null, message: string): TextError {
    const end = this.#lexer.ends[this.#lexer.count - 1]!;
    return token === null ? new TextError(message, end, end + 1) : new TextError(message, token.start, token.end);
  }
}

function isSamePlace(a: MasterProblem, b: MasterProblem): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column;
}
