/** dns-packet's shapes: ours are held to dns-packet's own on what it gets right (DESIGN §6), and to reason on the rest. */
import { dnsPacket } from "../support/dns-packet.ts";
import { describe, expect, test } from "vitest";
import {
  DataError,
  decodeMessage,
  encodeMessage,
  fromPacket,
  type Message,
  OPTION,
  toPacket,
} from "../../dns/index.ts";
import { edns, query, rr, rrs } from "../support/messages.ts";

const ANSWERS = rrs(`
  www.vu.nl. 30 A 192.0.2.1
  www.vu.nl. 30 AAAA 2001:db8::1
  vu.nl. 30 NS ns.vu.nl.
  vu.nl. 30 MX 10 mail.vu.nl.
  vu.nl. 30 SOA ns.vu.nl. admin.vu.nl. 1 2 3 4 5
  vu.nl. 30 TXT "one" "two"
  _sip._udp.vu.nl. 30 SRV 1 2 3 sip.vu.nl.
  vu.nl. 30 CAA 0 issue "ca.example"
  ftp.vu.nl. 30 CNAME www.vu.nl.
  vu.nl. 30 DS 12345 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
`);

/** dns-packet's `flush` is multicast DNS's and says nothing here; it is our `flags` that have no QR. */
function plain(packet: unknown): unknown {
  return JSON.parse(JSON.stringify(packet, (key, value: unknown) => (key === "flush" ? undefined : value)));
}

test("what dns-packet decodes is what we show", () => {
  const message = query("www.vu.nl.", "ANY", {
    response: true,
    authoritative: true,
    recursionDesired: true,
    rcode: 3,
    answer: ANSWERS,
    edns: { ...edns, dnssecOk: true, flags: 0x8000, options: [{ code: OPTION.NSID, data: Uint8Array.of(1, 2) }] },
  });
  const octets = encodeMessage(message);
  expect(plain(toPacket(decodeMessage(octets)))).toEqual(plain(dnsPacket.decode(Buffer.from(octets))));
});

test("what dns-packet encodes from our shape is the same message", () => {
  const message = query("www.vu.nl.", "A", { response: true, recursionAvailable: true, answer: ANSWERS, edns });
  expect(decodeMessage(new Uint8Array(dnsPacket.encode(toPacket(message))))).toEqual(message);
});

test.each([
  ["an answer", query("www.vu.nl.", "A", { response: true, answer: ANSWERS, edns })],
  ["BADCOOKIE", query("www.vu.nl.", "A", { response: true, rcode: 23, edns })],
  ["odd octets in a name", query("a\\.b\\000\\255.nl.", "TYPE731", { opcode: 4 })],
  [
    "an UPDATE",
    query("vu.nl.", "SOA", {
      opcode: 5,
      authority: [{ ...rr("a. 0 A 192.0.2.1"), class: 255, rdata: new Uint8Array(0) }],
    }),
  ],
  ["the root", query(".", "NS", { answer: rrs(". 5 NS a.") })],
  ["an unknown type", query(".", "NS", { answer: rrs(". 5 TYPE731 \\# 2 0102") })],
] satisfies [string, Message][])("%s: to the shape and back", (_what, message) => {
  expect(fromPacket(toPacket(message))).toEqual(message);
});

test("what is left out is zero, false, empty and IN", () => {
  const message = fromPacket({ questions: [{ name: "www.vu.nl", type: "a" }] });
  expect(message).toEqual(query("www.vu.nl.", "A", { id: 0 }));
});

test.each([
  [
    "flags alone, as dns-packet's users write them",
    { flags: 0x0100 | 0x0400 },
    { recursionDesired: true, authoritative: true },
  ],
  ["a flag by name decides", { flags: 0x0100, flag_rd: false }, { recursionDesired: false }],
  ["rcode and opcode count", { rcode: "REFUSED", opcode: "UPDATE" }, { rcode: 5, opcode: 5 }],
  ["rcode and opcode in flags", { flags: (4 << 11) | 5 }, { rcode: 5, opcode: 4 }],
  ["dns-packet's words for the unknown", { rcode: "RCODE_11", opcode: "OPCODE_3" }, { rcode: 11, opcode: 3 }],
  ["type", { type: "response" as const }, { response: true }],
])("%s", (_what, packet, expected) => {
  expect(fromPacket(packet)).toMatchObject(expected);
});

describe("options", () => {
  const optionsOf = (options: readonly object[]): unknown =>
    fromPacket({ additionals: [{ name: ".", type: "OPT", options: options as never }] }).edns?.options.map(
      ({ code, data }) => `${code} ${Buffer.from(data).toString("hex")}`,
    );

  test.each([
    [{ code: "NSID" }, "3 "],
    [{ code: "CLIENT_SUBNET", ip: "192.0.2.255", sourcePrefixLength: 25 }, "8 00011900c0000280"],
    [{ code: 8, ip: "2001:db8::", sourcePrefixLength: 32, scopePrefixLength: 8 }, "8 0002200820010db8"],
    [{ code: "TCP_KEEPALIVE", timeout: 300 }, "11 012c"],
    [{ code: "PADDING", length: 3 }, "12 000000"],
    [{ code: "KEY_TAG", tags: [1, 258] }, "14 00010102"],
    [{ code: "EDE", infoCode: 22, extraText: "no" }, "15 00166e6f"],
    [{ code: "OPTION_65001", data: Buffer.of(9) }, "65001 09"],
    [{ code: "OPT65001", data: Buffer.of(9) }, "65001 09"],
  ])("%j", (option, octets) => {
    expect(optionsOf([option])).toEqual([octets]);
  });

  test("are taken apart, when they are what they should be", () => {
    const options = [
      { code: 8, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) },
      { code: 8, data: Uint8Array.of(0, 1, 24) },
      { code: 15, data: Uint8Array.of(0, 22, 110) },
      { code: 15, data: Uint8Array.of(0) },
      { code: 11, data: Uint8Array.of(1, 44) },
    ];
    const shown = toPacket(query("a.", "A", { edns: { ...edns, options } })).additionals[0];
    expect(shown).toMatchObject({
      options: [
        { type: "CLIENT_SUBNET", ip: "192.0.2.0", family: 1, sourcePrefixLength: 24 },
        { type: "CLIENT_SUBNET" },
        { type: "EDE", infoCode: 22, extraText: "n" },
        { type: "EDE" },
        { timeout: 300 },
      ],
    });
  });
});

test.each([
  [{ questions: [{ name: "a..b", type: "A" }] }, "questions[0]: name: a label cannot be empty"],
  [
    {
      questions: [
        { name: "a", type: "A" },
        { name: "a", type: "WHAT" },
      ],
    },
    'questions[1]: type: "WHAT" is not known',
  ],
  [{ questions: [{ name: "a", type: "A", class: "XX" }] }, 'class: "XX" is not known'],
  [{ answers: [{ name: "a", type: "A", data: "1.2.3" }] }, "answers[0]: "],
  [{ answers: [{ name: "a", type: "A" }] }, "answers[0]: data is missing"],
  [{ answers: [{ name: "a", type: "A", data: "1.2.3.4", ttl: -1 }] }, "answers[0]: ttl"],
  [{ answers: [{ name: ".", type: "OPT" }] }, "answers[0]: OPT belongs in additionals"],
  [
    {
      additionals: [
        { name: ".", type: "OPT" },
        { name: ".", type: "OPT" },
      ],
    },
    "one OPT at most",
  ],
  [{ additionals: [{ name: "a", type: "OPT" }] }, "OPT stands at the root"],
  [
    { additionals: [{ name: ".", type: "OPT", options: [{ code: "NOT" }] }] },
    'options[0]: code: "NOT" is no EDNS option',
  ],
  [{ id: 65_536 }, "id: a whole number"],
  [{ rcode: "NOPE" }, 'rcode: "NOPE" is not known'],
])("%j is refused: %s", (packet, message) => {
  expect(() => fromPacket(packet)).toThrow(DataError);
  expect(() => fromPacket(packet)).toThrow(message);
});
