import { describe, expect, test } from "vitest";
import { collectGarbage } from "../../base/index.ts";
import { Name, type Rr, TYPE, typeFromText } from "../../dns/index.ts";
import type { ZoneStore, ZoneView } from "../../zones/index.ts";
import { Nsec3Search } from "../../zones/nsec3.ts";
import { rr, rrs } from "../support/messages.ts";
import type { Proof } from "../support/plain-zone.ts";
import { chainOf } from "../support/zone-chain.ts";
import { storeWith, tell, viewOf } from "../support/zone-told.ts";

const apex = Name.parse("example.");
const COMMON = `
  example.         3600 SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600
  example.         3600 NS ns1.example.
  example.         3600 NS ns2.example.
  example.         3600 MX 1 xx.example.
  a.example.       3600 NS ns1.a.example.
  a.example.       3600 NS ns2.a.example.
  a.example.       3600 DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
  ns1.a.example.   3600 A 192.0.2.5
  ns2.a.example.   3600 A 192.0.2.6
  ai.example.      3600 A 192.0.2.9
  ns1.example.     3600 A 192.0.2.1
  ns2.example.     3600 A 192.0.2.2
  *.w.example.     3600 MX 1 ai.example.
  x.w.example.     3600 MX 1 xx.example.
  x.y.w.example.   3600 MX 1 xx.example.
  xx.example.      3600 A 192.0.2.10`;

function signed(records: readonly Rr[], proof: Proof, hasOptOut: boolean): ZoneStore {
  return storeWith(apex, [...records, ...chainOf(apex, records, proof, { hasOptOut })]);
}

function prover(view: ZoneView): (question: string) => readonly string[] {
  return (question) => {
    const [qname = "", qtype = ""] = question.split(" ");
    return tell(view.lookup(Name.parse(qname), typeFromText(qtype)!)).proofs.map((owner) =>
      owner.replace(".example.", ""),
    );
  };
}

describe("the responses of RFC 4035, appendix B", () => {
  const unsigned = "b.example. 3600 NS ns1.b.example.\n ns1.b.example. 3600 A 192.0.2.7";
  const prove = prover(viewOf(signed(rrs(`${COMMON}\n${unsigned}`), { kind: "nsec" }, false), apex));
  test.each([
    ["x.w.example. MX", [], "B.1 answer"],
    ["ml.example. A", ["b", "example."], "B.2 name error: the name, the wildcard"],
    ["ns1.example. MX", ["ns1"], "B.3 no data"],
    ["y.w.example. MX", ["x.w"], "§3.1.3.1 no data at an empty non-terminal"],
    ["mc.a.example. MX", [], "B.4 referral to a signed zone: its DS is there"],
    ["mc.b.example. MX", ["b"], "B.5 referral to an unsigned zone"],
    ["b.example. DS", ["b"], "§3.1.4.1 no DS"],
    ["a.z.w.example. MX", ["x.y.w"], "B.6 wildcard expansion: no closer match"],
    ["a.z.w.example. AAAA", ["*.w", "x.y.w"], "B.7 wildcard no data"],
    ["example. DS", ["example."], "B.8 DS at the child"],
    ["zz.example. A", ["example.", "xx"], "behind the last name"],
    ["!.example. A", ["example."], "one NSEC may prove both"],
  ])("%s is proved by %j: %s", (question, owners) => expect(prove(question)).toEqual(owners));
});

describe("a name behind glue, which has no NSEC", () => {
  const cuts = `
    bb.example.          300 NS ns.bb.example.
    ns.bb.example.       300 A 192.0.2.7
    ns.deep.BB.example.  300 A 192.0.2.7
    b.bb.example.        300 NS ns.b.bb.example.
    ns.b.bb.example.     300 A 192.0.2.7
    d.dd.example.        300 NS ns.d.dd.example.
    ns.d.dd.example.     300 A 192.0.2.7
    e.example.           300 A 192.0.2.8
    ns.e.example.        300 A 192.0.2.8`;
  const prove = prover(viewOf(signed(rrs(`${COMMON}${cuts}`), { kind: "nsec" }, false), apex));
  test.each([
    ["bb-.example. A", ["bb", "example."], "the cut's, though others come between"],
    ["bbb.example. A", ["bb", "example."], "a name that begins like the cut's"],
    ["b.example. A", ["ai", "example."], "before the cut"],
    ["z.dd.example. A", ["bb", "d.dd"], "the name behind one cut, the wildcard behind the other"],
    ["dd.example. A", ["bb"], "an empty non-terminal above the cut"],
    ["de.example. A", ["d.dd", "example."], "behind a cut that is not the child of the apex"],
    ["ns.f.example. A", ["example.", "ns.e"], "a name with names below that is no cut"],
    ["bb-.example. A", ["bb", "example."], "once more, when the wildcard's is known"],
  ])("%s is proved by %j: %s", (question, owners) => expect(prove(question)).toEqual(owners));
});

describe("the responses of RFC 5155, appendix B", () => {
  const more = `
    2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 3600 A 192.0.2.127
    c.example.     3600 NS ns1.c.example.
    ns1.c.example. 3600 A 192.0.2.7`;
  const proof: Proof = { kind: "nsec3", iterations: 12, salt: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd) };
  const view = viewOf(signed(rrs(COMMON + more), proof, true), apex);
  const prove = prover(view);
  const APEX = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom";
  const AFTER_NS1 = "35mthgpgcu1qg68fab165klnsnk3dpvl";
  test.each([
    ["a.c.x.w.example. A", [APEX, AFTER_NS1, "b4um86eghhds6nea196smvmlo4ors995"], "B.1 name error"],
    ["ns1.example. MX", ["2t7b4g4vsa5smi47k61mv5bv1a22bojr"], "B.2 no data"],
    ["y.w.example. A", ["ji6neoaepv8b5o6k4ev33abha8ht9fgc"], "B.2.1 no data, empty non-terminal"],
    ["mc.c.example. MX", [APEX, AFTER_NS1], "B.3 referral to an opt-out unsigned zone"],
    ["mc.a.example. MX", [], "referral to a signed zone: its DS is there"],
    ["a.z.w.example. MX", ["q04jkcevqvmu85r014c7dkba38o0ji5r"], "B.4 wildcard expansion"],
    [
      "a.z.w.example. AAAA",
      ["k8udemvp1j2f7eg6jebps17vp3n8i58h", "q04jkcevqvmu85r014c7dkba38o0ji5r", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"],
      "B.5 wildcard no data",
    ],
    ["example. DS", [APEX], "B.6 DS at the child"],
    ["c.example. DS", [APEX, AFTER_NS1], "§7.2.4 no DS, opt-out"],
    [
      "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. TXT",
      ["kohar7mbb8dc2ce8a9qvl8hon4k53uhi"],
      "§7.2.8: the owner of an NSEC3 is a name only if it has other data",
    ],
  ])("%s is proved by %j: %s", (question, owners) => expect(prove(question)).toEqual(owners));

  test("the owner of an NSEC3 does not exist for queries (§7.2.8)", () => {
    expect(tell(view.lookup(Name.parse(`${APEX}.example.`), TYPE.NSEC3)).kind).toBe("nxdomain");
  });
});

test("DESIGN §8: 64 hashes are made for a query and no more", () => {
  const store = signed(rrs(COMMON), { kind: "nsec3", iterations: 0, salt: new Uint8Array(0) }, false);
  const search = new Nsec3Search();
  search.begin(store, store.zoneOf(apex), apex.octets, 0);
  for (let i = 0; i < 64; i++) expect(search.matching(1)).not.toBe(0);
  expect([search.matching(1), search.covering(1)]).toEqual([0, 0]);
});

test("a chain with a large hole gives no proof rather than a long walk", () => {
  const signed = rrs("example. 300 SOA ns.test. a.test. 7 1 1 1 1\nexample. 300 NSEC example. SOA NSEC");
  const unsigned = (count: number): Rr[] =>
    Array.from({ length: count }, (_, i) => ({ ...rr("x. 300 A 192.0.2.1"), owner: Name.parse(`h${i}.example.`) }));
  const prove = (count: number): readonly string[] =>
    prover(viewOf(storeWith(apex, [...signed, ...unsigned(count)]), apex))("h999.example. TXT");
  expect(prove(5_000)).toEqual(["example."]);
  expect(prove(20_000)).toEqual([]);
});

test("a cut that the chain leaves out proves nothing, and what is before it does", () => {
  const holed = rrs(`
    example.         300 SOA ns.test. a.test. 7 1 1 1 1
    example.         300 NSEC example. SOA NSEC
    bb.example.      300 NS ns.bb.example.
    ns.bb.example.   300 A 192.0.2.7`);
  expect(prover(viewOf(storeWith(apex, holed), apex))("c.example. A")).toEqual(["example."]);
});

describe("zones that change and move between proofs", () => {
  test("what is known of one store's zone is not taken for another's at the same places", () => {
    const [one, other] = ["!", "-"].map((label) =>
      prover(
        viewOf(
          storeWith(
            apex,
            rrs(`
              example. 300 SOA ns.test. a.test. 7 1 1 1 1
              example. 300 NSEC ${label}.example. SOA NSEC
              ${label}.example. 300 NSEC example. NSEC`),
          ),
          apex,
        ),
      ),
    );
    for (let i = 0; i < 2; i++) {
      expect(one!("z.example. A")).toEqual(["!"]);
      expect(other!("z.example. A")).toEqual(["-", "example."]);
    }
  });

  test("another version is proved by its own names, and an older one goes on by its", () => {
    const store = signed(rrs(COMMON), { kind: "nsec" }, false);
    const before = prover(viewOf(store, apex));
    expect(before("ml.example. A")).toEqual(["ai", "example."]);
    const edit = store.edit(apex);
    for (const { owner, type, ttlSeconds, rdata } of rrs(`
      !.example. 300 A 192.0.2.1
      !.example. 300 NSEC a.example. A NSEC`)) {
      expect(edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length)).toBe("added");
    }
    edit.commit();
    const after = prover(viewOf(store, apex));
    expect(after("ml.example. A")).toEqual(["!", "ai"]);
    expect(before("ml.example. A")).toEqual(["ai", "example."]);
    store.compact();
    expect(prover(viewOf(store, apex))("ml.example. A")).toEqual(["!", "ai"]);
    expect(after("ml.example. A")).toEqual(["!", "ai"]);
  });

  test.each(["nsec", "nsec3"] as const)("with %s nothing keeps the memory that they have left", async (kind) => {
    const proof: Proof = kind === "nsec" ? { kind } : { kind, iterations: 0, salt: new Uint8Array(0) };
    const store = signed(rrs(COMMON), proof, false);
    prover(viewOf(store, apex))("ml.example. A");
    const left = new WeakRef(store.arena.buffer);
    store.compact();
    // A WeakRef holds on until the turn in which it was made is over.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(left.deref()).toBeUndefined();
  });
});

test("a zone without NSEC or NSEC3 has no proofs", () => {
  const prove = prover(viewOf(storeWith(apex, rrs(COMMON)), apex));
  for (const question of ["ml.example. A", "ns1.example. MX", "a.z.w.example. MX"]) expect(prove(question)).toEqual([]);
});
