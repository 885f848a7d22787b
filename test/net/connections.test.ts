/** The rules of TCP connections without sockets: who counts as one client, what leaves together, whose turn it is. */
import { expect, test } from "vitest";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import { TcpConnections } from "../../net/connections.ts";
import { type Handler, LATER, type Later, type ListenLimits, NetCounters } from "../../net/index.ts";
import type { Stream } from "../../net/tcp-turn.ts";
import { echo, framed, request } from "../support/tcp-rig.ts";

class Sent implements Stream {
  readonly writes: Uint8Array[] = [];
  isClosed = false;
  takesMore = true;
  unsentOctets = 0;
  isPaused = false;

  send(octets: Uint8Array, length: number): void {
    this.writes.push(octets.slice(0, length));
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {
    this.isClosed = true;
  }
  destroy(): void {
    this.isClosed = true;
  }
}

interface Served {
  readonly connections: TcpConnections;
  readonly counters: NetCounters;
}

function serve(handler: Handler, limits: Partial<ListenLimits> = {}): Served {
  const counters = new NetCounters();
  const parts = { clock: new SimulatedClock(), log: silentLog, counters, limits };
  return { connections: new TcpConnections(handler, parts), counters };
}

const from = (address: string) => ({ address, port: 4000, transport: "tcp" as const });
const together = (...messages: Uint8Array[]): Uint8Array => Buffer.concat(messages.map(framed));

test.each([
  ["192.0.2.1", "192.0.2.1", true, "one address"],
  ["192.0.2.1", "192.0.2.2", false, "neighbours over IPv4 are different clients"],
  ["::ffff:192.0.2.1", "192.0.2.1", true, "an IPv4 address by way of IPv6 is that address (RFC 4291 §2.5.5.2)"],
  ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true, "a host has a /64 of its own (RFC 4291 §2.5.4)"],
  ["2001:db8:0:1::1", "2001:db8:0:2::1", false, "the next /64 is another's"],
  ["fe80::1%eth0", "fe80::1%eth0", true, "a link-local address stands for itself"],
])("%s and %s as one client: %s %s", (one, other, isOne) => {
  const { connections, counters } = serve(echo, { tcpConnectionsPerClient: 1 });
  expect(connections.open(new Sent(), from(one))).not.toBeNull();
  expect(connections.open(new Sent(), from(other)) === null).toBe(isOne);
  expect(counters.tcpRefusedClient).toBe(isOne ? 1 : 0);
});

test("what one read brought leaves in one write", () => {
  const stream = new Sent();
  const connection = serve(echo).connections.open(stream, from("192.0.2.1"))!;
  connection.receive(together(request(1), request(2), request(3)));
  expect(stream.writes).toHaveLength(1);
  expect(stream.writes[0]).toEqual(new Uint8Array(together(request(1), request(2), request(3))));
});

test("a message of 65,535 octets, octet by octet", () => {
  const stream = new Sent();
  const connection = serve(echo).connections.open(stream, from("192.0.2.1"))!;
  const octet = new Uint8Array(1);
  // Two of them, in a buffer that is used again for every octet.
  for (const value of together(request(1, 65_535), request(2, 65_535))) {
    octet[0] = value;
    connection.receive(octet);
  }
  expect(stream.writes.map((octets) => [octets.length, octets[2]])).toEqual([
    [65_537, 1],
    [65_537, 2],
  ]);
});

test("every cut of three messages gives the same three", () => {
  const whole = together(request(1), request(2, 300), request(3));
  for (let cut = 0; cut <= whole.length; cut++) {
    const stream = new Sent();
    const connection = serve(echo).connections.open(stream, from("192.0.2.1"))!;
    const buffer = new Uint8Array(whole);
    connection.receive(buffer.subarray(0, cut));
    buffer.fill(0xff, 0, cut); // What was received is the transport's again.
    connection.receive(buffer.subarray(cut));
    expect(Buffer.concat(stream.writes).equals(whole), `cut at ${cut}`).toBe(true);
  }
});

test("a response that comes while another connection has its turn does not disturb it", () => {
  const late: Later[] = [];
  let isNested = false;
  const order: number[] = [];
  const handler: Handler = {
    handle(octets, response, _peer, later) {
      expect(isNested).toBe(false);
      isNested = true;
      order.push(octets[0]!);
      if (octets[0] === 1) late.push(later);
      // The answer to the first connection's question comes now, and lets it go on to its second.
      if (octets[0] === 3) late[0]!(request(11));
      response.set(octets);
      isNested = false;
      return octets[0] === 1 ? LATER : octets.length;
    },
  };
  const { connections } = serve(handler, { tcpPipelined: 1 });
  const [first, second] = [new Sent(), new Sent()];
  connections.open(first, from("192.0.2.1"))!.receive(together(request(1), request(2)));
  expect(first.isPaused).toBe(true);
  connections.open(second, from("192.0.2.2"))!.receive(together(request(3), request(4)));
  expect(order).toEqual([1, 3, 4, 2]);
  expect(first.writes.map((octets) => octets[2])).toEqual([11, 2]);
  expect(second.writes.map((octets) => octets.length)).toEqual([44]);
});

test("a request answered later, more than once and too late, is answered to its own connection", () => {
  const late: Later[] = [];
  const handler: Handler = { handle: (_request, _response, _peer, later) => (late.push(later), LATER) };
  const { connections, counters } = serve(handler);
  const [first, second] = [new Sent(), new Sent()];
  connections.open(first, from("192.0.2.1"))!.receive(together(request(1)));
  connections.open(second, from("192.0.2.2"))!.receive(together(request(2)));
  late[1]!(request(20), "more");
  late[0]!(request(10));
  late[0]!(request(10)); // It has ended.
  late[1]!(request(21));
  expect(first.writes.map((octets) => octets[2])).toEqual([10]);
  expect(second.writes.map((octets) => octets[2])).toEqual([20, 21]);
  expect(counters.tcpResponses).toBe(3);
});
