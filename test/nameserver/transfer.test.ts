import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import {
  decodeMessage,
  EDE,
  encodeMessage,
  extendedErrors,
  type Message,
  Name,
  RCODE,
  type Rr,
} from "../../dns/index.ts";
import { NameServer, type TransferGrant, TransferServer } from "../../nameserver/index.ts";
import { LATER, Prefix, type Taken, type Transport } from "../../net/index.ts";
import { type ChangeSet, formatRecord, ZoneView } from "../../zones/index.ts";
import { edns, query, rr, rrs } from "../support/messages.ts";
import { requestOf, storeOf } from "../support/name-server.ts";

const apex = Name.parse("example.");
const soaText = (serial: number): string => `example. 300 SOA ns.example. admin.example. ${serial} 3600 600 86400 60`;
const soa = (serial: number): Rr => rr(soaText(serial));
const ZONE = `
  ${soaText(3)}
  example. 300 NS ns.example.
  ns.example. 300 A 192.0.2.1
  b.ent.example. 300 TXT "below an empty non-terminal"
  sub.example. 300 NS ns.sub.example.
  ns.sub.example. 300 A 192.0.2.5
  *.w.example. 300 TXT "any"
  example. 300 RRSIG SOA 13 1 300 20300101000000 20200101000000 1 example. AAAA
  0123456789abcdefghijklmnopqrstuv.example. 300 NSEC3 1 0 0 - 0123456789ABCDEFGHIJKLMNOPQRSTUV A`;

interface Rig {
  readonly zone?: string;
  readonly grant?: TransferGrant | null;
  readonly changes?: readonly ChangeSet[] | null;
}

const ALL: TransferGrant = { from: [Prefix.parse("192.0.2.0/24")], keys: [] };

function rig({ zone = ZONE, grant = ALL, changes = null }: Rig = {}) {
  const clock = new SimulatedClock();
  const store = storeOf({ "example.": zone });
  const noted: unknown[] = [];
  const transfers = new TransferServer({
    store,
    clock,
    log: { ...silentLog, info: ({ serial, as, client }) => void noted.push([serial, as, client]) },
    grantOf: () => grant,
    changesSince: () => changes,
  });
  const control = { keys: new Map(), transfer: transfers.handle, notify: null, update: null };
  const server = new NameServer({ store, clock, random: new SeededRandom(1), recursion: null, control });
  const sent: Uint8Array[] = [];
  const waiting: Taken[] = [];
  let isEnded = false;
  const send = (request: Uint8Array, transport: Transport = "tcp"): void => {
    const response = new Uint8Array(65_535);
    const length = server.handle(request, response, { address: "192.0.2.9", port: 1, transport }, (octets, expect) => {
      if (octets.length > 0) sent.push(octets);
      if (typeof expect === "function") waiting.push(expect);
      isEnded ||= expect === undefined;
    });
    if (length !== LATER) sent.push(response.slice(0, length));
  };
  return {
    clock,
    store,
    sent,
    noted,
    waiting,
    send,
    isEnded: () => isEnded,
    messages: (): Message[] => sent.map(decodeMessage),
  };
}

const ixfr = (serial: number): Uint8Array =>
  encodeMessage({ ...query("example.", "IXFR", { authority: [soa(serial)], edns }) });

const textsOf = (messages: readonly Message[]): string[] => messages.flatMap(({ answer }) => answer.map(formatRecord));

describe("AXFR (RFC 5936)", () => {
  test("all records, each once, between the SOA and the SOA again; glue, signatures and NSEC3 too", () => {
    const { send, messages } = rig();
    send(requestOf("example. AXFR"));
    const [message] = messages();
    expect(message).toMatchObject({ rcode: RCODE.NOERROR, authoritative: true });
    const texts = textsOf(messages());
    expect([texts[0], texts.at(-1)]).toEqual([formatRecord(soa(3)), formatRecord(soa(3))]);
    expect(texts.slice(0, -1).sort()).toEqual(rrs(ZONE).map(formatRecord).sort());
  });

  test("a large zone goes in windows, as fast as the client takes them, and from one version", async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `h${i}.example. 300 TXT "${"x".repeat(60)}"`);
    const { send, messages, waiting, store, clock, isEnded } = rig({
      zone: `${soaText(3)}\n${names.join("\n")}`,
    });
    send(requestOf("example. AXFR"));
    const edit = store.edit(apex);
    edit.removeName(Name.parse("h7.example."));
    edit.commit();
    let windows = 0;
    while (!isEnded()) {
      expect(waiting).toHaveLength(1);
      waiting.pop()!(true);
      await clock.advance(0);
      windows++;
    }
    expect(windows).toBeGreaterThan(2);
    expect(textsOf(messages())).toHaveLength(20_002);
    // The first alone repeats the question; all have the request's id.
    expect(messages().filter(({ question }) => question.length > 0)).toHaveLength(1);
  });

  test("a client that goes away ends it", async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `h${i}.example. 300 TXT "${"x".repeat(60)}"`);
    const { send, waiting, sent, clock, isEnded } = rig({ zone: `${soaText(3)}\n${names.join("\n")}` });
    send(requestOf("example. AXFR"));
    const before = sent.length;
    waiting.pop()!(false);
    await clock.advance(1000);
    expect([isEnded(), sent.length]).toEqual([true, before]);
  });

  test("a record of the greatest length has its place", () => {
    const long = `big.example. 300 TYPE65280 \\# 65000 ${"00".repeat(65_000)}`;
    const { send, messages } = rig({ zone: `${soaText(3)}\n${long}` });
    send(requestOf("example. AXFR"));
    expect(messages().map(({ answer }) => answer.length)).toEqual([1, 2]);
  });

  test.each([
    ["whom nobody granted it", { grant: null }, "example. AXFR", "tcp", RCODE.REFUSED, EDE.PROHIBITED],
    [
      "from another address",
      { grant: { from: [Prefix.parse("10.0.0.0/8")], keys: [] } },
      "example. AXFR",
      "tcp",
      RCODE.REFUSED,
      EDE.PROHIBITED,
    ],
    ["of a zone that is not here", {}, "other. AXFR", "tcp", RCODE.NOTAUTH, EDE.NOT_AUTHORITATIVE],
    ["of a name below the apex", {}, "ns.example. AXFR", "tcp", RCODE.NOTAUTH, EDE.NOT_AUTHORITATIVE],
    ["over UDP (§4.2)", {}, "example. AXFR", "udp", RCODE.FORMERR, EDE.OTHER],
  ] as const)("is refused %s", (_, how, question, transport, rcode, infoCode) => {
    const { send, messages } = rig(how);
    send(requestOf(question, { edns }), transport);
    const [message] = messages();
    expect([message!.rcode, message!.answer]).toEqual([rcode, []]);
    expect(extendedErrors(message!.edns).map((error) => error.infoCode)).toEqual([infoCode]);
  });
});

describe("IXFR (RFC 1995)", () => {
  const step = (from: number, removed: string, added: string): ChangeSet => ({
    apex,
    soaBefore: soa(from),
    soaAfter: soa(from + 1),
    removed: removed === "" ? [] : rrs(removed),
    added: added === "" ? [] : rrs(added),
  });
  const changes = [
    step(1, "", "a.example. 300 A 192.0.2.7"),
    step(2, "a.example. 300 A 192.0.2.7", "c.example. 300 A 192.0.2.8"),
  ];

  test("the steps, each between its two SOAs, between the newest SOA and itself (§4)", () => {
    const { send, messages } = rig({ changes });
    send(ixfr(1));
    expect(textsOf(messages())).toEqual(
      [
        soa(3),
        soa(1),
        soa(2),
        ...changes[0]!.added,
        soa(2),
        ...changes[1]!.removed,
        soa(3),
        ...changes[1]!.added,
        soa(3),
      ].map(formatRecord),
    );
  });

  test.each([
    ["has this version", 3, [soa(3)]],
    ["has a newer one", 4, [soa(3)]],
  ])("who %s gets the SOA alone (§2)", (_, serial, expected) => {
    const { send, messages, noted } = rig({ changes });
    send(ixfr(serial));
    expect(textsOf(messages())).toEqual(expected.map(formatRecord));
    expect(noted).toEqual([[3, "nothing", "192.0.2.9:1"]]);
  });

  test("what was given is told in the log", () => {
    const { send, noted } = rig({ changes });
    send(requestOf("example. AXFR"));
    send(ixfr(1));
    send(ixfr(1), "udp");
    expect(noted.map((one) => String(one))).toEqual([
      "3,zone,192.0.2.9:1",
      "3,changes,192.0.2.9:1",
      "3,changes,192.0.2.9:1",
    ]);
  });

  test("where the steps are not known the whole zone goes (§4)", () => {
    const { send, messages, store } = rig({ changes: null });
    send(ixfr(1));
    expect(textsOf(messages())).toHaveLength(ZoneView.of(store, apex)!.recordCount + 1);
    const older = rig({ changes: changes.slice(0, 1) });
    older.send(ixfr(1));
    expect(textsOf(older.messages())).toHaveLength(ZoneView.of(store, apex)!.recordCount + 1);
  });

  test("over UDP what fits, else the SOA to say that it takes TCP (§2)", () => {
    const small = rig({ changes });
    small.send(ixfr(1), "udp");
    expect(textsOf(small.messages())).toHaveLength(9);
    const many = Array.from({ length: 60 }, (_, i) => `h${i}.example. 300 TXT "${"x".repeat(50)}"`).join("\n");
    const large = rig({ changes: [step(2, "", many)] });
    large.send(ixfr(2), "udp");
    expect(textsOf(large.messages())).toEqual([formatRecord(soa(3))]);
  });

  test("without the client's SOA it is a FORMERR (§3)", () => {
    const { send, messages } = rig();
    send(requestOf("example. IXFR"));
    expect(messages()[0]).toMatchObject({ rcode: RCODE.FORMERR });
  });
});
