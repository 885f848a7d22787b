/** A peer from npm: an authoritative server as dns2's manual shows one, with the benchmark's hosts. Run: dns2.ts PORT APEX FILE */
import { createUDPServer, Packet } from "dns2";
import { readArguments, SOA, TTL_SECONDS } from "./hosts.ts";

const { port, apex, hosts } = readArguments();
const { A, SOA: SOA_TYPE } = Packet.TYPE;
const { IN } = Packet.CLASS;
const denial = new Packet.Resource({ name: apex, type: SOA_TYPE, class: IN, ttl: SOA.minimum, ...SOA });

const server = createUDPServer((request, send) => {
  const response = Packet.createResponseFromRequest(request);
  const name = request.questions[0]?.name ?? "";
  const address = hosts.get(name.toLowerCase());
  response.header.aa = 1;
  if (address === undefined) {
    response.header.rcode = Packet.RCODE.NXDOMAIN;
    response.authorities.push(denial);
  } else {
    response.answers.push(new Packet.Resource({ name, type: A, class: IN, ttl: TTL_SECONDS, address }));
  }
  void send(response);
});
await server.listen(port, "127.0.0.1");
