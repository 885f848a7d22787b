/** Messages for tests, from presentation format. */
import {
  CLASS,
  type Edns,
  emptyMessage,
  type Message,
  Name,
  rdataType,
  type Rr,
  tokenize,
  typeFromText,
} from "../../dns/index.ts";

/** `www.example. 300 MX 10 mail.example.`: owner, TTL, type, RDATA. */
export function rr(text: string): Rr {
  const [owner = "", ttl = "", type = "", ...rest] = text.trim().split(/\s+/);
  const number = typeFromText(type);
  if (number === null) throw new Error(`no type: ${text}`);
  const rdata = rdataType(number).parse(tokenize(rest.join(" "), Name.root));
  return { owner: Name.parse(owner), type: number, class: CLASS.IN, ttlSeconds: Number(ttl), rdata };
}

/** Records, one a line. */
export function rrs(text: string): Rr[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(rr);
}

/** A query; `parts` decides over what is left out. */
export function query(name: string, type: string, parts: Partial<Message> = {}): Message {
  return {
    ...emptyMessage,
    id: 0x1234,
    question: [{ name: Name.parse(name), type: typeFromText(type) ?? 0, class: CLASS.IN }],
    ...parts,
  };
}

export const edns: Edns = { version: 0, payloadOctets: 1232, dnssecOk: false, flags: 0, options: [] };
