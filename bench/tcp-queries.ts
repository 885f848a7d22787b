/** Query lists in dnsperf's format (a name and a type a line) as messages with their length in front (RFC 1035 §4.2.2). */
import { CLASS, encodeMessage, Name, OPCODE, TYPE } from "../dns/index.ts";

export function framedQueries(list: string): readonly Uint8Array[] {
  const types: Readonly<Record<string, number>> = TYPE;
  return list
    .trim()
    .split("\n")
    .map((line) => {
      const [name = "", type = ""] = line.split(/\s+/);
      const number = types[type];
      if (number === undefined) throw new Error(`${JSON.stringify(line)} is no query: NAME TYPE is wanted`);
      return framed(Name.parse(name), number);
    });
}

function framed(name: Name, type: number): Uint8Array {
  const message = encodeMessage({
    id: 0,
    opcode: OPCODE.QUERY,
    rcode: 0,
    response: false,
    authoritative: false,
    truncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    question: [{ name, type, class: CLASS.IN }],
    answer: [],
    authority: [],
    additional: [],
    edns: null,
  });
  return Uint8Array.of(message.length >> 8, message.length & 255, ...message);
}
