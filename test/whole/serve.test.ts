/** `strata serve`: zones by every way of naming them, reload, signals, and what it says when it cannot start. */
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const LISTEN = "127.0.0.1:9254";

const zoneText = (name: string, serial: number, address: string): string => `$ORIGIN ${name}
$TTL 300
@ SOA ns hostmaster ${serial} 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
www A ${address}
`;

const ask = (name: string, ...words: string[]) =>
  strata(["resolve", name, ...words, "--server", LISTEN, "--mode", "iterative", "--port", "9254"]);

test("a zone named on the command line is served, and SIGTERM ends it with 0", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("vu.nl.zone"), zoneText("vu.nl.", 1, "192.0.2.1"));
  const serve = await RunningStrata.start([
    "serve",
    "--zone",
    `vu.nl=${scratch.file("vu.nl.zone")}`,
    "--listen",
    LISTEN,
  ]);
  expect((await ask("www.vu.nl")).stdout).toContain("192.0.2.1");
  expect((await ask("www.vu.nl", "A", "--tcp")).stdout).toContain("192.0.2.1");
  expect(await serve.stop("SIGTERM")).toBe(0);
});

test("SIGHUP takes up a changed file; a broken one leaves the old version serving and says why", async () => {
  using scratch = new Scratch();
  const file = scratch.file("vu.nl.zone");
  writeFileSync(file, zoneText("vu.nl.", 1, "192.0.2.1"));
  await using serve = await RunningStrata.start(["serve", "--zone", `vu.nl=${file}`, "--listen", LISTEN]);
  writeFileSync(file, `${zoneText("vu.nl.", 2, "192.0.2.2")}ftp A 192.0.2.999\n`);
  serve.signal("SIGHUP");
  await serve.line("stderr", /vu\.nl\.zone:7:7: /);
  await serve.line("stderr", /vu\.nl\..*goes on with serial 1/);
  expect((await ask("www.vu.nl")).stdout).toContain("192.0.2.1");
  writeFileSync(file, zoneText("vu.nl.", 3, "192.0.2.3"));
  serve.signal("SIGHUP");
  await serve.line("stderr", /vu\.nl\..*serial 3/);
  expect((await ask("www.vu.nl")).stdout).toContain("192.0.2.3");
});

test("a configuration file says it all", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("a.zone"), zoneText("vu.nl.", 1, "192.0.2.1"));
  writeFileSync(
    scratch.file("server.yaml"),
    `listen: ["${LISTEN}"]\nzones:\n  - { name: vu.nl, file: a.zone, layer: administrational }\nmetrics: 127.0.0.1:9255\n`,
  );
  await using _serve = await RunningStrata.start(["serve", "--config", scratch.file("server.yaml")]);
  expect((await ask("www.vu.nl")).stdout).toContain("192.0.2.1");
  expect(await (await fetch("http://127.0.0.1:9255/health")).text()).toBe("ok\n");
  expect(await (await fetch("http://127.0.0.1:9255/metrics")).text()).toContain("# TYPE");
});

test("ten thousand small zones from a list", async () => {
  using scratch = new Scratch();
  mkdirSync(scratch.file("zones"));
  const lines = Array.from({ length: 10_000 }, (_, i) => {
    writeFileSync(scratch.file(`zones/${i}`), zoneText(`z${i}.example.`, 1, "192.0.2.7"));
    return `z${i}.example\tzones/${i}`;
  });
  writeFileSync(scratch.file("list"), `${lines.join("\n")}\n`);
  await using _serve = await RunningStrata.start(["serve", "--zones", scratch.file("list"), "--listen", LISTEN]);
  expect((await ask("www.z9999.example")).stdout).toContain("192.0.2.7");
  expect((await ask("www.z0.example")).stdout).toContain("192.0.2.7");
});

test("a busy port ends it with 2 and says who may be in the way", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("a"), zoneText("vu.nl.", 1, "192.0.2.1"));
  const words = ["serve", "--zone", `vu.nl=${scratch.file("a")}`, "--listen", LISTEN];
  await using _serve = await RunningStrata.start(words);
  const { status, stdout, stderr } = await strata(words);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(LISTEN);
  expect(stderr).toContain("another program has the port");
});

test.each([
  ["an address that is none", ["--zone", "vu.nl=a", "--listen", "localhost:53"], "--listen localhost:53"],
  ["a port that is none", ["--zone", "vu.nl=a", "--listen", "127.0.0.1:99999"], "--listen 127.0.0.1:99999"],
  ["nowhere to listen", ["--zone", "vu.nl=a"], "--listen ADDR:PORT"],
  ["no zone", ["--listen", LISTEN], "--zone NAME=FILE"],
  ["a zone without a file", ["--zone", "vu.nl", "--listen", LISTEN], "NAME=FILE is wanted"],
  ["a zone twice", ["--zone", "vu.nl=a", "--zone", "VU.nl=b", "--listen", LISTEN], "given twice"],
  ["a file that is missing", ["--zone", "vu.nl=/nowhere/a", "--listen", LISTEN], "/nowhere/a: there is no such file"],
  ["a list that is missing", ["--zones", "/nowhere/list", "--listen", LISTEN], "/nowhere/list"],
  ["a configuration that is missing", ["--config", "/nowhere/c.yaml"], "/nowhere/c.yaml: there is no such file"],
  ["a prefix that is none", ["--zone", "vu.nl=a", "--listen", LISTEN, "--recursion", "10/99"], "--recursion 10/99"],
])("%s ends it with 64", async (_situation, words, message) => {
  const { status, stdout, stderr } = await strata(["serve", ...words]);
  expect([status, stdout]).toEqual([64, ""]);
  expect(stderr).toContain(message);
});

test("an address that this machine does not have ends it with 2", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("a"), zoneText("vu.nl.", 1, "192.0.2.1"));
  const { status, stderr } = await strata([
    "serve",
    "--zone",
    `vu.nl=${scratch.file("a")}`,
    "--listen",
    "192.0.2.1:9254",
  ]);
  expect(status).toBe(2);
  expect(stderr).toContain("this machine has no such address");
});

test("a zone file with mistakes keeps it from starting, and all of them are told", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("a"), `${zoneText("vu.nl.", 1, "192.0.2.1")}x A 1.2.3\ny MX mail\n`);
  const { status, stderr } = await strata(["serve", "--zone", `vu.nl=${scratch.file("a")}`, "--listen", LISTEN]);
  expect(status).toBe(64);
  expect(stderr).toMatch(/a:7:5: /);
  expect(stderr).toMatch(/a:8:/);
});

test("a zone list with a line that is wrong is told with its place", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("list"), "# zones\nvu.nl vu.nl.zone\na..b\tx\n");
  const { status, stderr } = await strata(["serve", "--zones", scratch.file("list"), "--listen", LISTEN]);
  expect(status).toBe(64);
  expect(stderr).toContain("list:2:1: NAME<tab>FILE is wanted");
  expect(stderr).toContain("list:3:3: ");
});
