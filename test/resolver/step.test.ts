import { expect, test } from "vitest";
import { emptyMessage, type Message, Name, plainEdns, RCODE, TYPE, typeFromText } from "../../dns/index.ts";
import { type Judged, step } from "../../resolver/index.ts";
import { query, records, reply } from "./world.ts";

interface Sections {
  readonly answer?: string;
  readonly authority?: string;
  readonly additional?: string;
  readonly change?: Partial<Message>;
}

function request(name: string, type: string): Message {
  const { question } = query(name, type);
  return {
    ...emptyMessage,
    id: 1,
    question: [question],
    edns: plainEdns,
  };
}

/** The step for `www.example. A` asked of a server of `example.`, unless told. */
function judge(
  { answer = "", authority = "", additional = "", change = {} }: Sections,
  zone = "example.",
  type = "A",
  rd = false,
): Judged {
  const asked = request("www.example.", type);
  const response = reply(asked, {
    answer: records(answer),
    authority: records(authority),
    additional: records(additional),
    ...change,
  });
  const question = { ...query("www.example.").question, type: typeFromText(type)! };
  return step({ question, zone: Name.parse(zone), recursionDesired: rd, aliasesMax: 11 }, response);
}

const A = "www.example. 60 A 192.0.2.1";
const SOA = "example. 60 SOA a. b. 1 1 1 1 60";
const NOT_AA = { authoritative: false };

test.each<readonly [Sections, string, string]>([
  [{ answer: A }, "answer", "RFC 1034 §5.3.3"],
  [{ answer: A, change: NOT_AA }, "lame", "an authoritative server sets AA (RFC 1035 §4.1.1)"],
  [{ answer: "www.example. 60 CNAME x.test." }, "alias", "RFC 1034 §3.6.2"],
  [{ answer: "www.example. 60 CNAME x.example.\nx.example. 60 A 192.0.2.1" }, "answer", "the chain inside the zone"],
  [{ answer: "www.example. 60 CNAME x.test.\nx.test. 60 A 192.0.2.1" }, "alias", "the chain ends where the zone does"],
  [{ answer: "www.example. 60 CNAME a.example.\nwww.example. 60 CNAME b.example." }, "lame", "RFC 2181 §10.1"],
  [{ answer: "www.example. 60 CNAME www.example." }, "garbage", "an alias of itself"],
  [{ answer: "x.example. 60 A 192.0.2.1" }, "lame", "an answer to what was not asked"],
  [{ authority: SOA }, "negative", "NODATA (RFC 2308 §2.2)"],
  [{ authority: SOA, change: { rcode: RCODE.NXDOMAIN } }, "negative", "NXDOMAIN (RFC 2308 §2.1)"],
  [{ authority: "x.example. 60 SOA a. b. 1 1 1 1 60" }, "lame", "the SOA is not above the name"],
  [{ authority: "test. 60 SOA a. b. 1 1 1 1 60" }, "lame", "the SOA is of another zone"],
  [{ authority: ". 60 SOA a. b. 1 1 1 1 60" }, "lame", "the SOA is of a zone above"],
  [{}, "negative", "NODATA without SOA (RFC 2308 §2.2, type 3)"],
  [{ authority: "www.example. 60 NS ns.test.", change: NOT_AA }, "referral", "RFC 1034 §4.3.2 step 3b"],
  [{ authority: "example. 60 NS ns.test.", change: NOT_AA }, "lame", "a referral to the same zone"],
  [{ authority: ". 60 NS ns.test.", change: NOT_AA }, "lame", "a referral upwards"],
  [{ authority: "x.example. 60 NS ns.test.", change: NOT_AA }, "lame", "a referral sideways"],
  [{ change: { truncated: true } }, "truncated", "TC (RFC 2181 §9)"],
  [{ change: { rcode: RCODE.FORMERR } }, "no-edns", "RFC 6891 §7"],
  [{ change: { rcode: RCODE.BADVERS } }, "no-edns", "RFC 6891 §6.1.3"],
  [{ change: { rcode: RCODE.SERVFAIL } }, "lame", "cannot now"],
  [{ change: { rcode: RCODE.REFUSED } }, "lame", "does not serve the zone"],
  [{ answer: A, change: { response: false } }, "garbage", "no response"],
  [{ answer: A, change: { question: [] } }, "garbage", "no question"],
  [{ answer: A, change: { question: [query("x.example.").question] } }, "garbage", "another question"],
])("%j is a step of kind %s: %s", (sections, kind) => {
  expect(judge(sections).step.kind).toBe(kind);
});

test("for DS a referral to the name itself is past the side that knows (RFC 4035 §3.1.4.1)", () => {
  const sections = { authority: "www.example. 60 NS ns.test.", change: NOT_AA };
  expect(judge(sections, "example.", "DS").step.kind).toBe("lame");
});

test.each([
  [{ answer: A, change: { ...NOT_AA, recursionAvailable: true } }, "answer"],
  [{ answer: A, change: NOT_AA }, "lame"],
  [{ change: { ...NOT_AA, rcode: RCODE.REFUSED } }, "no-recursion"],
  [{ change: NOT_AA }, "no-recursion"],
])("with RD, %j is a step of kind %s", (sections, kind) => {
  expect(judge(sections, ".", "A", true).step.kind).toBe(kind);
});

test("glue is taken for the servers that are named, as far as they lie in the zone that speaks", () => {
  const { step: referral, ignored } = judge({
    authority:
      "www.example. 60 NS ns.www.example.\nwww.example. 60 NS ns.sibling.example.\nwww.example. 60 NS ns.test.",
    additional:
      "ns.www.example. 60 A 192.0.2.1\nns.sibling.example. 60 AAAA 2001:db8::1\nns.test. 60 A 192.0.2.2\nx.example. 60 A 192.0.2.3",
    change: NOT_AA,
  });
  const glue = referral.kind === "referral" ? referral.glue.map(({ owner }) => owner.toString()) : [];
  expect(glue).toEqual(["ns.www.example.", "ns.sibling.example."]);
  expect(ignored).toEqual(["ns.test. A: outside example.", "x.example. A: not a server of the referral"]);
});

test("signatures go with the RRset that they cover", () => {
  const { step: answer } = judge({
    answer: `${A}\nwww.example. 60 RRSIG A 8 2 60 20300101000000 20200101000000 1 example. AAAA\nwww.example. 60 RRSIG MX 8 2 60 20300101000000 20200101000000 1 example. AAAA`,
  });
  expect(
    answer.kind === "answer" && answer.found.map(({ signatures }) => [signatures?.type, signatures?.rdatas.length]),
  ).toEqual([[TYPE.RRSIG, 1]]);
});
