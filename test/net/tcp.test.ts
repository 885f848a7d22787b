/** TCP servers against raw sockets: framing, order, and each of their bounds (RFC 7766, DESIGN §8). One contract for both transports. */
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Clock, silentLog, SimulatedClock, systemClock } from "../../base/index.ts";
import {
  type Handler,
  LATER,
  type Later,
  type Listener,
  type ListenLimits,
  listenUdp,
  NetCounters,
} from "../../net/index.ts";
import { big, echo, framed, request, Slow, SWEEP, TcpClient, tcpTransports, until } from "../support/tcp-rig.ts";

let listener: Listener | null = null;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});

function kept(client: TcpClient): TcpClient {
  sockets.push(client.socket);
  return client;
}

interface Served {
  readonly counters: NetCounters;
  open(): TcpClient;
}

describe.each(tcpTransports)("over %s", (_name, listen) => {
  async function serve(
    handler: Handler,
    limits: Partial<ListenLimits> = {},
    clock: Clock = systemClock,
  ): Promise<Served> {
    const counters = new NetCounters();
    const parts = { clock, log: silentLog, counters, limits };
    const made = await listen({ address: "127.0.0.1", port: 0 }, handler, parts);
    listener = made;
    return { counters, open: () => kept(new TcpClient(made.endpoint.port)) };
  }

  test("pipelined requests are answered on one connection", async () => {
    const client = (await serve(echo)).open();
    client.send(request(1), request(2), request(3));
    expect(await client.messages(3)).toEqual([1, 2, 3]);
    client.send(request(4));
    expect(await client.messages(4)).toEqual([1, 2, 3, 4]);
  });

  test("a message in pieces of one octet, and one across two pieces", async () => {
    const client = (await serve(echo)).open();
    client.socket.setNoDelay(true);
    for (const octet of framed(request(1))) client.socket.write(Buffer.of(octet));
    expect(await client.messages(1)).toEqual([1]);
    const two = Buffer.concat([framed(request(2)), framed(request(3, 65_535))]);
    client.socket.write(two.subarray(0, 30));
    expect(await client.messages(2)).toEqual([1, 2]);
    client.socket.write(two.subarray(30));
    expect(await client.messages(3)).toEqual([1, 2, 3]);
  });

  test("responses leave in the order they are ready (RFC 7766 §6.2.1.1), several for one request", async () => {
    const slow = new Slow();
    const client = (await serve(slow)).open();
    client.send(request(1), request(2), request(3));
    await slow.until(3);
    slow.answer(2);
    slow.answer(3, 30, 31);
    slow.answer(1);
    expect(await client.messages(5)).toEqual([2, 30, 31, 3, 1]);
  });

  test("a client that closes its sending side still gets its responses", async () => {
    const slow = new Slow();
    const client = (await serve(slow)).open();
    client.socket.end(Buffer.concat([framed(request(1)), framed(request(2))]));
    await slow.until(2);
    slow.answer(2);
    slow.answer(1);
    expect(await client.messages(2)).toEqual([2, 1]);
    await client.closed;
  });

  test("reading pauses at the limit of pipelined requests and goes on below it", async () => {
    const slow = new Slow();
    const { counters, open } = await serve(slow, { tcpPipelined: 3 });
    const client = open();
    client.socket.end(Buffer.concat([1, 2, 3, 4, 5].map((first) => framed(request(first)))));
    await slow.until(3);
    expect([slow.waiting.size, counters.tcpPipelinedPauses]).toEqual([3, 1]);
    slow.answer(1);
    await slow.until(4);
    for (const first of [2, 3, 4]) slow.answer(first);
    await slow.until(5);
    slow.answer(5);
    expect(await client.messages(5)).toEqual([1, 2, 3, 4, 5]);
    await client.closed;
  });

  test("a connection too many is closed at once, of one client or of all", async () => {
    const ofClient = await serve(echo, { tcpConnectionsPerClient: 2 });
    const kept = [ofClient.open(), ofClient.open()];
    for (const client of kept) client.send(request(1));
    for (const client of kept) await client.messages(1);
    await ofClient.open().closed;
    expect(ofClient.counters).toMatchObject({ tcpRefusedClient: 1, tcpRefused: 0, tcpOpen: 2 });
    for (const client of kept) client.socket.destroy();
    await listener!.close();

    const ofAll = await serve(echo, { tcpConnections: 1 });
    const first = ofAll.open();
    first.send(request(1));
    await first.messages(1);
    await ofAll.open().closed;
    expect(ofAll.counters).toMatchObject({ tcpRefusedClient: 0, tcpRefused: 1, tcpOpen: 1 });
  });

  test("a client that sends nothing is closed when idle", async () => {
    const clock = new SimulatedClock();
    const { counters, open } = await serve(echo, {}, clock);
    const client = open();
    client.send(request(1));
    await client.messages(1);
    await clock.advance(9999);
    expect(counters.tcpIdleTimeouts).toBe(0);
    await clock.advance(1 + SWEEP);
    await client.closed;
    expect(counters).toMatchObject({ tcpIdleTimeouts: 1, tcpHeaderTimeouts: 0 });
  });

  test("half a header is waited for two seconds, the rest of a message ten", async () => {
    const clock = new SimulatedClock();
    const slow = new Slow();
    const { counters, open } = await serve(slow, {}, clock);
    const half = open();
    half.socket.write(Buffer.concat([framed(request(1)), Buffer.of(0, 20, 1, 2)]));
    await slow.until(1);
    slow.answer(1);
    await clock.advance(1999);
    expect(counters.tcpHeaderTimeouts).toBe(0);
    await clock.advance(1 + SWEEP);
    await half.closed;
    expect(counters.tcpHeaderTimeouts).toBe(1);
    const trickling = open();
    trickling.socket.write(Buffer.concat([framed(request(2)), Buffer.of(0, 100), request(3, 50)]));
    await slow.until(2);
    slow.answer(2);
    await clock.advance(9000);
    trickling.socket.write(Buffer.of(3));
    expect(counters.tcpIdleTimeouts).toBe(0);
    await clock.advance(1000 + SWEEP);
    await trickling.closed;
    expect(counters).toMatchObject({ tcpIdleTimeouts: 1, tcpHeaderTimeouts: 1 });
  });

  test("a connection whose requests are being answered is not idle, but not kept for ever", async () => {
    const clock = new SimulatedClock();
    const slow = new Slow();
    const { counters, open } = await serve(slow, {}, clock);
    const client = open();
    client.send(request(1));
    await slow.until(1);
    await clock.advance(29_000);
    expect(counters.tcpIdleTimeouts).toBe(0);
    await clock.advance(1000 + SWEEP);
    await client.closed;
    expect(counters.tcpIdleTimeouts).toBe(1);
    slow.answer(1); // Too late, and harmless.
  });

  test("a client that takes its responses gets them all, however much it asks for at once (RFC 7766 §6.2.1.1)", async () => {
    const { counters, open } = await serve(big, { tcpUnsentOctets: 200_000 });
    const client = open();
    client.send(...Array.from({ length: 100 }, (_, i) => request(i)));
    client.socket.end();
    expect(await client.messages(100)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(counters).toMatchObject({ tcpRequests: 100, tcpUnsentClosed: 0 });
  });

  test("of a client that takes no responses no more requests are read, and it is closed as idle", async () => {
    const clock = new SimulatedClock();
    const { counters, open } = await serve(big, { tcpUnsentOctets: 200_000 }, clock);
    const client = open();
    client.socket.pause();
    client.send(...Array.from({ length: 1_000 }, () => request(1)));
    await until(() => counters.tcpRequests > 0);
    await clock.advance(10_000 + SWEEP);
    await until(() => counters.tcpOpen === 0);
    expect(counters.tcpRequests).toBeLessThan(1_000);
    expect(counters).toMatchObject({ tcpIdleTimeouts: 1, tcpUnsentClosed: 0 });
  });

  test("a client that does not take the responses that come later is closed", async () => {
    const waiting: Later[] = [];
    const later: Handler = {
      handle(_request, _response, _peer, answer) {
        waiting.push(answer);
        return LATER;
      },
    };
    const { counters, open } = await serve(later, { tcpUnsentOctets: 200_000 });
    const client = open();
    client.socket.pause();
    client.send(...Array.from({ length: 100 }, () => request(1)));
    await until(() => waiting.length === 100);
    for (const answer of waiting) answer(new Uint8Array(65_535));
    expect(counters.tcpUnsentClosed).toBe(1);
  });

  test("less than a header is no message: the connection is closed", async () => {
    const { counters, open } = await serve(echo);
    const client = open();
    client.send(request(1, 11));
    await client.closed;
    expect(counters.tcpMalformed).toBe(1);
  });

  test("a handler that throws costs its request only", async () => {
    const { counters, open } = await serve({
      handle(octets, response) {
        if (octets[0] === 1) throw new Error("a bug");
        response.set(octets);
        return octets.length;
      },
    });
    const client = open();
    client.send(request(1), request(2));
    expect(await client.messages(1)).toEqual([2]);
    expect(counters.handlerErrors).toBe(1);
  });

  test("closing lets what is being answered end, and takes no more", async () => {
    const slow = new Slow();
    const { open } = await serve(slow);
    const client = open();
    client.send(request(1));
    await slow.until(1);
    const closing = listener!.close();
    client.send(request(2));
    slow.answer(1);
    await client.closed;
    client.socket.end();
    await closing;
    expect(await client.messages(1)).toEqual([1]);
    expect(slow.waiting.size).toBe(1);
  });

  test("closing does not wait for ever", async () => {
    const clock = new SimulatedClock();
    const slow = new Slow();
    const client = (await serve(slow, {}, clock)).open();
    client.send(request(1));
    await slow.until(1);
    const closing = listener!.close();
    await clock.advance(2000 + SWEEP);
    await closing;
    await client.closed;
  });

  test("IPv4 and IPv6 may share a port", async () => {
    const parts = { clock: systemClock, log: silentLog, counters: new NetCounters() };
    listener = await listen({ address: "::1", port: 0 }, echo, parts);
    const other = await listen({ address: "127.0.0.1", port: listener.endpoint.port }, echo, parts);
    await other.close();
  });
});

test.each([...tcpTransports, ["udp", listenUdp] as const])(
  "%s: a busy port, an address that is not ours, a port that is not allowed",
  async (_transport, listen) => {
    const parts = { clock: systemClock, log: silentLog, counters: new NetCounters() };
    listener = await listen({ address: "127.0.0.1", port: 0 }, echo, parts);
    await expect(listen(listener.endpoint, echo, parts)).rejects.toMatchObject({
      code: "IN_USE",
      message: expect.stringContaining(`127.0.0.1:${listener.endpoint.port}`) as string,
    });
    await expect(listen({ address: "192.0.2.1", port: 0 }, echo, parts)).rejects.toMatchObject({
      code: "NO_SUCH_ADDRESS",
    });
  },
);
