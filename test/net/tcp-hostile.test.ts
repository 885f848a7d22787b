/** TCP servers and peers that mean harm, or the machine being full: nobody else is to notice. Both transports. */
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Clock, silentLog, SimulatedClock, systemClock } from "../../base/index.ts";
import { type Handler, type Listener, type ListenLimits, loadStreamSystem, NetCounters } from "../../net/index.ts";
import { listenStreams } from "../support/stream-listener.ts";
import { big, echo, framed, request, SWEEP, TcpClient, tcpTransports, until } from "../support/tcp-rig.ts";

let listener: Listener | null = null;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});

function open(localAddress?: string): TcpClient {
  const client = new TcpClient(listener!.endpoint.port, localAddress);
  sockets.push(client.socket);
  return client;
}

async function isServed(localAddress?: string): Promise<boolean> {
  const client = open(localAddress);
  client.send(request(7));
  return (await client.messages(1))[0] === 7;
}

describe.each(tcpTransports)("over %s", (_name, listen) => {
  async function serve(
    handler: Handler,
    limits: Partial<ListenLimits> = {},
    clock: Clock = systemClock,
  ): Promise<NetCounters> {
    const counters = new NetCounters();
    listener = await listen({ address: "127.0.0.1", port: 0 }, handler, { clock, log: silentLog, counters, limits });
    return counters;
  }

  test("a reset in the middle of responses costs that connection", async () => {
    const counters = await serve({
      handle: (octets, response, ...rest) =>
        octets[0] === 7 ? echo.handle(octets, response, ...rest) : big.handle(octets, response, ...rest),
    });
    for (let round = 0; round < 5; round++) {
      const client = open();
      client.socket.pause();
      client.send(...Array.from({ length: 60 }, () => request(1)));
      await until(() => counters.tcpRequests > 7 * round);
      client.socket.resetAndDestroy();
      await until(() => counters.tcpOpen === 0);
      expect(await isServed()).toBe(true);
      for (const socket of sockets.splice(0)) socket.destroy();
      await until(() => counters.tcpOpen === 0);
    }
  });

  test("a message without octets ends the connection, after what was asked before it is answered", async () => {
    const counters = await serve(echo);
    const client = open();
    client.socket.write(Buffer.concat([framed(request(1)), Buffer.of(0, 0), framed(request(2))]));
    expect(await client.messages(1)).toEqual([1]);
    await client.closed;
    expect(counters).toMatchObject({ tcpMalformed: 1, tcpRequests: 1 });
  });

  test("more connections than there may be, none of which says a word, are closed as idle", async () => {
    const clock = new SimulatedClock();
    const counters = await serve(echo, { tcpConnections: 500, tcpConnectionsPerClient: 20 }, clock);
    const silent: TcpClient[] = [];
    // No more at a time than may wait to be accepted: beyond that the system loses them without a word.
    for (let some = 0; some < 10; some++) {
      for (let i = 0; i < 200; i++) silent.push(open(`127.0.${1 + (silent.length >> 6)}.1`));
      await until(() => counters.tcpOpen + counters.tcpRefused + counters.tcpRefusedClient === silent.length);
    }
    expect(counters.tcpOpen).toBe(500);
    expect(counters.tcpRefusedClient).toBeGreaterThan(1000);
    await clock.advance(10_000 + SWEEP);
    await Promise.all(silent.map(({ closed }) => closed));
    expect(counters).toMatchObject({ tcpOpen: 0, tcpIdleTimeouts: 500 });
    expect(await isServed()).toBe(true);
  }, 60_000);

  test("clients that send an octet now and then do not keep others out", async () => {
    const clock = new SimulatedClock();
    const counters = await serve(echo, { tcpConnections: 30, tcpConnectionsPerClient: 30 }, clock);
    const slow = Array.from({ length: 30 }, () => open());
    for (const { socket } of slow) socket.write(Buffer.concat([framed(request(1)), Buffer.of(0)]));
    for (const client of slow) await client.messages(1);
    await clock.advance(1000);
    for (const { socket } of slow) socket.write(Buffer.of(20));
    expect(await open().closed).toBe(undefined);
    expect(counters).toMatchObject({ tcpHeaderTimeouts: 0, tcpRefused: 1 });
    await clock.advance(1000 + SWEEP);
    await Promise.all(slow.map(({ closed }) => closed));
    expect(counters.tcpHeaderTimeouts).toBe(30);
    expect(await isServed()).toBe(true);
  });
});

const system = await loadStreamSystem();

describe.skipIf(typeof system === "string")("over the system's calls", () => {
  test("without room for another descriptor nobody is accepted for a moment, and those who are there are answered", async () => {
    if (typeof system === "string") return;
    let isFull = false;
    let tries = 0;
    const full: typeof system = {
      ...system,
      accept: (...given) => {
        if (!isFull) return system.accept(...given);
        tries++;
        return -1;
      },
      errno: () => (isFull ? EMFILE : system.errno()),
    };
    const clock = new SimulatedClock();
    const counters = new NetCounters();
    const parts = { clock, log: silentLog, counters, limits: {} };
    listener = listenStreams(full, { address: "127.0.0.1", port: 0 }, echo, parts);
    const first = open();
    first.send(request(1));
    expect(await first.messages(1)).toEqual([1]);
    isFull = true;
    const second = open();
    second.send(request(2));
    await until(() => tries === 1);
    first.send(request(3));
    expect(await first.messages(2)).toEqual([1, 3]);
    expect([tries, counters.tcpErrors]).toEqual([1, 1]);
    isFull = false;
    await clock.advance(2 * SWEEP);
    expect(await second.messages(1)).toEqual([2]);
  });

  test("what is open is written down, so that it can be closed when the thread dies", async () => {
    if (typeof system === "string") return;
    const counters = new NetCounters();
    const parts = { clock: systemClock, log: silentLog, counters, limits: {} };
    const streams = listenStreams(system, { address: "127.0.0.1", port: 0 }, echo, parts);
    listener = streams;
    const writtenDown = (): number => streams.open.filter((place) => place !== 0).length;
    expect(writtenDown()).toBe(1); // The list of what is waited for.
    const clients = [open(), open(), open()];
    for (const client of clients) client.send(request(1));
    for (const client of clients) await client.messages(1);
    expect(writtenDown()).toBe(4);
    clients[1]!.socket.destroy();
    await until(() => counters.tcpOpen === 2);
    expect(writtenDown()).toBe(3);
    await listener.close();
    expect(writtenDown()).toBe(0);
  });
});

const EMFILE = 24;
