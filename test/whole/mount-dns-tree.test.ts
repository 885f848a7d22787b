/** The DNS as a tree of files over other people's name servers: what is read is what their zone files say, by transfer, along NSEC, or name by name. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock, systemRandom } from "../../base/index.ts";
import { Name, rdataType, type Rr, typeToText } from "../../dns/index.ts";
import { DnsFileSystem, type FileSystem, parseSource } from "../../mount/index.ts";
import { ExchangeError, systemAsk, systemAskMany } from "../../net/index.ts";
import { rrs } from "../support/messages.ts";
import { contents, good, listed, walk } from "../support/file-system-contract.ts";
import { describeWithPeers, type RunningPeer, startServer } from "../support/peers.ts";
import type { Signing } from "../support/zone-draft.ts";
import { sign } from "../support/zone-signer.ts";

const RECORDS = `vu.nl. 300 SOA ns.vu.nl. admin.vu.nl. 2026010203 3600 600 86400 60
  vu.nl. 300 NS ns.vu.nl.
  ns.vu.nl. 300 A 127.0.0.1
  vu.nl. 200 MX 10 mail.vu.nl.
  vu.nl. 200 MX 20 mail2.vu.nl.
  mail.vu.nl. 60 A 192.0.2.25
  mail.vu.nl. 60 AAAA 2001:db8::25
  deep.down.vu.nl. 60 TXT "a b" "\\"c\\""
  deep.down.vu.nl. 60 TYPE65280 \\# 3 01abff
  *.wild.vu.nl. 60 TXT "any"
  a\\/b\\000.vu.nl. 60 A 192.0.2.9
  ${"x".repeat(63)}.vu.nl. 60 A 192.0.2.10
  _nfs._tcp.vu.nl. 60 SRV 0 0 2049 mail.vu.nl.
  www.vu.nl. 60 CNAME mail.vu.nl.
  moved.vu.nl. 60 DNAME down.vu.nl.`;
const APEX = Name.parse("vu.nl");

/** As far as these records need it. */
const labelText = (label: Uint8Array): string =>
  Buffer.from(label).toString("latin1").replace("/", "\\047").replace("\0", "\\000");

/** Every record's file below the apex: "/mail/A". Aliases are links and left out. */
function filesOf(records: readonly Rr[]): Map<string, string> {
  const files = new Map<string, string>();
  const sorted = [...records].sort((one, other) => Buffer.compare(one.rdata, other.rdata));
  for (const { owner, type, rdata } of sorted) {
    const labels = owner.labels.slice(0, owner.labelCount - APEX.labelCount).reverse();
    if (["CNAME", "DNAME"].includes(typeToText(type))) continue;
    const path = `/${[...labels.map(labelText), typeToText(type)].join("/")}`;
    files.set(path, `${files.get(path) ?? ""}${rdataType(type).format(rdata)}\n`);
  }
  return files;
}

/** All that can be found from the root by listing. */
async function tree(fs: FileSystem): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  const open = [""];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const { key, attributes } = await walk(fs, path);
    if (attributes.kind === "directory") open.push(...(await listed(fs, key)).map(({ name }) => `${path}/${name}`));
    if (attributes.kind === "file") all.set(path, (await contents(fs, key)).toString());
    if (attributes.kind === "link") all.set(path, `→ ${(await good(fs.readlink(key))).target}`);
  }
  return all;
}

async function withTree(
  peer: { readonly name: "named" | "nsd" | "knotd"; readonly signing: Signing; readonly text?: string },
  act: (fs: FileSystem) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "strata-tree-"));
  let server: RunningPeer | null = null;
  let fs: FileSystem | null = null;
  try {
    const file = join(folder, "vu.nl.zone");
    writeFileSync(file, `${(peer.text ?? RECORDS).replaceAll(/^\s+/gm, "")}\n`);
    expect(await sign({ apex: "vu.nl", file, signing: peer.signing }, join(folder, "keys"))).toBeNull();
    server = await startServer(peer.name, [{ apex: "vu.nl", file }]);
    const source = parseSource(`dns://vu.nl@127.0.0.1:${server.port}`);
    if (source.kind !== "dns") throw new Error("a dns source is wanted");
    const parts = { clock: systemClock, random: systemRandom };
    fs = new DnsFileSystem(source, {
      resolve: () => Promise.reject(new ExchangeError("UNREACHABLE", "nobody else is asked")),
      ...{ ask: systemAsk(parts), askMany: systemAskMany(parts), clock: systemClock, port: server.port },
    });
    await act(fs);
  } finally {
    await fs?.close();
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

const LINKS = [
  ["/www", "→ mail"],
  ["/moved", "→ down"],
] as const;
/** What signing adds. */
const SIGNATURES = /\/(RRSIG|NSEC|NSEC3|NSEC3PARAM|DNSKEY|CDS|CDNSKEY)$/;

describeWithPeers("the tree of a zone", ["named", "nsd", "knotd", "dnssec-signzone", "dnssec-keygen"], () => {
  test("that BIND lets be transferred is its zone file", { timeout: 60_000 }, () =>
    withTree({ name: "named", signing: "none" }, async (fs) => {
      expect(await tree(fs)).toEqual(new Map([...filesOf(rrs(RECORDS)), ...LINKS]));
    }),
  );

  test("that Knot does not let be transferred, but has signed, is found along NSEC", { timeout: 60_000 }, () =>
    withTree({ name: "knotd", signing: "nsec" }, async (fs) => {
      const found = [...(await tree(fs))].filter(([path]) => !SIGNATURES.test(path));
      expect(new Map(found)).toEqual(new Map([...filesOf(rrs(RECORDS)), ...LINKS]));
    }),
  );

  test.each<Signing>(["none", "nsec3"])(
    "that NSD tells nobody (%s) is what was looked up",
    { timeout: 60_000 },
    async (signing) =>
      withTree({ name: "nsd", signing }, async (fs) => {
        const paths = async () => [...(await tree(fs)).keys()].filter((path) => !SIGNATURES.test(path)).sort();
        expect(await paths()).toEqual(["/MX", "/NS", "/SOA"]);
        expect((await contents(fs, (await walk(fs, "/down/deep/TXT")).key)).toString()).toBe('"a b" "\\"c\\""\n');
        await walk(fs, "/www");
        expect(await paths()).toEqual(["/MX", "/NS", "/SOA", "/down/deep/TXT", "/www"]);
      }),
  );

  test("of 100,000 names is listed in one pass", { timeout: 120_000 }, () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `host${i}.vu.nl. 60 A 192.0.2.1`).join("\n");
    return withTree({ name: "named", signing: "none", text: `${RECORDS}\n${many}` }, async (fs) => {
      const { key } = await good(fs.root());
      const names = new Set((await listed(fs, key, 1000)).map(({ name }) => name));
      expect(names.size).toBe(100_000 + 12);
      expect((await contents(fs, (await walk(fs, "/host99999/A")).key)).toString()).toBe("192.0.2.1\n");
    });
  });
});
