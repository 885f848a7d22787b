/**
 * What can be mounted by name alone, end to end by processes: a domain's files and a host's exports below /net, maps from files and programs, and the DNS as files. The same names lead to the
 * same files after the daemon was killed.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/peers.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const NAMES = "127.0.6.1";
const RESOLVER = "127.0.6.53";
const FILES = "127.0.6.31";
const EXAMPLE = fileURLToPath(new URL("../../examples/files", import.meta.url));
const LIMIT_MILLISECONDS = 60_000;

const scratch = new Scratch();
const running: RunningStrata[] = [];
let user: RunningStrata;
let ports: { readonly dns: number; readonly nfs: number };

const run = async (words: readonly string[]): Promise<RunningStrata> => {
  const started = await RunningStrata.start(words);
  running.unshift(started);
  return started;
};
const here = (...words: string[]) => strata([...words, "--state", scratch.file("here")]);
const there = async (...words: string[]): Promise<void> => {
  expect(await strata([...words, "--state", scratch.file("there")])).toMatchObject({ status: 0 });
};
const startUser = async (): Promise<RunningStrata> => {
  const words = ["--state", scratch.file("here"), "--net", "/net", "--listen", "127.0.0.1:0", "--port", `${ports.dns}`];
  return run(["mountd", ...words, "--server", `${RESOLVER}:${ports.dns}`]);
};

beforeAll(async () => {
  ports = { dns: await freePort(), nfs: await freePort() };
  const soa = "SOA ns h 2026010203 3600 600 86400 1";
  const zones = {
    ".": `. 300 ${soa}\n. 300 NS ns.\nns. 300 A ${NAMES}\nvu.nl. 300 NS ns.vu.nl.\nns.vu.nl. 300 A ${NAMES}\n`,
    "vu.nl": `$ORIGIN vu.nl.\n$TTL 300\n@ ${soa}\n@ NS ns\nns A ${NAMES}\n_nfs-domainroot._tcp SRV 0 0 ${ports.nfs} files
files A ${FILES}\n_nfs._tcp.files SRV 0 0 ${ports.nfs} files\n_nfs._tcp SRV 0 0 ${ports.nfs} files\nwww CNAME files\n`,
  };
  const words = Object.entries(zones).flatMap(([apex, text], i) => {
    writeFileSync(scratch.file(`zone${i}`), text);
    return ["--zone", `${apex}=${scratch.file(`zone${i}`)}`];
  });
  await run(["serve", ...words, "--listen", `${NAMES}:${ports.dns}`, "--threads", "0"]);
  const hints = ["--hints", scratch.file("zone0"), "--port", `${ports.dns}`, "--threads", "0"];
  await run(["resolver", "--listen", `${RESOLVER}:${ports.dns}`, ...hints]);
  const listen = ["--listen", `${FILES}:${ports.nfs}`, "--net", "-"];
  await run(["mountd", "--state", scratch.file("there"), ...listen]);
  await there("mount", `file://${EXAMPLE}`, "/files");
  await there("mount", "ns:/files", "/.domainroot/vu.nl");
  for (const path of ["/.domainroot/vu.nl", "/files/home", "/files/pub"]) await there("export", path);
  user = await startUser();
}, LIMIT_MILLISECONDS);

afterAll(async () => {
  for (const one of running) await one[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

test("the files of a domain, from its name alone (RFC 6641)", { timeout: LIMIT_MILLISECONDS }, async () => {
  expect((await here("ls", "/net")).stdout).toBe("");
  const { status, stdout } = await here("cat", "/net/vu.nl/pub/globe/index.html");
  expect(status).toBe(0);
  expect(stdout).toContain("<h1>Globe</h1>");
  expect((await here("ls", "/net")).stdout).toBe("vu.nl\n");
  expect((await here("why", "/net/vu.nl/home")).stdout).toContain("_nfs-domainroot._tcp.vu.nl SRV 0 0");
});

test("all that a host exports, each at its path", { timeout: LIMIT_MILLISECONDS }, async () => {
  expect((await here("ls", "/net/files.vu.nl")).stdout).toBe(".domainroot\nfiles\n");
  expect((await here("ls", "/net/files.vu.nl/files")).stdout).toBe("home\npub\n");
  expect((await here("cat", "/net/files.vu.nl/files/home/steen/mbox")).stdout).toContain("A name and a place");
});

test("a name that leads nowhere, and why", { timeout: LIMIT_MILLISECONDS }, async () => {
  expect(await here("ls", "/net/gone.vu.nl")).toMatchObject({ status: 1 });
  const { status, stdout } = await here("why", "/net/gone.vu.nl");
  expect(status).toBe(1);
  expect(stdout).toContain("gone.vu.nl is not mounted: there is no such host");
});

test(
  "homes by a map, by a direct one and by a program, also after the daemon is killed",
  { timeout: LIMIT_MILLISECONDS },
  async () => {
    const mbox = expect.stringContaining("A name and a place");
    const program = scratch.file("program");
    writeFileSync(scratch.file("auto.home"), "* files.vu.nl:/files/home/&\n");
    writeFileSync(
      scratch.file("auto.direct"),
      "/users/direct files.vu.nl:/files/home/steen\n/opt/globe vu.nl:/files/pub/globe\n",
    );
    writeFileSync(program, '#!/bin/sh\n[ "$1" = steen ] && echo "files.vu.nl:/files/home/&"\n');
    chmodSync(program, 0o755);
    expect(await here("mount", `auto:${scratch.file("auto.home")}`, "/users")).toMatchObject({ status: 0 });
    expect((await here("mount", `auto:direct:${scratch.file("auto.direct")}`, "/-")).stdout).toMatch(
      /^\/users is .*\n\/opt is /,
    );
    expect(await here("mount", `auto:program:${program}`, "/by-program")).toMatchObject({ status: 0 });
    const all = async (): Promise<void> => {
      for (const path of ["/users/steen/mbox", "/users/direct/mbox", "/by-program/steen/mbox"]) {
        expect(await here("cat", path), path).toEqual({ status: 0, stdout: mbox, stderr: "" });
      }
      expect((await here("ls", "/opt/globe")).stdout).toBe("index.html\n");
      expect(await here("cat", "/users/nobody/mbox")).toMatchObject({ status: 1 });
      expect(await here("ls", "/by-program/nobody")).toMatchObject({ status: 1 });
    };
    await all();
    await user.stop("SIGKILL");
    user = await startUser();
    await all();
    expect((await here("cat", "/net/vu.nl/pub/globe/index.html")).stdout).toContain("<h1>Globe</h1>");
  },
);

test("the DNS as files", { timeout: LIMIT_MILLISECONDS }, async () => {
  expect(await here("mount", "dns://.", "/dns")).toMatchObject({ status: 0 });
  expect((await here("cat", "/dns/nl/vu/files/A")).stdout).toBe(`${FILES}\n`);
  expect((await here("cat", "/dns/nl/vu/www/A")).stdout).toBe(`${FILES}\n`);
  expect((await here("ls", "-l", "/dns/nl/vu")).stdout).toContain("www -> files");
  expect(await here("cat", "/dns/nl/vu/gone/A")).toMatchObject({ status: 1 });
  expect((await here("why", "/dns/nl/vu/files/A")).stdout).toMatch(/asks the resolver: \d+ questions/);
});

test("a source that makes no sense, and one that is not there", { timeout: LIMIT_MILLISECONDS }, async () => {
  for (const [source, status, words] of [
    ["nsf://files.vu.nl/x", 64, "did you mean nfs?"],
    ["auto:/no/such/map", 1, "there is no map /no/such/map"],
    ["nfs://gone.vu.nl/x", 1, "there is no name gone.vu.nl"],
    ["nfs://files.vu.nl/nothing", 1, "does not let"],
    [`dns://vu.nl@127.0.6.99:${ports.nfs}`, 2, "does not answer"],
  ] as const) {
    const outcome = await here("mount", source, "/new");
    expect([source, outcome.status]).toEqual([source, status]);
    expect(outcome.stdout + outcome.stderr).toContain(words);
  }
});
