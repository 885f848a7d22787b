/** Where services are and how they are reached: RP, AFSDB, NAPTR, KX, DNAME, URI, EUI48, EUI64, CAA, SVCB and HTTPS. */
import { rdata } from "../declare.ts";
import { euiField } from "../field/binary.ts";
import { expandedName, lowerName, plainName } from "../field/name.ts";
import { u16, u8, withDefault } from "../field/number.ts";
import { characterString, quotedRest } from "../field/string.ts";
import { serviceParams, verifyServiceText } from "../field/service-params.ts";
import { caaTag } from "../field/tag.ts";

/** Responsible person (RFC 1183 §2.2). */
export const rp = rdata({ type: 17, mnemonic: "RP", fields: { mbox: expandedName, txt: expandedName } });

/** AFS cell database (RFC 1183 §1). */
export const afsdb = rdata({ type: 18, mnemonic: "AFSDB", fields: { subtype: u16, hostname: expandedName } });

/** Naming authority pointer (RFC 3403 §4). */
export const naptr = rdata({
  type: 35,
  mnemonic: "NAPTR",
  fields: {
    order: u16,
    preference: u16,
    flags: characterString,
    services: characterString,
    regexp: characterString,
    replacement: expandedName,
  },
});

/** Key exchanger (RFC 2230 §3.1). */
export const kx = rdata({ type: 36, mnemonic: "KX", fields: { preference: u16, exchanger: lowerName } });

/** Redirection of a subtree (RFC 6672 §2.1). */
export const dname = rdata({ type: 39, mnemonic: "DNAME", fields: { target: lowerName }, data: "value" });

/** EUI-48 and EUI-64 addresses (RFC 7043 §3, §4). */
export const eui48 = rdata({ type: 108, mnemonic: "EUI48", fields: { address: euiField(6) }, data: "value" });
export const eui64 = rdata({ type: 109, mnemonic: "EUI64", fields: { address: euiField(8) }, data: "value" });

/** A service's URI (RFC 7553 §4). */
export const uri = rdata({ type: 256, mnemonic: "URI", fields: { priority: u16, weight: u16, target: quotedRest } });

const ISSUER_CRITICAL = 0x80;

/** Which authorities may issue certificates (RFC 8659 §4). dns-packet shows the critical flag as a boolean beside `flags`. */
export const caa = rdata({
  type: 257,
  mnemonic: "CAA",
  fields: { flags: withDefault(u8, 0), tag: caaTag, value: quotedRest },
  shape: {
    show: (data) => ({ ...data, issuerCritical: (Number(data["flags"]) & ISSUER_CRITICAL) !== 0 }),
    read: (data) =>
      data.get("issuerCritical") === true && data.get("flags") === undefined
        ? new Map([...data, ["flags", ISSUER_CRITICAL]])
        : data,
  },
});

const bindingFields = { priority: u16, target: plainName, params: serviceParams };

/** Service binding (RFC 9460 §2), and the same for HTTPS origins (§9). */
export const svcb = rdata({ type: 64, mnemonic: "SVCB", fields: bindingFields, verifyText: verifyServiceText });
export const https = rdata({ type: 65, mnemonic: "HTTPS", fields: bindingFields, verifyText: verifyServiceText });
