import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import {
  decodeMessage,
  findTsig,
  Name,
  OPCODE,
  RCODE,
  readTsig,
  signMessage,
  TSIG_ERROR,
  TsigKey,
  TsigVerifier,
  verifyTsig,
  withoutTsig,
} from "../../dns/index.ts";
import type { Control, ControlRequest } from "../../nameserver/index.ts";
import { LATER, type Peer, type Transport } from "../../net/index.ts";
import { edns } from "../support/messages.ts";
import { requestOf, serverOf } from "../support/name-server.ts";

const NOW = 1_700_000_000;
const key = new TsigKey(Name.parse("key.vu.nl."), "hmac-sha256", Uint8Array.of(1, 2, 3));
const zones = {
  "example.": `
    example.     300 SOA ns.example. admin.example. 1 3600 600 86400 60
    big.example. 300 TXT "${"x".repeat(250)}"
    big.example. 300 TXT "${"y".repeat(250)}"`,
};

const control = (update: Control["update"] = null): Control => ({
  keys: new Map([[key.name.key, key]]),
  transfer: null,
  notify: null,
  update,
});

/** The response at once, or what was sent later. */
function handle(octets: Uint8Array, how: Control | null = control(), transport: Transport = "udp"): Uint8Array[] {
  const { server } = serverOf(zones, {}, { control: how });
  const peer: Peer = { address: "127.0.0.1", port: 5353, transport };
  const response = new Uint8Array(transport === "udp" ? 1232 : 65_535);
  const sent: Uint8Array[] = [];
  const length = server.handle(octets, response, peer, (later) => void sent.push(later));
  return length === LATER ? sent : [response.slice(0, length)];
}

const signed = (question: string, nowSeconds = NOW, by = key) =>
  signMessage(requestOf(question, { edns }), by, { nowSeconds });
const tsigOf = (octets: Uint8Array) => readTsig(octets, findTsig(octets));

describe("a signed query (RFC 8945 §5.3)", () => {
  test("gets a signed response", () => {
    const { octets, mac } = signed("example. SOA");
    const [response] = handle(octets);
    const bare = decodeMessage(new TsigVerifier(key, mac).verify(response!, NOW));
    expect(bare).toMatchObject({ rcode: RCODE.NOERROR, authoritative: true });
    expect(bare.answer).toHaveLength(1);
  });

  test("is truncated where the signature has no room beside the answer", () => {
    const { octets, mac } = signMessage(requestOf("big.example. TXT"), key, { nowSeconds: NOW });
    const [response] = handle(octets);
    expect(response!.length).toBeLessThanOrEqual(512);
    expect(decodeMessage(new TsigVerifier(key, mac).verify(response!, NOW)).truncated).toBe(true);
    const [whole] = handle(octets, control(), "tcp");
    expect(decodeMessage(new TsigVerifier(key, mac).verify(whole!, NOW)).answer).toHaveLength(2);
  });
});

describe("a signature that is not right (RFC 8945 §5.2)", () => {
  const other = new TsigKey(Name.parse("other."), "hmac-sha256", Uint8Array.of(1));
  const otherAlgorithm = new TsigKey(key.name, "hmac-sha512", Uint8Array.of(1, 2, 3));
  const otherSecret = new TsigKey(key.name, "hmac-sha256", Uint8Array.of(9));
  test.each([
    ["by a key that we do not have", other, TSIG_ERROR.BADKEY],
    ["by another algorithm than the key's", otherAlgorithm, TSIG_ERROR.BADKEY],
    ["by another secret", otherSecret, TSIG_ERROR.BADSIG],
  ])("%s: NOTAUTH, and unsigned (§5.3.2)", (_, by, error) => {
    const [response] = handle(signed("example. SOA", NOW, by).octets);
    expect(decodeMessage(response!)).toMatchObject({ rcode: RCODE.NOTAUTH, answer: [] });
    expect(tsigOf(response!)).toMatchObject({ error, mac: new Uint8Array(0), keyName: by.name });
  });

  test("a server without keys says BADKEY", () => {
    const [response] = handle(signed("example. SOA").octets, null);
    expect(decodeMessage(response!).rcode).toBe(RCODE.NOTAUTH);
    expect(tsigOf(response!).error).toBe(TSIG_ERROR.BADKEY);
  });

  test("too old: NOTAUTH, signed, with the server's time (§5.2.3)", () => {
    const { octets, mac } = signed("example. SOA", NOW - 1000);
    const [response] = handle(octets);
    const record = tsigOf(response!);
    expect(record).toMatchObject({ error: TSIG_ERROR.BADTIME, timeSigned: NOW - 1000, fudgeSeconds: 300 });
    expect([...record.otherData]).toEqual([0, 0, ...Uint8Array.of(NOW >> 24, NOW >> 16, NOW >> 8, NOW)]);
    const bare = withoutTsig(response!, findTsig(response!), record.originalId);
    expect(() => verifyTsig(key, { bare, record }, { nowSeconds: NOW - 1000, requestMac: mac })).not.toThrow();
  });

  /** The request with a code of that many octets: what there is of the right one, or a wrong one. */
  function cutTo(macOctets: number, isRight: boolean): Uint8Array {
    const { octets } = signed("example. SOA");
    const macAt = octets.length - 6 - 32;
    const mac = new Uint8Array(macOctets).fill(7);
    if (isRight) mac.set(octets.subarray(macAt, macAt + Math.min(32, macOctets)));
    const changed = new Uint8Array([...octets.subarray(0, macAt), ...mac, ...octets.subarray(macAt + 32)]);
    changed[macAt - 1] = macOctets;
    changed[findTsig(octets) + key.name.octets.length + 9]! += macOctets - 32;
    return changed;
  }

  test.each([
    [31, true, TSIG_ERROR.BADTRUNC],
    [16, true, TSIG_ERROR.BADTRUNC],
    [31, false, TSIG_ERROR.BADSIG],
  ])("a code of %i octets of 32, right: %s (§5.2.2.1, §5.2.4)", (macOctets, isRight, error) => {
    const request = cutTo(macOctets, isRight);
    const [response] = handle(request);
    expect(decodeMessage(response!).rcode).toBe(RCODE.NOTAUTH);
    const record = tsigOf(response!);
    expect(record.error).toBe(error);
    if (error === TSIG_ERROR.BADSIG) expect(record.mac).toHaveLength(0);
    else {
      const bare = withoutTsig(response!, findTsig(response!), record.originalId);
      const signing = { nowSeconds: NOW, requestMac: tsigOf(request).mac };
      expect(() => verifyTsig(key, { bare, record }, signing)).not.toThrow();
    }
  });

  test.each([0, 15, 33])("a code of %i octets of 32 is no code (§5.2.2.1)", (macOctets) => {
    const [response] = handle(cutTo(macOctets, true));
    expect(decodeMessage(response!).rcode).toBe(RCODE.FORMERR);
    expect(findTsig(response!)).toBe(-1);
  });
});

test("a signed update that is spoilt anywhere, or cut, never comes to be done, and each response is a message", () => {
  const random = new SeededRandom(8945);
  const done: string[] = [];
  const { server } = serverOf(zones, {}, { control: control((request) => void done.push(String(request.key))) });
  const whole = signMessage(requestOf("example. SOA", { edns, message: { opcode: OPCODE.UPDATE } }), key, {
    nowSeconds: NOW,
  }).octets;
  const buffer = new Uint8Array(65_535);
  for (let i = 0; i < 20_000; i++) {
    const request = whole.slice(0, random.below(4) === 0 ? random.below(whole.length) : whole.length);
    for (let flips = 1 + random.below(3); flips > 0 && request.length > 2; flips--) {
      // The id may change (§4.3.1), and letters of names in TSIG may be in either case.
      request[2 + random.below(request.length - 2)]! ^= [1, 2, 4, 8, 16, 64, 128][random.below(7)]!;
    }
    const isWhole = request.length === whole.length && request.every((octet, at) => octet === whole[at]);
    const transport = random.below(2) === 0 ? "udp" : "tcp";
    const length = server.handle(request, buffer, { address: "127.0.0.1", port: 5353, transport }, () => undefined);
    if (length > 0) expect(decodeMessage(buffer.slice(0, length)).response).toBe(true);
    if (!isWhole)
      expect(
        done.filter((by) => by !== "null"),
        `request ${i}`,
      ).toEqual([]);
    done.length = 0;
  }
});

describe("what is signed and not a query", () => {
  test("is handed on with the name of its key and without its signature; each message of the response is signed", () => {
    let taken: ControlRequest | null = null;
    const update = (request: ControlRequest): void => {
      taken = request;
      request.respond({ rcode: RCODE.NOERROR }, "more");
      request.respond({ rcode: RCODE.REFUSED });
    };
    const { octets, mac } = signMessage(requestOf("example. SOA", { message: { opcode: OPCODE.UPDATE } }), key, {
      nowSeconds: NOW,
    });
    const sent = handle(octets, control(update), "tcp");
    expect(taken!.key?.toString()).toBe("key.vu.nl.");
    expect(taken!.message.additional).toEqual([]);
    expect(taken!.octets).toEqual(octets);
    const verifier = new TsigVerifier(key, mac);
    expect(sent.map((each) => decodeMessage(verifier.verify(each, NOW)).rcode)).toEqual([RCODE.NOERROR, RCODE.REFUSED]);
  });
});
