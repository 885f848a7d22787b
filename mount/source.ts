/**
 * What may be mounted, as a user writes it: a URI whose scheme says by which protocol (RFC 3986 §3), whose authority says at which server, and whose path
 * says where in its name space. Parameters of `nfs` have libnfs's names. How a server's name becomes an address is `finding/`'s.
 */
import { suggestion } from "../base/index.ts";
import { Name, NameError } from "../dns/index.ts";
import { addressOctets, addressText, DNS_PORT } from "../net/index.ts";
import { fileNameOctets, fileNameText, nameFault } from "./file-name.ts";
import { PATH_OCTETS_MAX } from "./path.ts";

/** Where a server is said to be. The host is an address, or a name without its last dot. */
export interface Host {
  readonly host: string;
  readonly port: number | null;
}

export type Source = NfsSource | DnsSource | LocalNameSource | DirectorySource;

/** `nfs://host[:port]/path?nfsport=&mountport=&version=3&uid=&gid=` */
export interface NfsSource {
  readonly kind: "nfs";
  readonly host: string;
  /** Null: not given, so an SRV record may say it. The port in the authority is for both protocols. */
  readonly nfsPort: number | null;
  readonly mountPort: number | null;
  readonly path: string;
  /** Who asks (AUTH_SYS); null: the user of the daemon. */
  readonly uid: number | null;
  readonly gid: number | null;
}

/** `dns://zone[@server[:port]]` */
export interface DnsSource {
  readonly kind: "dns";
  readonly zone: Name;
  /** Which name server is asked; null: whoever is authoritative, through the resolver. */
  readonly server: { readonly host: string; readonly port: number } | null;
}

/** `ns:/path`: a path of the local name space, bound to a second place. */
export interface LocalNameSource {
  readonly kind: "ns";
  readonly path: string;
}

/** `file:///dir`: a directory of this machine. */
export interface DirectorySource {
  readonly kind: "file";
  readonly path: string;
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

const FORMS = {
  nfs: "nfs://HOST[:PORT]/PATH",
  dns: "dns://ZONE[@SERVER[:PORT]]",
  ns: "ns:/PATH",
  file: "file:///DIRECTORY",
} as const;
type Scheme = keyof typeof FORMS;

const PORT_MAX = 65_535;
/** 2^32 - 2: the last one means "nobody is said" to chown(2), and so to servers. */
const ID_MAX = 0xffff_fffe;

const isScheme = (word: string): word is Scheme => Object.hasOwn(FORMS, word);

/** Reads a source. Throws a SourceError that says what is wrong, where, and what would be right. */
export function parseSource(text: string): Source {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(0, colon)).toLowerCase();
  if (!isScheme(scheme)) {
    const known = Object.values(FORMS).join(", ");
    const hint = colon < 0 ? "" : suggestion(scheme, Object.keys(FORMS));
    throw new SourceError(`${JSON.stringify(text)} is no source: one of ${known} is wanted${hint}`, 0);
  }
  if (/[\0-\x20\x7f]/.test(text)) {
    throw new SourceError(
      "blanks and control characters are written as %20 and so on in a source",
      text.search(/[\0-\x20\x7f]/),
    );
  }
  const cursor = new Cursor(text, scheme, colon + 1);
  switch (scheme) {
    case "nfs":
      return readNfs(cursor);
    case "dns":
      return readDns(cursor);
    case "ns":
      return { kind: "ns", path: cursor.lastPath() };
    case "file":
      return readDirectory(cursor);
  }
}

/** The text of a source, which reads back the same: parameters only where they say something. */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case "nfs":
      return formatNfs(source);
    case "dns": {
      const { zone, server } = source;
      const at = server === null ? "" : `@${hostText(server.host)}${server.port === DNS_PORT ? "" : `:${server.port}`}`;
      return `dns://${escapeUri(zoneText(zone), ZONE_PLAIN)}${at}`;
    }
    case "ns":
      return `ns:${escapeUri(source.path, PATH_PLAIN)}`;
    case "file":
      return `file://${escapeUri(source.path, PATH_PLAIN)}`;
  }
}

function readNfs(cursor: Cursor): NfsSource {
  const { host, port } = cursor.authority();
  const path = cursor.path();
  const given = cursor.parameters(["nfsport", "mountport", "version", "uid", "gid"]);
  const version = given.get("version");
  if (version !== undefined && version.value !== "3") {
    throw new SourceError(`version=${version.value}: only NFS version 3 is spoken here`, version.at);
  }
  return {
    kind: "nfs",
    host,
    nfsPort: numberOf(given, "nfsport", PORT_RANGE) ?? port,
    mountPort: numberOf(given, "mountport", PORT_RANGE) ?? port,
    path,
    uid: numberOf(given, "uid", ID_RANGE),
    gid: numberOf(given, "gid", ID_RANGE),
  };
}

function readDns(cursor: Cursor): DnsSource {
  cursor.expectSlashes();
  const zoneAt = cursor.at;
  // A zone's own name may have an "@", which is then escaped.
  const zonePart = cursor.until("@/");
  let zone: Name;
  try {
    zone = Name.parse(cursor.decoded(zonePart === "" ? "." : zonePart, zoneAt));
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new SourceError(`${JSON.stringify(zonePart)} is no name of a zone: ${error.message}`, zoneAt + error.at);
  }
  let server: DnsSource["server"] = null;
  if (cursor.skip("@")) {
    const { host, port } = cursor.hostPort();
    server = { host, port: port ?? DNS_PORT };
  }
  cursor.skip("/");
  cursor.expectEnd("a zone has no path here: mount the zone, and walk from there");
  return { kind: "dns", zone, server };
}

function readDirectory(cursor: Cursor): DirectorySource {
  if (!cursor.skip("//")) throw cursor.fault("two slashes are missing, and a third begins the path");
  cursor.skip("localhost");
  if (!cursor.isAt("/")) {
    throw cursor.fault("a directory of another machine is not reached by file:; export it there, mount it by nfs://");
  }
  return { kind: "file", path: cursor.lastPath() };
}

function formatNfs(source: NfsSource): string {
  const { host, nfsPort, mountPort, path, uid, gid } = source;
  const isOnePort = nfsPort !== null && nfsPort === mountPort;
  const parameters = Object.entries({
    nfsport: isOnePort ? null : nfsPort,
    mountport: isOnePort ? null : mountPort,
    uid,
    gid,
  }).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  return `nfs://${hostText(host)}${isOnePort ? `:${nfsPort}` : ""}${escapeUri(path, PATH_PLAIN)}${query}`;
}

const hostText = (host: string): string => (host.includes(":") ? `[${host}]` : host);
const zoneText = (zone: Name): string => (zone.isRoot ? "." : zone.toString().slice(0, -1));

/** RFC 3986 §3.3 pchar without what begins a query or would be ambiguous. */
const PATH_PLAIN = /[A-Za-z0-9/._~!$&'()*+,;=:@-]/;
const ZONE_PLAIN = /[A-Za-z0-9._~*-]/;

function escapeUri(text: string, plain: RegExp): string {
  let escaped = "";
  for (const octet of fileNameOctets(text)) {
    const character = String.fromCharCode(octet);
    const isPlain = octet < 0x80 && plain.test(character);
    escaped += isPlain ? character : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

interface Parameter {
  readonly value: string;
  readonly at: number;
}
interface Range {
  readonly min: number;
  readonly max: number;
}
const PORT_RANGE: Range = { min: 1, max: PORT_MAX };
const ID_RANGE: Range = { min: 0, max: ID_MAX };

function numberOf(given: ReadonlyMap<string, Parameter>, key: string, range: Range): number | null {
  const parameter = given.get(key);
  return parameter === undefined ? null : wholeNumber(parameter, key, range);
}

function wholeNumber({ value, at }: Parameter, what: string, { min, max }: Range): number {
  const number = /^[0-9]{1,10}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) {
    throw new SourceError(`${what} is a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`, at);
  }
  return number;
}

/** Where reading is in a source, and how its parts are read. */
class Cursor {
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
