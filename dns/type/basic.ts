/** The types of RFC 1035 that are in use, and AAAA (RFC 3596), SRV (RFC 2782), SPF (RFC 7208 §14.1). */
import { rdata } from "../declare.ts";
import { ipv4, ipv6 } from "../field/address.ts";
import { expandedName, hostName } from "../field/name.ts";
import { seconds, u16, u32 } from "../field/number.ts";
import { characterString, characterStrings } from "../field/string.ts";

/** A host's IPv4 address (RFC 1035 §3.4.1). */
export const a = rdata({ type: 1, mnemonic: "A", fields: { address: ipv4 }, data: "value" });

/** An authoritative name server (RFC 1035 §3.3.11). */
export const ns = rdata({ type: 2, mnemonic: "NS", fields: { nsdname: hostName }, data: "value" });

/** The canonical name behind an alias (RFC 1035 §3.3.1). */
export const cname = rdata({ type: 5, mnemonic: "CNAME", fields: { cname: hostName }, data: "value" });

/** Start of a zone of authority (RFC 1035 §3.3.13). */
export const soa = rdata({
  type: 6,
  mnemonic: "SOA",
  fields: {
    mname: hostName,
    rname: hostName,
    serial: u32,
    refresh: seconds,
    retry: seconds,
    expire: seconds,
    minimum: seconds,
  },
});

/** A pointer to some other name (RFC 1035 §3.3.12). */
export const ptr = rdata({ type: 12, mnemonic: "PTR", fields: { ptrdname: hostName }, data: "value" });

/** Host information (RFC 1035 §3.3.2). */
export const hinfo = rdata({ type: 13, mnemonic: "HINFO", fields: { cpu: characterString, os: characterString } });

/** Mail exchange (RFC 1035 §3.3.9). The exchange may be compressed; it sorts in lower case (RFC 4034 §6.2). */
export const mx = rdata({ type: 15, mnemonic: "MX", fields: { preference: u16, exchange: hostName } });

/** Text (RFC 1035 §3.3.14). */
export const txt = rdata({ type: 16, mnemonic: "TXT", fields: { strings: characterStrings }, data: "value" });

/** A host's IPv6 address (RFC 3596 §2.2). */
export const aaaa = rdata({ type: 28, mnemonic: "AAAA", fields: { address: ipv6 }, data: "value" });

/** Where a service is (RFC 2782). */
export const srv = rdata({
  type: 33,
  mnemonic: "SRV",
  fields: { priority: u16, weight: u16, port: u16, target: expandedName },
});

/** Sender policy, superseded by TXT (RFC 7208 §14.1) but still met. */
export const spf = rdata({ type: 99, mnemonic: "SPF", fields: { strings: characterStrings }, data: "value" });
