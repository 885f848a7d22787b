/** Updates across implementations: nsupdate and knsupdate against us, strata update against BIND and Knot, and against us. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Program } from "../support/peer-configuration.ts";
import { updateWords } from "../support/peer-updates.ts";
import { describeWithPeers, freePort, program, startServer } from "../support/peers.ts";
import { type Outcome, RunningStrata, Scratch, strata } from "../support/strata.ts";

const ZONE = `$ORIGIN vu.nl.
$TTL 300
@ SOA ns hostmaster 7 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
`;

const scratch = new Scratch();
const keyFile = scratch.file("update.key");
const otherKeyFile = scratch.file("other.key");
const secretIn = (file: string): string => /secret "([^"]+)"/.exec(readFileSync(file, "utf8"))![1]!;

beforeAll(async () => {
  for (const file of [keyFile, otherKeyFile]) {
    writeFileSync(file, (await strata(["key", "generate", "update.vu.nl"])).stdout);
  }
});
afterAll(() => scratch[Symbol.dispose]());

function zoneFile(name: string): string {
  const file = scratch.file(`${name}.zone`);
  writeFileSync(file, ZONE);
  return file;
}

/** Runs a tool to its end with these lines on its standard input. */
async function tool(name: Program, args: readonly string[], lines: string): Promise<Outcome> {
  const child = spawn(program(name), args, { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(lines);
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

async function records(port: number, name: string, type: string): Promise<string[]> {
  const { stdout } = await strata(["resolve", name, type, "--server", `127.0.0.1:${port}`]);
  return stdout.split("\n").filter((line) => line !== "");
}

const serialOf = async (port: number): Promise<number> =>
  Number((await records(port, "vu.nl", "SOA"))[0]!.split(" ")[6]);

describeWithPeers("the tools of others change our zones", ["nsupdate", "knsupdate"], () => {
  const KEYED: readonly [what: string, name: Program, args: () => string[]][] = [
    ["nsupdate over UDP", "nsupdate", () => ["-k", keyFile]],
    ["nsupdate over TCP", "nsupdate", () => ["-v", "-k", keyFile]],
    ["knsupdate", "knsupdate", () => ["-y", `hmac-sha256:update.vu.nl:${secretIn(keyFile)}`]],
    ["knsupdate over TCP", "knsupdate", () => ["-v", "-y", `hmac-sha256:update.vu.nl:${secretIn(keyFile)}`]],
  ];

  test.each(KEYED)("%s", async (what, name, args) => {
    const port = await freePort();
    const zone = zoneFile(what.replaceAll(" ", "-"));
    const listen = `127.0.0.1:${port}`;
    const words = ["serve", "--zone", `vu.nl=${zone}`, "--listen", listen, "--update-key", keyFile];
    await using server = await RunningStrata.start(words);
    const send = (lines: string): Promise<Outcome> =>
      tool(name, args(), `server 127.0.0.1 ${port}\nzone vu.nl.\n${lines}\nsend\n`);

    expect(await send('update add pc24.vu.nl. 30 A 192.0.2.24\nupdate add pc24.vu.nl. 30 TXT "a b"')).toMatchObject({
      status: 0,
    });
    expect(await records(port, "pc24.vu.nl", "A")).toEqual(["pc24.vu.nl. 30 IN A 192.0.2.24"]);
    expect(await send("prereq yxrrset pc24.vu.nl. A\nupdate delete pc24.vu.nl. TXT")).toMatchObject({ status: 0 });
    expect(await records(port, "pc24.vu.nl", "TXT")).toEqual([]);
    expect((await send("prereq nxdomain pc24.vu.nl.\nupdate add pc24.vu.nl. 30 A 192.0.2.25")).stderr).toContain(
      "YXDOMAIN",
    );
    expect((await send("update add pc24.cs.example. 30 A 192.0.2.25")).stderr).toContain("NOTZONE");
    expect(await send("update delete pc24.vu.nl.")).toMatchObject({ status: 0 });
    expect(await records(port, "pc24.vu.nl", "A")).toEqual([]);
    expect(await serialOf(port)).toBe(10);
    expect(server.complaints).toEqual([]);
  });

  test("nsupdate with a wrong key, and with none", async () => {
    const port = await freePort();
    const words = ["serve", "--zone", `vu.nl=${zoneFile("wrong")}`, "--listen", `127.0.0.1:${port}`];
    await using server = await RunningStrata.start([...words, "--update-key", keyFile]);
    const lines = `server 127.0.0.1 ${port}\nzone vu.nl.\nupdate add pc24.vu.nl. 30 A 192.0.2.24\nsend\n`;
    expect((await tool("nsupdate", ["-k", otherKeyFile], lines)).stderr).toContain("BADSIG");
    expect((await tool("nsupdate", [], lines)).stderr).toContain("REFUSED");
    expect(await serialOf(port)).toBe(7);
    expect(server.complaints).toEqual([expect.stringContaining("the secrets differ")]);
  });
});

interface Primary extends AsyncDisposable {
  readonly port: number;
}

async function ourPrimary(): Promise<Primary> {
  const port = await freePort();
  const words = ["serve", "--zone", `vu.nl=${zoneFile("ours")}`, "--listen", `127.0.0.1:${port}`];
  const server = await RunningStrata.start([...words, "--update-key", keyFile, "--transfer", "127.0.0.1"]);
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function peerPrimary(name: "named" | "knotd"): Promise<Primary> {
  const source = zoneFile(`${name}-source`);
  const file = scratch.file(`${name}.db`);
  copyFileSync(source, file);
  const { first, more } = updateWords(name, { name: "update.vu.nl", secret: secretIn(keyFile) });
  return startServer(name, [{ apex: "vu.nl", file, more }], first);
}

async function takesStrataUpdate(start: () => Promise<Primary>): Promise<void> {
  await using primary = await start();
  const { port } = primary;
  const update = (...words: readonly string[]): Promise<Outcome> =>
    strata(["update", "--server", `127.0.0.1:${port}`, "--key", keyFile, ...words]);

  const added = await update(
    "prereq nxdomain pc24.vu.nl",
    "add pc24.vu.nl 30 A 192.0.2.24",
    'add pc24.vu.nl 30 TXT "x"',
  );
  expect(added).toEqual({ status: 0, stdout: `vu.nl. at 127.0.0.1:${port}: done\n`, stderr: "" });
  expect(await records(port, "pc24.vu.nl", "A")).toEqual(["pc24.vu.nl. 30 IN A 192.0.2.24"]);
  const again = await update("prereq nxdomain pc24.vu.nl", "add pc24.vu.nl 30 A 192.0.2.25");
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("YXDOMAIN") as string });
  const values = ["prereq yxrrset pc24.vu.nl A 192.0.2.24", "prereq nxrrset pc24.vu.nl AAAA"];
  expect(await update(...values, "delete pc24.vu.nl TXT", "add pc24.vu.nl 30 A 192.0.2.25")).toMatchObject({
    status: 0,
  });
  expect((await records(port, "pc24.vu.nl", "A")).sort()).toEqual([
    "pc24.vu.nl. 30 IN A 192.0.2.24",
    "pc24.vu.nl. 30 IN A 192.0.2.25",
  ]);
  expect(await update("delete pc24.vu.nl A 192.0.2.24")).toMatchObject({ status: 0 });
  expect(await update("delete pc24.vu.nl")).toMatchObject({ status: 0 });
  expect(await records(port, "pc24.vu.nl", "A")).toEqual([]);
  expect(await update("--zone", "vu.nl", "add pc24.example 30 A 192.0.2.24")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("NOTZONE") as string,
  });
  const wrong = [
    "update",
    "--server",
    `127.0.0.1:${port}`,
    "--zone",
    "vu.nl",
    "--key",
    otherKeyFile,
    "delete www.vu.nl",
  ];
  expect(await strata(wrong)).toMatchObject({ status: 2, stderr: expect.stringContaining("the key") as string });
  expect(await records(port, "www.vu.nl", "A")).toHaveLength(1);
}

describe("strata update", () => {
  test("changes a zone of ours", () => takesStrataUpdate(ourPrimary));

  test("changes a zone by way of a secondary, which does not know the key", async () => {
    await using primary = await ourPrimary();
    const port = await freePort();
    const words = ["serve", "--secondary", `vu.nl=127.0.0.1:${primary.port}`, "--listen", `127.0.0.1:${port}`];
    await using _secondary = await RunningStrata.start(words);
    const update = ["update", "--server", `127.0.0.1:${port}`, "--zone", "vu.nl", "add pc24.vu.nl 30 A 192.0.2.24"];
    expect(await strata([...update, "--key", keyFile])).toMatchObject({ status: 0, stderr: "" });
    expect(await records(primary.port, "pc24.vu.nl", "A")).toHaveLength(1);
    const unsaid = ["update", "--server", `127.0.0.1:${port}`, "--key", keyFile, "add pc25.vu.nl 30 A 192.0.2.25"];
    expect(await strata(unsaid)).toMatchObject({ status: 0, stderr: "" });
    expect((await strata([...update, "--key", otherKeyFile])).stderr).toContain("does not accept the key");
    expect((await strata(update)).stderr).toContain(`send updates to 127.0.0.1:${primary.port}`);
  });

  test("takes a script, and stops where a message is refused", async () => {
    await using primary = await ourPrimary();
    const script = scratch.file("script");
    writeFileSync(
      script,
      `server 127.0.0.1 ${primary.port}\nupdate add a.vu.nl 30 A 192.0.2.1\nsend\nprereq yxdomain gone.vu.nl\n` +
        "update add b.vu.nl 30 A 192.0.2.1\n\nupdate add c.vu.nl 30 A 192.0.2.1\n",
    );
    const outcome = await strata(["update", "--key", keyFile, "--file", script]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/NXDOMAIN.*\n.*not sent after that: 1 more/);
    expect(await records(primary.port, "a.vu.nl", "A")).toHaveLength(1);
    expect(await records(primary.port, "c.vu.nl", "A")).toHaveLength(0);
  });
});

describeWithPeers("strata update changes a zone of BIND", ["named"], () => {
  test("and is told what is wrong", () => takesStrataUpdate(() => peerPrimary("named")));
});

describeWithPeers("strata update changes a zone of Knot", ["knotd"], () => {
  test("and is told what is wrong", () => takesStrataUpdate(() => peerPrimary("knotd")));
});

describe("a lease", () => {
  test("ends on primary and secondary, also when the primary was killed meanwhile", async () => {
    const [port, copyPort] = [await freePort(), await freePort()];
    const configuration = scratch.file("leases.yaml");
    writeFileSync(
      configuration,
      `listen: [127.0.0.1:${port}]
state: ${scratch.file("leases-state")}
keyFiles: [${keyFile}]
zones:
  - name: vu.nl
    file: ${zoneFile("leases")}
    leases: { secondsMin: 1 }
    update: [{ key: update.vu.nl }]
`,
    );
    const start = (): Promise<RunningStrata> =>
      RunningStrata.start([
        "serve",
        "--config",
        configuration,
        "--transfer",
        "127.0.0.1",
        "--notify",
        `127.0.0.1:${copyPort}`,
      ]);
    const update = (...words: readonly string[]): Promise<Outcome> =>
      strata(["update", "--server", `127.0.0.1:${port}`, "--key", keyFile, ...words]);
    const killed = await start();
    const copy = ["serve", "--secondary", `vu.nl=127.0.0.1:${port}`, "--listen", `127.0.0.1:${copyPort}`];
    await using _copy = await RunningStrata.start(copy);

    expect((await update("--lease", "600s", "add pc1.vu.nl 5 A 192.0.2.1")).stdout).toContain("done, for 600 s");
    expect((await update("--lease", "1s", "add pc2.vu.nl 1 A 192.0.2.2")).stdout).toContain("done, for 1 s");
    await killed.stop("SIGKILL");

    await using _again = await start();
    await untilGone(port, "pc2.vu.nl");
    await untilGone(copyPort, "pc2.vu.nl");
    expect(await records(copyPort, "pc1.vu.nl", "A")).toHaveLength(1);
    const leases = await strata(["zone", "leases", "vu.nl", "--state", scratch.file("leases-state")]);
    expect(leases.stdout).toMatch(/^pc1\.vu\.nl\. A 192\.0\.2\.1 {2}\d+ s left, key update\.vu\.nl\.\n$/);
  });
});

/** Asks until the name has no address there, or the test's time is up. */
async function untilGone(port: number, name: string): Promise<void> {
  while ((await records(port, name, "A")).length > 0);
}
