/** Reloading: what changed is read again, what is wrong leaves the old version serving, and both are said. */
import { expect, test } from "vitest";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { UsageError } from "../../cli/failure.ts";
import { type Loader, ZoneKeeper } from "../../cli/zone-keeper.ts";
import { type LoadedZone, ZoneLoader, ZoneStore } from "../../zones/index.ts";
import { MemoryFiles } from "../support/memory-files.ts";

const text = (serial: number, more = ""): string =>
  `@ 300 SOA ns h ${serial} 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.1\n${more}`;
const zone = (name: string, file: string) => ({ name: Name.parse(name), file, layer: null });

function keeper(content: Record<string, string>, ...zones: ReturnType<typeof zone>[]) {
  const files = new MemoryFiles(content);
  const notes: string[] = [];
  const published: string[] = [];
  const store = ZoneStore.create({ capacityOctets: 1 << 20 });
  const loading = new ZoneLoader({ store, files, log: silentLog, clock: new SimulatedClock(), imageOf: null });
  const told = (outcome: LoadedZone): LoadedZone => {
    if (outcome.kind === "loaded") published.push(outcome.apex.toString());
    return outcome;
  };
  /** Reloads wait here while it is closed. */
  let gate = Promise.resolve();
  const loader: Loader = {
    start: async (wanted) => (await loading.start(wanted)).map(told),
    reload: async (wanted) => {
      await gate;
      return told(await loading.reload(wanted));
    },
    isLarge: ({ file }) => file.includes("large"),
    close: () => loading.close(),
  };
  const closeGate = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return resolve;
  };
  const made = new ZoneKeeper(zones, { loader, files, note: (note) => notes.push(note) });
  return { files, notes, published, closeGate, keeper: made };
}

test("only zones whose file has changed are read again", async () => {
  const parts = keeper({ "/a": text(1), "/b": text(1) }, zone("a.", "/a"), zone("b.", "/b"));
  await parts.keeper.load();
  await parts.keeper.reload();
  expect(parts.notes).toEqual(["reload: no zone file has changed"]);
  parts.files.write("/b", text(2));
  await parts.keeper.reload();
  expect(parts.published).toEqual(["a.", "b.", "b."]);
  expect(parts.notes[1]).toBe("reload: b. has 3 records, serial 2");
});

test("a change in an included file counts", async () => {
  const parts = keeper({ "/z/a": text(1, "$INCLUDE more\n"), "/z/more": "x 300 A 192.0.2.2\n" }, zone("a.", "/z/a"));
  await parts.keeper.load();
  expect(parts.keeper.records(Name.parse("a."))).toBe(4);
  parts.files.write("/z/more", "x 300 A 192.0.2.2\ny 300 A 192.0.2.3\n");
  await parts.keeper.reload();
  expect(parts.keeper.records(Name.parse("a."))).toBe(5);
});

test("a broken file leaves the old version serving and says why; once mended it is taken", async () => {
  const parts = keeper({ "/a": text(1) }, zone("a.", "/a"));
  await parts.keeper.load();
  parts.files.write("/a", text(2, "x 300 A 192.0.2.999\n"));
  await parts.keeper.reload();
  expect(parts.notes[0]).toMatch(/^\/a:4:9: error: /);
  expect(parts.notes[0]).toContain("reload: a. goes on with serial 1");
  expect(parts.keeper.records(Name.parse("a."))).toBe(3);
  parts.files.write("/a", text(3));
  await parts.keeper.reload();
  expect(parts.notes[1]).toBe("reload: a. has 3 records, serial 3");
});

test("a file that is gone leaves the old version serving", async () => {
  const parts = keeper({ "/a": text(1) }, zone("a.", "/a"));
  await parts.keeper.load();
  parts.files.remove("/a");
  await parts.keeper.reload();
  expect(parts.notes[0]).toContain("there is no such file");
  expect(parts.notes[0]).toContain("goes on with serial 1");
});

test("at the start one wrong zone does not take the others down, but is told", async () => {
  const parts = keeper({ "/a": text(1), "/b": "nonsense\n" }, zone("a.", "/a"), zone("b.", "/b"));
  await parts.keeper.load();
  expect(parts.published).toEqual(["a."]);
  expect(parts.notes[0]).toContain("not served until mended: b.");
});

test("when no zone can be served, that ends the start", async () => {
  const parts = keeper({ "/b": "nonsense\n" }, zone("b.", "/b"));
  await expect(parts.keeper.load()).rejects.toThrow(UsageError);
});

test("of very many problems in a file the first are shown and the rest is counted", async () => {
  const parts = keeper({ "/b": "x 300 A nonsense\n".repeat(100) }, zone("b.", "/b"));
  await expect(parts.keeper.load()).rejects.toThrow(/and \d+ more in the same file/);
});

test("a reload asked for during another looks once more, and once only", async () => {
  const parts = keeper({ "/a": text(1), "/b": text(1) }, zone("a.", "/a"), zone("b.", "/b"));
  await parts.keeper.load();
  parts.files.write("/a", text(2));
  const open = parts.closeGate();
  const first = parts.keeper.reload();
  // The first has looked already, so it does not know of this one.
  parts.files.write("/b", text(7));
  const others = [parts.keeper.reload(), parts.keeper.reload()];
  open();
  await Promise.all([first, ...others]);
  expect(parts.notes).toEqual(["reload: a. has 3 records, serial 2", "reload: b. has 3 records, serial 7"]);
});

test("zones that are quick to read do not wait for large ones", async () => {
  const parts = keeper({ "/large": text(1), "/b": text(1) }, zone("a.", "/large"), zone("b.", "/b"));
  await parts.keeper.load();
  parts.files.write("/large", text(2));
  parts.files.write("/b", text(2));
  await parts.keeper.reload();
  expect(parts.published.slice(2)).toEqual(["b.", "a."]);
});

test("what ends while it reloads says nothing more", async () => {
  const parts = keeper({ "/a": text(1) }, zone("a.", "/a"));
  await parts.keeper.load();
  parts.files.write("/a", text(2));
  const open = parts.closeGate();
  const reloading = parts.keeper.reload();
  await parts.keeper.close();
  open();
  await reloading;
  expect(parts.notes).toEqual([]);
});

test("what is asked of one zone reads no other, and tells whether its file came to be served", async () => {
  const parts = keeper({ "/a": text(1), "/b": text(1) }, zone("a.", "/a"), zone("b.", "/b"));
  await parts.keeper.load();
  parts.files.write("/a", text(2));
  parts.files.write("/b", text(2, "x 300 A 192.0.2.999\n"));
  expect(await parts.keeper.reload({ zone: Name.parse("a.") })).toEqual([]);
  expect(parts.notes).toEqual(["reload: a. has 3 records, serial 2"]);
  expect(await parts.keeper.reload()).toEqual([Name.parse("b.")]);
  parts.files.write("/b", text(3));
  expect(await parts.keeper.reload()).toEqual([]);
});

test("a serial that was forgotten is told, since secondaries go by it", async () => {
  const parts = keeper({ "/a": text(7) }, zone("a.", "/a"));
  await parts.keeper.load();
  for (const serial of [7, 6, 8]) {
    parts.files.write("/a", text(serial, `h${serial} 300 A 192.0.2.1\n`));
    await parts.keeper.reload();
  }
  expect(parts.notes.map((note) => /which is not newer than (\d)/.exec(note)?.[1])).toEqual(["7", "7", undefined]);
});
