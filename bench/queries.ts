/** Query lists in dnsperf's format (a name and a type a line) as messages. */
import { CLASS, type Edns, emptyMessage, encodeMessage, Name, plainEdns, TYPE } from "../dns/index.ts";

const TYPES: Readonly<Record<string, number>> = TYPE;

export function messages(list: string): readonly Uint8Array[] {
  return lines(list).map((line) => message(line));
}

/** With EDNS and DO (RFC 3225). */
export function signedQueries(list: string): readonly Uint8Array[] {
  return lines(list).map((line) => message(line, { ...plainEdns, dnssecOk: true }));
}

function lines(list: string): string[] {
  return list.trim().split("\n");
}

/** With their length in front, as they go over TCP (RFC 1035 §4.2.2). */
export function framedQueries(list: string): readonly Uint8Array[] {
  return messages(list).map((octets) => Uint8Array.of(octets.length >> 8, octets.length & 255, ...octets));
}

/** @param line `NAME TYPE`. */
export function message(line: string, edns: Edns | null = null): Uint8Array {
  const [name = "", mnemonic = ""] = line.split(/\s+/);
  const type = TYPES[mnemonic];
  if (type === undefined) throw new Error(`${JSON.stringify(line)} is no query: NAME TYPE is wanted`);
  return encodeMessage({
    ...emptyMessage,
    question: [{ name: Name.parse(name), type, class: CLASS.IN }],
    edns,
  });
}
