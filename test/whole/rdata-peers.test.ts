/**
 * Records as the peers read and write them: BIND (`named-compilezone -D`) and ldns (`ldns-read-zone`) are given each row
 * of the table twice, as its text and as the generic form of our wire format (RFC 3597 §5). Both must mean the same to
 * them, and what they write must mean to us what we meant.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toHex } from "../../base/index.ts";
import { Name, rdataType, tokenize, typeFromText } from "../../dns/index.ts";
import { RDATA_ROWS, type RdataRow } from "../support/rdata-table.ts";

interface Peer {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Rows whose text it reads wrongly or not at all, with its fault, by how they begin. It must still take our wire format. */
  readonly faults: readonly (readonly [row: string, fault: string])[];
}

const PEERS: readonly Peer[] = [
  {
    name: "BIND",
    command: "named-compilezone",
    arguments: [
      "-D",
      "-s",
      "full",
      "-k",
      "ignore",
      "-i",
      "none",
      "-n",
      "ignore",
      "-m",
      "ignore",
      "-r",
      "ignore",
      "-o",
      "-",
      "example",
    ],
    faults: [],
  },
  {
    name: "ldns",
    command: "ldns-read-zone",
    arguments: [],
    faults: [
      [
        "LOC 1 2 3.456 N 5 6 E",
        "takes a longitude without seconds for decimals of a degree (RFC 1876 §3 lets them be left out)",
      ],
      ["DS 60485 RSASHA1 SHA-1", "knows no mnemonics of digests, which RFC 4034 §5.3 does not ask for"],
      ["CAA 128 tbs Unknown", "wants quotes (RFC 8659 §4.1.1 asks for them where there are blanks only)"],
      ["SVCB 16 foo.example.org. alpn=", "resolves escapes once, not twice (RFC 9460 Appendix A.1)"],
      ["SVCB 1 . key1=", "takes key1 for another spelling of alpn (RFC 9460 §2.1)"],
    ],
  },
];

const origin = Name.parse("example.");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rdata-peers-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isInstalled(peer: Peer): boolean {
  return spawnSync(peer.command, ["-v"]).error === undefined;
}

function wireOf({ type, text }: RdataRow): Uint8Array {
  return rdataType(typeFromText(type) ?? -1).parse(tokenize(text, origin));
}

/** What a peer makes of one record: the tokens after the type, or its complaint. */
function ask(peer: Peer, type: string, text: string): { readonly rdata: string | null; readonly complaint: string } {
  const file = join(folder, "zone");
  const soa = type === "SOA" ? text : "ns. admin. 1 2 3 4 5";
  const records = [`example. 300 IN SOA ${soa}`, "example. 300 IN NS ns."];
  if (type !== "SOA") records.push(`x.example. 300 IN ${type} ${text}`);
  writeFileSync(file, ["$ORIGIN example.", ...records, ""].join("\n"));
  const { stdout, stderr } = spawnSync(peer.command, [...peer.arguments, file], { encoding: "utf8" });
  const mark = type === "SOA" ? /^example\.\s+300\s+IN\s+SOA\s*/ : /^x\.example\.\s+300\s+IN\s+\S+\s*/;
  const line = stdout.split("\n").find((candidate) => mark.test(candidate));
  const rdata = line === undefined ? null : line.replace(mark, "").replaceAll(/\s+/g, " ").trim();
  return { rdata, complaint: stdout + stderr };
}

describe.each(PEERS)("$name", (peer) => {
  const installed = isInstalled(peer);
  if (!installed) console.warn(`SKIPPED: ${peer.command} is not installed; npm run peers gets it`);
  test.runIf(process.env["CI"] === "true")("is installed", () => expect(installed).toBe(true));

  test.runIf(installed).each(RDATA_ROWS)("$type $text ($rule)", (row) => {
    const { type, text } = row;
    const octets = wireOf(row);
    const fromWire = ask(peer, type, `\\# ${octets.length} ${toHex(octets)}`);
    expect(fromWire.rdata, fromWire.complaint).not.toBeNull();
    if (peer.faults.some(([begin]) => `${type} ${text}`.startsWith(begin))) return;
    const fromText = ask(peer, type, text);
    expect(fromText.rdata, fromText.complaint).not.toBeNull();
    expect(fromWire.rdata, fromWire.complaint).toBe(fromText.rdata);
    const back = rdataType(typeFromText(type) ?? -1).parse(tokenize(fromText.rdata ?? "", origin));
    expect(toHex(back)).toBe(toHex(octets));
  });
});
