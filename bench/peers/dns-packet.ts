/**
 * A peer from npm: dns-packet between two datagrams of node:dgram, with the benchmark's hosts; as little as a server in JavaScript
 * can do with that package. Run: dns-packet.ts PORT APEX FILE
 */
import { createSocket } from "node:dgram";
import { dnsPacket } from "../../test/support/dns-packet.ts";
import { readArguments, SOA, TTL_SECONDS } from "./hosts.ts";

const AUTHORITATIVE_ANSWER = 1 << 10;
const NXDOMAIN = 3;
const { port, apex, hosts } = readArguments();
const { primary: mname, admin: rname, expiration: expire, ...times } = SOA;
const denial = [{ name: apex, type: "SOA", ttl: SOA.minimum, data: { mname, rname, expire, ...times } }];

const socket = createSocket("udp4");
socket.on("message", (octets, { port: clientPort, address: client }) => {
  const { id = 0, questions = [] } = dnsPacket.decode(octets);
  const name = questions[0]?.name ?? "";
  const address = hosts.get(name.toLowerCase());
  const response =
    address === undefined
      ? { flags: AUTHORITATIVE_ANSWER | NXDOMAIN, authorities: denial }
      : { flags: AUTHORITATIVE_ANSWER, answers: [{ name, type: "A", ttl: TTL_SECONDS, data: address }] };
  socket.send(dnsPacket.encode({ id, type: "response", questions, ...response }), clientPort, client);
});
socket.bind(port, "127.0.0.1");
