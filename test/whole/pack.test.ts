/** The package: what npm pack makes is installed in an empty folder, run, imported and type-checked there. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT, userEnvironment } from "../support/repository-copy.ts";

const CONSUMER = `import { Resolver } from "strata";
const resolver: Resolver = new Resolver({ servers: ["127.0.0.1:53"] });
export const answer: Promise<readonly unknown[]> = resolver.resolve("www.example", "A");
`;

describe("the package in an empty folder", () => {
  let folder = "";
  let installed = "";
  // Node 26 comes first on the PATH of who uses the package; the machine's own may be older.
  const environment = {
    ...userEnvironment(),
    PATH: `${join(ROOT, "node_modules", "node", "bin")}${delimiter}${userEnvironment()["PATH"] ?? ""}`,
  };
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, {
      cwd: installed,
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "strata-pack-"));
    installed = join(folder, "consumer");
    mkdirSync(installed);
    execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: ROOT, env: environment, stdio: "pipe" });
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    writeFileSync(join(installed, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
    run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", join(folder, tarball!));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("strata --help and --version", () => {
    expect(run("node_modules/.bin/strata", "--help")).toContain("resolve");
    expect(run("node_modules/.bin/strata", "--version").trim()).toBe("0.1.0");
  });

  test("reads the zone files that come with it", () => {
    const file = "node_modules/strata/examples/internet/cs.vu.nl.zone";
    expect(run("node_modules/.bin/strata", "zone", "print", file, "--origin", "cs.vu.nl")).toContain("www.cs.vu.nl.");
  });

  test("serves from its threads, each of which is one file, and ends", async () => {
    const listen = "127.0.0.1:9257";
    const words = ["--zone", "vu.nl=node_modules/strata/examples/internet/vu.nl.zone", "--listen", listen];
    const server = spawn("node_modules/.bin/strata", ["serve", ...words, "--threads", "2", "--log", "error"], {
      cwd: installed,
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(server, "close");
    try {
      const [said] = await Promise.race([once(server.stdout, "data"), ended]);
      expect(String(said)).toBe("ready\n");
      const ask = ["resolve", "vu.nl", "SOA", "--server", listen, "--mode", "iterative", "--port", "9257"];
      expect(run("node_modules/.bin/strata", ...ask)).toContain("SOA");
    } finally {
      server.kill("SIGTERM");
    }
    expect(await ended).toEqual([0, null]);
    for (const file of [
      "nameserver/thread.js",
      "resolver/thread.js",
      "zones/builder-thread.js",
      "bank/threads/writer-thread.js",
      "cli/main.js",
    ]) {
      const text = readFileSync(join(installed, "node_modules", "strata", "dist", file), "utf8");
      expect(text).not.toMatch(/^import .* from "\.|import\("\./m);
    }
  });

  test("is imported as a library", () => {
    const script = 'import { Resolver } from "strata"; process.stdout.write(typeof Resolver);';
    expect(run("node", "--input-type=module", "--eval", script)).toBe("function");
  });

  test("has its types", () => {
    writeFileSync(join(installed, "consumer.ts"), CONSUMER);
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext", "--skipLibCheck", "false"];
    const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules", "@types")];
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    expect(run("node", compiler, ...options, ...types, "consumer.ts")).toBe("");
    writeFileSync(join(installed, "wrong.ts"), `${CONSUMER}resolver.resolve(53);\n`);
    expect(() => run("node", compiler, ...options, ...types, "wrong.ts")).toThrow();
  });

  test("holds what it needs and no more", () => {
    const entries = readdirSync(join(installed, "node_modules", "strata")).sort();
    expect(entries).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "bin", "dist", "examples", "package.json"]);
  });
});
