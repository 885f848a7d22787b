/** The name space in which query threads ask by themselves: one zone whose servers answer some of its names in every way there is. */
import { encodeMessage, type Message, Name, plainEdns, RCODE } from "../../dns/index.ts";
import { type Mischief, ROOT, World } from "../resolver/world.ts";
import { query, rr } from "./messages.ts";

export const SEED = Number(process.env["SEED"] ?? 12);
export const ONE = "192.0.2.53";
const OTHER = "192.0.2.54";
const CHILD = "192.0.2.55";

const HOSTS = Array.from({ length: 40 }, (_, i) => `host${i}.example. 300 A 192.0.2.${i}`).join("\n");
const ZONE = `
  example. 300 SOA ns.example. admin.example. 1 3600 600 86400 60
  example. 300 NS ns.example.
  example. 300 A 192.0.2.80
  ns.example. 300 A ${ONE}
  ${HOSTS}
  six.example. 300 AAAA 2001:db8::6
  six.example. 300 A 192.0.2.6
  text.example. 300 TXT "one" "two"
  mail.example. 300 MX 10 host1.example.
  two.example. 300 A 192.0.2.1
  two.example. 300 A 192.0.2.2
  alias.example. 300 CNAME host1.example.
  outside.example. 300 CNAME www.other.
  cut.example. 300 NS ns.cut.example.
  ns.cut.example. 300 A ${CHILD}
  a.deep.example. 300 A 192.0.2.9
  tree.example. 300 DNAME host.other.
  none.example. 0 A 192.0.2.10
  long.example. 172800 A 192.0.2.11
  *.wild.example. 300 A 192.0.2.12
  ${Array.from({ length: 20 }, (_, i) => `many.example. 300 A 198.51.100.${i}`).join("\n")}
  ${Array.from({ length: 10 }, (_, i) => `book.example. 300 TXT "${`page ${i} `.repeat(8)}"`).join("\n")}
  ${Array.from({ length: 40 }, (_, i) => `wide.example. 300 AAAA 2001:db8::${i.toString(16)}`).join("\n")}
`;
const CHILD_ZONE = `
  cut.example. 300 SOA ns.cut.example. admin.example. 1 3600 600 86400 60
  cut.example. 300 NS ns.cut.example.
  ns.cut.example. 300 A ${CHILD}
  www.cut.example. 300 A 192.0.2.90
  ftp.cut.example. 300 A 192.0.2.91
`;
export const ROOT_ZONE = `
  . 86400 SOA a.root. admin.root. 1 3600 600 86400 60
  . 86400 NS a.root.
  a.root. 86400 A ${ROOT}
  example. 86400 NS ns.example.
  ns.example. 86400 A ${ONE}
`;
export const TWO_SERVERS = `${ROOT_ZONE}
  example. 86400 NS ns2.example.
  ns2.example. 86400 A ${OTHER}
`;

/** What a server may do to its answer to a name that begins so. */
const MISCHIEF: Readonly<Record<string, (response: Message, request: Message) => Message | null>> = {
  "host20.": (response) => ({ ...response, truncated: true, answer: [] }),
  "host21.": (response) => ({ ...response, authoritative: false }),
  "host22.": (response) => ({ ...response, rcode: RCODE.SERVFAIL, answer: [] }),
  "host23.": (response) => ({ ...response, rcode: RCODE.REFUSED, answer: [] }),
  "host24.": (response) => ({ ...response, id: (response.id + 1) & 0xffff }),
  "host25.": (response) => withName(response, response.question[0]!.name.toLowerCase()),
  "host26.": (response) => withName(response, Name.parse("other.example.")),
  "host27.": () => null,
  "host28.": (response) => ({ ...response, edns: null }),
  "host29.": (response) => ({ ...response, edns: { ...plainEdns, options: [{ code: 3, data: new Uint8Array(4) }] } }),
  "host30.": (response) => ({ ...response, answer: [...response.answer, rr("host30.example. 200 A 192.0.2.99")] }),
  "host31.": (response) => ({ ...response, answer: [...response.answer, ...response.answer] }),
  "host32.": (response) => ({ ...response, answer: [...response.answer, rr("host1.example. 300 A 192.0.2.99")] }),
  "host33.": (response) => ({ ...response, authority: [rr("example. 300 NS ns.example.")] }),
  "host34.": (response) => ({ ...response, answer: [rr("www.other. 300 A 192.0.2.99")] }),
  "host35.": (response) => ({ ...response, rcode: RCODE.NXDOMAIN }),
  "host36.": (response) => ({ ...response, rcode: RCODE.FORMERR, answer: [], edns: null }),
  "host37.": (response) => ({ ...response, recursionDesired: true }),
  "host38.": (response) => ({
    ...response,
    answer: response.answer.map((record) => ({ ...record, ttlSeconds: 2 ** 31 })),
  }),
  "host39.": (response) => ({ ...response, rcode: RCODE.FORMERR, question: [], answer: [], edns: null }),
};

const withName = (message: Message, name: Name): Message => {
  return { ...message, question: [{ ...message.question[0]!, name }] };
};

const mischief: Mischief = (response, request) => {
  const text = request.question[0]!.name.toLowerCase().toString();
  const way = Object.entries(MISCHIEF).find(([begin]) => text.startsWith(begin));
  return way === undefined ? response : way[1](response, request);
};

export function makeWorld(rootZone: string): World {
  const world = new World(SEED);
  world.server(ROOT, { ".": rootZone });
  world.server(ONE, { "example.": ZONE }, mischief);
  world.server(OTHER, { "example.": ZONE }, (response) => response);
  world.server(CHILD, { "cut.example.": CHILD_ZONE });
  return world;
}

/** Forms of requests of which the first four are such as threads ask for. */
export const FORMS: readonly Partial<Message>[] = [
  {},
  { edns: plainEdns },
  { edns: { ...plainEdns, payloadOctets: 512 } },
  { authenticData: true },
  { checkingDisabled: true },
  { edns: { ...plainEdns, dnssecOk: true } },
  { recursionDesired: false },
];

export const requestFor = ([name, type]: readonly [string, string], form: Partial<Message>): Uint8Array =>
  encodeMessage(query(name, type, { id: 0x4711, recursionDesired: true, ...form }));

/** For an address, in the first form. */
export const requestOf = (name: string): Uint8Array => requestFor([name, "A"], {});
