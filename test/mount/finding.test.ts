/** Where a file server is, by the name that somebody mounts. */
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { domainRootSource, nfsServerFinder } from "../../mount/finding/nfs-servers.ts";
import { formatSource, parseSource } from "../../mount/source.ts";
import { type FoundServers, type ServerFinder, ServerNotFound } from "../../mount/server-finder.ts";
import { KnownNames } from "../support/known-names.ts";

const NEVER = new AbortController().signal;
const RECORDS = [
  "cs.vu.nl 30 NS ns.cs.vu.nl.",
  "files.cs.vu.nl 30 A 127.0.0.1",
  "files.cs.vu.nl 20 AAAA ::1",
  "alias.cs.vu.nl 10 CNAME files.cs.vu.nl.",
  "only.cs.vu.nl 30 TXT hello",
  "_nfs._tcp.cs.vu.nl 60 SRV 10 0 2050 second.cs.vu.nl.",
  "_nfs._tcp.cs.vu.nl 60 SRV 0 0 20490 files.cs.vu.nl.",
  "second.cs.vu.nl 40 A 192.0.2.2",
  "_nfs._tcp.none.cs.vu.nl 60 SRV 0 0 0 .",
  "_nfs._tcp.lost.cs.vu.nl 60 SRV 0 0 1 only.cs.vu.nl.",
  "none.cs.vu.nl 30 A 192.0.2.3",
  "_nfs-domainroot._tcp.vu.nl 300 SRV 0 0 2049 files.cs.vu.nl.",
  "vu.nl 30 A 192.0.2.4",
];

const names = (): KnownNames => Object.assign(new KnownNames(), { records: RECORDS });

function finderOf(text: string, known = names()): ServerFinder {
  const source = parseSource(text);
  if (source.kind !== "nfs") throw new Error("an nfs source is wanted");
  return nfsServerFinder({ resolve: known.resolve, random: new SeededRandom(1), asked: "the resolver" }, source);
}
const placesOf = ({ servers }: FoundServers): string[] =>
  servers.map(({ address, nfsPort, mountPort }) => `${address} ${nfsPort} ${mountPort}`);

describe("a server is found", () => {
  test.each<[string, readonly string[], number]>([
    ["nfs://files.cs.vu.nl/home", ["127.0.0.1 2049 2049", "::1 2049 2049"], 20],
    ["nfs://alias.cs.vu.nl/home", ["127.0.0.1 2049 2049", "::1 2049 2049"], 10],
    ["nfs://cs.vu.nl/home", ["127.0.0.1 20490 20490", "::1 20490 20490", "192.0.2.2 2050 2050"], 20],
    ["nfs://files.cs.vu.nl:7/home", ["127.0.0.1 7 7", "::1 7 7"], 20],
    ["nfs://files.cs.vu.nl/home?nfsport=7&mountport=8", ["127.0.0.1 7 8", "::1 7 8"], 20],
    ["nfs://files.cs.vu.nl/home?nfsport=7", ["127.0.0.1 7 7", "::1 7 7"], 20],
    ["nfs://none.cs.vu.nl:9/home", ["192.0.2.3 9 9"], 30],
    ["nfs://vu.nl/.domainroot/vu.nl", ["127.0.0.1 2049 2049", "::1 2049 2049"], 20],
    ["nfs://VU.nl/.domainroot/vu.nl/pub", ["127.0.0.1 2049 2049", "::1 2049 2049"], 20],
    ["nfs://vu.nl/.domainroot/vu.nl.old", ["192.0.2.4 2049 2049"], 30],
    ["nfs://192.0.2.9/x", ["192.0.2.9 2049 2049"], 0x7fffffff],
    ["nfs://[::9]:7/x", ["::9 7 7"], 0x7fffffff],
    ["nfs://localhost/x", ["127.0.0.1 2049 2049", "::1 2049 2049"], 0x7fffffff],
  ])("%s", async (text, places, lifeSeconds) => {
    const found = await finderOf(text).find(NEVER);
    expect(placesOf(found)).toEqual(places);
    expect(found.lifeSeconds).toBe(lifeSeconds);
  });

  test("and it is said by which records", async () => {
    expect((await finderOf("nfs://alias.cs.vu.nl:1/").find(NEVER)).origin).toBe(
      "alias.cs.vu.nl CNAME files.cs.vu.nl. (10 s), files.cs.vu.nl A 127.0.0.1 (30 s), " +
        "files.cs.vu.nl AAAA ::1 (20 s) (the resolver)",
    );
    expect((await finderOf("nfs://vu.nl/.domainroot/vu.nl").find(NEVER)).origin).toBe(
      "_nfs-domainroot._tcp.vu.nl SRV 0 0 2049 files.cs.vu.nl. (300 s) → " +
        "files.cs.vu.nl A 127.0.0.1 (30 s), files.cs.vu.nl AAAA ::1 (20 s) (the resolver)",
    );
  });

  test("anew each time, so that one that has moved is found where it is", async () => {
    const known = names();
    const finder = finderOf("nfs://second.cs.vu.nl/x", known);
    await finder.find(NEVER);
    known.records = ["second.cs.vu.nl 40 A 192.0.2.77"];
    expect(placesOf(await finder.find(NEVER))).toEqual(["192.0.2.77 2049 2049"]);
  });

  test("without asking where an address is written out", async () => {
    const known = names();
    await finderOf("nfs://192.0.2.9/x", known).find(NEVER);
    await finderOf("nfs://localhost/x", known).find(NEVER);
    expect(known.asked).toBe(0);
  });

  test("when only one of several can be found out", async () => {
    const known = names();
    for (const type of ["A", "AAAA"]) known.silentAbout.add(`files.cs.vu.nl ${type}`);
    expect(placesOf(await finderOf("nfs://cs.vu.nl/home", known).find(NEVER))).toEqual(["192.0.2.2 2050 2050"]);
  });
});

describe("no server is found", () => {
  test.each([
    ["nfs://gone.example/x", "no-name", "there is no name gone.example"],
    ["nfs://only.cs.vu.nl/x", "no-address", "only.cs.vu.nl has no address and no SRV record"],
    ["nfs://none.cs.vu.nl/x", "no-address", "says that none.cs.vu.nl serves no files"],
    ["nfs://lost.cs.vu.nl/x", "no-address", "names only.cs.vu.nl, without an address"],
    ["nfs://cs.vu.nl/.domainroot/cs.vu.nl", "no-name", "_nfs-domainroot._tcp.cs.vu.nl (RFC 6641)"],
  ])("%s: %s", async (text, code, message) => {
    const thrown: unknown = await finderOf(text)
      .find(NEVER)
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ServerNotFound);
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test.each(["nfs://files.cs.vu.nl/x", "nfs://files.cs.vu.nl:1/x", "nfs://vu.nl/.domainroot/vu.nl"])(
    "%s while nobody answers: that is unknown",
    async (text) => {
      const known = names();
      known.isSilent = true;
      await expect(finderOf(text, known).find(NEVER)).rejects.toMatchObject({ code: "unknown" });
    },
  );
});

test("the root of a domain's files has a source of its own (RFC 6641)", () => {
  expect(formatSource(domainRootSource(Name.parse("VU.nl.")))).toBe("nfs://VU.nl/.domainroot/vu.nl");
});
