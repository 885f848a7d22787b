/** UDP servers: what their bounds do, and that no datagram can stop them. One contract for both transports. */
import { createSocket, Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { assert, silentLog, SimulatedClock } from "../../base/index.ts";
import {
  type Handler,
  LATER,
  type Later,
  type Listener,
  type ListenLimits,
  listenUdp,
  loadBatchSystem,
  NetCounters,
} from "../../net/index.ts";
import { listenBatched } from "../support/batched-listener.ts";

let listener: Listener | null = null;
let client: Socket | null = null;
afterEach(async () => {
  client?.close();
  client = null;
  await listener?.close();
});

const system = await loadBatchSystem();
const isBatchable = typeof system !== "string";
if (!isBatchable) process.stderr.write(`SKIPPED: the batched transport (${system}); npm ci brings koffi\n`);

type Transport = "node:dgram" | "batches";
const transports = (["node:dgram", "batches"] as const).filter((name) => name === "node:dgram" || isBatchable);

async function serve(transport: Transport, handler: Handler, limits: Partial<ListenLimits> = {}): Promise<NetCounters> {
  const counters = new NetCounters();
  const parts = { clock: new SimulatedClock(), log: silentLog, counters, limits };
  const endpoint = { address: "127.0.0.1", port: 0 };
  listener =
    transport === "batches" && typeof system !== "string"
      ? listenBatched(system, endpoint, handler, parts)
      : await listenUdp(endpoint, handler, parts);
  return counters;
}

/** Sends each datagram and waits for as many responses as are wanted; gives their first octets. */
function exchange(datagrams: readonly Uint8Array[], wanted: number): Promise<number[]> {
  const { promise, resolve } = Promise.withResolvers<number[]>();
  const socket = createSocket("udp4");
  client = socket;
  const firsts: number[] = [];
  socket.on("message", (octets) => {
    firsts.push(octets[0]!);
    if (firsts.length === wanted) resolve(firsts);
  });
  for (const datagram of datagrams) socket.send(datagram, listener!.endpoint.port, "127.0.0.1");
  return promise;
}

const request = (first: number): Uint8Array => new Uint8Array(20).fill(first);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(transports)("%s", (transport) => {
  test("a request may be as long as datagrams get", async () => {
    const handler: Handler = {
      handle(given, response) {
        response[0] = given.length === 65_507 && given[65_506] === 9 ? 1 : 0;
        return 1;
      },
    };
    await serve(transport, handler);
    expect(await exchange([new Uint8Array(65_507).fill(9)], 1)).toEqual([1]);
  });

  test("a response is what was written for its own request, though all share one buffer", async () => {
    const counters = await serve(transport, {
      handle(octets, response) {
        response.fill(octets[0]!, 0, 20);
        return 20;
      },
    });
    const firsts = await exchange(numbers(200).map(request), 200);
    expect(firsts.sort((a, b) => a - b)).toEqual(numbers(200));
    expect(counters).toMatchObject({ udpRequests: 200, udpResponses: 200, udpUnsentDropped: 0 });
  });

  test("a handler may answer later, more than once, or not at all; what comes after the end is dropped", async () => {
    const waiting: Later[] = [];
    const counters = await serve(transport, {
      handle(octets, _response, _peer, later) {
        waiting.push(later);
        if (octets[0] === 2) {
          const [first, second] = waiting;
          first!(request(11), "more");
          first!(request(12));
          first!(request(13));
          second!(new Uint8Array(0));
        }
        return LATER;
      },
    });
    expect(await exchange([request(1), request(2)], 2)).toEqual([11, 12]);
    expect(counters.udpResponses).toBe(2);
  });

  test("an empty datagram and a handler that throws cost nothing but themselves", async () => {
    const counters = await serve(transport, {
      handle(octets, response) {
        if (octets.length === 0) return 0;
        if (octets[0] === 1) throw new Error("a bug");
        response.set(octets);
        return octets.length;
      },
    });
    expect(await exchange([new Uint8Array(0), request(1), request(2)], 1)).toEqual([2]);
    expect(counters).toMatchObject({ udpRequests: 3, udpResponses: 1, handlerErrors: 1 });
  });

  test("the room for a response is the limit's", async () => {
    let room = 0;
    await serve(
      transport,
      { handle: (_octets, response) => ((response[0] = 1), (room = response.length), 1) },
      { udpResponseOctets: 1232 },
    );
    await exchange([request(1)], 1);
    expect(room).toBe(1232);
  });
});

test("a datagram from port 0, which takes no reply (RFC 768), is passed over and ends nothing", async () => {
  const bind = vi.spyOn(Socket.prototype, "bind");
  const counters = await serve("node:dgram", {
    handle(octets, response) {
      response.fill(octets[0]!, 0, 20);
      return 20;
    },
  });
  const [bound] = bind.mock.contexts;
  bind.mockRestore();
  // No socket of Node's sends from port 0, but any raw one does.
  assert(bound instanceof Socket, "the server has a socket");
  bound.emit("message", request(1), { address: "127.0.0.1", family: "IPv4", port: 0, size: 20 });
  expect(await exchange([request(2)], 1)).toEqual([2]);
  expect(counters).toMatchObject({ udpResponses: 1, udpReceiveErrors: 1 });
});

test("with nothing allowed to wait, responses are dropped and counted", async () => {
  let handled: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (handled = resolve));
  const counters = await serve("node:dgram", { handle: () => (setImmediate(handled), 20) }, { udpUnsentDatagrams: 0 });
  void exchange([request(1)], 1);
  await done;
  expect(counters).toMatchObject({ udpUnsentDropped: 1, udpResponses: 0 });
});

test("closing lets what is being answered end", async () => {
  const waiting: Later[] = [];
  let arrived: () => void = () => undefined;
  const there = new Promise<void>((resolve) => (arrived = resolve));
  await serve("node:dgram", {
    handle(_octets, _response, _peer, later) {
      waiting.push(later);
      arrived();
      return LATER;
    },
  });
  const answered = exchange([request(1)], 1);
  await there;
  const closing = listener!.close();
  waiting[0]!(request(9));
  await closing;
  expect(await answered).toEqual([9]);
});

test("by node:dgram a response leaves from the address that was asked, where all are listened at", async () => {
  const handler: Handler = {
    handle(given, response) {
      response[0] = given[0]!;
      return 1;
    },
  };
  // Of these the second would otherwise answer as the first: that is where routing sends from. The third is nobody's.
  const localAddresses = ["127.0.0.1", "127.0.0.2", "192.0.2.255"];
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_about: unknown, words: string) => void warnings.push(words) };
  const parts = { clock: new SimulatedClock(), log, counters: new NetCounters(), localAddresses };
  listener = await listenUdp({ address: "0.0.0.0", port: 0 }, handler, parts);
  for (const address of localAddresses.slice(0, 2)) {
    const socket = createSocket("udp4");
    // Connected: the system hands it only what comes from there.
    socket.connect(listener.endpoint.port, address);
    await once(socket, "connect");
    socket.send(request(7));
    const [response]: Uint8Array[] = await once(socket, "message");
    expect(response).toEqual(Buffer.of(7));
    socket.close();
  }
  expect(listener.endpoint.address).toBe("0.0.0.0");
  expect(warnings).toHaveLength(1);
});

test("all addresses of a machine that has none is an endpoint that cannot be had", async () => {
  const parts = { clock: new SimulatedClock(), log: silentLog, counters: new NetCounters() };
  const handler: Handler = { handle: () => 0 };
  await expect(listenUdp({ address: "::", port: 0 }, handler, { ...parts, localAddresses: [] })).rejects.toMatchObject({
    code: "NO_SUCH_ADDRESS",
  });
});
