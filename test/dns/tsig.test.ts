import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import {
  appendTsigError,
  decodeMessage,
  encodeMessage,
  findTsig,
  Name,
  readTsig,
  signMessage,
  timeOctets,
  TSIG_ALGORITHMS,
  TSIG_ERROR,
  TSIG_UNSIGNED_MAX,
  TsigError,
  TsigKey,
  tsigOctets,
  TsigSigner,
  TsigVerifier,
  verifyTsig,
  WireError,
  withoutTsig,
} from "../../dns/index.ts";
import { edns, query } from "../support/messages.ts";

const NOW = 1_800_000_000;
const secret = new TextEncoder().encode("a secret of thirty-two octets...");
const key = new TsigKey(Name.parse("Update.VU.nl."), "hmac-sha256", secret);
const request = encodeMessage(query("vu.nl.", "SOA", { id: 4711, edns }));

/** Verifies as a server does; returns what was signed. */
function verified(octets: Uint8Array, by = key, nowSeconds = NOW): Uint8Array {
  const start = findTsig(octets);
  const record = readTsig(octets, start);
  const bare = withoutTsig(octets, start, record.originalId);
  verifyTsig(by, { bare, record }, { nowSeconds });
  return bare;
}

const errorOf = (run: () => unknown): number => {
  try {
    run();
  } catch (error) {
    if (error instanceof TsigError) return error.error;
    throw error;
  }
  return 0;
};

describe("a signed request (RFC 8945 §4)", () => {
  test.each(TSIG_ALGORITHMS)("%s: comes back as it was", (algorithm) => {
    const by = new TsigKey(key.name, algorithm, secret);
    const { octets } = signMessage(request, by, { nowSeconds: NOW });
    expect(octets.length - request.length).toBe(tsigOctets(by));
    expect(verified(octets, by)).toEqual(request);
  });

  test("the code is of the message and of the variables in canonical form, put together by hand (§4.3.3)", () => {
    const { octets, mac } = signMessage(request, key, { nowSeconds: NOW });
    const tail = Uint8Array.from([0, 0, 0x6b, 0x49, 0xd2, 0x00, 1, 0x2c, 0, 0, 0, 0]);
    const canonical = [
      Name.parse("update.vu.nl.").octets,
      Uint8Array.of(0, 255, 0, 0, 0, 0),
      key.algorithmName.octets,
      tail,
    ];
    const hmac = createHmac("sha256", secret);
    for (const part of [request, ...canonical]) hmac.update(part);
    expect(mac).toEqual(new Uint8Array(hmac.digest()));
    expect(readTsig(octets, findTsig(octets))).toMatchObject({
      timeSigned: NOW,
      fudgeSeconds: 300,
      originalId: 4711,
      error: 0,
    });
  });

  test("a forwarder may give it another id (§4.3.1)", () => {
    const { octets } = signMessage(request, key, { nowSeconds: NOW });
    octets[0]! ^= 0xff;
    expect(verified(octets)).toEqual(request);
  });

  test.each([
    ["the last second that may be", NOW + 300, 0],
    ["a second later", NOW + 301, TSIG_ERROR.BADTIME],
    ["a clock that is ahead", NOW - 301, TSIG_ERROR.BADTIME],
  ])("%s (§5.2.3)", (_, nowSeconds, error) => {
    const { octets } = signMessage(request, key, { nowSeconds: NOW });
    expect(errorOf(() => verified(octets, key, nowSeconds))).toBe(error);
  });

  test.each([
    [
      "hmac-sha256",
      "EmcBIAABAAAAAAACAnZ1Am5sAAAGAAEAACkE0AAAAAAAAAZ1cGRhdGUCdnUCbmwAAPoA/wAAAAAAPQtobWFjLXNoYTI1NgAAAGIqzOEBLAAgFyvgYDM7DQqKA0YPwFMGwuLTusfDz1qE2Lb+MbCC7uoSZwAAAAA=",
    ],
    [
      "hmac-sha384",
      "EmcBIAABAAAAAAACAnZ1Am5sAAAGAAEAACkE0AAAAAAAAAZ1cGRhdGUCdnUCbmwAAPoA/wAAAAAATQtobWFjLXNoYTM4NAAAAGIqzOEBLAAw4DzOfEM+V6QPT4nIPpDRqxXUYCjNtqMdYgrY4KMuko2TtBw2aPbmGyIncg55fwo7EmcAAAAA",
    ],
    [
      "hmac-sha512",
      "EmcBIAABAAAAAAACAnZ1Am5sAAAGAAEAACkE0AAAAAAAAAZ1cGRhdGUCdnUCbmwAAPoA/wAAAAAAXQtobWFjLXNoYTUxMgAAAGIqzOEBLABANQq+vayIUH+XkRfjKlyOyBeJU9Phn6qX3x9OEIjiN4aR1QxsOc/nuBBNaWJV6mD6L1FfrsHmAiS/sdAy+cpTahJnAAAAAA==",
    ],
  ] as const)("%s as dig 9.18 signed it: read, and signed again to the same octets", (algorithm, base64) => {
    const octets = new Uint8Array(Buffer.from(base64, "base64"));
    const by = new TsigKey(key.name.toLowerCase(), algorithm, secret);
    const bare = verified(octets, by, 1_646_972_129);
    expect(signMessage(bare, by, { nowSeconds: 1_646_972_129 }).octets).toEqual(octets);
  });

  test("another secret, a code cut too short and any flipped bit of what is signed are BADSIG (§5.2.2)", () => {
    const other = new TsigKey(key.name, key.algorithm, Uint8Array.of(1));
    const { octets } = signMessage(request, key, { nowSeconds: NOW });
    expect(errorOf(() => verified(octets, other))).toBe(TSIG_ERROR.BADSIG);
    const start = findTsig(octets);
    const record = readTsig(octets, start);
    const bare = withoutTsig(octets, start, record.originalId);
    for (const length of [0, 10, 15]) {
      const short = { ...record, mac: record.mac.subarray(0, length) };
      expect(errorOf(() => verifyTsig(key, { bare, record: short }, { nowSeconds: NOW }))).toBe(TSIG_ERROR.BADSIG);
    }
    for (let bit = 8 * 2; bit < 8 * bare.length; bit++) {
      const spoilt = bare.slice();
      spoilt[bit >> 3]! ^= 1 << (bit & 7);
      expect(errorOf(() => verifyTsig(key, { bare: spoilt, record }, { nowSeconds: NOW }))).toBe(TSIG_ERROR.BADSIG);
    }
  });

  test("the code, then the time, then that it is whole (§5.2)", () => {
    const { octets } = signMessage(request, key, { nowSeconds: NOW });
    const start = findTsig(octets);
    const bare = withoutTsig(octets, start, 4711);
    const whole = readTsig(octets, start);
    const cut = { ...whole, mac: whole.mac.slice(0, 16) };
    const wrong = { ...whole, mac: whole.mac.slice(0, 16).fill(1) };
    const verdict = (record: typeof whole, nowSeconds: number): number =>
      errorOf(() => verifyTsig(key, { bare, record }, { nowSeconds }));
    expect(verdict(wrong, NOW + 1000)).toBe(TSIG_ERROR.BADSIG);
    expect(verdict(cut, NOW + 1000)).toBe(TSIG_ERROR.BADTIME);
    expect(verdict(cut, NOW)).toBe(TSIG_ERROR.BADTRUNC);
    expect(verdict(whole, NOW)).toBe(0);
  });

  test("whatever is cut off or spoilt is refused, and in time", () => {
    const { octets } = signMessage(request, key, { nowSeconds: NOW });
    for (let length = 0; length < octets.length; length++) {
      expect(() => findTsig(octets.subarray(0, length)), `${length} octets`).toThrow(WireError);
    }
    const random = new SeededRandom(8945);
    for (let i = 0; i < 5000; i++) {
      const spoilt = octets.slice();
      for (let flips = 1 + random.below(4); flips > 0; flips--)
        spoilt[random.below(spoilt.length)]! ^= 1 << random.below(8);
      try {
        const start = findTsig(spoilt);
        if (start >= 0) readTsig(spoilt, start);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });

  test("TSIG before another record is no TSIG (§5.1)", () => {
    const { octets } = signMessage(request, key, { nowSeconds: NOW });
    const more = new Uint8Array(octets.length + 11);
    more.set(octets);
    more[11]!++;
    expect(() => findTsig(more)).toThrow(WireError);
  });
});

describe("responses (RFC 8945 §5.3)", () => {
  const { mac: requestMac } = signMessage(request, key, { nowSeconds: NOW });
  const response = encodeMessage(query("vu.nl.", "SOA", { id: 4711, response: true }));

  test("are verified with the request's code", () => {
    const { octets } = signMessage(response, key, { nowSeconds: NOW, requestMac });
    expect(new TsigVerifier(key, requestMac).verify(octets, NOW)).toEqual(response);
    expect(errorOf(() => new TsigVerifier(key, new Uint8Array(32)).verify(octets, NOW))).toBe(TSIG_ERROR.BADSIG);
  });

  test("an unsigned one is none (§5.4.1)", () => {
    expect(() => new TsigVerifier(key, requestMac).verify(response, NOW)).toThrow(/not signed/);
  });

  test("BADKEY is told without a code, and read as that", () => {
    const { octets: signed } = signMessage(request, key, { nowSeconds: NOW });
    const told = appendTsigError(response, readTsig(signed, findTsig(signed)), TSIG_ERROR.BADKEY);
    expect(readTsig(told, findTsig(told))).toMatchObject({ error: TSIG_ERROR.BADKEY, mac: new Uint8Array(0) });
    expect(errorOf(() => new TsigVerifier(key, requestMac).verify(told, NOW))).toBe(TSIG_ERROR.BADKEY);
  });

  test("a BADTIME that is signed says how far the clocks are apart (§5.2.3)", () => {
    const told = signMessage(response, key, {
      nowSeconds: NOW,
      requestMac,
      error: TSIG_ERROR.BADTIME,
      otherData: timeOctets(NOW - 1000),
    });
    expect(() => new TsigVerifier(key, requestMac).verify(told.octets, NOW)).toThrow(
      "by its clock it is 1000 s earlier than by ours",
    );
  });

  test("a forwarder that gave the question another id gives the response ours again (§4.3.1)", () => {
    const { octets } = signMessage(response, key, { nowSeconds: NOW, requestMac });
    octets.set([1, 2]);
    expect([...new TsigVerifier(key, requestMac).verify(octets, NOW).subarray(0, 2)]).toEqual([1, 2]);
  });

  test("BADTIME carries the server's time (§5.2.3)", () => {
    expect([...timeOctets(NOW)]).toEqual([0, 0, 0x6b, 0x49, 0xd2, 0x00]);
    expect([...timeOctets(2 ** 32 + 5)]).toEqual([0, 1, 0, 0, 0, 5]);
  });

  test("of many messages each is signed upon the one before; some may be unsigned (§5.3.1)", () => {
    const messages = Array.from({ length: 8 }, (_, id) =>
      encodeMessage(query(`a${id}.vu.nl.`, "A", { id, response: true })),
    );
    const signer = new TsigSigner(key, requestMac);
    const signed = messages.map((message) => signer.sign(message, NOW));
    const verifier = new TsigVerifier(key, requestMac);
    expect(signed.map((message) => verifier.verify(message, NOW))).toEqual(messages);
    expect(verifier.isComplete).toBe(true);
    const swapped = new TsigVerifier(key, requestMac);
    swapped.verify(signed[0]!, NOW);
    expect(errorOf(() => swapped.verify(signed[2]!, NOW))).toBe(TSIG_ERROR.BADSIG);
  });

  test.each([1, 2, TSIG_UNSIGNED_MAX])(
    "%i unsigned ones are covered by the next signature, put together by hand",
    (count) => {
      const first = signMessage(response, key, { nowSeconds: NOW, requestMac });
      const unsigned = Array.from({ length: count }, (_, i) =>
        encodeMessage(query(`a${i}.vu.nl.`, "A", { id: 4711, response: true })),
      );
      const timers = Uint8Array.from([0, 0, 0x6b, 0x49, 0xd2, 0x00, 1, 0x2c]);
      const hmac = createHmac("sha256", secret).update(Uint8Array.of(0, 32)).update(first.mac);
      for (const message of [...unsigned, response, timers]) hmac.update(message);
      const last = signMessage(response, key, { nowSeconds: NOW }).octets;
      last.set(hmac.digest(), last.length - 6 - 32);

      const verifier = new TsigVerifier(key, requestMac);
      verifier.verify(first.octets, NOW);
      expect(unsigned.map((message) => verifier.verify(message, NOW))).toEqual(unsigned);
      expect(verifier.isComplete).toBe(false);
      expect(verifier.verify(last, NOW)).toEqual(response);
      expect(verifier.isComplete).toBe(true);

      const changed = new TsigVerifier(key, requestMac);
      changed.verify(first.octets, NOW);
      unsigned[0]![20]! ^= 1;
      for (const message of unsigned) changed.verify(message, NOW);
      expect(errorOf(() => changed.verify(last, NOW))).toBe(TSIG_ERROR.BADSIG);
    },
  );

  test("no more than 99 go unsigned, and what ends it must be signed", () => {
    const verifier = new TsigVerifier(key, requestMac);
    verifier.verify(signMessage(response, key, { nowSeconds: NOW, requestMac }).octets, NOW);
    for (let i = 0; i < TSIG_UNSIGNED_MAX; i++) verifier.verify(response, NOW);
    expect(verifier.isComplete).toBe(false);
    expect(() => verifier.verify(response, NOW)).toThrow(/more than 99/);
  });
});

test("a response of many messages of which one bit is changed is refused, or not complete (§5.3.1)", () => {
  const { mac: requestMac } = signMessage(request, key, { nowSeconds: NOW });
  const messages = ["a.", "b.", "c."].map((name, id) => encodeMessage(query(name, "A", { id, response: true })));
  const random = new SeededRandom(531);
  for (let i = 0; i < 3000; i++) {
    const signer = new TsigSigner(key, requestMac);
    const sent = messages.map((message) => signer.sign(message, NOW));
    const which = random.below(sent.length);
    const spoilt = sent[which]!;
    // Not the header's id (a forwarder may change it), nor letters of names that may be in either case.
    const at = 2 + random.below(spoilt.length - 2);
    const bit = 1 << random.below(8);
    if (bit === 0x20) continue;
    spoilt[at]! ^= bit;
    const verifier = new TsigVerifier(key, requestMac);
    try {
      for (const message of sent) verifier.verify(message, NOW);
    } catch (error) {
      if (!(error instanceof WireError)) expect(error).toBeInstanceOf(TsigError);
      continue;
    }
    // One whose TSIG is hidden passes for one without, and the end is not covered then.
    expect(verifier.isComplete, `octet ${at} of message ${which} was changed`).toBe(false);
  }
});

test("a secret does not show", () => {
  const shown = [
    String(key),
    JSON.stringify({ key }),
    inspect(key),
    inspect({ deep: { key } }, { showHidden: true, depth: 9 }),
  ];
  for (const text of shown) {
    expect(text).toContain("hmac-sha256");
    expect(text).not.toContain("secret of");
    expect(text).not.toContain(Buffer.from(secret).toString("base64").slice(0, 12));
  }
});

test("a signed message is still a message", () => {
  const { octets } = signMessage(request, key, { nowSeconds: NOW });
  expect(decodeMessage(octets).additional.map(({ type }) => type)).toEqual([250]);
});
