/** Large zones from outside: their images across restarts and kills, and reloads while questions are answered. */
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const LISTEN = "127.0.0.1:9256";
const HOSTS = 60_000;
const WRITTEN = /the images of zones are written/;

/** More than a megabyte; the host asked for is the last. */
function zoneText(serial: number): string {
  const hosts = Array.from({ length: HOSTS }, (_, i) => `host${i} A 192.0.2.${serial}\n`);
  return `$TTL 300\n@ SOA ns hostmaster ${serial} 3600 900 604800 300\n@ NS ns\nns A 127.0.0.1\n${hosts.join("")}`;
}

const serve = (file: string, ...words: string[]): Promise<RunningStrata> =>
  RunningStrata.start(["serve", "--zone", `big.example=${file}`, "--listen", LISTEN, "--log", "info", ...words]);

async function address(): Promise<string> {
  const words = [`host${HOSTS - 1}.big.example`, "A", "--server", LISTEN, "--mode", "iterative", "--port", "9256"];
  return (await strata(["resolve", ...words])).stdout;
}

test("a restart reads the image of an unchanged file, also after a kill; what is not whole is not believed", async () => {
  using scratch = new Scratch();
  const file = scratch.file("big.zone");
  const image = `${file}.strata`;
  writeFileSync(file, zoneText(1));
  const first = await serve(file);
  await first.line("stderr", WRITTEN);
  await first.stop("SIGKILL");

  const second = await serve(file);
  await second.line("stderr", /loaded from its image/);
  expect(await address()).toContain("192.0.2.1");
  await second.stop("SIGKILL");

  truncateSync(image, 100_000);
  // As a kill in the middle of writing leaves it.
  writeFileSync(`${image}.new`, readFileSync(image));
  const third = await serve(file);
  await third.line("stderr", /"it is cut off or has too much"/);
  expect(await address()).toContain("192.0.2.1");
  await third.line("stderr", WRITTEN);
  expect(existsSync(`${image}.new`)).toBe(false);
  await third.stop("SIGKILL");

  writeFileSync(file, zoneText(2));
  const fourth = await serve(file);
  await fourth.line("stderr", /has changed/);
  expect(await address()).toContain("192.0.2.2");
  expect(await fourth.stop("SIGTERM")).toBe(0);
});

test("a reload of a large zone answers meanwhile, and then with the new version", async () => {
  using scratch = new Scratch();
  const file = scratch.file("big.zone");
  writeFileSync(file, zoneText(1));
  await using server = await serve(file);
  writeFileSync(file, zoneText(2));
  server.signal("SIGHUP");
  const meanwhile = await Promise.all([address(), address(), address()]);
  for (const answer of meanwhile) expect(answer).toMatch(/192\.0\.2\.[12]\b/);
  await server.line("stderr", /reload: big\.example\. has 60003 records, serial 2/);
  expect(await address()).toContain("192.0.2.2");
  // Asked for twice, the second time while the first is at work: the last file counts.
  writeFileSync(file, zoneText(3));
  server.signal("SIGHUP");
  writeFileSync(file, zoneText(4));
  server.signal("SIGHUP");
  await server.line("stderr", /serial 4/);
  expect(await address()).toContain("192.0.2.4");
});

test("without images none is left; with a folder they stand there", async () => {
  using scratch = new Scratch();
  const file = scratch.file("big.zone");
  writeFileSync(file, zoneText(1));
  const plain = await serve(file, "--no-images");
  expect(await address()).toContain("192.0.2.1");
  expect(await plain.stop("SIGTERM")).toBe(0);
  expect(existsSync(`${file}.strata`)).toBe(false);

  const config = scratch.file("server.yaml");
  const zones = "zones: [{ name: big.example, file: big.zone }]";
  writeFileSync(config, `listen: ["${LISTEN}"]\n${zones}\nimages: { folder: "." }\nlog: info\n`);
  const first = await RunningStrata.start(["serve", "--config", config]);
  expect(await first.line("stderr", WRITTEN)).toMatch(/big\.zone\.[0-9a-f]{16}\.strata/);
  expect(await first.stop("SIGTERM")).toBe(0);
  await using again = await RunningStrata.start(["serve", "--config", config]);
  await again.line("stderr", /loaded from its image/);
});

test("a folder that is not there is one line in the log, and the zone is served", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("big.zone"), zoneText(1));
  const config = scratch.file("server.yaml");
  const zones = "zones: [{ name: big.example, file: big.zone }]";
  writeFileSync(config, `listen: ["${LISTEN}"]\n${zones}\nimages: { folder: nowhere }\n`);
  await using server = await RunningStrata.start(["serve", "--config", config]);
  await server.line("stderr", /could not be written/);
  expect(await address()).toContain("192.0.2.1");
  expect(server.stderr.filter((line) => line.includes("image"))).toHaveLength(1);
});
