import { describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { Name, TsigKey } from "../../dns/index.ts";
import { type Control, NameServer } from "../../nameserver/index.ts";
import { ExchangeError, type Handler, MemoryNetwork, type Passage, type Reply } from "../../net/index.ts";
import { query } from "../support/messages.ts";
import { storeOf } from "../support/name-server.ts";

const key = new TsigKey(Name.parse("key."), "hmac-sha512", Uint8Array.of(1, 2, 3));
const otherSecret = new TsigKey(Name.parse("key."), "hmac-sha512", Uint8Array.of(4));
const server = { address: "192.0.2.1", port: 53 };

/** A name server that knows the key, on a network; `between` may change what it says. */
function rig(between: (octets: Uint8Array) => Uint8Array = (octets) => octets) {
  const clock = new SimulatedClock();
  const random = new SeededRandom(1);
  const network = new MemoryNetwork(clock, random);
  const control: Control = { keys: new Map([[key.name.key, key]]), transfer: null, notify: null, update: null };
  const store = storeOf({ "example.": "example. 60 SOA ns.example. admin.example. 7 1 1 1 60" });
  const names = new NameServer({ store, clock, random, recursion: null, control });
  const handler: Handler = {
    handle(request, response, peer, later) {
      const length = names.handle(request, response, peer, later);
      const changed = between(response.slice(0, length));
      response.set(changed);
      return changed.length;
    },
  };
  network.attach(server, handler);
  const passages: Passage[] = [];
  network.watch = (passage) => void passages.push(passage);
  const ask = (by?: TsigKey): Promise<Reply> => {
    const signal = new AbortController().signal;
    const options = {
      transport: "udp",
      timeoutMilliseconds: 2000,
      signal,
      ...(by === undefined ? {} : { key: by }),
    } as const;
    return clock.run(network.ask("192.0.2.9")(server, query("example.", "SOA"), options));
  };
  return { ask, passages };
}

describe("a question that is signed (RFC 8945 §5.4)", () => {
  test("goes over TCP and has its answer", async () => {
    const { ask, passages } = rig();
    expect((await ask(key)).message.answer).toHaveLength(1);
    expect(new Set(passages.map(({ transport }) => transport))).toEqual(new Set(["tcp"]));
  });

  test.each([
    ["another secret than the server's", otherSecret, (octets: Uint8Array) => octets, /does not accept the key/],
    ["a response that was changed", key, flipLast, /is wrong/],
    ["a response without signature", key, unsigned, /not signed/],
  ])("%s ends the wait and says why", async (_, by, between, message) => {
    const { ask } = rig(between);
    const asked = ask(by);
    await expect(asked).rejects.toThrow(ExchangeError);
    await expect(asked).rejects.toMatchObject({ code: "SIGNATURE", message: expect.stringMatching(message) as string });
  });
});

/** Changes the answer's last octet, which stands before the signature. */
function flipLast(octets: Uint8Array): Uint8Array {
  const changed = octets.slice();
  changed[12 + 9 + 4 + 20]! ^= 1;
  return changed;
}

function unsigned(octets: Uint8Array): Uint8Array {
  const bare = octets.slice(0, 12 + 9 + 4);
  bare.set([0, 1, 0, 0, 0, 0, 0, 0], 4);
  return bare;
}
