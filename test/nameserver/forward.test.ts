/** A secondary passes updates on to its primaries. */
import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  Name,
  OPCODE,
  RCODE,
  rcodeToText,
  signMessage,
  TsigKey,
} from "../../dns/index.ts";
import { type Control, NameServer, UpdateForwarder } from "../../nameserver/index.ts";
import { type Endpoint, ExchangeError, LATER, Prefix, type Relay } from "../../net/index.ts";
import { query } from "../support/messages.ts";
import { storeOf } from "../support/name-server.ts";
import { updateOf } from "../support/updates.ts";

const ZONES = { "example.": "example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60" };
const PRIMARIES: readonly Endpoint[] = ["192.0.2.1", "192.0.2.2"].map((address) => ({ address, port: 53 }));
const key = new TsigKey(Name.parse("strange."), "hmac-sha256", new Uint8Array(32));
const clock = new SimulatedClock();

const UPDATE = encodeMessage(
  query("example.", "SOA", {
    opcode: OPCODE.UPDATE,
    authority: updateOf("add www.example. 1 A 192.0.2.1").updates,
  }),
);
const SIGNED = signMessage(UPDATE, key, { nowSeconds: clock.wallSeconds() }).octets;

interface Passed {
  readonly to: string;
  readonly octets: Uint8Array;
}

/** Sends a request to a secondary whose primaries do `relay`. */
async function passOn(
  request: Uint8Array,
  relay: Relay,
  deny: readonly Prefix[] = [],
): Promise<{ readonly response: Message; readonly octets: Uint8Array; readonly passed: readonly Passed[] }> {
  const passed: Passed[] = [];
  const forwarder = new UpdateForwarder({
    primariesOf: (apex) => (apex.toString() === "example." ? PRIMARIES : null),
    relay: (server, octets, timeout) => {
      passed.push({ to: server.address, octets });
      return relay(server, octets, timeout);
    },
    log: silentLog,
  });
  const update: Control["update"] = ({ respond }) => respond({ rcode: RCODE.REFUSED });
  const control: Control = { keys: new Map(), transfer: null, notify: null, update, forwarder };
  const parts = { store: storeOf(ZONES), clock, random: new SeededRandom(1), recursion: null, control };
  const server = new NameServer({ ...parts, settings: { deny } });
  const buffer = new Uint8Array(65_535);
  const octets = await new Promise<Uint8Array>((resolve) => {
    const peer = { address: "198.51.100.7", port: 5353, transport: "udp" } as const;
    const length = server.handle(request, buffer, peer, (later) => resolve(later));
    if (length !== LATER) resolve(buffer.slice(0, length));
  });
  return { response: decodeMessage(octets), octets, passed };
}

const answer = encodeMessage({ ...decodeMessage(UPDATE), response: true, rcode: RCODE.YXDOMAIN });
const answers: Relay = () => Promise.resolve(answer);
const fails =
  (code: ExchangeError["code"]): Relay =>
  () =>
    Promise.reject(new ExchangeError(code, "no"));

describe("a signed update of a zone that is a copy", () => {
  test("goes to the primary as it came, with a key that is not known here, and so does the response", async () => {
    const { octets, passed } = await passOn(SIGNED, answers);
    expect(passed).toEqual([{ to: "192.0.2.1", octets: SIGNED }]);
    expect(octets).toEqual(answer);
  });

  test("goes to the next primary when the first is not there", async () => {
    const { octets, passed } = await passOn(SIGNED, (server, ...rest) =>
      (server.address === "192.0.2.1" ? fails("UNREACHABLE") : answers)(server, ...rest),
    );
    expect(passed.map(({ to }) => to)).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(octets).toEqual(answer);
  });

  test.each(["TIMEOUT", "CLOSED", "MALFORMED"] as const)("is not sent twice: %s is SERVFAIL", async (code) => {
    const { response, passed } = await passOn(SIGNED, fails(code));
    expect(rcodeToText(response.rcode)).toBe("SERVFAIL");
    expect(response).toMatchObject({ id: 0x1234, opcode: OPCODE.UPDATE, response: true });
    expect(passed).toHaveLength(1);
  });

  test("of clients that are denied is not passed on", async () => {
    const { response, passed } = await passOn(SIGNED, answers, [Prefix.parse("198.51.100.0/24")]);
    expect(rcodeToText(response.rcode)).toBe("REFUSED");
    expect(passed).toEqual([]);
  });
});

test("what is not signed is not passed on: it would borrow our address", async () => {
  const { response, passed } = await passOn(UPDATE, answers);
  expect(rcodeToText(response.rcode)).toBe("REFUSED");
  expect(passed).toEqual([]);
});

test("a signed query, or an update of another zone, is held to our own keys", async () => {
  const others = [query("example.", "A"), query("other.", "SOA", { opcode: OPCODE.UPDATE })];
  for (const message of others) {
    const signed = signMessage(encodeMessage(message), key, { nowSeconds: clock.wallSeconds() }).octets;
    const { response, passed } = await passOn(signed, answers);
    expect(rcodeToText(response.rcode)).toBe("NOTAUTH");
    expect(passed).toEqual([]);
  }
});
