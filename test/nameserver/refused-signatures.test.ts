import { expect, test } from "vitest";
import { type Log, silentLog, SimulatedClock } from "../../base/index.ts";
import { Name, RCODE, signMessage, TsigKey } from "../../dns/index.ts";
import { RefusedSignatures } from "../../nameserver/index.ts";
import { edns } from "../support/messages.ts";
import { askMessage, askOctets, requestOf, serverOf } from "../support/name-server.ts";

const NOW = 1_700_000_000;
const name = Name.parse("key.vu.nl.");
const secret = Uint8Array.of(83, 69, 67, 82, 69, 84, 33);
const key = new TsigKey(name, "hmac-sha256", secret);

function world() {
  const clock = new SimulatedClock();
  const lines: Record<string, unknown>[] = [];
  const log: Log = { ...silentLog, warn: (about, words) => void lines.push({ ...about, words }) };
  const refusedSignatures = new RefusedSignatures({ clock, log });
  const control = { keys: new Map([[name.key, key]]), transfer: null, notify: null, update: null, refusedSignatures };
  const { server } = serverOf(
    { "example.": "example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60" },
    {},
    { control },
  );
  const ask = (by: TsigKey, from: string, nowSeconds = NOW) => {
    const { octets } = signMessage(requestOf("example. SOA", { edns }), by, { nowSeconds });
    askOctets(server, octets, { from });
  };
  return { clock, lines, server, ask };
}

test.each([
  ["a key that is not known", new TsigKey(Name.parse("other."), "hmac-sha256", secret), NOW, "has no key other."],
  ["another algorithm", new TsigKey(name, "hmac-sha512", secret), NOW, "hmac-sha512. was used"],
  ["another secret", new TsigKey(name, "hmac-sha256", Uint8Array.of(84, 79, 80)), NOW, "the secrets differ"],
  ["another time", key, NOW - 4000, "4000 s ago by our clock"],
])("%s is told, with the client, and without the key", (_what, by, nowSeconds, reason) => {
  const { ask, lines } = world();
  ask(by, "192.0.2.1", nowSeconds);
  expect(lines).toEqual([
    {
      client: "192.0.2.1",
      transport: "udp",
      reason: expect.stringContaining(reason) as string,
      words: "the signature of a request was refused",
    },
  ]);
  expect(JSON.stringify(lines)).not.toContain(Buffer.from(secret).toString("base64"));
});

test("what is signed rightly, and what is not signed, is not told", () => {
  const { ask, lines, server } = world();
  ask(key, "192.0.2.1");
  expect(askMessage(server, "example. SOA").rcode).toBe(RCODE.NOERROR);
  expect(lines).toEqual([]);
});

test("a client that goes on is told again after an hour", async () => {
  const { ask, clock, lines } = world();
  const wrong = new TsigKey(name, "hmac-sha256", Uint8Array.of(1));
  for (let i = 0; i < 5; i++) ask(wrong, "192.0.2.1");
  expect(lines).toHaveLength(1);
  ask(new TsigKey(Name.parse("other."), "hmac-sha256", secret), "192.0.2.1");
  expect(lines).toHaveLength(2);
  await clock.advance(3_600_000);
  ask(wrong, "192.0.2.1", clock.wallSeconds());
  expect(lines).toHaveLength(3);
});

test("however many clients there seem to be, ten are told a minute, and how many were not", async () => {
  const { ask, clock, lines } = world();
  const wrong = new TsigKey(name, "hmac-sha256", Uint8Array.of(1));
  for (let i = 0; i < 200; i++) ask(wrong, `192.0.2.${i}`);
  expect(lines).toHaveLength(10);
  await clock.advance(60_000);
  ask(wrong, "198.51.100.1", clock.wallSeconds());
  expect(lines.slice(10)).toEqual([expect.objectContaining({ client: "198.51.100.1", notTold: 190 })]);
});
