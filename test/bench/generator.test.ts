import { describe, expect, test } from "vitest";
import { BATCH, Datagrams, isAnswer } from "../../bench/generator-datagrams.ts";
import { resultOf } from "../../bench/generator-result.ts";
import { CLIENTS_MAX, ownEndpoint, PATIENCE_MILLISECONDS } from "../../bench/generator-clients.ts";
import { framedQueries, message, messages, signedQueries } from "../../bench/queries.ts";
import { Schedule } from "../../bench/schedule.ts";
import { decodeMessage } from "../../dns/index.ts";
import { IOVEC_OCTETS, MMSGHDR, MMSGHDR_OCTETS } from "../../net/index.ts";

describe("a list of queries", () => {
  const list = "host1.example. A\nexample. SOA\n";

  test("becomes one message a line", () => {
    expect(messages(list).map((octets) => decodeMessage(octets).question.map(String).length)).toEqual([1, 1]);
    const { question, edns, recursionDesired } = decodeMessage(messages(list)[1]!);
    expect(question[0]?.name.toString()).toBe("example.");
    expect(question[0]?.type).toBe(6);
    expect(edns).toBeNull();
    expect(recursionDesired).toBe(false);
  });

  test("may ask for signatures (RFC 3225)", () =>
    expect(decodeMessage(signedQueries(list)[0]!).edns?.dnssecOk).toBe(true));

  test("has lengths in front over TCP (RFC 1035 §4.2.2)", () => {
    const [plain, framed] = [messages(list)[0]!, framedQueries(list)[0]!];
    expect((framed[0]! << 8) | framed[1]!).toBe(plain.length);
    expect(framed.subarray(2)).toEqual(plain);
  });

  test("with a type that there is not is refused in words", () =>
    expect(() => message("example. NOPE")).toThrow('"example. NOPE" is no query'));
});

/** Places that nothing is read from: only the lists are looked at. */
const system = { addressOf: (octets: Uint8Array) => BigInt(octets.byteOffset) + 4096n };

describe("a list of datagrams", () => {
  test("names each buffer and its length", () => {
    const datagrams = new Datagrams(system, new Uint8Array(16));
    const query = message("host1.example. A");
    datagrams.put(3, query, 0xabcd);
    expect([...datagrams.octets[3]!.subarray(0, 2)]).toEqual([0xab, 0xcd]);
    expect(datagrams.octets[3]!.subarray(2, query.length)).toEqual(query.subarray(2));
    const headers = new DataView(datagrams.headers.buffer);
    expect(datagrams.headers.length).toBe(BATCH * MMSGHDR_OCTETS);
    for (let i = 0; i < BATCH; i++) {
      const at = i * MMSGHDR_OCTETS;
      expect(headers.getBigUint64(at + MMSGHDR.iov, true)).toBe(4096n + BigInt(i * IOVEC_OCTETS));
      expect(headers.getBigUint64(at + MMSGHDR.iovCount, true)).toBe(1n);
      expect(headers.getUint32(at + MMSGHDR.nameLength, true)).toBe(16);
    }
  });

  test("leaves the id of the query that it was made from alone", () => {
    const query = message("host1.example. A");
    new Datagrams(system, null).put(0, query, 0xffff);
    expect([...query.subarray(0, 2)]).toEqual([0, 0]);
  });

  test("knows how long what came is", () => {
    const datagrams = new Datagrams(system, null);
    new DataView(datagrams.headers.buffer).setUint32(2 * MMSGHDR_OCTETS + MMSGHDR.length, 77, true);
    expect(datagrams.lengthOf(2)).toBe(77);
  });
});

describe("a response", () => {
  const query = message("host1.example. A");
  const response = (change: (octets: Uint8Array) => void): Uint8Array => {
    const octets = query.slice();
    octets[2]! |= 0x80;
    change(octets);
    return octets;
  };
  const whole = (octets: Uint8Array): boolean => isAnswer(octets, octets.length, query);

  test.each([
    ["NOERROR", () => undefined, true],
    ["NXDOMAIN", (octets: Uint8Array) => void (octets[3]! |= 3), true],
    ["SERVFAIL", (octets: Uint8Array) => void (octets[3]! |= 2), false],
    ["REFUSED", (octets: Uint8Array) => void (octets[3]! |= 5), false],
    ["the query itself, come back", (octets: Uint8Array) => void (octets[2]! &= 0x7f), false],
    ["for another name", (octets: Uint8Array) => void octets[13]!++, false],
    ["for another type", (octets: Uint8Array) => void (octets[query.length - 3] = 28), false],
  ])("%s", (_, change, expected) => expect(whole(response(change))).toBe(expected));

  test.each([0, 11, 12, query.length - 1])("cut to %i octets is no answer", (length) =>
    expect(
      isAnswer(
        response(() => undefined),
        length,
        query,
      ),
    ).toBe(false),
  );

  test("what a query has behind its question need not come back", () => {
    const signed = signedQueries("host1.example. A")[0]!;
    expect(
      isAnswer(
        response(() => undefined),
        query.length,
        signed,
      ),
    ).toBe(true);
  });
});

test("each client has a loopback address of its own, so that none is dealt another's answers", () => {
  const addresses = Array.from({ length: CLIENTS_MAX }, (_, i) => ownEndpoint(0x123456, i).address);
  expect(new Set(addresses).size).toBe(CLIENTS_MAX);
  for (const address of addresses) expect(address).toMatch(/^127\.(?!0\.)\d+\.\d+\.([1-9]|\d\d|1\d\d|2[0-4]\d|250)$/);
});

describe("a schedule", () => {
  test("has each query due at its time", () => {
    const schedule = new Schedule(1000, 50_000);
    expect(schedule.countAt(999)).toBe(0);
    expect(schedule.countAt(1000)).toBe(0);
    expect(schedule.countAt(1010)).toBe(500);
    for (const i of [0, 1, 499, 12_345]) {
      expect(schedule.countAt(schedule.dueAt(i) - 0.001)).toBe(i);
      expect(schedule.countAt(schedule.dueAt(i) + 0.001)).toBe(i + 1);
    }
  });

  test("does not move when a query leaves late, so that its wait is counted", () => {
    const schedule = new Schedule(0, 1000);
    // Held up for a tenth of a second after ten queries.
    expect(schedule.countAt(110.5) - 10).toBe(100);
    expect(110.5 - schedule.dueAt(10)).toBeCloseTo(99.5);
  });

  test("postponed goes on later", () => {
    const schedule = new Schedule(0, 1000);
    schedule.postpone(100);
    expect(schedule.countAt(110.5)).toBe(10);
    expect(schedule.dueAt(10)).toBeCloseTo(111);
  });
});

test("what was lost or wrong counts with all the patience it took", () => {
  const waited = Float64Array.from({ length: 1000 }, (_, i) => (i < 990 ? 1 : PATIENCE_MILLISECONDS));
  const given = { dueAt: waited, waited, wrong: 4, unasked: 1, perSecond: 990, behindMilliseconds: 0.2 };
  expect(resultOf(given, 5000)).toMatchObject({
    sent: 1000,
    answered: 990,
    wrong: 4,
    lost: 6,
    p50: 1,
    p99: PATIENCE_MILLISECONDS,
    max: PATIENCE_MILLISECONDS,
    microsecondsEach: 5,
  });
});
