/**
 * Hints: the root zone's servers as configured (RFC 8109 §2), in the form of the file that IANA gives out (`named.root`):
 * one record a line, NS records of the root and the addresses of the servers they name. It is read here, line by line,
 * and not with the reader of zone files, because `strata resolve` should not have to load that to ask one question.
 */
import {
  CLASS,
  classFromText,
  Name,
  parseName,
  rdataType,
  type Rr,
  TextError,
  TYPE,
  tokenize,
  tokenText,
  typeFromText,
} from "../dns/index.ts";
import { addressOctets, type Endpoint } from "../net/index.ts";
import { addressOf, isAddressType } from "./address-rules.ts";
import type { NameServer, ServerAddress, ZoneServers } from "./delegations.ts";

/** A hints file that cannot be used; the message says file, line and what would be right. */
export class HintsError extends Error {
  readonly code = "BAD_HINTS";
}

/** Reads a hints file. Throws HintsError. */
export function readHints(octets: Uint8Array, file: string): ZoneServers {
  const records: Rr[] = [];
  let owner = Name.root;
  for (const [i, line] of new TextDecoder("latin1").decode(octets).split("\n").entries()) {
    try {
      const record = readLine(line.replace(/\r$/, ""), owner);
      if (record === null) continue;
      owner = record.owner;
      records.push(record);
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      throw new HintsError(`${file}:${i + 1}:${error.column}: ${error.message}`);
    }
  }
  return fromRecords(records, file);
}

/** `owner [TTL] [class] type data`, the owner left out when the line begins with a blank; null for a line without record. */
function readLine(line: string, before: Name): Rr | null {
  const tokens = tokenize(line);
  const first = tokens.peek();
  if (first === null) return null;
  const firstText = tokenText(first);
  if (firstText.startsWith("$")) {
    if (firstText.toUpperCase() === "$TTL") return null;
    throw tokens.error(first, `${firstText} has no place in a hints file: NS, A and AAAA records are wanted`);
  }
  const owner = first.start > 0 ? before : parseName(tokens.next() ?? first, Name.root);
  for (let token = tokens.next(); token !== null; token = tokens.next()) {
    const text = tokenText(token);
    const type = typeFromText(text);
    if (type !== null) {
      const rdata = rdataType(type).parse(tokens);
      return { owner, type, class: CLASS.IN, ttlSeconds: 0, rdata };
    }
    const isTtl = text.length > 0 && [...text].every((digit) => digit >= "0" && digit <= "9");
    if (!isTtl && classFromText(text) !== CLASS.IN) {
      throw tokens.error(
        token,
        `${JSON.stringify(text)} is no TTL, class IN or type; a line is like ". 3600 NS a.root."`,
      );
    }
  }
  throw tokens.error(null, "the line ends before its type");
}

function fromRecords(records: readonly Rr[], file: string): ZoneServers {
  const servers: NameServer[] = [];
  for (const { owner, type, rdata } of records) {
    if (type !== TYPE.NS || !owner.isRoot) continue;
    const name = Name.fromWire(rdata);
    const own = records.filter((record) => isAddressType(record.type) && record.owner.equals(name));
    servers.push({ name, addresses: own.map((record) => serverAddress(record)) });
  }
  if (!servers.some(({ addresses }) => addresses.length > 0)) {
    throw new HintsError(`${file}: no NS record of the root with the address of its server; see IANA's named.root`);
  }
  return { zone: Name.root, servers, endsAt: Number.POSITIVE_INFINITY };
}

function serverAddress(record: Rr): ServerAddress {
  return { address: addressOf(record), octets: record.rdata, port: null };
}

/** Servers known by their addresses only: roots for a test, or the caching resolvers to ask. */
export function serversAt(endpoints: readonly Endpoint[]): ZoneServers {
  const addresses = endpoints.map(({ address, port }) => {
    const octets = addressOctets(address);
    if (octets === null) throw new HintsError(`${JSON.stringify(address)} is no address`);
    return { address, octets, port };
  });
  return { zone: Name.root, servers: [{ name: Name.root, addresses }], endsAt: Number.POSITIVE_INFINITY };
}
