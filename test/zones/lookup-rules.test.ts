import { expect, test } from "vitest";
import { Name, typeFromText, typeToText } from "../../dns/index.ts";
import { rrs } from "../support/messages.ts";
import { storeWith, viewOf } from "../support/zone-told.ts";

/** Asks a zone in presentation format; what it says in one line. */
function zone(apex: string, text: string): (question: string) => string {
  const name = Name.parse(apex);
  const view = viewOf(storeWith(name, rrs(text)), name);
  return (question) => {
    const [qname = "", qtype = ""] = question.split(" ");
    const result = view.lookup(Name.parse(qname), typeFromText(qtype)!);
    switch (result.kind) {
      case "answer":
        return `answer ${result.rrsets.map((rrset) => typeToText(rrset.type)).join(" ")}${from(result.wildcard)}`;
      case "alias":
        return `alias ${result.target.toString()}${from(result.wildcard)}`;
      case "dname":
        return `dname ${result.dname.owner.toString()} to ${result.target.toString()}`;
      case "referral":
        return `referral ${result.ns.owner.toString()}`;
      case "nodata":
        return `nodata${from(result.wildcard)}`;
      case "nxdomain":
        return `nxdomain below ${result.closestEncloser.toString()}`;
      case "outside":
        return "outside";
    }
  };
}

function from(wildcard: Name | null): string {
  return wildcard === null ? "" : ` of ${wildcard.toString()}`;
}

const apex = zone(
  "example.",
  `example.            300 SOA ns.example. admin.example. 1 3600 600 86400 300
   example.            300 NS  ns.example.
   ns.example.         300 A   192.0.2.1
   a.b.example.        300 A   192.0.2.2
   www.example.        300 CNAME a.b.example.
   Upper.Example.      300 A   192.0.2.3
   sub.example.        300 NS  ns.sub.example.
   sub.example.        300 DS  1 8 2 0000000000000000000000000000000000000000000000000000000000000000
   ns.sub.example.     300 A   192.0.2.4
   *.sub.example.      300 A   192.0.2.5
   deep.sub.example.   300 NS  ns.sub.example.
   old.example.        300 DNAME new.test.
   old.example.        300 A   192.0.2.6
   x.old.example.      300 A   192.0.2.7`,
);

test.each([
  ["ns.example. A", "answer A", "RFC 1034 §4.3.2 step 3a"],
  ["NS.EXAMPLE. A", "answer A", "RFC 4343 §3: case is no difference"],
  ["uPPER.example. A", "answer A", "RFC 4343 §3: nor in the zone"],
  ["ns.example. TXT", "nodata", "RFC 2308 §2.2"],
  ["gone.example. A", "nxdomain below example.", "RFC 2308 §2.1"],
  ["x.y.a.b.example. A", "nxdomain below a.b.example.", "RFC 4592 §3.3.1: the closest encloser"],
  ["b.example. A", "nodata", "RFC 4592 §2.2.2: an empty non-terminal exists"],
  ["c.b.example. A", "nxdomain below b.example.", "RFC 4592 §2.2.2: and encloses"],
  ["www.example. A", "alias a.b.example.", "RFC 1034 §3.6.2"],
  ["www.example. CNAME", "answer CNAME", "RFC 1034 §3.6.2: it was asked for"],
  ["www.example. RRSIG", "nodata", "RFC 4035 §2.5: stands beside a CNAME"],
  ["old.example. ANY", "answer DNAME A", "RFC 8482: which of them is sent is decided elsewhere"],
  ["b.example. ANY", "nodata", "RFC 8482: of nothing there is nothing"],
  ["sub.example. A", "referral sub.example.", "RFC 1034 §4.3.2 step 3b"],
  ["ns.sub.example. A", "referral sub.example.", "RFC 1034 §4.2.1: glue is not an answer"],
  ["q.sub.example. A", "referral sub.example.", "RFC 4592 §2.1: no wildcard beyond a cut"],
  ["x.deep.sub.example. A", "referral sub.example.", "RFC 1034 §4.3.2: the topmost cut"],
  ["sub.example. DS", "answer DS", "RFC 4035 §3.1.4.1: DS is the parent's"],
  ["sub.example. NS", "referral sub.example.", "RFC 2181 §6.1: NS at a cut is the child's"],
  ["ns.sub.example. DS", "referral sub.example.", "RFC 4035 §3.1.4.1: only at the cut itself"],
  ["example. DS", "nodata", "RFC 4035 §3.1.4.1: at the apex there is none"],
  ["y.old.example. A", "dname old.example. to new.test.", "RFC 6672 §3.2"],
  ["x.old.example. A", "dname old.example. to new.test.", "RFC 6672 §2.4: what is below is not there"],
  ["old.example. A", "answer A", "RFC 6672 §2.3: its own name is not renamed"],
  ["old.example. DNAME", "answer DNAME", "RFC 6672 §2.3"],
  ["other.test. A", "outside", "the closest zone is another's"],
  [". A", "outside", "above the apex"],
])("%s gives %s: %s", (question, told) => expect(apex(question)).toBe(told));

// The zone of RFC 4592 §2.2.1, and what §4 adds.
const wild = zone(
  "example.",
  `example.              300 SOA ns.example.com. admin.example. 1 3600 600 86400 300
   example.              300 NS  ns.example.com.
   *.example.            300 TXT "this is a wildcard"
   *.example.            300 MX  10 host1.example.
   sub.*.example.        300 TXT "this is not a wildcard"
   host1.example.        300 A   192.0.2.1
   _ssh._tcp.host1.example. 300 SRV 0 0 22 host1.example.
   subdel.example.       300 NS  ns.example.com.
   *.alias.example.      300 CNAME host1.example.
   *.cut.example.        300 NS  ns.example.com.
   *.dname.example.      300 DNAME new.test.
   x.*.empty.example.    300 TXT "the wildcard above is an empty non-terminal"`,
);

test.each([
  ["host3.example. MX", "answer MX of *.example.", "RFC 4592 §2.2.1"],
  ["host3.example. A", "nodata of *.example.", "RFC 4592 §2.2.1"],
  ["foo.bar.example. TXT", "answer TXT of *.example.", "RFC 4592 §2.2.1: any number of labels"],
  ["host1.example. MX", "nodata", "RFC 4592 §2.2.1: host1 exists"],
  ["sub.*.example. MX", "nodata", "RFC 4592 §2.2.1: sub.*.example. exists"],
  ["_telnet._tcp.host1.example. SRV", "nxdomain below _tcp.host1.example.", "RFC 4592 §2.2.1: _tcp.host1 exists"],
  ["host.subdel.example. A", "referral subdel.example.", "RFC 4592 §2.2.1"],
  ["ghost.*.example. MX", "nxdomain below *.example.", "RFC 4592 §2.2.1: *.example. exists"],
  ["*.example. MX", "answer MX", "RFC 4592 §2.1.1: asked by its own name"],
  ["a.alias.example. A", "alias host1.example. of *.alias.example.", "RFC 4592 §4.3"],
  ["a.cut.example. A", "nodata of *.cut.example.", "RFC 4592 §4.2: NS at a wildcard makes no cut for others"],
  ["a.dname.example. A", "nodata of *.dname.example.", "RFC 6672 §3.3: DNAME at a wildcard renames nothing"],
  ["a.empty.example. TXT", "nodata of *.empty.example.", "RFC 4592 §2.2.2: the wildcard is an empty non-terminal"],
])("%s gives %s: %s", (question, told) => expect(wild(question)).toBe(told));

test("a label that ends where another name's begins is no ancestor", () => {
  const ask = zone(
    "example.",
    `example.       300 SOA ns.test. admin.test. 1 3600 600 86400 300
     *.example.     300 A 192.0.2.1
     mz.example.    300 A 192.0.2.1
     1.mfo.example. 300 A 192.0.2.1
     2.mfo.example. 300 A 192.0.2.1
     mfoy.example.  300 A 192.0.2.1`,
  );
  expect(ask("x.ma.example. A")).toBe("answer A of *.example.");
});

test("a zone without its SOA yet still has its apex above its names", () => {
  expect(zone(".", "a.b. 300 A 192.0.2.1")("b. A")).toBe("nodata");
  expect(zone(".", "a.b. 300 A 192.0.2.1")(". A")).toBe("nodata");
  expect(zone(".", "a.b. 300 A 192.0.2.1")("c. A")).toBe("nxdomain below .");
});
