/** Updates of one record (RFC 2136), signed (RFC 8945), as the benchmarks of changes send them. */
import { toBase64 } from "../base/index.ts";
import {
  CLASS,
  decodeMessage,
  emptyMessage,
  encodeMessage,
  Name,
  OPCODE,
  plainEdns,
  RCODE,
  rcodeToText,
  signMessage,
  TsigKey,
  TYPE,
} from "../dns/index.ts";
import type { PeerClient } from "../test/support/peer-client.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const KEY = new TsigKey(Name.parse("update.example."), "hmac-sha256", SECRET);
const ZONE = Name.parse("example.");

export const UPDATE_KEY = { name: "update.example", secret: toBase64(SECRET) };
/** The same in BIND's form, which our key files may have. */
export const UPDATE_KEY_FILE = `key "${UPDATE_KEY.name}" { algorithm hmac-sha256; secret "${UPDATE_KEY.secret}"; };\n`;

/** Adds an address to a name below example. that there is not; throws unless it is acknowledged. */
export async function addAddress(client: PeerClient, label: string): Promise<void> {
  const message = encodeMessage({
    ...emptyMessage,
    opcode: OPCODE.UPDATE,
    question: [{ name: ZONE, type: TYPE.SOA, class: CLASS.IN }],
    authority: [
      {
        owner: Name.parse(`${label}.example.`),
        type: TYPE.A,
        class: CLASS.IN,
        ttlSeconds: 60,
        rdata: Uint8Array.of(192, 0, 2, 1),
      },
    ],
    edns: plainEdns,
  });
  const signed = signMessage(message, KEY, { nowSeconds: Math.floor(Date.now() / 1000) });
  const response = await client.ask(signed.octets);
  if (response === null) throw new Error("an update was not answered");
  const { rcode } = decodeMessage(response);
  if (rcode !== RCODE.NOERROR) throw new Error(`an update was answered ${rcodeToText(rcode)}`);
}
