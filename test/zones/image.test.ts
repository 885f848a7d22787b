/** Images of zones: what was loaded comes back the same, and whatever does not fit is told and not believed. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { ARENA_START, ArenaFullError } from "../../zones/arena.ts";
import { type Building, buildZone, type BuildWish, draftOf } from "../../zones/build.ts";
import { IMAGE_FORMAT, imageParts } from "../../zones/image.ts";
import { formatProblem, type ZoneFileToLoad, ZoneStore } from "../../zones/index.ts";
import { SourceFiles } from "../../zones/source-files.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { generateZones } from "../support/zone-generator.ts";
import { toldBy } from "../support/zone-model.ts";
import { viewOf } from "../support/zone-told.ts";

const PATH = "/z/example.zone.strata";
const PLACE = { path: PATH, program: "Strata 1" };
const example: ZoneFileToLoad = { apex: Name.parse("example."), file: "/z/example.zone", layer: "managerial" };
const TEXT = "@ SOA ns h 7 1 1 1 1\n@ NS ns\nns 300 A 192.0.2.1\nns 300 A 192.0.2.1\n$INCLUDE more\n*.w TXT any\n";

function newStore(capacityOctets = 1 << 20): ZoneStore {
  return ZoneStore.create({ capacityOctets });
}

function load(store: ZoneStore, files: MemoryFiles, changed: Partial<BuildWish> = {}): Building {
  const region = changed.region ?? store.lend(1 << 19);
  const wish = { zone: example, image: PLACE, ...changed, region };
  const sources = new SourceFiles(files);
  const building = buildZone(sources, wish);
  const draft = draftOf(building, wish, sources);
  if (building.built === null) store.takeBack(wish.region);
  else store.settle(wish.region, wish.zone.apex, building.built);
  if (draft !== null) files.writeSafely(draft.place.path, imageParts(draft));
  return building;
}

/** Files with the zone and its image, as a load leaves them. */
function loaded(text = TEXT, { areSettled } = { areSettled: false }): MemoryFiles {
  const files = new MemoryFiles({ "/z/example.zone": text, "/z/more": "more A 192.0.2.2\n" });
  files.areSettled = areSettled;
  expect(load(newStore(), files)).toMatchObject({ kind: "loaded", isFromImage: false, unfitImage: null });
  return files;
}

describe("a zone from its image is the zone from its text", () => {
  test.each(generateZones(412, 30).map((zone) => [zone.features.join(", "), zone] as const))("%s", (_, given) => {
    const files = new MemoryFiles({ "/z/a": given.text });
    const zone = { apex: Name.parse(given.apex), file: "/z/a" };
    const fromText = newStore();
    const first = load(fromText, files, { zone });
    if (first.kind === "refused") return expect(files.exists(PATH)).toBe(false);
    const inPlace = newStore();
    const elsewhere = newStore();
    elsewhere.edit(Name.parse("before.")).commit();
    for (const store of [inPlace, elsewhere]) {
      const { kind, isFromImage, counts, problems, stamps } = load(store, files, { zone });
      expect({ kind, isFromImage, counts, problems, stamps }).toEqual({
        kind: "loaded",
        isFromImage: true,
        counts: first.counts,
        problems: first.problems,
        stamps: first.stamps,
      });
      expect(toldBy(viewOf(store, zone.apex))).toEqual(toldBy(viewOf(fromText, zone.apex)));
      const { usedOctets, garbageOctets } = store.stats;
      store.compact();
      expect(usedOctets - garbageOctets).toBe(store.stats.usedOctets);
      expect(toldBy(viewOf(store, zone.apex))).toEqual(toldBy(viewOf(fromText, zone.apex)));
    }
  });
});

test("warnings are told again, by the names that files have now", () => {
  const files = loaded();
  const again = load(newStore(), files);
  expect(again.isFromImage).toBe(true);
  expect(again.problems.map(formatProblem).join("\n")).toMatch(/^\/z\/example.zone:4:\d+: warning: this record stands/);
  expect([...again.stamps.keys()]).toEqual(["/z/example.zone", "/z/more"]);
});

test("a zone of many octets comes back whole", () => {
  const files = new MemoryFiles({
    "/z/example.zone": "$TTL 60\n@ SOA ns h 7 1 1 1 1\n@ NS ns\n$GENERATE 1-30000 h$ A 192.0.2.1\n",
  });
  const capacity = 1 << 23;
  const wish = (store: ZoneStore): Partial<BuildWish> => ({ region: store.lend(capacity) });
  const store = newStore(capacity);
  load(store, files, wish(store));
  expect(files.read(PATH).length).toBeGreaterThan(1 << 20);
  const again = newStore(capacity);
  expect(load(again, files, wish(again)).isFromImage).toBe(true);
  expect(toldBy(viewOf(again, example.apex))).toEqual(toldBy(viewOf(store, example.apex)));
});

test("what stands in the arena may change while an image is written: it is summed up as it is written", () => {
  const files = loaded();
  const store = newStore();
  const wish = { zone: example, region: store.lend(1 << 19), image: PLACE };
  const sources = new SourceFiles(files);
  files.remove(PATH);
  const draft = draftOf(buildZone(sources, wish), wish, sources)!;
  const written: Uint8Array[] = [];
  for (const part of imageParts(draft)) {
    written.push(part.slice());
    // Octets of the arena that are behind what has been written, or before it, wherever the writer is.
    store.octets[draft.built.end - 1]! ^= 1;
  }
  files.writeSafely(PATH, written);
  expect(load(newStore(), files).isFromImage).toBe(true);
});

test("a zone of an image can be edited", () => {
  const files = loaded();
  const store = newStore();
  load(store, files);
  const edit = store.edit(example.apex);
  edit.removeName(Name.parse("*.w.example."));
  edit.commit();
  expect(viewOf(store, example.apex).recordCount).toBe(4);
});

describe("the text of an image is read", () => {
  const texts = ["/z/example.zone", "/z/more"];
  test.each<[string, readonly string[], boolean, (files: MemoryFiles) => void]>([
    ["not while the system says that it is the same file", [], true, () => undefined],
    ["where the system cannot say so", texts, false, () => undefined],
    ["where it could not when the image was written", texts, false, (files) => void (files.areSettled = true)],
    ["where it cannot now", texts, true, (files) => void (files.areSettled = false)],
    ["of a copy", ["/z/more"], true, (files) => files.putInPlace("/z/more", files.read("/z/more").slice())],
  ])("%s", (_, expected, areSettled, change) => {
    const files = loaded(TEXT, { areSettled });
    change(files);
    files.takeReads();
    const { isFromImage, stamps } = load(newStore(), files);
    expect({ isFromImage, reads: files.takeReads() }).toEqual({ isFromImage: true, reads: expected });
    // A reload looks for changes of all of them.
    expect([...stamps.keys()]).toEqual(texts);
  });
});

describe("the text is read instead, and why is told", () => {
  const damage = (files: MemoryFiles, change: (octets: Uint8Array) => Uint8Array): void =>
    files.write(PATH, change(files.read(PATH).slice()));
  const flipped = (at: number) => (octets: Uint8Array) => {
    octets[at < 0 ? octets.length + at : at]! ^= 1;
    return octets;
  };
  const rewritten = (files: MemoryFiles, path: string): void => files.write(path, files.read(path).slice());

  test.each<[string, string, (files: MemoryFiles) => Partial<BuildWish> | void]>([
    [
      "the zone's file is another",
      "/z/example.zone has changed",
      (files) => files.write("/z/example.zone", TEXT.replace(" 7 ", " 8 ")),
    ],
    ["the zone's file is longer", "/z/example.zone has changed", (files) => files.write("/z/example.zone", `${TEXT};`)],
    ["the zone's file has another time", "/z/example.zone has changed", (files) => rewritten(files, "/z/example.zone")],
    ["an included file is another", "/z/more has changed", (files) => files.write("/z/more", "more A 192.0.2.3\n")],
    ["an included file has another time", "/z/more has changed", (files) => rewritten(files, "/z/more")],
    [
      "a file has other content with the length and time of before",
      "/z/example.zone has changed",
      (files) => {
        files.read("/z/example.zone")[TEXT.indexOf("any")] = 0x41;
      },
    ],
    ["an included file has other content so", "/z/more has changed", (files) => void (files.read("/z/more")[0] = 0x4d)],
    [
      "another program wrote it",
      "Strata 1 wrote it, and this is Strata 2",
      () => ({ image: { ...PLACE, program: "Strata 2" } }),
    ],
    [
      "another zone has the file",
      "it is the image of another zone",
      () => ({ zone: { ...example, apex: Name.parse("other.") } }),
    ],
    ["another layer", "the default TTL is another now", () => ({ zone: { ...example, layer: "global" } })],
    ["no layer", "the default TTL is another now", () => ({ zone: { ...example, layer: null } })],
    [
      "others may write it",
      "others than this server's user may have written it",
      (files) => void (files.isOursAlone = false),
    ],
    ["it is empty", "it is cut off or has too much", (files) => files.write(PATH, "")],
    ["it is something else", "it is no image of a zone", (files) => files.write(PATH, "@ SOA ns h 7 1 1 1 1\n")],
    ["its head is damaged", "it is damaged", (files) => damage(files, flipped(40))],
    ["its zone is damaged", "it is damaged", (files) => damage(files, flipped(-9))],
    ["it is cut off", "it is cut off or has too much", (files) => damage(files, (octets) => octets.subarray(0, -1))],
    [
      "it has too much",
      "it is cut off or has too much",
      (files) => damage(files, (octets) => Uint8Array.of(...octets, 0)),
    ],
  ])("%s: %s", (_, reason, change) => {
    const files = loaded();
    const changed = change(files) ?? {};
    const building = load(newStore(), files, changed);
    expect(building.isFromImage).toBe(false);
    expect(building.unfitImage?.reason).toBe(reason);
    expect(building.kind).toBe("loaded");
    // It left a new image, which is good again.
    files.isOursAlone = true;
    expect(load(newStore(), files, changed).isFromImage).toBe(true);
  });

  test("files that were replaced by others with their length and time, however settled", () => {
    const files = loaded(TEXT, { areSettled: true });
    files.putInPlace("/z/more", new TextEncoder().encode("more A 192.0.2.9\n"));
    const building = load(newStore(), files);
    expect(building.unfitImage?.reason).toBe("/z/more has changed");
    expect(building.isFromImage).toBe(false);
  });

  test("an included file that is gone", () => {
    const files = loaded();
    files.remove("/z/more");
    const building = load(newStore(), files);
    expect(building).toMatchObject({ kind: "refused", isFromImage: false });
    expect(building.unfitImage).toMatchObject({ reason: "/z/more is gone", isStale: true });
  });

  test("no image is no fault", () => {
    const files = loaded();
    files.remove(PATH);
    expect(load(newStore(), files)).toMatchObject({ kind: "loaded", isFromImage: false, unfitImage: null });
  });

  test("none is wanted: none is read or written", () => {
    const files = loaded();
    expect(load(newStore(), files, { image: null })).toMatchObject({ isFromImage: false, unfitImage: null });
    files.remove(PATH);
    load(newStore(), files, { image: null });
    expect(files.exists(PATH)).toBe(false);
  });
});

describe("an image that is not whole is never believed", () => {
  const files = loaded();
  const whole = files.read(PATH).slice();
  const told = toldBy(viewOf(storeOf(files), example.apex));

  function storeOf(from: MemoryFiles): ZoneStore {
    const store = newStore();
    load(store, from);
    return store;
  }

  function expectText(octets: Uint8Array, what: string): void {
    files.write(PATH, octets);
    const store = newStore(1 << 16);
    expect(load(store, files).isFromImage, what).toBe(false);
    expect(toldBy(viewOf(store, example.apex)), what).toEqual(told);
  }

  test("every prefix", { timeout: 120_000 }, () => {
    for (let length = 0; length < whole.length; length++) expectText(whole.subarray(0, length), `${length} octets`);
  });

  test("every flipped bit", { timeout: 120_000 }, () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const octets = whole.slice();
      octets[bit >> 3]! ^= 1 << (bit & 7);
      expectText(octets, `bit ${bit}`);
    }
  });
});

test("a region that is too small for the image is told so, as for the text", () => {
  const files = loaded();
  const store = newStore();
  const region = store.lend(64);
  expect(buildZone(new SourceFiles(files), { zone: example, region, image: PLACE }).kind).toBe("too-small");
  expect(() => store.lend(1 << 21)).not.toThrow(ArenaFullError);
});

/**
 * What an image holds is what stands in the arena. Whoever changes how zones stand there raises IMAGE_FORMAT, so that images
 * written before are not believed, and writes the new digest here.
 */
test("the format's number belongs to how zones stand in memory", () => {
  const digest = createHash("sha256");
  for (const { apex, text } of generateZones(1, 20)) {
    const store = newStore();
    const files = new MemoryFiles({ "/z/a": text });
    const { built } = load(store, files, { zone: { apex: Name.parse(apex), file: "/z/a" }, image: null });
    if (built === null) continue;
    digest.update(JSON.stringify(built)).update(store.octets.slice(ARENA_START, store.stats.usedOctets));
  }
  expect([IMAGE_FORMAT, digest.digest("hex")]).toEqual([
    3,
    "4b48440ca920be22c044be2fe19b03a935527f7ab7ae2a936a2b46be2b4d8ee1",
  ]);
});
