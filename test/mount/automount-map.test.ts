/** Automount maps: what an entry says for a key, and what is told of a wrong one. */
import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import { directoriesOf } from "../../mount/automount/stored-map.ts";
import { MapFile, type MapKind } from "../../mount/automount/map-file.ts";
import { openAutomountMap } from "../../mount/automount/open-map.ts";
import { ProgramMap } from "../../mount/automount/program-map.ts";
import {
  formatMountOptions,
  formatSource,
  MOUNT_OPTIONS_DEFAULT,
  type MountOptions,
  parseMountOptions,
} from "../../mount/index.ts";
import type { MapMount } from "../../mount/automount/map-entry.ts";
import { KnownNames } from "../support/known-names.ts";
import { MemoryStreams } from "../support/memory-streams.ts";
import { ScriptedNfs } from "../support/scripted-nfs.ts";

const noProgram = () => Promise.reject(new Error("no program is run"));
const noStream = (): never => {
  throw new Error("nobody is asked");
};
const NEVER = new AbortController().signal;

function parse(text: string, kind: MapKind = "indirect", others: Readonly<Record<string, string>> = {}): MapFile {
  return MapFile.parse(text, { path: "/etc/auto.home", kind, read: (path) => others[path] ?? null });
}
/** "/sub: rw nfs://a/x nfs://b/x". */
const textOf = ({ below, sources, options }: MapMount): string =>
  [`${below === "" ? "/" : below}:`, formatMountOptions(options), ...sources.map(formatSource)]
    .filter((part) => part !== "")
    .join(" ");
const found = (map: MapFile, key: string, options = ""): string[] | null =>
  map.find(key, parseMountOptions(options))?.map(textOf) ?? null;

describe("an entry", () => {
  test.each<[string, string, readonly string[]]>([
    ["steen files.cs.vu.nl:/home/steen", "steen", ["/: nfs://files.cs.vu.nl/home/steen"]],
    ["steen\t-rw,soft\tfiles:/home/steen", "steen", ["/: rw nfs://files/home/steen"]],
    ["* files:/home/&", "ast", ["/: nfs://files/home/ast"]],
    ["* &:/export", "pc24.cs.vu.nl", ["/: nfs://pc24.cs.vu.nl/export"]],
    ["* files:/home/&/&.d", "ast", ["/: nfs://files/home/ast/ast.d"]],
    ["a one,two:/x", "a", ["/: nfs://one/x nfs://two/x"]],
    ["a one(5),two(1):/x three:/y", "a", ["/: nfs://three/y nfs://two/x nfs://one/x"]],
    ["a [::1]:/x", "a", ["/: nfs://[::1]/x"]],
    ["a :/srv/files", "a", ["/: file:///srv/files"]],
    ["a ns:/remote/vu", "a", ["/: ns:/remote/vu"]],
    ["* nfs://files:2050/home/&?uid=0", "a b", ["/: nfs://files:2050/home/a%20b?uid=0"]],
    ["* dns://&.cs.vu.nl", "x", ["/: dns://x.cs.vu.nl"]],
    ["a files:/50%?", "a", ["/: nfs://files/50%25%3F"]],
    ['a "files:/with blank"', "a", ["/: nfs://files/with%20blank"]],
    ["a files:/with\\ blank", "a", ["/: nfs://files/with%20blank"]],
    ["a files:/R\\&D", "a", ["/: nfs://files/R&D"]],
    ["a -fstype=nfs,vers=3,rw files:/x", "a", ["/: rw nfs://files/x"]],
    [
      "a -rw /  files:/x /sub -ro files:/y /sub/deep files:/z",
      "a",
      ["/: rw nfs://files/x", "/sub: nfs://files/y", "/sub/deep: rw nfs://files/z"],
    ],
    ["a /two/deep f:/2 /one f:/1", "a", ["/one: nfs://f/1", "/two/deep: nfs://f/2"]],
    ["a files:/x /sub files:/y", "a", ["/: nfs://files/x", "/sub: nfs://files/y"]],
    ["a \\\n  -rw \\\n  files:/x", "a", ["/: rw nfs://files/x"]],
    ["# all\n\n  # more\na files:/x # why\r\nb files:/y", "b", ["/: nfs://files/y"]],
    ["a files:/first\na files:/second\n* files:/rest", "a", ["/: nfs://files/first"]],
    ["* files:/rest\na files:/own", "a", ["/: nfs://files/own"]],
    ["\\* files:/star", "*", ["/: nfs://files/star"]],
    ["a files:/end\\", "a", ["/: nfs://files/end%5C"]],
  ])("%j for %s", (text, key, mounts) => {
    const map = parse(text);
    expect(map.faults).toEqual([]);
    expect(found(map, key)).toEqual(mounts);
  });

  test("has the map's options where it says nothing else", () => {
    const map = parse("a files:/x\nb -ro files:/y");
    expect(found(map, "a", "rw,hard")).toEqual(["/: rw,hard nfs://files/x"]);
    expect(found(map, "b", "rw,hard")).toEqual(["/: hard nfs://files/y"]);
  });

  test("is not there", () => {
    expect(found(parse("a files:/x"), "b")).toBeNull();
    expect(found(parse("\\* files:/x"), "b")).toBeNull();
    expect(found(parse(""), "b")).toBeNull();
  });
});

describe("a key never makes more of an entry than its author wrote", () => {
  test.each([
    ["* &:/export", "evil:/x"],
    ["* &:/export", "a,b"],
    ["* &:/export", "a b"],
    ["* &:/export", "-rw"],
    ["* &.cs.vu.nl:/export", "a/b"],
    ["* files:/home/&", ".."],
  ])("%s for %j is refused", (text, key) => {
    expect(() => found(parse(text), key)).toThrow(/^\/etc\/auto\.home:1:3: /);
  });

  test.each([
    ["* files:/home/&", "a b,c:/d?e&f", "/: nfs://files/home/a%20b,c:/d%3Fe&f"],
    ["* nfs://files/home/&", "x?uid=0", "/: nfs://files/home/x%3Fuid=0"],
    ["* nfs://&/x", "a:1", "/: nfs://a:1/x"],
  ])("%s for %j is one place", (text, key, mount) => {
    const [only] = parse(text).find(key, MOUNT_OPTIONS_DEFAULT)!;
    expect(only?.sources).toHaveLength(1);
    if (!text.includes("&/x")) expect(textOf(only!)).toBe(mount);
    else expect(only?.sources[0]).toMatchObject({ host: "a:1", nfsPort: null });
  });
});

describe("what is wrong in a map is told with its place, and the rest of it stands", () => {
  test.each([
    ["a", "1:1: a location is missing"],
    ["a -rw", "1:1: a location is missing"],
    ["a files", '1:3: "files" is no location; host:/path'],
    ["a files:x", "1:3:"],
    ["a  files:/x -rw", "1:13: options stand before the location"],
    ["a -rv files:/x", '1:3: there is no mount option "rv"; did you mean'],
    ["a -fstype=ext4 :/x", "1:3: fstype=ext4: only nfs"],
    ["a files:/x/../y", "1:3:"],
    ["a files:/x /sub", "1:12: a location is missing"],
    ["a / files:/x /sub files:/y /sub files:/z", '1:28: "/sub" is given twice'],
    ["a /.. files:/x", "1:3:"],
    ['a "files:/x', "1:3: the closing quote is missing"],
    ["a files:/home/${USER}", "1:15: variables are not known here"],
    ["a/b files:/x", "1:1: the key of an indirect map"],
    ["good files:/x\n\nbad \\\n   -rv files:/y", "4:4: there is no mount option"],
    ["+gone", "1:1: there is no map /etc/gone"],
    ["+auto.home", "1:1: /etc/auto.home includes itself"],
    ["+", "1:1: one map is included by +NAME"],
    ["a nfs://files:0/x", "1:3: a port"],
  ])("%j", (text, message) => {
    const map = parse(`${text}\nlast files:/last`);
    expect(map.faults.map(({ message: told }) => told)).toEqual([expect.stringContaining(`/etc/auto.home:${message}`)]);
    expect(found(map, "last")).toEqual(["/: nfs://files/last"]);
  });

  test("also to whoever looks for the key", () => {
    expect(() => found(parse("a -rv files:/x"), "a")).toThrow("/etc/auto.home:1:3: there is no mount option");
  });
});

test("other maps are included where they stand, and circles are told", () => {
  const others = { "/etc/auto.more": "b files:/b\na files:/late\n+auto.home", "/opt/x": "c files:/c" };
  const map = parse("a files:/a\n+auto.more\n+/opt/x\nb files:/late", "indirect", others);
  expect(map.keys).toEqual(["a", "b", "c"]);
  expect([found(map, "a"), found(map, "b")]).toEqual([["/: nfs://files/a"], ["/: nfs://files/b"]]);
  expect(map.faults.map(({ message }) => message)).toEqual(["/etc/auto.more:3:1: /etc/auto.home includes itself"]);
});

test("maps that include each other again and again end", () => {
  const read = (path: string): string => Array.from({ length: 50 }, (_, i) => `+${path}${i}`).join("\n");
  const { faults } = MapFile.parse("+/x", { path: "/m", kind: "indirect", read });
  expect(faults.some(({ message }) => message.includes("at most 1000 others"))).toBe(true);
  expect(faults.some(({ message }) => message.includes("at most 10 deep"))).toBe(true);
});

test("a direct map has paths for keys", () => {
  const map = parse("/home/steen files:/&\nrelative files:/x", "direct");
  expect(found(map, "/home/steen")).toEqual(["/: nfs://files/home/steen"]);
  expect(map.faults.map(({ message }) => message)).toEqual([
    "/etc/auto.home:2:1: the key of a direct map is an absolute path",
  ]);
});

test("a map of 20,000 entries", () => {
  const map = parse(Array.from({ length: 20_000 }, (_, i) => `user${i} files:/home/&`).join("\n"));
  expect(map.keys).toHaveLength(20_000);
  expect(found(map, "user19999")).toEqual(["/: nfs://files/home/user19999"]);
});

interface OpenAs {
  readonly kind: "file" | "direct";
  readonly target: string;
  readonly options?: MountOptions;
}

describe("a map in a file", () => {
  const openMap = (
    files: Map<string, string>,
    { kind, target, options = MOUNT_OPTIONS_DEFAULT }: OpenAs = { kind: "file", target: "/home" },
  ) =>
    openAutomountMap(
      { kind: "auto", map: { kind, path: "/etc/auto.home" } },
      {
        options,
        target,
        files: {
          read: (path) => Buffer.from(files.get(path)!),
          stamp: (path) => (files.has(path) ? files.get(path)!.length.toString() : null),
        },
        run: noProgram,
        finding: { resolve: new KnownNames().resolve, random: new SeededRandom(1), asked: "nobody" },
        exporting: { open: noStream, clock: new SimulatedClock(), random: new SeededRandom(1) },
        log: silentLog,
      },
    );

  test("is read again when it has changed, or one that it includes", async () => {
    const files = new Map([["/etc/auto.home", "a files:/a\n+more"]]);
    const map = openMap(files);
    expect(map.names()).toEqual(["a"]);
    files.set("/etc/more", "b files:/b");
    files.set("/etc/auto.home", "a files:/a2\n+more");
    expect(map.names()).toEqual(["a", "b"]);
    files.set("/etc/more", "b files:/b\ncc files:/cc");
    expect(map.names()).toEqual(["a", "b", "cc"]);
    expect(await map.find("cc", NEVER)).toMatchObject({ kind: "mounts" });
    expect(await map.find("d", NEVER)).toEqual({ kind: "none", reason: expect.any(String) });
  });

  test("that is direct shows the names in the directory that it is mounted at", async () => {
    const text =
      "/home/steen files:/&\n/home/ast files:/a\n/usr/share/man files:/man\n/top files:/top\n/home/a/b files:/b";
    const files = new Map([["/etc/auto.home", text]]);
    const home = openMap(files, { kind: "direct", target: "/home" });
    expect(home.names()).toEqual(["steen", "ast"]);
    expect(await home.find("steen", NEVER)).toMatchObject({ mounts: [{ sources: [{ path: "/home/steen" }] }] });
    expect(await home.find("a", NEVER)).toMatchObject({ kind: "none" });
    expect(openMap(files, { kind: "direct", target: "/" }).names()).toEqual(["top"]);
    const read = { read: () => Buffer.from(text), stamp: () => "1" };
    expect(directoriesOf("/etc/auto.home", read)).toEqual(["/home", "/usr/share", "/", "/home/a"]);
  });

  test("that is mounted after something else hides with its entries what they stand on", async () => {
    const options = parseMountOptions("rw,after,create,idle=5");
    const map = openMap(new Map([["/etc/auto.home", "a files:/a"]]), { kind: "file", target: "/home", options });
    const found = await map.find("a", NEVER);
    expect(found.kind === "mounts" && found.mounts.map(textOf)).toEqual(["/: rw,idle=5 nfs://files/a"]);
  });

  test("that is not there is told when it is to be mounted", () => {
    expect(() => openMap(new Map())).toThrow("there is no map /etc/auto.home");
  });

  test("tells what is wrong with an entry", async () => {
    expect(await openMap(new Map([["/etc/auto.home", "a files"]])).find("a", NEVER)).toMatchObject({
      ...{ kind: "failed", status: "INVAL", reason: expect.stringContaining("/etc/auto.home:1:3") },
    });
  });
});

describe("a program's map", () => {
  const asked = (end: Awaited<ReturnType<ConstructorParameters<typeof ProgramMap>[0]["run"]>>, key = "steen") => {
    const words: string[][] = [];
    const run = (file: string, given: readonly string[]) => Promise.resolve((words.push([file, ...given]), end));
    const answer = new ProgramMap({ path: "/etc/prog", options: MOUNT_OPTIONS_DEFAULT, run }).find(key, NEVER);
    return answer.then((told) => ({ told, words }));
  };
  const ended = (output: string, code = 0) => asked({ kind: "ended", code, output });

  test("is what it prints for the key", async () => {
    const { told, words } = await ended("-rw files:/home/&\n");
    expect(words).toEqual([["/etc/prog", "steen"]]);
    expect(told.kind === "mounts" && told.mounts.map(textOf)).toEqual(["/: rw nfs://files/home/steen"]);
  });

  test.each([
    ["nothing", "", 0],
    ["an exit code", "files:/x", 1],
  ])("%s says that there is none", async (_what, output, code) => {
    expect((await ended(output, code)).told).toEqual({ kind: "none", reason: expect.any(String) });
  });

  test.each([
    ["a wrong entry", { kind: "ended", code: 0, output: "nonsense" }, "INVAL", "/etc/prog:1:1"],
    ["two entries", { kind: "ended", code: 0, output: "a:/x\nb:/y\n" }, "INVAL", "one entry, in one line"],
    ["no end", { kind: "late" }, "TIMEDOUT", "within 10 s"],
    ["too much", { kind: "too-much" }, "INVAL", "65536 octets"],
    ["no program", { kind: "not-run", reason: "ENOENT" }, "IO", "cannot be run: ENOENT"],
  ] as const)("%s is told", async (_what, end, status, reason) => {
    expect((await asked(end)).told).toMatchObject({ kind: "failed", status, reason: expect.stringContaining(reason) });
  });

  test("is not asked for what would be an option", async () => {
    const { told, words } = await asked({ kind: "ended", code: 0, output: "files:/x" }, "--help");
    expect([told, words]).toEqual([{ kind: "none", reason: expect.any(String) }, []]);
  });
});

describe("/net", () => {
  const names = (): KnownNames =>
    Object.assign(new KnownNames(), {
      records: [
        "_nfs-domainroot._tcp.vu.nl 300 SRV 0 0 2049 files.cs.vu.nl.",
        "files.cs.vu.nl 30 A 127.0.0.1",
        "text.cs.vu.nl 30 TXT hello",
      ],
    });
  const find = async (key: string, known = names(), exports: readonly string[] | null = null) => {
    const clock = new SimulatedClock();
    const streams = new MemoryStreams(clock);
    const server = new ScriptedNfs({ EXPORT: () => (exports ?? []).map((path) => ({ path, groups: [] })) });
    if (exports !== null) streams.listen({ address: "127.0.0.1", port: 2049 }, server.accept);
    const random = new SeededRandom(1);
    const finding = { resolve: known.resolve, random, asked: "the resolver" };
    const parts = { finding, options: MOUNT_OPTIONS_DEFAULT, log: silentLog, run: noProgram, target: "/net" };
    const files = { read: () => new Uint8Array(0), stamp: () => null };
    const exporting = { open: streams.open, clock, random };
    const map = openAutomountMap({ kind: "auto", map: { kind: "net" } }, { ...parts, files, exporting });
    const answer = await clock.run(map.find(key, NEVER));
    return answer.kind === "mounts" ? answer.mounts.map(textOf).join() : answer;
  };

  test.each([
    ["vu.nl", "/: nfs://vu.nl/.domainroot/vu.nl"],
    ["VU.nl", "/: nfs://VU.nl/.domainroot/vu.nl"],
    ["files.cs.vu.nl", "/: nfs://files.cs.vu.nl/"],
    ["192.0.2.1", "/: nfs://192.0.2.1/"],
    ["localhost", "/: nfs://localhost/"],
    ["::1", "/: nfs://[::1]/"],
  ])("%s", async (key, mount) => expect(await find(key)).toBe(mount));

  test.each([
    [["/"], "/: nfs://files.cs.vu.nl/"],
    [["/", "/pub"], "/: nfs://files.cs.vu.nl/"],
    [["/home/steen", "/pub", "/home"], "/pub: nfs://files.cs.vu.nl/pub,/home: nfs://files.cs.vu.nl/home"],
    [["/pub"], "/pub: nfs://files.cs.vu.nl/pub"],
    [["/.domainroot/vu.nl"], "/.domainroot/vu.nl: nfs://files.cs.vu.nl/.domainroot/vu.nl"],
    [["/../etc", "pub", "", "/with blank?"], "/with blank?: nfs://files.cs.vu.nl/with%20blank%3F"],
    [["/../etc"], "/: nfs://files.cs.vu.nl/"],
    [[], "/: nfs://files.cs.vu.nl/"],
  ])("a host that exports %j", async (exports, mounts) => {
    expect(await find("files.cs.vu.nl", names(), exports)).toBe(mounts);
  });

  test.each(["gone.example", "text.cs.vu.nl", ".", ".hidden", "a b", "a..b", "-x", "x".repeat(64)])(
    "%s is not there",
    async (key) => {
      expect(await find(key)).toEqual({ kind: "none", reason: expect.any(String) });
    },
  );

  test("what nobody can say is no denial", async () => {
    const known = Object.assign(names(), { isSilent: true });
    expect(await find("vu.nl", known)).toMatchObject({ kind: "failed", status: "TIMEDOUT" });
    expect(await find(".hidden", known)).toEqual({ kind: "none", reason: expect.any(String) });
  });
});
