import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import {
  checkZone,
  groupFindings,
  type Layer,
  LAYER_NAMES,
  LAYERS,
  readMaster,
  RecordList,
} from "../../zones/index.ts";
import { listOf } from "./master-support.ts";

const SOUND = `$TTL 1h
@ SOA ns admin 1 2h 15m 2w 5m
@ NS ns
@ NS ns.yale.edu.
ns A 192.0.2.1
`;

function codes(text: string, layer: Layer | null = null): string[] {
  const findings = checkZone(listOf(text).sorted(), { apex: Name.parse("vu.nl."), layer });
  return findings.map(({ code, line }) => `${line} ${code}`);
}

test("a sound zone has no findings", () => {
  expect(codes(`${SOUND}cs NS ns.cs\nns.cs A 192.0.2.2\n*.dyn A 192.0.2.3\n`)).toEqual([]);
});

// Lines count from the sixth, after those of the sound zone.
test.each([
  ["www CNAME ns\nwww A 192.0.2.1", ["6 cname-and-other-data"], "RFC 1034 §3.6.2"],
  ["www CNAME ns\nwww CNAME ns.yale.edu.", ["7 cname-doubled"], "RFC 2181 §10.1"],
  ["cs NS ns.cs", ["6 glue-missing", "6 delegation-without-addresses"], "RFC 1034 §4.2.1"],
  ["cs NS ns.cs\ncs NS ns", ["6 glue-missing"], "one server has no glue, the other has"],
  ["cs NS ns2", ["6 ns-without-address", "6 delegation-without-addresses"], "RFC 1912 §2.8"],
  ["cs NS ns.phys\nphys NS ns", ["6 glue-sibling-missing", "6 delegation-without-addresses"], "RFC 9471 §2.2"],
  ["a CNAME ns\ncs NS a", ["7 ns-to-alias", "7 delegation-without-addresses"], "RFC 2181 §10.3"],
  ["a CNAME ns\n@ MX 10 a", ["7 mx-to-alias"], "RFC 2181 §10.3"],
  ["a CNAME ns\n_s._tcp SRV 1 1 1 a", ["7 srv-to-alias"], "RFC 2782"],
  ["@ MX 10 mail", ["6 target-missing"], "RFC 1912 §2.8"],
  ["@ MX 10 192.0.2.9", ["6 address-as-name"], "RFC 5321 §5.1"],
  ["a CNAME b\nb CNAME a", ["6 alias-loop", "7 alias-loop"], "RFC 1034 §3.6.2"],
  ["@ SOA ns admin 2 2h 15m 2w 5m", ["6 soa-doubled"], "RFC 1035 §5.2"],
  ["cs SOA ns admin 2 2h 15m 2w 5m", ["6 soa-elsewhere"], "RFC 1035 §5.2"],
  ["www.yale.edu. A 192.0.2.1", ["6 out-of-zone"], "RFC 1035 §5.2"],
  ["www 60 A 192.0.2.1\nwww 61 A 192.0.2.2", ["7 ttl-differs"], "RFC 2181 §5.2"],
  ["www A 192.0.2.1\nwww A 192.0.2.1", ["7 record-doubled"], "RFC 2181 §5"],
  ["www.vu.nl A 192.0.2.1", ["6 dot-forgotten"], "the owner lacks its dot"],
  ["www CNAME ns.vu.nl", ["6 dot-forgotten"], "the target lacks its dot"],
  ["@ MX 10 mail.provider.com", ["6 dot-forgotten"], "a target of another domain lacks its dot"],
  ["* MX 10 ns", ["6 wildcard-not-for-hosts"], "RFC 1912 §2.7"],
  ["* A 192.0.2.1\nx.ent A 192.0.2.2", ["6 wildcard-blocked"], "RFC 4592 §2.2.2"],
  ["* NS ns", ["6 wildcard-type"], "RFC 4592 §4.2"],
  ["a.*.b A 192.0.2.1", ["6 asterisk"], "RFC 4592 §2.1.1"],
  ["cs NS ns\nwww.cs TXT x", ["7 occluded"], "RFC 2136 §7.18"],
  ["cs NS ns\ncs TXT x", ["7 data-at-cut"], "RFC 2181 §6"],
  [`cs DS 1 8 1 ${"00".repeat(20)}`, ["6 ds-without-ns"], "RFC 4035 §2.4"],
  ["@ NSEC3PARAM 1 0 0 -", [], "RFC 9276 §3.1"],
  ["@ NSEC3PARAM 1 0 5 -", ["6 nsec3-iterations"], "RFC 9276 §3.1"],
  ["d DNAME yale.edu.\nx.d A 192.0.2.1", ["6 dname-hides-names"], "RFC 6672 §2.4"],
])("%j gives %j (%s)", (text, expected) => {
  expect(codes(`${SOUND}${text}\n`).sort()).toEqual([...expected].sort());
});

describe("the SOA's values (RFC 1912 §2.2, RFC 2308 §5)", () => {
  test.each([
    ["1 1 1 2w 5m", ["soa-refresh", "soa-retry"]],
    ["1 2h 15m 1h 5m", ["soa-expire"]],
    ["1 2h 15m 1d 5m", ["soa-expire"]],
    ["0 2h 15m 2w 5m", ["soa-serial"]],
    ["1 2h 15m 2w 2d", ["soa-minimum"]],
  ])("%s", (values, expected) => {
    const found = codes(`$TTL 1h\n@ SOA ns admin ${values}\n@ NS ns\n@ NS ns.yale.edu.\nns A 192.0.2.1\n`);
    expect(found).toEqual(expected.map((code) => `2 ${code}`));
  });

  test("a mailbox with an @", () => {
    expect(codes(SOUND.replace("admin", "admin@vu.nl."))).toEqual(["2 soa-mailbox"]);
  });

  test("none, and no server", () => {
    expect(codes("www 60 A 192.0.2.1\n")).toEqual(["0 soa-missing"]);
    expect(codes("@ 60 SOA ns admin 1 2h 15m 2w 5m\n")).toEqual(["1 ns-missing"]);
  });
});

describe("the layer's promises (DESIGN §2)", () => {
  test.each<[Layer, string, string[]]>([
    ["managerial", SOUND, ["3 layer-replicas", "5 layer-ttl"]],
    ["managerial", SOUND.replace("@ NS ns.yale.edu.", "").replace("1h", "30"), []],
    ["global", SOUND.replace("@ NS ns.yale.edu.", ""), ["3 ns-single"]],
    ["global", SOUND.replace("1h", "60"), ["5 layer-ttl"]],
    ["administrational", SOUND, []],
    ["administrational", SOUND.replace("@ NS ns.yale.edu.", ""), []],
  ])("%s", (layer, text, expected) => {
    expect(codes(text, layer)).toEqual(expected);
  });

  test("each layer's defaults keep its own promises, and the more stable layer keeps longer", () => {
    for (const name of LAYER_NAMES) {
      const { ttlSecondsDefault, ttlSecondsMin, ttlSecondsMax } = LAYERS[name];
      expect(ttlSecondsDefault).toBeGreaterThanOrEqual(ttlSecondsMin);
      expect(ttlSecondsDefault).toBeLessThanOrEqual(ttlSecondsMax);
    }
    expect(LAYER_NAMES.map((name) => LAYERS[name].ttlSecondsDefault)).toEqual([86400, 3600, 30]);
  });
});

test("a finding in an included file names that file", () => {
  const files: Record<string, string> = { main: `${SOUND}$INCLUDE hosts\n@ MX 10 gone\n`, hosts: "\n@ MX 5 lost\n" };
  const source = (name: string) => ({ name, octets: new TextEncoder().encode(files[name]) });
  const apex = Name.parse("vu.nl.");
  const list = new RecordList();
  expect(readMaster(source("main"), { origin: apex, include: source }, list)).toEqual([]);
  const findings = checkZone(list.sorted(), { apex, layer: null });
  expect(findings.map(({ file, line, code }) => `${file}:${line} ${code}`).sort()).toEqual([
    "hosts:2 target-missing",
    "main:7 target-missing",
  ]);
});

test("many alike are counted and few are shown, errors first", () => {
  const many = Array.from({ length: 50 }, (_, i) => `h${i} 60 A 192.0.2.1\nh${i} 61 A 192.0.2.2\nc${i} NS x.c${i}`);
  const text = `${SOUND}${many.join("\n")}\n`;
  const groups = groupFindings(checkZone(listOf(text).sorted(), { apex: Name.parse("vu.nl."), layer: null }), 3);
  expect(groups.map(({ code, count, shown }) => [code, count, shown.length])).toEqual([
    ["glue-missing", 50, 3],
    ["delegation-without-addresses", 50, 3],
    ["ttl-differs", 50, 3],
  ]);
});
