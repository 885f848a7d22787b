/**
 * What may be mounted, as a user writes it: a URI whose scheme says by which protocol (RFC 3986 §3), whose authority says at which server, and whose path
 * says where in its name space. Parameters of `nfs` have libnfs's names. How a server's name becomes an address is `finding/`'s.
 */
import { suggestion } from "../base/index.ts";
import { Name, NameError } from "../dns/index.ts";
import { DNS_PORT } from "../net/index.ts";
import { fileNameOctets } from "./file-name.ts";
import {
  FORMS,
  ID_RANGE,
  isScheme,
  type Parameter,
  PORT_RANGE,
  type Range,
  SourceCursor,
  SourceError,
  wholeNumber,
} from "./source-cursor.ts";

export type Source = NfsSource | DnsSource | LocalNameSource | DirectorySource | AutoSource;

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

/**
 * What is mounted when its name is looked up, as a map says: `auto:/MAP` (a file in the form of autofs(5)), `auto:program:/PROGRAM` (which prints the entry of a
 * name), `auto:direct:/MAP` (those of its paths that are in the directory that it is mounted at), `auto:net` (a host, or the root of a domain's files).
 */
export interface AutoSource {
  readonly kind: "auto";
  readonly map: { readonly kind: "file" | "program" | "direct"; readonly path: string } | { readonly kind: "net" };
}

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
  const cursor = new SourceCursor(text, scheme, colon + 1);
  switch (scheme) {
    case "nfs":
      return readNfs(cursor);
    case "dns":
      return readDns(cursor);
    case "ns":
      return { kind: "ns", path: cursor.lastPath() };
    case "file":
      return readDirectory(cursor);
    case "auto":
      return readAuto(cursor);
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
    case "auto": {
      const { map } = source;
      if (map.kind === "net") return "auto:net";
      return `auto:${map.kind === "file" ? "" : `${map.kind}:`}${escapeUri(map.path, PATH_PLAIN)}`;
    }
  }
}

/** As it stands in the path of a source. */
export function escapePath(text: string): string {
  return escapeUri(text, PATH_PLAIN);
}

function readNfs(cursor: SourceCursor): NfsSource {
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

function readDns(cursor: SourceCursor): DnsSource {
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

function readDirectory(cursor: SourceCursor): DirectorySource {
  if (!cursor.skip("//")) throw cursor.fault("two slashes are missing, and a third begins the path");
  cursor.skip("localhost");
  if (!cursor.isAt("/")) {
    throw cursor.fault("a directory of another machine is not reached by file:; export it there, mount it by nfs://");
  }
  return { kind: "file", path: cursor.lastPath() };
}

function readAuto(cursor: SourceCursor): AutoSource {
  if (cursor.skip("net")) {
    cursor.expectEnd("nothing stands behind auto:net");
    return { kind: "auto", map: { kind: "net" } };
  }
  const kind = cursor.skip("program:") ? "program" : cursor.skip("direct:") ? "direct" : "file";
  return { kind: "auto", map: { kind, path: cursor.lastPath() } };
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

function numberOf(given: ReadonlyMap<string, Parameter>, key: string, range: Range): number | null {
  const parameter = given.get(key);
  return parameter === undefined ? null : wholeNumber(parameter, key, range);
}
