/**
 * What every FileSystem does, whatever is behind it: told with a small tree that the file system under test is given first. The reading part holds for all, the
 * writing part for those that are writable. Statuses are NFSv3's (RFC 1813 §3.3).
 */
import { describe, expect, test } from "vitest";
import type { Attributes, FileKey, FileSystem, Found, ListEntry, Place } from "../../mount/index.ts";
import { isStatus, type Status } from "../../mount/index.ts";

/** A tree under test and how to get rid of it. */
export interface ContractSubject {
  readonly fileSystem: FileSystem;
  close(): Promise<void>;
}

/** The tree that a subject holds at the start; directories follow from the paths. */
export const CONTRACT_FILES: Readonly<Record<string, string>> = {
  "/readme": "Strata\n",
  "/empty": "",
  "/pub/globe/index.html": "<h1>Globe</h1>\n",
  "/pub/globe/images/logo": "GLOBE".repeat(1000),
  "/pub/naïve ☃": "snow",
};

/** Gives what was asked for; a status is a failure that names it. */
export async function good<T>(outcome: T | Status | Promise<T | Status>): Promise<T> {
  const answer = await outcome;
  if (isStatus(answer)) throw new Error(`the file system said ${answer}`);
  return answer;
}

/** Walks from the root, component by component. */
export async function walk(fileSystem: FileSystem, path: string): Promise<Found> {
  let at = await good(fileSystem.root());
  for (const name of path.split("/").filter((part) => part !== "")) at = await good(fileSystem.lookup(at.key, name));
  return at;
}

/** A whole file, read in parts of this size. */
export async function contents(fileSystem: FileSystem, file: FileKey, partOctets = 4096): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = 0; ;) {
    const { octets, isEnd } = await good(fileSystem.read(file, offset, partOctets));
    parts.push(Buffer.from(octets));
    offset += octets.length;
    if (isEnd) return Buffer.concat(parts);
    expect(octets.length, "a part before the end holds something").toBeGreaterThan(0);
  }
}

/** All entries, listed in pages. */
export async function listed(fileSystem: FileSystem, directory: FileKey, pageEntries = 100): Promise<ListEntry[]> {
  const all: ListEntry[] = [];
  for (let cookie = 0n; ;) {
    const { entries, isEnd } = await good(fileSystem.list(directory, cookie, pageEntries));
    all.push(...entries);
    if (isEnd) return all;
    expect(entries.length, "a page before the end holds something").toBeGreaterThan(0);
    expect(entries.length).toBeLessThanOrEqual(pageEntries);
    cookie = entries.at(-1)!.cookie;
  }
}

type Scenario = readonly [title: string, act: (fileSystem: FileSystem) => Promise<void>];

const READING: readonly Scenario[] = [
  [
    "files by their path, whole and in parts",
    async (fs) => {
      for (const [path, text] of Object.entries(CONTRACT_FILES)) {
        const { key, attributes } = await walk(fs, path);
        expect(attributes.kind).toBe("file");
        expect(attributes.sizeOctets).toBe(Buffer.byteLength(text));
        for (const part of [1000, 65536]) expect((await contents(fs, key, part)).toString()).toBe(text);
      }
    },
  ],
  [
    "nothing at the end and behind it",
    async (fs) => {
      const { key, attributes } = await walk(fs, "/readme");
      for (const offset of [attributes.sizeOctets, attributes.sizeOctets + 1, 2 ** 40]) {
        expect(await good(fs.read(key, offset, 10))).toMatchObject({ octets: { length: 0 }, isEnd: true });
      }
      const empty = await walk(fs, "/empty");
      expect(await good(fs.read(empty.key, 0, 10))).toMatchObject({ octets: { length: 0 }, isEnd: true });
      expect(Buffer.from((await good(fs.read(key, 2, 3))).octets).toString()).toBe("rat");
    },
  ],
  [
    "a directory, itself and what it stands in",
    async (fs) => {
      const root = await good(fs.root());
      const pub = await walk(fs, "/pub");
      const globe = await walk(fs, "/pub/globe");
      expect(root.attributes.kind).toBe("directory");
      expect((await good(fs.lookup(globe.key, "."))).key).toBe(globe.key);
      expect((await good(fs.lookup(globe.key, ".."))).key).toBe(pub.key);
      expect((await good(fs.lookup(pub.key, ".."))).key).toBe(root.key);
      expect((await good(fs.lookup(root.key, ".."))).key).toBe(root.key);
      expect(globe.attributes.links).toBeGreaterThanOrEqual(1);
    },
  ],
  [
    "listings whole and in pages of one, each name once, with what a lookup gives",
    async (fs) => {
      const pub = await walk(fs, "/pub");
      for (const pageEntries of [1, 2, 1000]) {
        const entries = await listed(fs, pub.key, pageEntries);
        expect(entries.map(({ name }) => name).sort()).toEqual(["globe", "naïve ☃"]);
        for (const { name, fileId, found, cookie } of entries) {
          const looked = await good(fs.lookup(pub.key, name));
          expect(cookie).not.toBe(0n);
          expect(fileId).toBe(looked.attributes.fileId);
          if (found !== null) expect(found.key).toBe(looked.key);
        }
      }
    },
  ],
  [
    "the same key and number again for the same file, others for others",
    async (fs) => {
      const [one, again, other] = [
        await walk(fs, "/readme"),
        await walk(fs, "/pub/../readme"),
        await walk(fs, "/empty"),
      ];
      expect(again.key).toBe(one.key);
      expect(again.attributes.fileId).toBe(one.attributes.fileId);
      expect(other.key).not.toBe(one.key);
      expect(other.attributes.fileId).not.toBe(one.attributes.fileId);
      expect(sameFile(await good(fs.attributes(one.key)), one.attributes)).toBe(true);
    },
  ],
  [
    "how much space there is",
    async (fs) => {
      const { totalOctets, freeOctets } = await good(fs.space((await good(fs.root())).key));
      expect(totalOctets).toBeGreaterThanOrEqual(freeOctets);
      expect(freeOctets).toBeGreaterThanOrEqual(0);
    },
  ],
];

const REFUSED: readonly (readonly [string, (fs: FileSystem) => Promise<unknown>, Status | readonly Status[]])[] = [
  ["a name that is not there", async (fs) => fs.lookup((await walk(fs, "/pub")).key, "gone"), "NOENT"],
  ["a name below a file", async (fs) => fs.lookup((await walk(fs, "/readme")).key, "x"), "NOTDIR"],
  [
    "a name of 256 octets",
    async (fs) => fs.lookup((await walk(fs, "/pub")).key, "x".repeat(256)),
    ["NAMETOOLONG", "NOENT"],
  ],
  ["a directory read", async (fs) => fs.read((await walk(fs, "/pub")).key, 0, 10), ["ISDIR", "INVAL"]],
  ["a file listed", async (fs) => fs.list((await walk(fs, "/readme")).key, 0n, 10), "NOTDIR"],
  ["a link read that is a file", async (fs) => fs.readlink((await walk(fs, "/readme")).key), "INVAL"],
];

/** Reading: for subjects that hold CONTRACT_FILES. */
export function describeReading(title: string, open: () => Promise<ContractSubject>): void {
  describe(`${title} reads`, () => {
    for (const [what, act] of READING) test(what, scenario(open, act));
    for (const [what, act, status] of REFUSED) {
      test(
        `${what}: ${String(status)}`,
        scenario(open, async (fs) => expect([status].flat()).toContain(await act(fs))),
      );
    }
  });
}

/** A file system that is not writable says so to whatever would change it. */
export function describeReadOnly(title: string, open: () => Promise<ContractSubject>): void {
  test(
    `${title}: whatever would change it is answered with ROFS`,
    scenario(open, async (fs) => {
      const root = await good(fs.root());
      const entry = (await listed(fs, root.key))[0]!;
      const there = { directory: root.key, name: entry.name };
      const { key } = await good(fs.lookup(root.key, entry.name));
      const fresh = { directory: root.key, name: "fresh" };
      expect(fs.isWritable).toBe(false);
      expect(await fs.setAttributes(key, { mode: 0o600 })).toBe("ROFS");
      expect(await fs.write(key, 0, Buffer.from("x"), "file")).toBe("ROFS");
      expect(await fs.create(fresh, { kind: "directory", attributes: {} })).toBe("ROFS");
      expect(await fs.create(fresh, file("guarded"))).toBe("ROFS");
      expect(await fs.remove(there)).toBe("ROFS");
      expect(await fs.removeDirectory(there)).toBe("ROFS");
      expect(await fs.rename(there, fresh)).toBe("ROFS");
      expect(await fs.link(key, fresh)).toBe("ROFS");
    }),
  );
}

const WRITING: readonly Scenario[] = [
  [
    "a new file: made, filled, overwritten in the middle, cut, grown with zeros",
    async (fs) => {
      const root = await good(fs.root());
      const { key } = await good(fs.create({ directory: root.key, name: "new" }, file("guarded")));
      for (const [offset, text] of [
        [0, "hello world"],
        [6, "there"],
      ] as const) {
        const { writtenOctets } = await good(fs.write(key, offset, Buffer.from(text), "file"));
        expect(writtenOctets).toBe(text.length);
      }
      expect((await contents(fs, key)).toString()).toBe("hello there");
      expect((await good(fs.setAttributes(key, { sizeOctets: 5 }))).sizeOctets).toBe(5);
      expect((await good(fs.setAttributes(key, { sizeOctets: 8 }))).sizeOctets).toBe(8);
      expect((await contents(fs, key)).toString()).toBe("hello\0\0\0");
      await good(fs.write(key, 10, Buffer.from("!"), "file"));
      expect((await contents(fs, key)).toString()).toBe("hello\0\0\0\0\0!");
    },
  ],
  [
    "unstable writes are safe after commit, by the verifier of the writes",
    async (fs) => {
      const { key } = await walk(fs, "/readme");
      const { verifier, stability } = await good(fs.write(key, 0, Buffer.from("STRATA"), "unstable"));
      expect((await good(fs.commit(key))).verifier).toBe(verifier);
      expect(["unstable", "data", "file"]).toContain(stability);
      expect((await contents(fs, key)).toString()).toBe("STRATA\n");
    },
  ],
  [
    "the three ways to make a file (RFC 1813 §3.3.8)",
    async (fs) => {
      const root = await good(fs.root());
      const place = { directory: root.key, name: "readme" };
      expect(await fs.create(place, file("guarded"))).toBe("EXIST");
      const before = await walk(fs, "/readme");
      expect((await good(fs.create(place, file("unchecked")))).key).toBe(before.key);
      expect((await contents(fs, before.key)).length).toBe(7);
      const cut = await good(fs.create(place, { ...file("unchecked"), attributes: { sizeOctets: 0 } }));
      expect(cut.attributes.sizeOctets).toBe(0);
      const fresh = { directory: root.key, name: "exclusive" };
      const made = await good(fs.create(fresh, file("exclusive", 77n)));
      expect((await good(fs.create(fresh, file("exclusive", 77n)))).key).toBe(made.key);
      expect(await fs.create(fresh, file("exclusive", 78n))).toBe("EXIST");
    },
  ],
  [
    "directories and links are made, found, listed and removed",
    async (fs) => {
      const root = await good(fs.root());
      const directory = await good(
        fs.create({ directory: root.key, name: "d" }, { kind: "directory", attributes: { mode: 0o750 } }),
      );
      expect(directory.attributes).toMatchObject({ kind: "directory", mode: 0o750 });
      const inside: Place = { directory: directory.key, name: "l" };
      const link = await good(fs.create(inside, { kind: "link", target: "../readme", attributes: {} }));
      expect(link.attributes.kind).toBe("link");
      expect(await good(fs.readlink(link.key))).toEqual({ target: "../readme" });
      expect((await listed(fs, directory.key)).map(({ name }) => name)).toEqual(["l"]);
      expect(await fs.removeDirectory({ directory: root.key, name: "d" })).toBe("NOTEMPTY");
      expect(await fs.remove({ directory: root.key, name: "d" })).toBeOneOf(["ISDIR", "PERM"]);
      expect(await fs.remove(inside)).toBe(null);
      expect(await fs.remove(inside)).toBe("NOENT");
      expect(await fs.removeDirectory({ directory: root.key, name: "readme" })).toBe("NOTDIR");
      expect(await fs.removeDirectory({ directory: root.key, name: "d" })).toBe(null);
      expect(await fs.attributes(directory.key)).toBe("STALE");
    },
  ],
  [
    "a rename keeps the file's key, replaces a file, and goes nowhere below itself",
    async (fs) => {
      const root = await good(fs.root());
      const pub = await walk(fs, "/pub");
      const before = await walk(fs, "/readme");
      const from = { directory: root.key, name: "readme" };
      expect(await fs.rename(from, { directory: pub.key, name: "moved" })).toBe(null);
      expect((await walk(fs, "/pub/moved")).key).toBe(before.key);
      expect(await fs.lookup(root.key, "readme")).toBe("NOENT");
      expect(await fs.rename(from, { directory: pub.key, name: "moved" })).toBe("NOENT");
      await good(fs.rename({ directory: pub.key, name: "moved" }, { directory: root.key, name: "empty" }));
      expect((await contents(fs, (await walk(fs, "/empty")).key)).toString()).toBe("Strata\n");
      const globe = await walk(fs, "/pub/globe");
      const intoItself = { directory: globe.key, name: "pub" };
      expect(await fs.rename({ directory: root.key, name: "pub" }, intoItself)).toBe("INVAL");
      const images = await walk(fs, "/pub/globe/images/logo");
      await good(fs.rename({ directory: root.key, name: "pub" }, { directory: root.key, name: "public" }));
      expect((await walk(fs, "/public/globe/images/logo")).key).toBe(images.key);
      expect((await good(fs.attributes(images.key))).sizeOctets).toBe(5000);
      expect((await good(fs.lookup((await walk(fs, "/public")).key, ".."))).key).toBe(root.key);
    },
  ],
  [
    "what a rename may replace: a directory only an empty one, and neither the other kind",
    async (fs) => {
      const root = await good(fs.root());
      const at = (name: string): Place => ({ directory: root.key, name });
      await good(fs.create(at("d"), { kind: "directory", attributes: {} }));
      expect(await fs.rename(at("d"), at("pub"))).toBeOneOf(["NOTEMPTY", "EXIST"]);
      expect(await fs.rename(at("d"), at("readme"))).toBeOneOf(["NOTDIR", "EXIST"]);
      expect(await fs.rename(at("readme"), at("d"))).toBeOneOf(["ISDIR", "EXIST"]);
      expect(await fs.rename(at("pub"), at("d"))).toBe(null);
      expect((await walk(fs, "/d/globe/index.html")).attributes.kind).toBe("file");
    },
  ],
  [
    "a second name for a file: the file goes with its last one",
    async (fs) => {
      const root = await good(fs.root());
      const { key } = await walk(fs, "/readme");
      expect(await fs.link(key, { directory: root.key, name: "second" })).toBe(null);
      expect(await fs.link(key, { directory: root.key, name: "second" })).toBe("EXIST");
      expect((await good(fs.attributes(key))).links).toBe(2);
      expect(await fs.remove({ directory: root.key, name: "readme" })).toBe(null);
      expect((await contents(fs, (await walk(fs, "/second")).key)).toString()).toBe("Strata\n");
      expect(await fs.remove({ directory: root.key, name: "second" })).toBe(null);
      expect(await fs.attributes(key)).toBe("STALE");
    },
  ],
  [
    "attributes are changed one by one, and a change is seen in the times",
    async (fs) => {
      const { key, attributes } = await walk(fs, "/readme");
      const modified = { seconds: 1_000_000_000, nanoseconds: 0 };
      expect(await good(fs.setAttributes(key, { mode: 0o640 }))).toMatchObject({ mode: 0o640 });
      expect((await good(fs.setAttributes(key, { modified }))).modified).toEqual(modified);
      const after = await good(fs.attributes(key));
      expect(after.sizeOctets).toBe(attributes.sizeOctets);
      expect(after.mode).toBe(0o640);
      await good(fs.setAttributes(key, { modified: "now" }));
      expect((await good(fs.attributes(key))).modified.seconds).toBeGreaterThan(modified.seconds);
    },
  ],
  [
    "names at the limit, in scripts, and as octets that are no text come back as they were",
    async (fs) => {
      const root = await good(fs.root());
      const names = ["x".repeat(255), "файл", "emoji 🏦", "a\udcff\udc80b", "with\nline", "-rf", "..."];
      for (const name of names) await good(fs.create({ directory: root.key, name }, file("guarded")));
      const all = (await listed(fs, root.key, 3)).map(({ name }) => name);
      for (const name of names) expect(all).toContain(name);
      expect(await fs.create({ directory: root.key, name: "x".repeat(256) }, file("guarded"))).toBe("NAMETOOLONG");
    },
  ],
  [
    "a listing in pages goes on while names come and go: what stays is seen once",
    async (fs) => {
      const root = await good(fs.root());
      const at = (name: string): Place => ({ directory: root.key, name });
      for (let i = 0; i < 40; i++) await good(fs.create(at(`stays${i}`), file("guarded")));
      for (let i = 0; i < 40; i++) await good(fs.create(at(`goes${i}`), file("guarded")));
      const seen: string[] = [];
      for (let cookie = 0n, page = 0; ; page++) {
        const part = await fs.list(root.key, cookie, 10);
        if (isStatus(part)) return expect(part).toBe("BAD_COOKIE");
        seen.push(...part.entries.map(({ name }) => name));
        if (part.isEnd) break;
        cookie = part.entries.at(-1)!.cookie;
        for (let i = page * 5; i < Math.min(40, page * 5 + 5); i++) await fs.remove(at(`goes${i}`));
      }
      const stays = seen.filter((name) => name.startsWith("stays"));
      expect(new Set(stays).size).toBe(40);
      expect(stays).toHaveLength(40);
    },
  ],
];

/** Writing: for subjects that hold CONTRACT_FILES and are writable. */
export function describeWriting(title: string, open: () => Promise<ContractSubject>): void {
  describe(`${title} writes`, () => {
    for (const [what, act] of WRITING) test(what, scenario(open, act));
  });
}

/** What a create of a file asks for. */
export function file(how: "unchecked" | "guarded" | "exclusive", verifier = 0n) {
  return { kind: "file", how, verifier, attributes: {} } as const;
}

function scenario(open: () => Promise<ContractSubject>, act: (fileSystem: FileSystem) => Promise<void>) {
  return async () => {
    const subject = await open();
    try {
      await act(subject.fileSystem);
    } finally {
      await subject.close();
    }
  };
}

function sameFile(one: Attributes, other: Attributes): boolean {
  return one.fileId === other.fileId && one.kind === other.kind && one.sizeOctets === other.sizeOctets;
}
