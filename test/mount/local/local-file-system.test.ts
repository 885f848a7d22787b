/** A local directory keeps the contract; what it gives away stays inside; its keys outlive restarts and others' renames. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog } from "../../../base/index.ts";
import { type FileKey, fileKeyOf, LocalFileSystem, type LocalFileSystemOptions } from "../../../mount/index.ts";
import {
  CONTRACT_FILES,
  contents,
  type ContractSubject,
  describeReading,
  describeReadOnly,
  describeWriting,
  file,
  good,
  listed,
  walk,
} from "../../support/file-system-contract.ts";

type Changes = Partial<LocalFileSystemOptions>;

/** A folder with the contract's files in `export/`, and room for what is not exported. */
class Ground implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "strata-local-"));
  readonly exported = join(this.folder, "export");
  readonly #opened: LocalFileSystem[] = [];

  constructor() {
    for (const [path, text] of Object.entries(CONTRACT_FILES)) this.put(`export${path}`, text);
  }

  put(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  move(from: string, to: string): void {
    renameSync(join(this.folder, from), join(this.folder, to));
  }

  async open(changes: Changes = {}): Promise<LocalFileSystem> {
    const opened = await LocalFileSystem.open({
      directory: this.exported,
      tablePath: join(this.folder, "names.sqlite"),
      isWritable: true,
      random: new SeededRandom(1),
      log: silentLog,
      ...changes,
    });
    this.#opened.push(opened);
    return opened;
  }

  async reopen(last: LocalFileSystem, changes: Changes = {}): Promise<LocalFileSystem> {
    this.#opened.splice(this.#opened.indexOf(last), 1);
    await last.close();
    return this.open(changes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of this.#opened) await opened.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const subject = (changes: Changes) => async (): Promise<ContractSubject> => {
  const ground = new Ground();
  return { fileSystem: await ground.open(changes), close: () => ground[Symbol.asyncDispose]() };
};

describe.runIf(process.platform === "linux")("a local directory", () => {
  describeReading("a local directory", subject({}));
  describeWriting("a local directory", subject({}));
  describeReadOnly("a local directory", subject({ isWritable: false }));
  // Two held files are fewer than any path has, so each step is given up and found again.
  describeReading("a local directory that holds nearly nothing", subject({ heldMax: 2 }));
  describeWriting("a local directory that holds nearly nothing", subject({ heldMax: 2 }));

  describe("keys", () => {
    const path = "/pub/globe/images/logo";
    const moves: readonly (readonly [string, (ground: Ground) => void])[] = [
      ["nothing happened", () => undefined],
      ["the file was renamed", (ground) => ground.move("export/pub/globe/images/logo", "export/pub/globe/images/l")],
      ["a directory above was renamed", (ground) => ground.move("export/pub", "export/public")],
      ["the file was moved elsewhere", (ground) => ground.move("export/pub/globe/images/logo", "export/logo")],
      [
        "its directory was moved, and others stand where both were",
        (ground) => {
          ground.move("export/pub/globe", "export/globe");
          ground.put("export/pub/globe/images/logo", "another");
        },
      ],
      [
        "two directories were put into each other's places",
        (ground) => {
          ground.move("export/pub/globe", "export/globe");
          ground.move("export/pub", "export/globe/pub");
        },
      ],
    ];
    const readAfter = async (fs: LocalFileSystem, key: FileKey): Promise<void> => {
      expect((await contents(fs, key)).toString()).toBe(CONTRACT_FILES[path]);
      expect((await good(fs.attributes(key))).sizeOctets).toBe(5000);
    };

    for (const [what, move] of moves) {
      test(`are good after a restart when ${what}`, async () => {
        await using ground = new Ground();
        const first = await ground.open();
        const { key } = await walk(first, path);
        move(ground);
        const second = await ground.reopen(first);
        await readAfter(second, key);
        await readAfter(await ground.reopen(second), key);
      });

      test(`are good in a server that goes on when ${what}`, async () => {
        await using ground = new Ground();
        const fs = await ground.open({ heldMax: 2 });
        const { key } = await walk(fs, path);
        await readAfter(fs, key);
        move(ground);
        await readAfter(fs, key);
      });
    }

    test("of two names stay good when others remove one of them", async () => {
      await using ground = new Ground();
      linkSync(join(ground.exported, "readme"), join(ground.exported, "pub/second"));
      const first = await ground.open({ searchedMax: 0 });
      const { key } = await walk(first, "/readme");
      expect((await walk(first, "/pub/second")).key).toBe(key);
      rmSync(join(ground.exported, "readme"));
      const second = await ground.reopen(first, { searchedMax: 0 });
      expect((await contents(second, key)).toString()).toBe("Strata\n");
    });

    test("of a removed file are STALE, also when its name or inode is given to another", async () => {
      await using ground = new Ground();
      const fs = await ground.open();
      const { key, attributes } = await walk(fs, "/readme");
      for (let tries = 0; tries < 20; tries++) {
        rmSync(join(ground.exported, "readme"));
        ground.put("export/readme", "another");
        if (statSync(join(ground.exported, "readme"), { bigint: true }).ino === attributes.fileId) break;
      }
      expect(await fs.attributes(key)).toBe("STALE");
      expect(await fs.read(key, 0, 10)).toBe("STALE");
      expect((await walk(fs, "/readme")).key).not.toBe(key);
    });

    test("that nobody was given, or that lead out of the search's reach, are STALE", async () => {
      await using ground = new Ground();
      const first = await ground.open();
      const { key } = await walk(first, path);
      expect(await first.attributes(fileKeyOf("x".repeat(20)))).toBe("STALE");
      expect(await first.lookup(fileKeyOf(""), "readme")).toBe("STALE");
      ground.move("export/pub/globe/images/logo", "export/pub/naïve");
      const second = await ground.reopen(first, { searchedMax: 1 });
      expect(await second.attributes(key)).toBe("STALE");
    });

    test("are told at the start that their table is not theirs to use", async () => {
      await using ground = new Ground();
      ground.put("names.sqlite", "this is no database at all, but long enough to be taken for one".repeat(20));
      await expect(ground.open()).rejects.toThrow(/names\.sqlite.*file is not a database.*remove it/);
      await expect(ground.open({ tablePath: ":memory:", directory: "/nowhere/at/all" })).rejects.toThrow(
        "cannot export /nowhere/at/all: there is no such file or directory",
      );
    });
  });

  describe("nothing climbs out", () => {
    test("links are given, not followed", async () => {
      await using ground = new Ground();
      ground.put("secret", "SECRET");
      symlinkSync("../secret", join(ground.exported, "out"));
      symlinkSync("..", join(ground.exported, "up"));
      const fs = await ground.open();
      const [out, up] = [await walk(fs, "/out"), await walk(fs, "/up")];
      expect(await good(fs.readlink(out.key))).toEqual({ target: "../secret" });
      expect(await fs.read(out.key, 0, 10)).toBe("INVAL");
      expect(await fs.write(out.key, 0, Buffer.from("x"), "file")).toBe("INVAL");
      expect(await fs.setAttributes(out.key, { sizeOctets: 0 })).toBe("INVAL");
      expect(await fs.setAttributes(out.key, { mode: 0o777 })).toBe("NOTSUPP");
      await good(fs.setAttributes(out.key, { modified: { seconds: 1, nanoseconds: 0 } }));
      expect(statSync(join(ground.folder, "secret")).mtimeMs).toBeGreaterThan(1000);
      expect(await fs.lookup(up.key, "secret")).toBe("NOTDIR");
      expect(await fs.list(up.key, 0n, 10)).toBe("NOTDIR");
      expect(await fs.create({ directory: up.key, name: "x" }, file("guarded"))).toBe("NOTDIR");
    });

    test("a directory that becomes a link is not walked any more", async () => {
      await using ground = new Ground();
      ground.put("elsewhere/globe/index.html", "SECRET");
      const fs = await ground.open({ heldMax: 1, searchedMax: 100 });
      const { key } = await walk(fs, "/pub/globe/index.html");
      const pub = await walk(fs, "/pub");
      ground.move("export/pub", "pub");
      symlinkSync("../elsewhere", join(ground.exported, "pub"));
      expect(await fs.read(key, 0, 10)).toBe("STALE");
      expect(await fs.lookup(pub.key, "globe")).toBe("STALE");
    });

    test("a held directory or file that is moved out is gone", async () => {
      await using ground = new Ground();
      const fs = await ground.open();
      const [globe, index] = [await walk(fs, "/pub/globe"), await walk(fs, "/pub/globe/index.html")];
      await contents(fs, index.key);
      await listed(fs, globe.key);
      ground.move("export/pub/globe", "globe");
      expect(await fs.lookup(globe.key, "index.html")).toBe("STALE");
      expect(await fs.lookup(globe.key, "..")).toBe("STALE");
      expect(await fs.read(index.key, 0, 10)).toBe("STALE");
      expect(await fs.create({ directory: globe.key, name: "x" }, file("guarded"))).toBe("STALE");
    });

    test("names with a slash, and empty ones, are INVAL", async () => {
      await using ground = new Ground();
      const fs = await ground.open();
      const { key } = await good(fs.root());
      for (const name of ["", "pub/globe", "../secret", "a\0b"]) {
        expect(await fs.lookup(key, name)).toBe("INVAL");
        expect(await fs.create({ directory: key, name }, file("guarded"))).toBe("INVAL");
        expect(await fs.remove({ directory: key, name })).toBe("INVAL");
        expect(await fs.rename({ directory: key, name: "readme" }, { directory: key, name })).toBe("INVAL");
      }
      expect((await good(fs.lookup(key, ".."))).key).toBe(key);
    });

    test("a fifo is shown and never opened", async () => {
      await using ground = new Ground();
      execFileSync("mkfifo", [join(ground.exported, "fifo")]);
      const fs = await ground.open();
      const { key, attributes } = await walk(fs, "/fifo");
      expect(attributes.kind).toBe("fifo");
      expect(await fs.read(key, 0, 10)).toBe("INVAL");
      expect(await fs.write(key, 0, Buffer.from("x"), "file")).toBe("INVAL");
    });
  });

  test("a directory of 3,000 entries in small pages by eight readers at once, with listings given up", async () => {
    await using ground = new Ground();
    mkdirSync(join(ground.exported, "big"));
    const names = Array.from({ length: 3000 }, (_, i) => `entry ${i}`);
    for (const name of names) ground.put(`export/big/${name}`, "");
    const fs = await ground.open();
    const { key } = await walk(fs, "/big");
    const readers = Array.from({ length: 8 }, (_, i) => listed(fs, key, 200 + i));
    for (const entries of await Promise.all(readers)) {
      expect(entries.map(({ name }) => name).sort()).toEqual([...names].sort());
      expect(new Set(entries.map(({ cookie }) => cookie)).size).toBe(3000);
    }
    // From the middle in another server's life, and twice from the same place.
    const first = await good(fs.list(key, 0n, 1000));
    const { cookie } = first.entries[499]!;
    const again = await ground.reopen(fs);
    const rest = await good(again.list(key, cookie, 5000));
    expect(rest.entries).toHaveLength(2500);
    expect(rest.isEnd).toBe(true);
    expect((await good(again.list(key, cookie, 10))).entries[0]).toEqual(rest.entries[0]);
    rmSync(join(ground.exported, "big", first.entries[499]!.name));
    const last = await ground.reopen(again);
    expect(await last.list(key, cookie, 10)).toBe("BAD_COOKIE");
  });

  test("what the user of the server may not is ACCES", async (context) => {
    if (process.getuid?.() === 0) return context.skip("root may everything");
    await using ground = new Ground();
    const fs = await ground.open();
    chmodSync(join(ground.exported, "readme"), 0);
    expect(await fs.read((await walk(fs, "/readme")).key, 0, 10)).toBe("ACCES");
  });

  test("an exclusive create is known again after a restart", async () => {
    await using ground = new Ground();
    const first = await ground.open();
    const made = await good(
      first.create({ directory: (await good(first.root())).key, name: "x" }, file("exclusive", 2n ** 64n - 1n)),
    );
    const second = await ground.reopen(first);
    const place = { directory: (await good(second.root())).key, name: "x" };
    expect((await good(second.create(place, file("exclusive", 2n ** 64n - 1n)))).key).toBe(made.key);
    expect(await second.create(place, file("exclusive", 1n))).toBe("EXIST");
  });

  test("what is held is answered at once, and no longer when it was moved away or taken off", async () => {
    await using ground = new Ground();
    const fs = await ground.open();
    const { key } = await walk(fs, "/readme");
    // Who asks a second time is held from then on.
    for (let i = 0; i < 2; i++) await fs.attributes(key);
    const seen = fs.attributes(key);
    expect(seen).not.toBeInstanceOf(Promise);
    ground.put("export/readme", "longer than before");
    await Promise.resolve();
    expect(fs.attributes(key)).toMatchObject({ sizeOctets: 18 });
    ground.move("export/readme", "elsewhere");
    await Promise.resolve();
    expect(await fs.attributes(key)).toBe("STALE");
    expect(await fs.read(key, 0, 10)).toBe("STALE");
  });

  test("room that is given back serves the next read, and what is kept stays as it is", async () => {
    await using ground = new Ground();
    const octets = Buffer.alloc(300_000, "strata ");
    writeFileSync(join(ground.exported, "long"), octets);
    const fs = await ground.open();
    const { key } = await walk(fs, "/long");
    const kept = await good(fs.read(key, 0, 100_000));
    const second = await good(fs.read(key, 7, 100_000));
    expect(second.octets.buffer).not.toBe(kept.octets.buffer);
    second.release?.();
    second.release?.();
    const third = await good(fs.read(key, 100_000, 200_000));
    expect(third.octets.buffer).toBe(second.octets.buffer);
    expect((await good(fs.read(key, 0, 100_000))).octets.buffer).not.toBe(third.octets.buffer);
    expect(Buffer.from(third.octets).equals(octets.subarray(100_000))).toBe(true);
    expect(third.isEnd).toBe(true);
    expect(Buffer.from(kept.octets).equals(octets.subarray(0, 100_000))).toBe(true);
  });
});
