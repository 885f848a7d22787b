/** Places and address ranges: LOC (RFC 1876) and APL (RFC 3123). */
import { rdata } from "../declare.ts";
import { location } from "../field/location.ts";
import { prefixList } from "../field/prefix-list.ts";

/** Where on earth a host, network or subnet is (RFC 1876 §2). */
export const loc = rdata({ type: 29, mnemonic: "LOC", fields: { location }, data: "value" });

/** Address prefixes (RFC 3123 §4). */
export const apl = rdata({ type: 42, mnemonic: "APL", fields: { prefixes: prefixList }, data: "value" });
