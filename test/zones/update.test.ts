import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { CLASS, Name, RCODE, rcodeToText, type Rr, TYPE } from "../../dns/index.ts";
import {
  applyUpdates,
  formatRecord,
  prescanUpdates,
  refusalOfSigned,
  RRSET_RECORDS_MAX,
  unmetPrerequisite,
  ZoneDraft,
  ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";
import { modelUpdate } from "../support/update-model.ts";
import { updateOf, type UpdateSections } from "../support/updates.ts";
import { addRecord } from "../support/zone-changes.ts";

const apex = Name.parse("example.");
const SOA = "example. 300 SOA ns.example. admin.example. 7 3600 600 86400 300";
const ZONE = `
  ${SOA}
  example.       300 NS ns.example.
  ns.example.    300 A 192.0.2.1
  www.example.   300 A 192.0.2.2
  www.example.   300 A 192.0.2.3
  www.example.   300 MX 10 Mail.example.
  alias.example. 300 CNAME www.example.
  dname.example. 300 DNAME www.example.
  a.b.example.   300 TXT "x"
  cut.example.   300 NS ns.cut.example.
  wks.example.   300 WKS \\# 9 c00002010600000040
`;

interface Done {
  readonly rcode: number;
  readonly text: string | null;
  /** What became of the zone: `-` and `+` before the records, without the SOA unless it was set. */
  readonly change: readonly string[];
  readonly records: readonly Rr[];
}

function storeOf(records: readonly Rr[]): ZoneStore {
  const store = ZoneStore.create({ capacityOctets: 1 << 22 });
  const edit = store.edit(apex);
  for (const record of records) addRecord(edit, record);
  edit.commit();
  return store;
}

/** The three steps in their order, as one version of the zone or not at all. */
function carryOut(store: ZoneStore, { prerequisites, updates }: UpdateSections): Done {
  const edit = store.edit(apex);
  const draft = new ZoneDraft(edit);
  const refusal =
    unmetPrerequisite(draft, prerequisites) ?? prescanUpdates(apex, updates) ?? applyUpdates(draft, updates);
  if (refusal !== null) draft.revert();
  const change = draft.take("kept");
  edit.commit();
  const changed = change === null ? [] : [change.soaBefore, ...change.removed];
  const lines = [
    ...changed.map((record) => `- ${line(record)}`),
    ...(change === null ? [] : [change.soaAfter, ...change.added]).map((record) => `+ ${line(record)}`),
  ];
  return {
    rcode: refusal?.rcode ?? RCODE.NOERROR,
    text: refusal?.text ?? null,
    change: lines.filter((one) => !lines.includes(`${one.startsWith("-") ? "+" : "-"}${one.slice(1)}`)),
    records: recordsIn(store),
  };
}

/** An owner keeps the letters it had first. */
function line(record: Rr): string {
  return formatRecord({ ...record, owner: record.owner.toLowerCase() });
}

function recordsIn(store: ZoneStore): Rr[] {
  return [...ZoneView.of(store, apex)!.rrsets()].flatMap(({ rdatas, ...rrset }) =>
    rdatas.map((rdata) => ({ ...rrset, rdata })),
  );
}

const done = (sections: UpdateSections): Done => carryOut(storeOf(rrs(ZONE)), sections);
const words = (lines: readonly string[]): string[] =>
  lines.map((one) => one.split(/\s+/).join(" ").replace(" IN ", " ")).sort();

describe("prerequisites", () => {
  test.each([
    ["2.4.1", "yes www.example. A", "NOERROR", "the RRset exists"],
    ["2.4.1", "yes www.example. TXT", "NXRRSET", "no such type at the name"],
    ["2.4.1", "yes gone.example. A", "NXRRSET", "no such name"],
    ["2.4.1", "yes WWW.Example. A", "NOERROR", "names are compared without case"],
    ["2.4.1", "yes cut.example. NS", "NOERROR", "a zone cut's NS are the zone's"],
    ["2.4.2", "yes www.example. A 192.0.2.3\nyes www.example. A 192.0.2.2", "NOERROR", "all of it in another order"],
    ["2.4.2", "yes www.example. A 192.0.2.2\nyes www.example. A 192.0.2.2", "NXRRSET", "one of two, twice"],
    ["2.4.2", "yes www.example. A 192.0.2.2", "NXRRSET", "one of two"],
    ["2.4.2", "yes ns.example. A 192.0.2.1\nyes ns.example. A 192.0.2.2", "NXRRSET", "one more than there is"],
    ["2.4.2", "yes ns.example. A 192.0.2.9", "NXRRSET", "another one"],
    ["2.4.2", "yes www.example. MX 10 mAIL.example.", "NOERROR", "names in RDATA are compared without case"],
    ["2.4.2", "yes ns.example. A 192.0.2.1\nyes gone.example. A 192.0.2.1", "NXRRSET", "each RRset is compared"],
    ["2.4.3", "no www.example. TXT", "NOERROR", "no such type"],
    ["2.4.3", "no www.example. A", "YXRRSET", "there is one"],
    ["2.4.4", "yes www.example.", "NOERROR", "in use"],
    ["2.4.4", "yes gone.example.", "NXDOMAIN", "not in use"],
    ["2.4.4", "yes b.example.", "NXDOMAIN", "an empty non-terminal is not in use"],
    ["2.4.5", "no gone.example.", "NOERROR", "not in use"],
    ["2.4.5", "no b.example.", "NOERROR", "an empty non-terminal is not in use"],
    ["2.4.5", "no www.example.", "YXDOMAIN", "in use"],
    ["3.2", "yes www.other. A", "NOTZONE", "outside the zone"],
    ["3.2", "no other.", "NOTZONE", "outside the zone"],
    ["3.2.3", "yes www.example. A\nno www.example. TXT\nyes gone.example.", "NXDOMAIN", "the last one decides"],
    ["3.2.3", "yes www.example. A 192.0.2.2\nno www.example.", "YXDOMAIN", "values are compared at the end"],
  ])("§%s %s: %s, %s", (_section, text, rcode) => {
    const { prerequisites } = updateOf(text);
    const outcome = done({ prerequisites, updates: rrs("new.example. 1 A 192.0.2.8") });
    expect(rcodeToText(outcome.rcode)).toBe(rcode);
    expect(outcome.change).toHaveLength(rcode === "NOERROR" ? 1 : 0);
  });

  const www = { owner: Name.parse("www.example."), type: TYPE.A, ttlSeconds: 0, rdata: new Uint8Array(0) };
  test.each([
    ["3.2.1", "a TTL", { ...www, class: CLASS.ANY, ttlSeconds: 1 }],
    ["3.2.1", "RDATA", { ...www, class: CLASS.ANY, rdata: Uint8Array.of(1, 2, 3, 4) }],
    ["3.2.2", "RDATA", { ...www, class: CLASS.NONE, rdata: Uint8Array.of(1, 2, 3, 4) }],
    ["3.2.3", "a TTL", { ...www, class: CLASS.IN, ttlSeconds: 1 }],
    ["3.2.3", "the type ANY with a value", { ...www, class: CLASS.IN, type: TYPE.ANY }],
    ["3.2.3", "another class", { ...www, class: CLASS.CH }],
  ])("§%s with %s is malformed", (_section, _what, record) => {
    const outcome = done({ prerequisites: [record], updates: [] });
    expect(rcodeToText(outcome.rcode)).toBe("FORMERR");
    expect(outcome.text).toContain("www.example.");
  });
});

describe("the prescan", () => {
  const www = { owner: Name.parse("www.example."), type: TYPE.A, ttlSeconds: 0, rdata: new Uint8Array(0) };
  test.each([
    ["3.4.1", "another class", { ...www, class: CLASS.CH }, "FORMERR"],
    ["3.4.1", "a name outside", { ...www, class: CLASS.ANY, owner: Name.parse("www.other.") }, "NOTZONE"],
    ["3.4.1", "the name above", { ...www, class: CLASS.ANY, owner: Name.root }, "NOTZONE"],
    ["3.4.1.2", "ANY added", { ...www, class: CLASS.IN, type: TYPE.ANY }, "FORMERR"],
    ["3.4.1.2", "AXFR added", { ...www, class: CLASS.IN, type: TYPE.AXFR }, "FORMERR"],
    ["3.4.1.2", "OPT added", { ...www, class: CLASS.IN, type: TYPE.OPT }, "FORMERR"],
    ["3.4.1.2", "an RRset deleted with a TTL", { ...www, class: CLASS.ANY, ttlSeconds: 1 }, "FORMERR"],
    ["3.4.1.2", "an RRset deleted with RDATA", { ...www, class: CLASS.ANY, rdata: Uint8Array.of(1) }, "FORMERR"],
    ["3.4.1.2", "MAILB deleted", { ...www, class: CLASS.ANY, type: TYPE.MAILB }, "FORMERR"],
    ["3.4.1.2", "a record deleted with a TTL", { ...www, class: CLASS.NONE, ttlSeconds: 1 }, "FORMERR"],
    ["3.4.1.2", "a record of type ANY deleted", { ...www, class: CLASS.NONE, type: TYPE.ANY }, "FORMERR"],
    ["3.4.1.2", "a type nobody knows", { ...www, class: CLASS.IN, type: 65_280 }, "NOERROR"],
    ["3.4", "a signature", { ...www, class: CLASS.IN, type: TYPE.RRSIG }, "REFUSED"],
  ] as const)("§%s %s: $3", (_section, _what, record, rcode) => {
    const outcome = done({ prerequisites: [], updates: [...rrs("new.example. 1 A 192.0.2.8"), record] });
    expect(rcodeToText(outcome.rcode)).toBe(rcode);
    expect(outcome.change).toHaveLength(rcode === "NOERROR" ? 2 : 0);
  });
});

describe("the update section", () => {
  const FIRST_SOA = SOA;
  const soa = (serial: number): string => `example. 60 SOA ns.example. admin.example. ${serial} 1 1 1 1`;
  test.each([
    ["2.5.1", "add new.example. 60 A 192.0.2.9", ["+ new.example. 60 A 192.0.2.9"], "a new name"],
    ["2.5.1", "add ns.example. 300 A 192.0.2.9", ["+ ns.example. 300 A 192.0.2.9"], "one more"],
    ["2.5.1", "add ns.example. 300 A 192.0.2.1", [], "one that is there"],
    [
      "3.4.2.2",
      "add ns.example. 60 A 192.0.2.1",
      ["- ns.example. 300 A 192.0.2.1", "+ ns.example. 60 A 192.0.2.1"],
      "a TTL",
    ],
    [
      "RFC 2181 §5.2",
      "add ns.example. 900 A 192.0.2.9",
      ["- ns.example. 300 A 192.0.2.1", "+ ns.example. 900 A 192.0.2.1", "+ ns.example. 900 A 192.0.2.9"],
      "one TTL for the RRset",
    ],
    [
      "3.4.2.2",
      "add www.example. 300 MX 10 mail.EXAMPLE.",
      ["- www.example. 300 MX 10 Mail.example.", "+ www.example. 300 MX 10 mail.EXAMPLE."],
      "a record replaces the same one in other letters",
    ],
    ["3.4.2.2", "add www.example. 300 CNAME ns.example.", [], "a CNAME beside other types is ignored"],
    ["3.4.2.2", "add alias.example. 300 A 192.0.2.9", [], "another type beside a CNAME is ignored"],
    [
      "3.4.2.2",
      "add alias.example. 300 CNAME ns.example.",
      ["- alias.example. 300 CNAME www.example.", "+ alias.example. 300 CNAME ns.example."],
      "a CNAME replaces a CNAME",
    ],
    [
      "RFC 6672 §5.2",
      "add dname.example. 300 DNAME ns.example.",
      ["- dname.example. 300 DNAME www.example.", "+ dname.example. 300 DNAME ns.example."],
      "a DNAME replaces a DNAME",
    ],
    ["RFC 6672 §5.2", "add dname.example. 300 CNAME ns.example.", [], "a CNAME beside a DNAME is ignored"],
    ["3.4.2.2", "add example. 300 CNAME www.example.", [], "the apex has an SOA, so no CNAME"],
    [
      "3.4.2.2",
      "delete alias.example. CNAME\nadd alias.example. 300 A 192.0.2.9",
      ["- alias.example. 300 CNAME www.example.", "+ alias.example. 300 A 192.0.2.9"],
      "in order: the CNAME is gone by then",
    ],
    [
      "3.4.2.2",
      "add wks.example. 300 WKS \\# 6 c00002010680",
      ["- wks.example. 300 WKS \\# 9 c00002010600000040", "+ wks.example. 300 WKS \\# 6 c00002010680"],
      "a WKS of the same address and protocol is replaced",
    ],
    ["3.4.2.2", `add ${soa(7)}`, [], "an SOA of the same serial is ignored"],
    ["3.4.2.2", `add ${soa(6)}`, [], "an older SOA is ignored"],
    ["RFC 1982 §3.2", `add ${soa(7 + 2 ** 31)}`, [], "an SOA half the circle away is ignored"],
    ["3.4.2.2", `add ${soa(7 + 2 ** 31 - 1)}`, [`- ${FIRST_SOA}`, `+ ${soa(7 + 2 ** 31 - 1)}`], "a newer SOA replaces"],
    ["3.4.2.2", "add www.example. 60 SOA ns.example. admin.example. 9 1 1 1 1", [], "no SOA there to be replaced"],
    [
      "2.5.2",
      "delete www.example. A",
      ["- www.example. 300 A 192.0.2.2", "- www.example. 300 A 192.0.2.3"],
      "an RRset",
    ],
    ["2.5.2", "delete www.example. TXT", [], "an RRset that is not there"],
    [
      "2.5.3",
      "delete www.example.",
      ["- www.example. 300 A 192.0.2.2", "- www.example. 300 A 192.0.2.3", "- www.example. 300 MX 10 Mail.example."],
      "a name",
    ],
    ["2.5.3", "delete b.example.", [], "what stands below an empty non-terminal stays"],
    ["3.4.2.3", "add example. 1 TXT x\ndelete example.", [], "the apex keeps SOA and NS"],
    ["3.4.2.3", "delete example. NS\ndelete example. SOA", [], "the apex keeps SOA and NS"],
    ["3.4.2.3", "delete cut.example. NS", ["- cut.example. 300 NS ns.cut.example."], "elsewhere NS go"],
    ["2.5.4", "delete www.example. A 192.0.2.2", ["- www.example. 300 A 192.0.2.2"], "a record"],
    ["2.5.4", "delete www.example. MX 10 mail.EXAMPLE.", ["- www.example. 300 MX 10 Mail.example."], "without case"],
    ["2.5.4", "delete www.example. A 192.0.2.9", [], "a record that is not there"],
    ["3.4.2.4", "delete example. NS ns.example.", [], "the apex's last NS stays"],
    [
      "3.4.2.4",
      "add example. 300 NS b.example.\ndelete example. NS ns.example.",
      ["+ example. 300 NS b.example.", "- example. 300 NS ns.example."],
      "the last but one goes",
    ],
    ["3.4.2.4", `delete ${FIRST_SOA.replace(" 300", "")}`, [], "the SOA stays"],
    ["3.4.2.4", "delete cut.example. NS ns.cut.example.", ["- cut.example. 300 NS ns.cut.example."], "elsewhere NS go"],
  ])("§%s %s: %s, %s", (_section, text, change) => {
    const outcome = done(updateOf(text));
    expect(outcome.rcode).toBe(RCODE.NOERROR);
    expect(words(outcome.change)).toEqual(words(change));
  });

  test("with more records than an RRset may have is refused whole", () => {
    const many = Array.from({ length: RRSET_RECORDS_MAX }, (_, i) => rr(`many.example. 1 A 192.0.3.${i}`));
    const outcome = done({ prerequisites: [], updates: [...many, rr("many.example. 1 A 192.0.4.1")] });
    expect(rcodeToText(outcome.rcode)).toBe("REFUSED");
    expect(outcome.change).toEqual([]);
  });
});

test.each(["RRSIG A 8 1 1 20300101000000 20200101000000 1 example. AA==", "NSEC3PARAM 1 0 0 -"])(
  "a zone with %s at its apex is signed, and not updated",
  (rdata) => {
    const refusal = (text: string): string | undefined =>
      refusalOfSigned(new ZoneDraft(storeOf(rrs(text)).edit(apex)))?.text;
    expect(refusal(ZONE)).toBeUndefined();
    expect(refusal(`${ZONE}\nexample. 300 ${rdata}`)).toContain("signed");
  },
);

const SEED = Number(process.env["STRATA_SEED"] ?? 2136);

test(`2,000 random updates do what RFC 2136's pseudocode does (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED);
  const store = storeOf(rrs(ZONE));
  let records: readonly Rr[] = recordsIn(store);
  const seen = new Map<number, number>();
  for (let i = 0; i < 2000; i++) {
    const sections = randomUpdate(random, records);
    const expected = modelUpdate(apex, records, sections);
    const outcome = carryOut(store, sections);
    const about = `update ${i} of seed ${SEED}`;
    expect(rcodeToText(outcome.rcode), about).toBe(rcodeToText(expected.rcode));
    expect(outcome.records.map(line).sort(), about).toEqual(expected.records.map(line).sort());
    expect(changed(records, outcome.change), `the change set of ${about}`).toEqual(outcome.records.map(line).sort());
    records = outcome.records;
    seen.set(outcome.rcode, (seen.get(outcome.rcode) ?? 0) + 1);
    if (i % 100 === 0) store.compact();
  }
  // Each kind of outcome was among them.
  for (const rcode of ["NOERROR", "FORMERR", "NXDOMAIN", "YXDOMAIN", "NXRRSET", "YXRRSET", "NOTZONE"] as const) {
    expect(seen.get(RCODE[rcode]) ?? 0, rcode).toBeGreaterThan(5);
  }
  expect(seen.get(RCODE.NOERROR) ?? 0).toBeGreaterThan(800);
});

function changed(records: readonly Rr[], change: readonly string[]): string[] {
  const removed = change.filter((one) => one.startsWith("-")).map((one) => one.slice(2));
  const added = change.filter((one) => one.startsWith("+")).map((one) => one.slice(2));
  return [...records.map(line).filter((one) => !removed.includes(one)), ...added].sort();
}

const NAMES = ["example.", "a.example.", "b.a.example.", "c.b.a.example.", "*.example.", "A.Example."];
const RDATA: Readonly<Record<string, readonly string[]>> = {
  A: ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
  NS: ["ns.example.", "NS.example.", "ns2.example."],
  MX: ["1 a.example.", "1 A.example.", "2 a.example."],
  CNAME: ["a.example.", "b.a.example."],
  DNAME: ["a.example.", "x."],
  TXT: ["x", "y"],
};

function randomUpdate(random: SeededRandom, known: readonly Rr[]): UpdateSections {
  const some = <T>(count: number, make: () => T): T[] => Array.from({ length: random.below(count) }, make);
  return {
    prerequisites: random.below(3) > 0 ? [] : some(3, () => randomRecord(random, known, true)),
    updates: some(5, () => randomRecord(random, known, false)),
  };
}

function randomRecord(random: SeededRandom, known: readonly Rr[], isPrerequisite: boolean): Rr {
  const names = isPrerequisite ? [...NAMES, "gone.example."] : NAMES;
  const name = random.below(60) === 0 ? "other." : random.pick(names);
  const type = random.pick(Object.keys(RDATA));
  const fresh = random.below(12) === 0 ? randomSoa(random) : rr(`${name} 0 ${type} ${random.pick(RDATA[type]!)}`);
  const record = random.below(3) === 0 ? random.pick(known) : fresh;
  const rrClass = random.below(80) === 0 ? CLASS.CH : random.pick([CLASS.IN, CLASS.IN, CLASS.ANY, CLASS.NONE]);
  const isWrong = random.below(60) === 0;
  const isAdded = rrClass === CLASS.IN && !isPrerequisite;
  const hasValue = rrClass === CLASS.IN || (rrClass === CLASS.NONE && !isPrerequisite);
  return {
    ...record,
    class: rrClass,
    type: !hasValue && random.below(4) === 0 ? TYPE.ANY : record.type,
    ttlSeconds: isAdded ? 100 * (1 + random.below(3)) : Number(isWrong),
    rdata: hasValue ? record.rdata : new Uint8Array(0),
  };
}

function randomSoa(random: SeededRandom): Rr {
  return rr(`example. 0 SOA ns.example. admin.example. ${random.uint32()} 3600 600 86400 300`);
}
