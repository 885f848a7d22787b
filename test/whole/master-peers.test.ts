/** What our reader and writer make of a tricky master file, beside what BIND's and ldns' make of it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { formatProblem, masterLines, readMaster, RecordList } from "../../zones/index.ts";
import { describeWithPeers, program } from "../support/peers.ts";
import { describeWithRealRoot, RealRoot } from "../support/real-root.ts";

const TRICKY = `$TTL 1h
@ IN SOA ns admin ( 2026010101 2h 15m
   2w 5m ) ; timers
  NS ns
  NS ns2.other.example.
  MX 10 mail
ns 30m A 192.0.2.1
  AAAA 2001:db8::0:1
mail IN 5 A 192.0.2.2
t TXT "a b" "c;d" "e\\"f" g\\;h "\\195\\169"
  HINFO "CPU 1" OS
esc\\.dot A 192.0.2.3
sp\\032ace A 192.0.2.4
*.wild TXT any
UPPER A 192.0.2.5
$ORIGIN sub
x CNAME y
y A 192.0.2.6
$ORIGIN vu.nl.
$GENERATE 1-5/2 host\${0,2,d} A 192.0.2.$
$GENERATE 10-11 \${0,3,n} PTR h$
u TYPE731 \\# 4 0a000001
_sip._tcp SRV 1 2 5060 mail
cs NS ns.cs
ns.cs A 192.0.2.7
cs DS 12345 13 2 00112233445566778899aabbccddeeff00112233445566778899AABB CCDDEEFF
c CAA 0 issue "ca.example"
s SSHFP 1 1 00112233445566778899aabbccddeeff00112233
n NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .
l LOC 52 20 0.000 N 4 52 0.000 E 1m
h SVCB 1 mail port=443
d DNAME vu.nl.
`;

function ours(text: string, apex: string): string[] {
  const list = new RecordList();
  const octets = new TextEncoder().encode(text);
  const problems = readMaster({ name: "tricky", octets }, { origin: Name.parse(apex) }, list);
  expect(problems.map(formatProblem)).toEqual([]);
  return [...masterLines(list.sorted().values())];
}

/** Blanks and hexadecimal digits differ in layout and case only: the last fields of DS and the like are joined. */
function plain(lines: readonly string[]): string[] {
  return lines
    .map((line) => line.trim().split(/[ \t]+/))
    .filter((fields) => fields.length > 4 && !fields[0]!.startsWith(";"))
    .map(
      (fields) =>
        `${fields.slice(0, 4).join(" ")} ${isHex(fields[3]!) ? joinTail(fields.slice(4)) : fields.slice(4).join(" ")}`,
    )
    .sort();
}

const isHex = (type: string): boolean => ["DS", "SSHFP", "DNSKEY"].includes(type) || type.startsWith("TYPE");

function joinTail(fields: readonly string[]): string {
  const kept = fields[0] === "\\#" ? 2 : 3;
  const tail = fields.slice(kept).join("");
  return [...fields.slice(0, kept), /^[0-9a-fA-F]*$/.test(tail) ? tail.toLowerCase() : tail].join(" ");
}

function inFolder<T>(text: string, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "strata-master-"));
  try {
    const file = join(folder, "zone");
    writeFileSync(file, text);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function bind(text: string, apex: string): string[] {
  const options = ["-q", "-D", "-i", "none", "-k", "ignore", "-s", "full", "-o", "-", apex];
  const run = (file: string) => execFileSync(program("named-checkzone"), [...options, file], { maxBuffer: 1 << 26 });
  return inFolder(text, run).toString().split("\n");
}

function ldns(text: string): string[] {
  const run = (file: string) => execFileSync(program("ldns-read-zone"), ["-z", file], { maxBuffer: 1 << 26 });
  return inFolder(text, run).toString().split("\n");
}

describeWithPeers("a tricky master file", ["named-checkzone", "ldns-read-zone"], () => {
  test("BIND reads the same records out of it, in the same order", () => {
    const lines = ours(TRICKY, "vu.nl.");
    expect(plain(lines)).toEqual(plain(bind(TRICKY, "vu.nl.")));
    const owners = (text: readonly string[]): (string | undefined)[] =>
      text.map((line) => line.split(/[ \t]/)[0]).filter(Boolean);
    expect(owners(lines)).toEqual(owners(bind(TRICKY, "vu.nl.")));
  });

  test("BIND and ldns read what we write", () => {
    const lines = ours(TRICKY, "vu.nl.");
    expect(plain(bind(lines.join(""), "vu.nl."))).toEqual(plain(lines));
    // ldns writes canonical owners in lower case and LOC in another layout, so its text is read again.
    const again = ours(ldns(lines.join("")).join("\n"), "vu.nl.");
    expect(again.map((line) => line.toLowerCase())).toEqual(lines.map((line) => line.toLowerCase()));
  });

  describeWithRealRoot("the real root zone", () => {
    test("is the same to BIND and to us", () => {
      const { text } = new RealRoot();
      expect(plain(ours(text, "."))).toEqual(plain(bind(text, ".")));
    });
  });
});
