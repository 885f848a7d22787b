/**
 * Types of RFC 1035 and RFC 1183 that hardly anyone uses. They are declared because their names may come compressed and
 * because they sort in lower case (RFC 3597 §4, RFC 4034 §6.2): as opaque octets they would be wrong, not just ugly.
 */
import { rdata } from "../declare.ts";
import { expandedName, hostName } from "../field/name.ts";
import { u16 } from "../field/number.ts";

/** Mail destination, mail forwarder, mailbox, mail group, mail rename (RFC 1035 §3.3.3 to §3.3.8). */
export const md = rdata({ type: 3, mnemonic: "MD", fields: { madname: hostName }, data: "value" });
export const mf = rdata({ type: 4, mnemonic: "MF", fields: { madname: hostName }, data: "value" });
export const mb = rdata({ type: 7, mnemonic: "MB", fields: { madname: hostName }, data: "value" });
export const mg = rdata({ type: 8, mnemonic: "MG", fields: { mgmname: hostName }, data: "value" });
export const mr = rdata({ type: 9, mnemonic: "MR", fields: { newname: hostName }, data: "value" });

/** Mailbox information (RFC 1035 §3.3.7). */
export const minfo = rdata({ type: 14, mnemonic: "MINFO", fields: { rmailbx: hostName, emailbx: hostName } });

/** Route through (RFC 1183 §3.3). */
export const rt = rdata({ type: 21, mnemonic: "RT", fields: { preference: u16, host: expandedName } });

/** X.400 mapping (RFC 2163 §4). */
export const px = rdata({
  type: 26,
  mnemonic: "PX",
  fields: { preference: u16, map822: expandedName, mapx400: expandedName },
});
