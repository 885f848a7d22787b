/** What a query thread takes for a plain answer, held to the general way of reading and judging: whatever it takes, that takes for the same. */
import { expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import {
  CLASS,
  decodeReplyTo,
  encodeMessage,
  type Message,
  Name,
  plainEdns,
  RCODE,
  type Rr,
  typeFromText,
} from "../../dns/index.ts";
import { PlainAnswer, RECORD_HEAD_OCTETS } from "../../resolver/plain-answer.ts";
import { step } from "../../resolver/step.ts";
import { mutate } from "../support/hostile.ts";
import { query, rr, rrs } from "../support/messages.ts";

const SEED = Number(process.env["SEED"] ?? 7);
const ROUNDS = 60_000;
const LIMITS = { ttlSecondsMin: 0, ttlSecondsMax: 86_400 };
const HEADER_OCTETS = 12;

const NAME = Name.parse("www.example.");
const SERVERS = rrs(`
  example. 300 NS ns1.example.
  example. 300 NS ns2.elsewhere.
`);
const GLUE = rrs(`
  ns1.example. 300 A 192.0.2.53
  ns1.example. 300 AAAA 2001:db8::53
`);

function replyOf(type: string, parts: Partial<Message>): Message {
  return query("www.example.", type, { response: true, authoritative: true, edns: plainEdns, ...parts });
}

const address = (i: number): Rr => rr(`www.example. 300 A 192.0.2.${i}`);
const GOOD: readonly (readonly [string, Message])[] = [
  ["one address", replyOf("A", { answer: [address(1)] })],
  ["an address without EDNS", replyOf("A", { answer: [address(1)], edns: null })],
  ["several addresses", replyOf("A", { answer: [1, 2, 3, 4].map(address) })],
  ["an IPv6 address", replyOf("AAAA", { answer: [rr("www.example. 300 AAAA 2001:db8::1")] })],
  ["text", replyOf("TXT", { answer: [rr(`www.example. 300 TXT "one" "two"`), rr(`www.example. 300 TXT "three"`)] })],
  ["the zone's servers beside", replyOf("A", { answer: [address(1)], authority: SERVERS, additional: GLUE })],
  ["owners in another case", replyOf("A", { answer: [1, 2, 3].map((i) => rr(`WWW.Example. 300 A 192.0.2.${i}`)) })],
  ["an owner in another case", replyOf("A", { answer: [rr("WWW.Example. 300 A 192.0.2.1")] })],
];
const OTHERS: readonly (readonly [string, Message])[] = [
  ["no authority", replyOf("A", { answer: [address(1)], authoritative: false })],
  ["cut", replyOf("A", { answer: [address(1)], truncated: true })],
  ["nothing", replyOf("A", {})],
  ["an alias", replyOf("A", { answer: [rr("www.example. 300 CNAME a.example."), rr("a.example. 300 A 192.0.2.1")] })],
  ["another owner", replyOf("A", { answer: [rr("ww.example. 300 A 192.0.2.1")] })],
  ["another type", replyOf("A", { answer: [rr("www.example. 300 AAAA 2001:db8::1")] })],
  ["a record besides", replyOf("A", { answer: [address(1), rr("a.example. 300 A 192.0.2.1")] })],
  ["two TTLs", replyOf("A", { answer: [address(1), rr("www.example. 200 A 192.0.2.2")] })],
  ["the same twice", replyOf("A", { answer: [address(1), address(2), address(1)] })],
  [
    "a signature",
    replyOf("A", {
      answer: [address(1), rr("www.example. 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 example. AAEC")],
    }),
  ],
  ["TTL 0", replyOf("A", { answer: [rr("www.example. 0 A 192.0.2.1")] })],
  ["a TTL beyond the cache's", replyOf("A", { answer: [rr("www.example. 86401 A 192.0.2.1")] })],
  ["a TTL that counts as none", replyOf("A", { answer: [{ ...address(1), ttlSeconds: 2 ** 31 }] })],
  ["another class", replyOf("A", { answer: [{ ...address(1), class: 3 }] })],
  ["a referral", replyOf("A", { authority: SERVERS, additional: GLUE })],
  ["a name that is gone", replyOf("A", { rcode: RCODE.NXDOMAIN, answer: [address(1)] })],
  ["an extended RCODE", replyOf("A", { rcode: RCODE.BADVERS, answer: [address(1)] })],
  [
    "an EDNS option",
    replyOf("A", { answer: [address(1)], edns: { ...plainEdns, options: [{ code: 3, data: NAME.octets }] } }),
  ],
  ["more than fits", replyOf("A", { answer: Array.from({ length: 17 }, (_, i) => address(i)) })],
  ["a denial beside", replyOf("A", { answer: [address(1)], authority: rrs("example. 60 SOA a. b. 1 1 1 1 60") })],
];

const TYPES = ["A", "AAAA", "TXT"];
const plain = new PlainAnswer(LIMITS);

function isTaken(octets: Uint8Array, type: number): boolean {
  return plain.read(octets, octets.length, {
    question: NAME.octets,
    questionEnd: HEADER_OCTETS + NAME.octets.length + 4,
    type,
  });
}

const typeOf = (message: Message): number => message.question[0]!.type;

test.each(GOOD)("%s is a plain answer", (_, message) => {
  expect(isTaken(encodeMessage(message), typeOf(message))).toBe(true);
  expect(plain.count).toBe(message.answer.length);
});

test.each(OTHERS)("%s: left to the general way", (_, message) => {
  expect(isTaken(encodeMessage(message), typeOf(message))).toBe(false);
});

/** What the general way makes of it, in the form that PlainAnswer has: the RDATA one after another. */
function generally(octets: Uint8Array, type: number): unknown {
  const question = { name: NAME, type, class: CLASS.IN };
  const message = decodeReplyTo(question, octets);
  const asked = { question, zone: Name.parse("example."), recursionDesired: false, aliasesMax: 11 };
  const judged = step(asked, message);
  if (judged.step.kind !== "answer" || !judged.step.authoritative || judged.step.aliases.length > 0) return judged;
  const [found, ...more] = judged.step.found;
  if (more.length > 0 || found?.signatures !== null || judged.ignored.length > 0) return judged;
  const { ttlSeconds, rdatas } = found.rrset;
  return { ttlSeconds, rdatas: rdatas.map((rdata) => Buffer.from(rdata).toString("hex")) };
}

function directly(): unknown {
  const { records, length } = plain;
  const rdatas: string[] = [];
  let ttlSeconds = 0;
  for (let at = 0; at < length;) {
    const end = at + RECORD_HEAD_OCTETS + ((records[at + 10]! << 8) | records[at + 11]!);
    ttlSeconds = new DataView(records.buffer).getUint32(at + 6);
    rdatas.push(Buffer.from(records.subarray(at + RECORD_HEAD_OCTETS, end)).toString("hex"));
    at = end;
  }
  return { ttlSeconds, rdatas };
}

test(
  `whatever of spoilt responses is taken, the general way takes for the same (SEED=${SEED})`,
  { timeout: 60_000 },
  () => {
    const random = new SeededRandom(SEED);
    const samples = [...GOOD, ...OTHERS].map(([, message]) => encodeMessage(message));
    const behind = HEADER_OCTETS + NAME.octets.length + 4;
    let taken = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const sample = random.pick(samples);
      const octets = mutate(sample, random);
      if (octets.length < behind) continue;
      // The question was compared before; the flags' first octets and the counts are spoilt as well.
      octets.set(sample.subarray(HEADER_OCTETS, behind), HEADER_OCTETS);
      octets[2] = octets[2]! | 0x80;
      const type = (sample[behind - 4]! << 8) | sample[behind - 3]!;
      if (!TYPES.some((text) => typeFromText(text) === type) || !isTaken(octets, type)) continue;
      taken++;
      expect(directly(), Buffer.from(octets).toString("hex")).toEqual(generally(octets, type));
    }
    expect(taken).toBeGreaterThan(ROUNDS / 100);
  },
);
