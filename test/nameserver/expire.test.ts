import { expect, test } from "vitest";
import { decodeMessage, expireOf, expireQuestion, Name, plainEdns } from "../../dns/index.ts";
import { type Control, TransferServer } from "../../nameserver/index.ts";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import { Prefix } from "../../net/index.ts";
import { askLater, askMessage, askOctets, requestOf, serverOf, storeOf } from "../support/name-server.ts";

const ZONES = {
  "own.example.": `
    own.example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60
    own.example. 300 NS ns.example.`,
  "copy.example.": `
    copy.example.   300 SOA ns.example. admin.example. 1 3600 600 4294967295 60
    copy.example.   300 NS ns.example.
    a.copy.example. 300 CNAME copy.example.`,
};
const copy = Name.parse("copy.example.");
const expiresIn = (apex: Name): number | null => (apex.equals(copy) ? 1234 : null);

function serving() {
  const store = storeOf(ZONES);
  const grant = { from: [Prefix.parse("0.0.0.0/0")], keys: [] };
  const transfers = new TransferServer({
    ...{ store, clock: new SimulatedClock(), log: silentLog, expiresIn },
    grantOf: () => grant,
    changesSince: () => null,
  });
  const control: Control = { keys: new Map(), transfer: transfers.handle, notify: null, update: null, expiresIn };
  return serverOf(ZONES, {}, { control }).server;
}

const asking = { edns: { ...plainEdns, options: [expireQuestion] } };

test.each([
  ["own.example. SOA", 86_400, "our own zone: what its SOA says (§3.1)"],
  ["COPY.example. SOA", 1234, "a copy: what is left (§3.2)"],
  ["a.copy.example. SOA", null, "a name that is none of a zone: nothing"],
  ["own.example. NS", null, "another type: nothing"],
  ["www.test. SOA", null, "where we have no authority: nothing (§3.3)"],
])("%s is told %s: %s", (question, seconds, _why) => {
  const server = serving();
  for (const transport of ["udp", "tcp"] as const) {
    expect(expireOf(askMessage(server, question, { ...asking, transport }).edns)).toBe(seconds);
  }
  expect(expireOf(askMessage(server, question, { edns: {} }).edns)).toBeNull();
});

test("a server of nothing but its own zones tells what their SOAs say", () => {
  expect(expireOf(askMessage(serverOf(ZONES).server, "copy.example. SOA", asking).edns)).toBe(4_294_967_295);
});

test("a query thread hands the question on: how old a copy is, the control thread knows", () => {
  const { server } = serverOf(ZONES, {}, { control: "elsewhere" });
  expect(askOctets(server, requestOf("copy.example. SOA", asking))).toBeNull();
  expect(askOctets(server, requestOf("copy.example. SOA", { edns: {} }))).not.toBeNull();
});

test.each([
  ["own.example. AXFR", 86_400],
  ["copy.example. AXFR", 1234],
])("a transfer tells it as well: %s", async (question, seconds) => {
  const message = await askLater(serving(), question, { ...asking, transport: "tcp" });
  expect(expireOf(message.edns)).toBe(seconds);
  const without = await askLater(serving(), question, { edns: null, transport: "tcp" });
  expect(without.edns).toBeNull();
});

test("each message of a long transfer has OPT, where the request has it (RFC 9103 §6.3.4)", () => {
  const names = Array.from({ length: 2000 }, (_, i) => `h${i}.own.example. 300 TXT "${"x".repeat(60)}"`);
  const store = storeOf({ "own.example.": `${ZONES["own.example."]}\n${names.join("\n")}` });
  const grant = { from: [Prefix.parse("0.0.0.0/0")], keys: [] };
  const handler = new TransferServer({
    ...{ store, clock: new SimulatedClock(), log: silentLog },
    grantOf: () => grant,
    changesSince: () => null,
  }).handle;
  const sent: Uint8Array[] = [];
  handler({
    message: decodeMessage(requestOf("own.example. AXFR", asking)),
    octets: new Uint8Array(0),
    peer: { address: "192.0.2.1", port: 1, transport: "tcp" },
    isPeerSure: true,
    key: null,
    octetsMax: 65_535,
    respond: () => undefined,
    send: (octets) => void sent.push(octets),
    drop: () => undefined,
  });
  const messages = sent.map(decodeMessage);
  expect(messages.length).toBeGreaterThan(5);
  expect(messages.every(({ edns }) => edns !== null)).toBe(true);
  expect(messages.map(({ edns }) => expireOf(edns)).filter((seconds) => seconds !== null)).toEqual([86_400]);
});
