/** The DNS as a tree of files: what stands where, what is in it, how long it holds, and what is said when nobody answers. */
import { afterEach, describe, expect, test } from "vitest";
import { type FileSystem, fileKeyOf, type Found } from "../../mount/index.ts";
import { serialTime } from "../../mount/dns-tree/serial-time.ts";
import { DnsTreeWorld, type TreeZone } from "../support/dns-tree-world.ts";
import {
  contents,
  type ContractSubject,
  describeReadOnly,
  good,
  listed,
  walk,
} from "../support/file-system-contract.ts";

const soa = (apex: string, serial: number): string =>
  `${apex} 300 SOA ns.${apex} admin.${apex} ${serial} 3600 600 86400 60`;
const LONG = Array.from({ length: 4 }, () => "x".repeat(50)).join(".");

const ROOT_ZONE: TreeZone = {
  apex: ".",
  address: "192.0.2.1",
  isOpen: false,
  records: `. 300 SOA a.root. admin.root. 1 3600 600 86400 60
    . 300 NS a.root.
    a.root. 300 A 192.0.2.1
    vu.nl. 300 NS ns.vu.nl.
    ns.vu.nl. 300 A 192.0.2.2`,
};
const vuNl = (isOpen: boolean, serial = 2026010203, more = ""): TreeZone => ({
  apex: "vu.nl.",
  address: "192.0.2.2",
  isOpen,
  records: `${soa("vu.nl.", serial)}
    vu.nl. 300 NS ns.vu.nl.
    vu.nl. 200 MX 20 mail2.vu.nl.
    vu.nl. 200 MX 10 mail.vu.nl.
    ns.vu.nl. 300 A 192.0.2.2
    mail.vu.nl. 60 A 192.0.2.25
    www.vu.nl. 100 CNAME vu.nl.
    web.vu.nl. 100 CNAME www.example.com.
    deep.in.vu.nl. 100 TXT "hello"
    deep.in.vu.nl. 100 TYPE65280 \\# 2 ABCD
    back.in.vu.nl. 100 CNAME mail.vu.nl.
    informatics.vu.nl. 100 DNAME cs.vu.nl.
    *.wild.vu.nl. 50 TXT "any"
    a\\/b\\.c\\000.vu.nl. 100 A 192.0.2.9
    \\..vu.nl. 100 A 192.0.2.10
    mx.vu.nl. 100 A 192.0.2.11
    zero.vu.nl. 0 A 192.0.2.12
    ${LONG}.vu.nl. 100 A 192.0.2.13
    cs.vu.nl. 300 NS ns.cs.vu.nl.
    ns.cs.vu.nl. 300 A 192.0.2.3
    ${more}`,
});
const CS: TreeZone = {
  apex: "cs.vu.nl.",
  address: "192.0.2.3",
  isOpen: true,
  records: `${soa("cs.vu.nl.", 7)}
    cs.vu.nl. 300 NS ns.cs.vu.nl.
    ns.cs.vu.nl. 300 A 192.0.2.3
    ftp.cs.vu.nl. 30 A 192.0.2.22`,
};

const worldOf = (zone = vuNl(true)): DnsTreeWorld => new DnsTreeWorld([ROOT_ZONE, zone, CS]);
const open: FileSystem[] = [];
function tree(world = worldOf(), source = "dns://vu.nl"): FileSystem {
  const fileSystem = world.open(source);
  open.push(fileSystem);
  return fileSystem;
}
afterEach(async () => {
  for (const fileSystem of open.splice(0)) await fileSystem.close();
});

const text = async (fs: FileSystem, path: string): Promise<string> =>
  (await contents(fs, (await walk(fs, path)).key)).toString();
const names = async (fs: FileSystem, path: string, page = 100): Promise<string[]> =>
  (await listed(fs, (await walk(fs, path)).key, page)).map(({ name }) => name).sort();

describeReadOnly("dns", async (): Promise<ContractSubject> => {
  const fileSystem = tree();
  return { fileSystem, close: () => fileSystem.close() };
});

describe("a name's records", () => {
  test("are files in capitals, one record a line in canonical order, with their size and TTL", async () => {
    const fs = tree();
    expect(await text(fs, "/MX")).toBe("10 mail.vu.nl.\n20 mail2.vu.nl.\n");
    const { attributes } = await walk(fs, "/mail/A");
    expect(attributes).toMatchObject({ kind: "file", mode: 0o444, sizeOctets: 11, lifeSeconds: 60 });
    expect(await text(fs, "/mail/A")).toBe("192.0.2.25\n");
    expect(await text(fs, "/in/deep/TXT")).toBe('"hello"\n');
    expect(await text(fs, "/in/deep/TYPE65280")).toBe("\\# 2 abcd\n");
    expect(await text(fs, "/TYPE15")).toBe(await text(fs, "/MX"));
  });

  test("a label that is called like a type is in lower case", async () => {
    const fs = tree();
    expect((await walk(fs, "/mx")).attributes.kind).toBe("directory");
    expect((await walk(fs, "/MX")).attributes.kind).toBe("file");
    expect((await walk(fs, "/Mail")).key).toBe((await walk(fs, "/mail")).key);
  });

  test.each([
    ["/gone", "NOENT"],
    ["/AAAA", "NOENT"],
    ["/mail/gone", "NOENT"],
    ["/ANY", "NOENT"],
    [`/${"x".repeat(64)}`, "NOENT"],
    ["/a\\999", "NOENT"],
  ])("%s is not there", async (path, status) => {
    const fs = tree();
    const at = path.lastIndexOf("/");
    const directory = await walk(fs, path.slice(0, at));
    expect(await fs.lookup(directory.key, path.slice(at + 1))).toBe(status);
  });

  test("of a wildcard can be opened by any name, and are listed by its own", async () => {
    const fs = tree();
    expect(await text(fs, "/wild/any-name/TXT")).toBe('"any"\n');
    expect(await names(fs, "/wild")).toEqual(["*"]);
    expect(await text(fs, "/wild/*/TXT")).toBe('"any"\n');
  });

  test("what cannot stand in a file name is escaped", async () => {
    const fs = tree();
    expect(await text(fs, "/a\\047b.c\\000/A")).toBe("192.0.2.9\n");
    expect(await text(fs, "/\\046/A")).toBe("192.0.2.10\n");
    expect(await names(fs, "/")).toEqual(expect.arrayContaining(["a\\047b.c\\000", "\\046"]));
  });
});

describe("aliases are links", () => {
  test.each([
    ["/www", "."],
    ["/web", "dns://www.example.com"],
    ["/in/back", "../mail"],
    ["/informatics", "cs"],
  ])("%s leads to %s", async (path, target) => {
    const fs = tree();
    const { key, attributes } = await walk(fs, path);
    expect(attributes).toMatchObject({ kind: "link", sizeOctets: target.length, lifeSeconds: 100 });
    expect(await fs.readlink(key)).toEqual({ target });
    expect(await fs.lookup(key, "x")).toBe("NOTDIR");
    expect(await fs.read(key, 0, 1)).toBe("INVAL");
  });

  test("the tree itself has to be a directory", async () => {
    expect(await tree(worldOf(), "dns://www.vu.nl").root()).toBe("NOTDIR");
    expect(await tree(worldOf(), "dns://gone.vu.nl").root()).toBe("NOENT");
  });
});

describe("a listing", () => {
  const ALL = [
    "MX",
    "NS",
    "SOA",
    "\\046",
    "a\\047b.c\\000",
    "cs",
    "in",
    "informatics",
    "mail",
    "mx",
    "ns",
    "web",
    "wild",
  ];
  const MORE = ["www", "x".repeat(50), "zero"];

  test("shows the whole zone where it may be transferred, also in pages of one", async () => {
    const fs = tree();
    expect(await names(fs, "/")).toEqual([...ALL, ...MORE]);
    expect(await names(fs, "/", 1)).toEqual([...ALL, ...MORE]);
    expect(await names(fs, "/in")).toEqual(["back", "deep"]);
    expect(await names(fs, "/in/deep")).toEqual(["TXT", "TYPE65280"]);
  });

  test("gives the numbers that a lookup gives", async () => {
    const fs = tree();
    const root = await good(fs.root());
    for (const { name, fileId } of await listed(fs, root.key)) {
      expect((await good(fs.lookup(root.key, name))).attributes.fileId, name).toBe(fileId);
    }
  });

  test("follows the zone when its serial changes", async () => {
    const world = worldOf();
    const fs = tree(world);
    expect(await names(fs, "/in")).toEqual(["back", "deep"]);
    world.change("vu.nl.", vuNl(true, 2026010204, "new.in.vu.nl. 100 A 192.0.2.99").records);
    await world.clock.advance(301_000);
    expect(await names(fs, "/in")).toEqual(["back", "deep", "new"]);
  });

  test("shows what was looked up, and of the common types those that are there, where nobody tells", async () => {
    const fs = tree(worldOf(vuNl(false)));
    expect(await names(fs, "/")).toEqual(["MX", "NS", "SOA"]);
    await walk(fs, "/mail");
    await walk(fs, "/www");
    expect(await names(fs, "/")).toEqual(["MX", "NS", "SOA", "mail", "www"]);
  });

  test("walks along NSEC records", async () => {
    const chain = ["vu.nl.", "in.vu.nl.", "mail.vu.nl.", "ns.vu.nl."];
    const nsec = chain.map((name, i) => `${name} 60 NSEC ${chain[(i + 1) % chain.length]!} A NSEC`);
    const fs = tree(worldOf(vuNl(false, 5, nsec.join("\n"))));
    expect(await names(fs, "/")).toEqual(["A", "NSEC", "in", "mail", "ns"]);
  });

  test.each([
    [
      "in a circle",
      ["vu.nl. 60 NSEC mail.vu.nl. A", "mail.vu.nl. 60 NSEC in.vu.nl. A", "in.vu.nl. 60 NSEC mail.vu.nl. A"],
    ],
    ["out of the zone", ["vu.nl. 60 NSEC mail.vu.nl. A", "mail.vu.nl. 60 NSEC example.com. A"]],
    ["to names that are made up (RFC 4470)", ["vu.nl. 60 NSEC \\000.vu.nl. A", "\\000.vu.nl. 60 NSEC vu.nl. A"]],
  ])("does not follow NSEC records that lead %s", async (_where, lines) => {
    const fs = tree(worldOf(vuNl(false, 5, lines.join("\n"))));
    expect(await names(fs, "/")).toEqual(["MX", "NS", "SOA"]);
  });
});

test("it is told who is asked, how often, and how zones are listed", async () => {
  const fs = tree(worldOf(), "dns://.");
  await names(fs, "/nl/vu");
  await names(fs, "/");
  await text(fs, "/nl/vu/mail/A");
  await text(fs, "/nl/vu/mail/A");
  expect(fs.facts?.()).toEqual([
    expect.stringMatching(/^asks the resolver: \d+ questions, \d+ answered from here$/),
    "zone vu.nl. serial 2026010203: 21 names, by transfer from 192.0.2.2:53",
    "zone . serial 1: nobody lists it: what was looked up is shown",
  ]);
});

describe("a zone below", () => {
  test("is a file system of its own, whose .. is where it stands", async () => {
    const fs = tree();
    const root = await good(fs.root());
    const cs = await walk(fs, "/cs");
    expect(root.attributes.fileSystemId).toBe(0n);
    expect(cs.attributes.fileSystemId).not.toBe(0n);
    expect((await walk(fs, "/cs/ftp/A")).attributes.fileSystemId).toBe(cs.attributes.fileSystemId);
    expect((await walk(fs, "/cs/..")).key).toBe(root.key);
    expect(await names(fs, "/cs")).toEqual(["NS", "SOA", "ftp", "ns"]);
    expect((await walk(fs, "/mail")).attributes.fileSystemId).toBe(0n);
  });

  test("from the root of the DNS on", async () => {
    const fs = tree(worldOf(), "dns://.");
    expect(await text(fs, "/nl/vu/cs/ftp/A")).toBe("192.0.2.22\n");
    expect((await good(fs.readlink((await walk(fs, "/nl/vu/www")).key))).target).toBe(".");
    expect((await good(fs.readlink((await walk(fs, "/nl/vu/web")).key))).target).toBe("../../com/example/www");
  });
});

describe("keys", () => {
  test("are the same after a start, also those of names too long for one", async () => {
    const world = worldOf();
    const [before, after] = [tree(world), tree(world)];
    for (const path of ["/mail/A", "/cs", "/in/deep/TXT", `/${LONG.split(".").join("/")}/A`]) {
      const { key, attributes } = await walk(before, path);
      expect(key.length).toBeLessThanOrEqual(64);
      expect((await good(after.attributes(key))).fileId).toBe(attributes.fileId);
    }
  });

  test("of long names that nobody can list are stale after a start; the walk from the root helps", async () => {
    const world = worldOf(vuNl(false));
    const [before, after] = [tree(world), tree(world)];
    const path = `/${LONG.split(".").join("/")}/A`;
    const { key } = await walk(before, path);
    expect(await after.attributes(key)).toBe("STALE");
    expect((await walk(after, path)).key).toBe(key);
    expect((await good(after.attributes(key))).kind).toBe("file");
  });

  test.each(["", "n", "n\0", "n\0\0\x40", "n\0\0\x05ab", "q\0\0", "d\0\0short", "n\0\0\0\x01a"])(
    "%j is none",
    async (key) => {
      expect(await tree().attributes(fileKeyOf(key))).toBe("BADHANDLE");
    },
  );

  test("of what is gone are stale", async () => {
    const world = worldOf();
    const fs = tree(world);
    const { key } = await walk(fs, "/mail/A");
    const directory = await walk(fs, "/mail");
    world.change("vu.nl.", vuNl(true).records.replace(/mail\.vu\.nl\. 60 A.*/, ""));
    await world.clock.advance(301_000);
    expect(await fs.attributes(key)).toBe("STALE");
    expect(await fs.list(directory.key, 0n, 10)).toBe("STALE");
  });
});

describe("time", () => {
  const NOW = Date.UTC(2026, 10, 23) / 1000;
  test.each([
    ["a date and a revision", 2026112203, Date.UTC(2026, 10, 22) / 1000 + 3],
    ["a leap day", 2024022900, Date.UTC(2024, 1, 29) / 1000],
    ["a time", 1_700_000_000, 1_700_000_000],
    ["a date to come", 2027010100, NOW],
    ["a time to come", NOW + 1, NOW],
    ["no date", 2026139900, NOW],
    ["a count", 7, NOW],
    ["the largest", 0xffff_ffff, NOW],
  ])("of a zone whose serial is %s", (_what, serial, seconds) => {
    expect(serialTime(serial, NOW)).toEqual({ seconds, nanoseconds: 0 });
  });

  const modified = async (found: Promise<Found>): Promise<number> => (await found).attributes.modified.seconds;

  test("is the serial's where that is a date, else that of the first sight", async () => {
    const world = worldOf();
    const fs = tree(world);
    expect(await modified(walk(fs, "/mail"))).toBe(Date.UTC(2026, 0, 2) / 1000 + 3);
    expect(await modified(walk(fs, "/cs/ftp/A"))).toBe(world.clock.wallSeconds());
  });

  test("passes for what is kept, and what has changed then is newer", async () => {
    const world = worldOf();
    const fs = tree(world);
    const before = await walk(fs, "/mail/A");
    await world.clock.advance(20_000);
    expect((await walk(fs, "/mail/A")).attributes.lifeSeconds).toBe(before.attributes.lifeSeconds! - 20);
    world.change("vu.nl.", vuNl(true).records.replace("192.0.2.25", "192.0.2.26"));
    await world.clock.advance(41_000);
    const after = await walk(fs, "/mail/A");
    expect(await text(fs, "/mail/A")).toBe("192.0.2.26\n");
    expect(after.attributes.modified.seconds).toBeGreaterThan(before.attributes.modified.seconds);
    expect(after.key).toBe(before.key);
  });

  test("a TTL of 0 is for one opening of the file", async () => {
    const world = worldOf();
    const fs = tree(world);
    expect((await walk(fs, "/zero/A")).attributes.lifeSeconds).toBe(0);
    world.change("vu.nl.", vuNl(true).records.replace("192.0.2.12", "192.0.2.112"));
    await world.clock.advance(1000);
    expect(await text(fs, "/zero/A")).toBe("192.0.2.112\n");
  });
});

describe("when nobody answers", () => {
  test("it is a time-out, and passes", async () => {
    const world = worldOf();
    const fs = tree(world);
    const root = await good(fs.root());
    world.network.silence("192.0.2.2");
    world.network.silence("192.0.2.3");
    expect(await fs.lookup(root.key, "mail")).toBe("TIMEDOUT");
    expect(await fs.lookup(root.key, "cs")).toBe("TIMEDOUT");
    world.network.heal();
    await world.clock.advance(60_000);
    expect((await walk(fs, "/mail/A")).attributes.kind).toBe("file");
  });

  test("what is kept is read all the same", async () => {
    const world = worldOf();
    const fs = tree(world);
    const { key } = await walk(fs, "/mail/A");
    world.network.silence("192.0.2.2");
    expect((await contents(fs, key)).toString()).toBe("192.0.2.25\n");
  });

  test("a tree that is closed meanwhile is stale", async () => {
    const world = worldOf();
    const fs = tree(world);
    const root = await good(fs.root());
    await fs.close();
    expect(await fs.lookup(root.key, "other")).toBe("STALE");
  });
});

describe("one server is asked", () => {
  test("by its address or its name, and the resolver for what it refers to others", async () => {
    for (const server of ["192.0.2.2", "ns.vu.nl"]) {
      const fs = tree(worldOf(), `dns://vu.nl@${server}`);
      expect(await text(fs, "/mail/A")).toBe("192.0.2.25\n");
      expect(await text(fs, "/cs/ftp/A")).toBe("192.0.2.22\n");
      expect(await names(fs, "/in")).toEqual(["back", "deep"]);
    }
  });

  test("one that is silent, that does not exist, that does not serve the zone", async () => {
    const world = worldOf();
    world.network.silence("192.0.2.2");
    expect(await tree(world, "dns://vu.nl@192.0.2.2").root()).toBe("TIMEDOUT");
    expect(await tree(world, "dns://vu.nl@gone.example").root()).toBe("TIMEDOUT");
    expect(await tree(world, "dns://vu.nl@192.0.2.3").root()).toBe("ACCES");
  });
});
