/** Records in the shapes of node:dns, from the data in dns-packet's shape that `dns/` gives. */
import type {
  AnyRecord,
  CaaRecord,
  MxRecord,
  NaptrRecord,
  RecordWithTtl,
  SoaRecord,
  SrvRecord,
  TlsaRecord,
} from "node:dns";
import { assert } from "../base/index.ts";
import { type Rr, rdataType, TYPE } from "../dns/index.ts";

type Members = Readonly<Record<string, unknown>>;

function members(rr: Rr): Members {
  const data = rdataType(rr.type).toData(rr.rdata);
  assert(typeof data === "object" && data !== null, "the type's data are an object");
  return { ...data };
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  assert(value instanceof Uint8Array, "the field is text");
  return new TextDecoder().decode(value);
}

function number(value: unknown): number {
  assert(typeof value === "number", "the field is a number");
  return value;
}

/** The one value of A, AAAA, NS, CNAME, PTR. */
export function soleText(rr: Rr): string {
  return text(rdataType(rr.type).toData(rr.rdata));
}

export function withTtl(rr: Rr): RecordWithTtl {
  return { address: soleText(rr), ttl: rr.ttlSeconds };
}

export function mx(rr: Rr): MxRecord {
  const { preference, exchange } = members(rr);
  return { exchange: text(exchange), priority: number(preference) };
}

export function srv(rr: Rr): SrvRecord {
  const { priority, weight, port, target } = members(rr);
  return { name: text(target), port: number(port), priority: number(priority), weight: number(weight) };
}

export function soa(rr: Rr): SoaRecord {
  const { mname, rname, serial, refresh, retry, expire, minimum } = members(rr);
  return {
    nsname: text(mname),
    hostmaster: text(rname),
    serial: number(serial),
    refresh: number(refresh),
    retry: number(retry),
    expire: number(expire),
    minttl: number(minimum),
  };
}

export function txt(rr: Rr): string[] {
  const data = rdataType(rr.type).toData(rr.rdata);
  assert(Array.isArray(data), "TXT data are a list");
  return data.map((part: unknown) => text(part));
}

export function caa(rr: Rr): CaaRecord {
  const { flags, tag, value } = members(rr);
  return { critical: number(flags), [text(tag)]: text(value) };
}

export function naptr(rr: Rr): NaptrRecord {
  const { order, preference, flags, services, regexp, replacement } = members(rr);
  return {
    flags: text(flags),
    service: text(services),
    regexp: text(regexp),
    replacement: text(replacement),
    order: number(order),
    preference: number(preference),
  };
}

export function tlsa(rr: Rr): TlsaRecord {
  const { usage, selector, matchingType, certificate } = members(rr);
  assert(certificate instanceof Uint8Array, "the association is octets");
  const data = new Uint8Array(certificate).buffer;
  return { certUsage: number(usage), selector: number(selector), match: number(matchingType), data };
}

/** A record of an answer to ANY; null for a type that Node has no shape for. */
export function any(rr: Rr): AnyRecord | null {
  switch (rr.type) {
    case TYPE.A:
      return { type: "A", ...withTtl(rr) };
    case TYPE.AAAA:
      return { type: "AAAA", ...withTtl(rr) };
    case TYPE.CNAME:
      return { type: "CNAME", value: soleText(rr) };
    case TYPE.NS:
      return { type: "NS", value: soleText(rr) };
    case TYPE.PTR:
      return { type: "PTR", value: soleText(rr) };
    case TYPE.MX:
      return { type: "MX", ...mx(rr) };
    case TYPE.SRV:
      return { type: "SRV", ...srv(rr) };
    case TYPE.SOA:
      return { type: "SOA", ...soa(rr) };
    case TYPE.TXT:
      return { type: "TXT", entries: txt(rr) };
    case TYPE.CAA:
      return { type: "CAA", ...caa(rr) };
    case TYPE.NAPTR:
      return { type: "NAPTR", ...naptr(rr) };
    case TYPE.TLSA:
      return { type: "TLSA", ...tlsa(rr) };
    default:
      return null;
  }
}
