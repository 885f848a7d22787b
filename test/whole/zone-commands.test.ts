/** `strata zone check` and `strata zone print` on files as people have them. */
import { readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Scratch, strata } from "../support/strata.ts";

const examples = fileURLToPath(new URL("../../examples/internet/", import.meta.url));
const LAYERS: Readonly<Record<string, string>> = {
  root: "global",
  com: "global",
  edu: "global",
  nl: "global",
  "firstbank.com": "administrational",
  "yale.edu": "administrational",
  "vu.nl": "administrational",
};

test.each(readdirSync(examples).filter((name) => name.endsWith(".zone")))("the example %s is clean", async (file) => {
  const origin = file.slice(0, -".zone".length);
  const words = ["--origin", origin === "root" ? "." : origin, "--layer", LAYERS[origin] ?? "managerial"];
  const { status, stdout } = await strata(["zone", "check", `${examples}${file}`, ...words, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, errors: 0, warnings: 0 });
  expect(status).toBe(0);
});

const FIVE_MISTAKES = `$ORIGIN vu.nl.
$TTL 1h
@ SOA ns1 hostmaster 1 3600 900 604800 300
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.300
ftp CNAME www
ftp A 192.0.2.2
mail MX ten mail
x.example. A 192.0.2.3
lost BOGUS data
`;

test("a file with five mistakes is told all of them, each with its line", async () => {
  using scratch = new Scratch();
  const file = scratch.file("vu.nl.zone");
  writeFileSync(file, FIVE_MISTAKES);
  const { status, stdout } = await strata(["zone", "check", file, "--origin", "vu.nl"]);
  expect(status).toBe(1);
  for (const line of [6, 7, 9, 10, 11]) expect(stdout).toMatch(new RegExp(`zone:${line}:`));
});

test("--json gives the findings whole", async () => {
  using scratch = new Scratch();
  const file = scratch.file("vu.nl.zone");
  writeFileSync(file, FIVE_MISTAKES);
  const { status, stdout } = await strata(["zone", "check", file, "--origin", "vu.nl", "--json"]);
  expect(status).toBe(1);
  const document = JSON.parse(stdout);
  expect(document.ok).toBe(false);
  expect(document.errors).toBeGreaterThanOrEqual(5);
});

test("print writes one record a line, in canonical order, and its output reads back the same", async () => {
  using scratch = new Scratch();
  const first = await strata(["zone", "print", `${examples}cs.vu.nl.zone`, "--origin", "cs.vu.nl"]);
  expect(first.status).toBe(0);
  const owners = first.stdout
    .trim()
    .split("\n")
    .map((line) => line.split(/\s/)[0]);
  expect([...new Set(owners)]).toEqual([
    "cs.vu.nl.",
    "_nfs._tcp.cs.vu.nl.",
    "files.cs.vu.nl.",
    "ftp.cs.vu.nl.",
    "ns.cs.vu.nl.",
    "pc24.cs.vu.nl.",
    "robot.cs.vu.nl.",
    "www.cs.vu.nl.",
  ]);
  writeFileSync(scratch.file("again"), first.stdout);
  const second = await strata(["zone", "print", scratch.file("again"), "--origin", "cs.vu.nl"]);
  expect(second.stdout).toBe(first.stdout);
});

test("the origin comes from the file when it is not told", async () => {
  const { status, stdout } = await strata(["zone", "print", `${examples}vu.nl.zone`]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^vu\.nl\.\s/);
});

test("a file that is missing ends with 64", async () => {
  for (const what of ["check", "print"]) {
    const { status, stderr } = await strata(["zone", what, "/nowhere/a.zone", "--origin", "a"]);
    expect(status).toBe(64);
    expect(stderr).toContain("/nowhere/a.zone: there is no such file");
  }
});
