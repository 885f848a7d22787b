/** What a transfer amounts to (RFC 5936 §2.2, RFC 1995 §4), however it is cut into messages, and what is not taken. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLASS, type Message, Name, RCODE, type Rr, TYPE } from "../../dns/index.ts";
import { TransferError } from "../../replication/transfer-error.ts";
import { type Transfer, TransferReader } from "../../replication/transfer-reader.ts";
import { fromSerial, toSerial } from "../../zones/index.ts";
import { query, rr, rrs } from "../support/messages.ts";
import { rrText } from "../support/name-server.ts";

const bounds = { records: 1000, octets: 100_000 };

const soa = (serial: number): string => `example. 300 SOA ns.example. admin.example. ${serial} 3600 600 86400 60`;

/** `SOA 7` stands for the zone's SOA with that serial. */
function recordsFrom(text: string): Rr[] {
  return rrs(text.replaceAll(/^\s*SOA (\d+)\s*$/gm, (_, serial: string) => soa(Number(serial))));
}

function messageOf(answer: readonly Rr[], parts: Partial<Message> = {}): Message {
  return query("example.", "AXFR", { response: true, authoritative: true, answer, ...parts });
}

interface Asked {
  readonly type?: "AXFR" | "IXFR";
  readonly serial?: number | null;
}

function readerOf({ type = "AXFR", serial = type === "IXFR" ? 1 : null }: Asked = {}): TransferReader {
  return new TransferReader({ apex: Name.parse("example."), type: TYPE[type], serial, bounds });
}

/** Gives the messages one after another; what it said to the last of them. */
function readAll(reader: TransferReader, messages: readonly Message[]): Transfer | null {
  let transfer: Transfer | null = null;
  for (const message of messages) transfer = reader.push(message);
  return transfer;
}

function read(text: string, asked: Asked = {}): Transfer | null {
  return readAll(readerOf(asked), [messageOf(recordsFrom(text))]);
}

function told(transfer: Transfer | null): unknown {
  switch (transfer?.kind) {
    case undefined:
      return "more";
    case "current":
      return `current ${transfer.serial}`;
    case "zone":
      return [...transfer.records.records()].map(rrText);
    case "changes":
      return transfer.changes.map((change) => [
        `${fromSerial(change)} to ${toSerial(change)}`,
        ...change.removed.map((record) => `- ${rrText(record)}`),
        ...change.added.map((record) => `+ ${rrText(record)}`),
      ]);
  }
}

const ZONE = `
  SOA 3
  example. 300 NS ns.example.
  ns.example. 300 A 192.0.2.1
  a.b.example. 30 TXT "one"
  SOA 3`;

const CHANGES = `
  SOA 5
  SOA 1
  ns.example. 300 A 192.0.2.1
  SOA 2
  ns.example. 300 A 192.0.2.2
  SOA 2
  SOA 5
  new.example. 30 A 192.0.2.9
  SOA 5`;

describe("what it amounts to", () => {
  test("a whole zone, with the closing SOA left out", () => {
    expect(told(read(ZONE))).toEqual([
      soa(3),
      "example. 300 NS ns.example.",
      "ns.example. 300 A 192.0.2.1",
      'a.b.example. 30 TXT "one"',
    ]);
  });
  test("a whole zone in answer to IXFR (RFC 1995 §4)", () => {
    expect(told(read(ZONE, { type: "IXFR" }))).toEqual(told(read(ZONE)));
  });
  test("changes, step by step", () => {
    expect(told(read(CHANGES, { type: "IXFR" }))).toEqual([
      ["1 to 2", "- ns.example. 300 A 192.0.2.1", "+ ns.example. 300 A 192.0.2.2"],
      ["2 to 5", "+ new.example. 30 A 192.0.2.9"],
    ]);
  });
  test("a step over the end of the circle of serials (RFC 1982 §3.2)", () => {
    const text = "SOA 2\nSOA 4294967290\nSOA 2\nnew.example. 30 A 192.0.2.9\nSOA 2";
    expect(told(read(text, { type: "IXFR", serial: 4_294_967_290 }))).toEqual([
      ["4294967290 to 2", "+ new.example. 30 A 192.0.2.9"],
    ]);
  });
  test.each([
    ["IXFR: the same serial", "SOA 7", { type: "IXFR", serial: 7 }, "current 7"],
    ["IXFR: an older serial", "SOA 6", { type: "IXFR", serial: 7 }, "current 6"],
    ["IXFR: half the circle away", "SOA 2147483655", { type: "IXFR", serial: 7 }, "current 2147483655"],
    ["AXFR: no newer serial, whatever follows", `SOA 3\nexample. 300 NS ns.example.`, { serial: 3 }, "current 3"],
    ["IXFR: a newer serial alone: more is to come", "SOA 8", { type: "IXFR", serial: 7 }, "more"],
    ["AXFR: the SOA alone: more is to come", "SOA 8", {}, "more"],
  ] as const)("%s", (_what, text, asked, expected) => {
    expect(told(read(text, asked))).toBe(expected);
  });

  test.each([
    ["a zone", ZONE, {}],
    ["changes", CHANGES, { type: "IXFR" }],
  ] as const)("%s, cut into messages anywhere (RFC 5936 §2.2)", (_what, text, asked) => {
    const records = recordsFrom(text);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: records.length - 1, maxLength: records.length - 1 }), (cuts) => {
        const messages: Rr[][] = [[]];
        records.forEach((record, i) => {
          messages.at(-1)!.push(record);
          if (cuts[i] === true) messages.push([]);
        });
        const reader = readerOf(asked);
        const said = messages.filter((one) => one.length > 0).map((one) => reader.push(messageOf(one)));
        expect(said.slice(0, -1).every((one) => one === null)).toBe(true);
        expect(told(said.at(-1)!)).toEqual(told(read(text, asked)));
      }),
    );
  });
});

describe("what is not taken", () => {
  test.each([
    ["BROKEN", "no SOA in front", "example. 300 NS ns.example.\nSOA 3", {}],
    ["BROKEN", "an SOA of another serial in the middle", "SOA 3\nSOA 4\nexample. 300 NS ns.example.\nSOA 3", {}],
    ["BROKEN", "an SOA below the apex", `SOA 3\n${soa(3).replace("example.", "sub.example.")}\nSOA 3`, {}],
    ["BROKEN", "a record behind the closing SOA", `${ZONE}\nlate.example. 30 A 192.0.2.1`, {}],
    ["BROKEN", "a record outside the zone", "SOA 3\nexample.org. 30 A 192.0.2.1\nSOA 3", {}],
    ["BROKEN", "a record above the zone", "SOA 3\n. 30 NS ns.example.\nSOA 3", {}],
    ["BROKEN", "another zone altogether", "example.org. 300 SOA ns.example. a.example. 3 1 1 1 1", {}],
    ["BROKEN", "changes that begin with another version than ours", CHANGES, { type: "IXFR", serial: 4 }],
    ["BROKEN", "a step back", "SOA 5\nSOA 3\nSOA 2\nSOA 5", { type: "IXFR", serial: 3 }],
    ["BROKEN", "a step to where it began", "SOA 5\nSOA 3\nSOA 3\nSOA 5", { type: "IXFR", serial: 3 }],
    ["BROKEN", "a step beyond the promised version", "SOA 5\nSOA 3\nSOA 6\nSOA 5", { type: "IXFR", serial: 3 }],
    ["BROKEN", "a gap between steps", "SOA 5\nSOA 1\nSOA 2\nSOA 3\nSOA 5\nSOA 5", { type: "IXFR" }],
    ["BROKEN", "a last step that closes with another SOA", "SOA 5\nSOA 1\nSOA 5\nSOA 6", { type: "IXFR" }],
    ["BROKEN", "changes with records behind their end", `${CHANGES}\nlate.example. 30 A 192.0.2.1`, { type: "IXFR" }],
  ] as const)("%s: %s", (code, _what, text, asked) => {
    expect(failure(() => read(text, asked))).toBe(code);
  });

  test.each<[string, string, Partial<Message>]>([
    ["RCODE", "an error", { rcode: RCODE.REFUSED, answer: [] }],
    ["RCODE", "an error with records", { rcode: RCODE.SERVFAIL }],
    ["BROKEN", "TC set", { truncated: true }],
    ["BROKEN", "no record at all", { answer: [] }],
    ["BROKEN", "class CH", { answer: [{ ...rr("a.example. 30 A 192.0.2.1"), class: CLASS.CH }] }],
    ["BROKEN", "a record of a type that is no data", { answer: [{ ...rr("a.example. 30 A 192.0.2.1"), type: 250 }] }],
  ])("%s: %s, at the beginning and later", (code, _what, parts) => {
    const first = messageOf([rr(soa(3))]);
    const wrong = messageOf([rr("a.example. 30 A 192.0.2.1")], parts);
    expect(failure(() => readAll(readerOf(), [wrong]))).toBe(code);
    expect(failure(() => readAll(readerOf(), [first, wrong]))).toBe(code);
    expect(failure(() => readAll(readerOf({ type: "IXFR" }), [messageOf(recordsFrom("SOA 3\nSOA 1")), wrong]))).toBe(
      code,
    );
  });

  test.each([
    ["records, the same one over and over", () => rr("a.example. 30 A 192.0.2.1"), 1000],
    ["octets", (i: number) => rr(`a${i}.example. 30 TXT "${"x".repeat(250)}"`), 400],
    ["steps of nothing", (i: number) => rr(soa(Math.floor((i + 4) / 2))), 2000],
  ] as const)("TOO_LARGE: an endless stream of %s", (_what, next, most) => {
    const reader = readerOf({ type: "IXFR" });
    let taken = 0;
    const flood = (): void => {
      reader.push(messageOf(recordsFrom("SOA 2000000000\nSOA 1")));
      for (; taken < 10_000; taken++) reader.push(messageOf([next(taken)]));
    };
    expect(failure(flood)).toBe("TOO_LARGE");
    expect(taken).toBeLessThanOrEqual(most);
  });

  test("whatever comes: a transfer or a TransferError, never more than was sent", () => {
    const some = fc.constantFrom(
      ...[1, 2, 3, 5].map((serial) => rr(soa(serial))),
      ...rrs(
        "example. 300 NS ns.example.\nns.example. 300 A 192.0.2.1\nx.example. 1 TXT a\nexample.org. 1 A 192.0.2.1",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.array(some, { maxLength: 4 })), fc.boolean(), (messages, isIxfr) => {
        const reader = readerOf({ type: isIxfr ? "IXFR" : "AXFR" });
        let sent = 0;
        try {
          for (const answer of messages) {
            sent += answer.length;
            const transfer = reader.push(messageOf(answer));
            if (transfer === null) continue;
            if (transfer.kind === "zone") expect(transfer.records.count).toBe(sent - 1);
            return;
          }
        } catch (error) {
          if (!(error instanceof TransferError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TransferError) return error.code;
    throw error;
  }
  return "none";
}
