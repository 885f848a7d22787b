import { describe, expect, test } from "vitest";
import { CLASS, decodeMessage, EDE, extendedErrors, Name, OPCODE, RCODE, TYPE } from "../../dns/index.ts";
import type { Control, ControlRequest, NameServer } from "../../nameserver/index.ts";
import { LATER, type Peer, Prefix } from "../../net/index.ts";
import { edns } from "../support/messages.ts";
import { requestOf, serverOf } from "../support/name-server.ts";

const zones = { "example.": "example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60" };
const peer: Peer = { address: "192.0.2.7", port: 5353, transport: "tcp" };

type Handled = Exclude<keyof Control, "keys">;

/** What was handed to which handler, in order. */
function recorded(): { readonly control: Control; readonly taken: [Handled, ControlRequest][] } {
  const taken: [Handled, ControlRequest][] = [];
  const take = (name: Handled) => (request: ControlRequest) => void taken.push([name, request]);
  return {
    taken,
    control: { keys: new Map(), transfer: take("transfer"), notify: take("notify"), update: take("update") },
  };
}

function handle(server: NameServer, request: Uint8Array): { length: number; response: Uint8Array; sent: Uint8Array[] } {
  const response = new Uint8Array(65_535);
  const sent: Uint8Array[] = [];
  const length = server.handle(request, response, peer, (octets) => void sent.push(octets));
  return { length, response: response.subarray(0, Math.max(0, length)), sent };
}

describe("what only the control thread does", () => {
  test.each([
    ["example. AXFR", OPCODE.QUERY, "transfer"],
    ["example. IXFR", OPCODE.QUERY, "transfer"],
    ["example. SOA", OPCODE.NOTIFY, "notify"],
    ["example. SOA", OPCODE.UPDATE, "update"],
  ])("%s with opcode %i is handed to %s", (question, opcode, name) => {
    const { control, taken } = recorded();
    const { server } = serverOf(zones, {}, { control });
    const { length, sent } = handle(server, requestOf(question, { message: { opcode, id: 77 }, edns }));
    expect(length).toBe(LATER);
    const [[handler, request]] = taken as [[string, ControlRequest]];
    expect([handler, request.message.id, request.key, request.peer]).toEqual([name, 77, null, peer]);
    request.respond({ rcode: RCODE.REFUSED, extendedError: { infoCode: EDE.PROHIBITED, text: "no" } });
    const response = decodeMessage(sent[0]!);
    expect(response).toMatchObject({ id: 77, opcode, rcode: RCODE.REFUSED, response: true });
    expect(extendedErrors(response.edns)).toEqual([{ infoCode: EDE.PROHIBITED, text: "no" }]);
  });

  test("a query thread leaves it to the control thread", () => {
    const { server } = serverOf(zones, {}, { control: "elsewhere" });
    expect(handle(server, requestOf("example. SOA", { message: { opcode: OPCODE.UPDATE } })).length).toBe(LATER);
    expect(handle(server, requestOf("example. SOA")).length).toBeGreaterThan(0);
  });

  test("who may not ask may not do this either", () => {
    const { control, taken } = recorded();
    const { server } = serverOf(zones, { deny: [Prefix.parse("192.0.2.0/24")] }, { control });
    const { response } = handle(server, requestOf("example. AXFR"));
    expect(decodeMessage(response).rcode).toBe(RCODE.REFUSED);
    expect(taken).toEqual([]);
  });

  test("records that are none are a FORMERR", () => {
    const { control, taken } = recorded();
    const { server } = serverOf(zones, {}, { control });
    const short = {
      owner: Name.parse("a.example."),
      type: TYPE.A,
      class: CLASS.IN,
      ttlSeconds: 0,
      rdata: Uint8Array.of(1),
    };
    const request = requestOf("example. SOA", { message: { opcode: OPCODE.UPDATE, authority: [short] } });
    const { response } = handle(server, request);
    expect(decodeMessage(response)).toMatchObject({ rcode: RCODE.FORMERR, opcode: OPCODE.UPDATE });
    expect(taken).toEqual([]);
  });
});
