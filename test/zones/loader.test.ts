/** Who reads which zone, where and when: small ones in place, large ones by builders, images when there is time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Files, type Log, silentLog, SimulatedClock, systemFiles } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { BuilderError, ThreadBuilder } from "../../zones/builder.ts";
import { type LoaderParts, ZoneLoader, ZoneStore } from "../../zones/index.ts";
import { LocalBuilder } from "../support/built-zone.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { rr } from "../support/messages.ts";
import { toldBy } from "../support/zone-model.ts";
import { viewOf } from "../support/zone-told.ts";

const text = (serial: number, hosts: number): string =>
  `$TTL 60\n@ SOA ns h ${serial} 1 1 1 1\n@ NS ns\n${hosts === 0 ? "" : `$GENERATE 1-${hosts} h$ A 192.0.2.1\n`}`;
/** Files of more octets are large here. */
const LARGE = 200;
const large = (serial: number, hosts = 100): string => text(serial, hosts).padEnd(LARGE, "\n");
const zone = (name: string, file = `/${name}`) => ({ apex: Name.parse(name), file });

function world(content: Record<string, string>, changed: Partial<LoaderParts> = {}) {
  const files = new MemoryFiles(content);
  const clock = new SimulatedClock();
  const store = ZoneStore.create({ capacityOctets: 1 << 20 });
  const told: string[] = [];
  const builders: string[] = [];
  const line = (about: Readonly<Record<string, unknown>>, words: string): void =>
    void told.push(`${words}: ${String(about["reason"] ?? about["problem"] ?? about["image"] ?? about["images"])}`);
  const log: Log = { ...silentLog, info: line, warn: line };
  const loader = new ZoneLoader({
    store,
    files,
    log,
    clock,
    imageOf: ({ file }) => ({ path: `${file}.strata`, program: "Strata" }),
    largeOctets: LARGE,
    startBuilder: (priority) => {
      builders.push(priority);
      return new LocalBuilder(changed.files ?? files);
    },
    ...changed,
  });
  /** Images are written when some time has passed; threads take some of the real one. */
  const settled = async (): Promise<void> => {
    await clock.advance(1000);
    await loader.kept();
  };
  return { files, clock, store, told, builders, loader, settled };
}

test("small zones are read in place, at the start and again", async () => {
  const { loader, builders, files, store, settled } = world({ "/a": text(1, 5), "/b": "nonsense" });
  const outcomes = await loader.start([zone("a"), zone("b")]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["loaded", "refused"]);
  files.write("/a", text(2, 6));
  expect(await loader.reload(zone("a"))).toMatchObject({ kind: "loaded", records: 8, serial: 2 });
  await settled();
  expect(builders).toEqual([]);
  expect(files.exists("/a.strata")).toBe(false);
  expect(viewOf(store, Name.parse("a.")).recordCount).toBe(8);
});

test("one large zone is read in place at the start, and its image written afterwards and at leisure", async () => {
  const { loader, builders, files, told, settled, clock } = world({ "/a": large(1), "/b": text(1, 1) });
  await loader.start([zone("b"), zone("a")]);
  expect(builders).toEqual([]);
  await clock.advance(150);
  expect(builders).toEqual([]);
  await settled();
  expect(builders).toEqual(["low"]);
  expect(files.exists("/a.strata")).toBe(true);
  expect(told).toEqual(["the images of zones are written: /a.strata"]);
});

test("the next start reads the image, wherever small zones stand by then", async () => {
  const first = world({ "/a": large(1), "/b": text(1, 1) });
  await first.loader.start([zone("b"), zone("a")]);
  await first.settled();
  first.files.write("/b", text(2, 7));
  const { loader, told, store, settled, builders } = world({}, { files: first.files });
  const outcomes = await loader.start([zone("b"), zone("a")]);
  await settled();
  expect(outcomes.map(({ serial, records }) => [serial, records])).toEqual([
    [2, 9],
    [1, 102],
  ]);
  expect(told).toEqual(["a zone was loaded from its image: /a.strata"]);
  expect(builders).toEqual([]);
  for (const name of ["a.", "b."]) {
    const one = viewOf(store, Name.parse(name));
    if (name === "a.") expect(toldBy(one)).toEqual(toldBy(viewOf(first.store, Name.parse(name))));
  }
});

test("several large zones are read by builders at the same time, and leave images", async () => {
  const names = ["a", "b", "c", "d"];
  const first = world(Object.fromEntries(names.map((name, i) => [`/${name}`, large(i, 50 + i)])));
  const outcomes = await first.loader.start(names.map((name) => zone(name)));
  expect(outcomes.map(({ records }) => records)).toEqual([52, 53, 54, 55]);
  expect(first.builders.every((priority) => priority === "normal")).toBe(true);
  await first.settled();
  for (const name of names) expect(first.files.exists(`/${name}.strata`)).toBe(true);
  const again = world({}, { files: first.files });
  await again.loader.start(names.map((name) => zone(name)));
  expect(again.told).toHaveLength(4);
  for (const name of names) {
    const apex = Name.parse(name);
    expect(toldBy(viewOf(again.store, apex))).toEqual(toldBy(viewOf(first.store, apex)));
  }
  first.store.compact();
  again.store.compact();
});

test("a large zone is read again by a builder of low priority; meanwhile the old version serves and others change", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const files = new MemoryFiles({ "/a": large(1, 10) });
  const parts = world({}, { files, startBuilder: () => new LocalBuilder(files, gate) });
  const { loader, store, settled } = parts;
  await loader.start([zone("a")]);
  files.write("/a", large(2, 20));
  const reloading = loader.reload(zone("a"));
  const edit = store.edit(Name.parse("other."));
  const { owner, type, rdata } = rr("www.other. 60 A 192.0.2.9");
  edit.add(owner.octets, 0, type, 60, rdata, 0, rdata.length);
  edit.commit();
  expect(viewOf(store, Name.parse("a.")).recordCount).toBe(12);
  open();
  expect(await reloading).toMatchObject({ kind: "loaded", serial: 2, records: 22 });
  expect(viewOf(store, Name.parse("a.")).recordCount).toBe(22);
  expect(viewOf(store, Name.parse("other.")).recordCount).toBe(1);
  await settled();
  store.compact();
});

test("a zone that takes more room than its file suggests gets it", async () => {
  const { loader, store, files } = world({ "/a": large(1, 10) });
  await loader.start([zone("a")]);
  files.write("/a", large(2, 4000));
  expect(await loader.reload(zone("a"))).toMatchObject({ kind: "loaded", records: 4002 });
  expect(viewOf(store, Name.parse("a.")).recordCount).toBe(4002);
  store.compact();
});

test("a zone that takes more room than there is is refused, and the old one serves", async () => {
  const { loader, store, files } = world({ "/a": large(1, 10) });
  await loader.start([zone("a")]);
  files.write("/a", large(2, 40_000));
  const outcome = await loader.reload(zone("a"));
  expect(outcome.kind).toBe("refused");
  expect(outcome.problems[0]?.message).toContain("1048576 octets of memory");
  expect(viewOf(store, Name.parse("a.")).recordCount).toBe(12);
  store.compact();
});

test("so is one at the start", async () => {
  const { loader, store } = world({ "/a": large(1, 40_000) });
  const [outcome] = await loader.start([zone("a")]);
  expect(outcome?.problems[0]?.message).toContain("1048576 octets of memory");
  expect(store.stats).toMatchObject({ usedOctets: 8, garbageOctets: 0 });
});

test("a file with mistakes is refused by a builder too, and leaves no image", async () => {
  const { loader, store, files, settled } = world({ "/a": large(1) });
  await loader.start([zone("a")]);
  await settled();
  files.remove("/a.strata");
  files.write("/a", `${large(2)}x A 192.0.2.999\n`);
  const outcome = await loader.reload(zone("a"));
  await settled();
  expect(outcome.kind).toBe("refused");
  expect(files.exists("/a.strata")).toBe(false);
  expect(viewOf(store, Name.parse("a.")).recordCount).toBe(102);
});

test("a builder that ends is a refused load that says so, and the next one goes well", async () => {
  let isBroken = true;
  const files = new MemoryFiles({ "/a": large(1) });
  const broken = (): LocalBuilder => {
    const builder = new LocalBuilder(files);
    if (isBroken) builder.build = () => Promise.reject(new BuilderError("the thread that reads it has ended"));
    return builder;
  };
  const { loader, store } = world({}, { files, startBuilder: broken });
  await loader.start([zone("a")]);
  files.write("/a", large(2));
  const outcome = await loader.reload(zone("a"));
  expect(outcome).toMatchObject({ kind: "refused", serial: null });
  expect(outcome.problems[0]?.message).toBe("the thread that reads it has ended");
  isBroken = false;
  expect(await loader.reload(zone("a"))).toMatchObject({ kind: "loaded", serial: 2 });
  store.compact();
});

test("an image that cannot be written is one line in the log", async () => {
  const files = new MemoryFiles({ "/a": large(1) });
  const full = new LocalBuilder(files);
  full.keepDraft = () => Promise.resolve("cannot write /a.strata: the disk is full");
  const { loader, settled, told } = world({}, { files, startBuilder: () => full });
  await loader.start([zone("a")]);
  await settled();
  expect(told).toEqual(["a zone's image could not be written: cannot write /a.strata: the disk is full"]);
});

test("what ends before an image is due leaves none", async () => {
  const { loader, files, settled, builders } = world({ "/a": large(1) });
  await loader.start([zone("a")]);
  await loader.close();
  await settled();
  expect(builders).toEqual([]);
  expect(files.exists("/a.strata")).toBe(false);
});

test("an image that is being written at the end is written, unless that takes long", async () => {
  const { promise: written, resolve: finish } = Promise.withResolvers<string | null>();
  const files = new MemoryFiles({ "/a": large(1) });
  const slow = new LocalBuilder(files);
  slow.keepDraft = () => written;
  const { loader, clock } = world({}, { files, startBuilder: () => slow });
  await loader.start([zone("a")]);
  await clock.advance(1000);
  let isClosed = false;
  const closing = loader.close().then(() => (isClosed = true));
  await clock.advance(1000);
  expect(isClosed).toBe(false);
  finish(null);
  await closing;

  const stuck = world(
    {},
    {
      files,
      startBuilder: () => Object.assign(new LocalBuilder(files), { keepDraft: () => new Promise(() => undefined) }),
    },
  );
  await stuck.loader.start([zone("a")]);
  await stuck.clock.advance(1000);
  await stuck.clock.run(stuck.loader.close(), 3000);
});

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function folder(content: Record<string, string>): { path: (name: string) => string; files: Files } {
  const root = mkdtempSync(join(tmpdir(), "strata-loader-"));
  folders.push(root);
  const path = (name: string): string => join(root, name);
  for (const [name, octets] of Object.entries(content)) systemFiles.write(path(name), octets);
  return { path, files: systemFiles };
}

const threads = { startBuilder: (priority: "normal" | "low") => new ThreadBuilder(priority) };

test(
  "threads: reloads in one are those in place, and its image is read by the next start",
  { timeout: 60_000 },
  async () => {
    const { path, files } = folder({ a: large(1), more: "more A 192.0.2.1\nmore A 192.0.2.1\n" });
    const first = world({}, { files, ...threads });
    const a = zone("a", path("a"));
    await first.loader.start([a]);
    systemFiles.write(path("a"), `${large(2, 3000)}$INCLUDE more\n`);
    const outcome = await first.loader.reload(a);
    expect(outcome).toMatchObject({ kind: "loaded", serial: 2, records: 3003, duplicates: 1 });
    expect([...outcome.stamps.keys()]).toEqual([path("a"), path("more")]);
    await first.settled();
    await first.loader.close();
    const inPlace = world({}, { files, imageOf: null });
    const [plain] = await inPlace.loader.start([a]);
    const again = world({}, { files, ...threads });
    const [fromImage] = await again.loader.start([a]);
    expect(again.told).toEqual([`a zone was loaded from its image: ${path("a.strata")}`]);
    expect([outcome, fromImage]).toEqual([plain, plain]);
    const told = toldBy(viewOf(inPlace.store, a.apex));
    for (const { store } of [first, again]) expect(toldBy(viewOf(store, a.apex))).toEqual(told);
  },
);

test(
  "threads: one that is ended in the middle leaves the old version and no region lent",
  { timeout: 60_000 },
  async () => {
    const { path, files } = folder({ a: large(1, 10) });
    const { loader, store } = world({}, { files, ...threads });
    const a = zone("a", path("a"));
    await loader.start([a]);
    systemFiles.write(path("a"), large(2, 4000));
    const reloading = loader.reload(a);
    await loader.close();
    expect((await reloading).problems[0]?.message).toBe("the thread that reads it has ended");
    expect(viewOf(store, a.apex).recordCount).toBe(12);
    store.compact();
  },
);
