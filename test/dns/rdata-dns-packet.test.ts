/** dns-packet as a second opinion on the types it has and gets right (DESIGN §6 lists where it does not). */
import { dnsPacket } from "../support/dns-packet.ts";
import { describe, expect, test } from "vitest";
import { Name, rdataType, tokenize, typeFromText } from "../../dns/index.ts";
import { RDATA_ROWS } from "../support/rdata-table.ts";

const origin = Name.parse("example.");

/** The types for which dns-packet has a codec of its own. */
const KNOWN = "A NS CNAME SOA PTR HINFO MX TXT RP AAAA SRV NAPTR DNAME DS SSHFP RRSIG NSEC DNSKEY NSEC3 TLSA CAA".split(
  " ",
);

/** Rows on which it is wrong. */
const FAULTS = new Map([
  ["a\\.b.\\099\\000.x.", "dots inside labels are not escaped"],
  ["::FFFF:192.0.2.1", "writes ::ffff:c000:201 (RFC 5952 §5 recommends the dotted form)"],
  ["::c000:201", "writes ::c000:201, which inet_ntop does not"],
]);

const rows = RDATA_ROWS.filter(({ type, text }) => KNOWN.includes(type) && !FAULTS.has(text) && !/TYPE\d/.test(text));

function packetOf(type: string, octets: Uint8Array): Buffer {
  const message = Buffer.alloc(12 + 11 + octets.length);
  message.writeUInt16BE(0x8000, 2);
  message.writeUInt16BE(1, 6);
  message.writeUInt16BE(typeFromText(type) ?? 0, 13);
  message.writeUInt16BE(1, 15);
  message.writeUInt16BE(octets.length, 21);
  message.set(octets, 23);
  return message;
}

describe("dns-packet agrees", () => {
  test.each(rows)("$type $text ($rule)", ({ type, text }) => {
    const rdata = rdataType(typeFromText(type) ?? -1);
    const octets = rdata.parse(tokenize(text, origin));
    const [answer] = dnsPacket.decode(packetOf(type, octets)).answers ?? [];
    expect(answer).toBeDefined();
    const theirs = answer?.data;
    expect(rdata.fromData(theirs)).toEqual(octets);
    const ours = rdata.toData(octets);
    expect(ours).toEqual(
      typeof theirs === "object" && !Array.isArray(theirs) ? expect.objectContaining({ ...theirs }) : theirs,
    );
  });
});
