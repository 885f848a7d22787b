import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom, systemFiles } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import type { Journal } from "../../zones/index.ts";
import { apex, JournalRig, piece, serials, watched } from "../support/journal-rig.ts";

const other = Name.parse("cs.vu.nl.");
let rig: JournalRig;
beforeEach(() => {
  rig = new JournalRig();
});
afterEach(() => rig[Symbol.dispose]());

/** A journal with ten changes of each zone in its main file and three more in its log, as a killed server leaves it. */
function written(): { readonly main: Uint8Array; readonly log: Uint8Array } {
  const journal = rig.at();
  journal.keep(
    apex,
    { pieces: [piece("a".repeat(5000))], changes: [], checkedAtSeconds: 7 },
    { digest: "d", holds: "other" },
  );
  for (let from = 1; from <= 10; from++) journal.append([rig.entry(from, apex, 200), rig.entry(from, other, 200)]);
  rig.close(journal);
  const again = rig.at();
  for (let from = 11; from <= 13; from++) again.append([rig.entry(from, apex, 200)]);
  const copies = { main: readFileSync(rig.file), log: readFileSync(`${rig.file}-wal`) };
  rig.close(again);
  return copies;
}

function put({ main, log }: { readonly main: Uint8Array; readonly log: Uint8Array }): void {
  for (const name of readdirSync(rig.folder)) rmSync(join(rig.folder, name));
  writeFileSync(rig.file, main);
  writeFileSync(`${rig.file}-wal`, log);
}

/** That what is there is a beginning of what was written, without a hole. */
function expectSound(journal: Journal): number {
  const found = serials(journal.changesSinceBase(apex).map((one) => one.change))!;
  expect(found).toEqual(Array.from(found, (_, i) => i + 2));
  return found.length;
}

describe("after a server was killed, or its file was damaged", () => {
  test("all that was acknowledged is there", () => {
    put(written());
    const journal = rig.at();
    expect(expectSound(journal)).toBe(13);
    expect(journal.changesSinceBase(other)).toHaveLength(10);
  });

  test("a log that is cut off anywhere leaves whole changes, the first of them", () => {
    const copies = written();
    const seen = new Set<number>();
    for (let cut = 0; cut <= copies.log.length; cut += 397) {
      const length = copies.log.length - cut;
      put({ main: copies.main, log: copies.log.subarray(0, length) });
      const journal = rig.at();
      seen.add(expectSound(journal));
      rig.close(journal);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([10, 11, 12, 13]);
  });

  test("a log that ends well is not told of; one that was cut or damaged is, and the last sound commit is what goes on", () => {
    const copies = written();
    const frame = 24 + 4096;
    // The frames of the last change, and one in the middle.
    const cut = copies.log.subarray(0, copies.log.length - 100);
    const spoilt = new Uint8Array(copies.log);
    spoilt[32 + frame + 24 + 50]! ^= 1;
    const last = new Uint8Array(copies.log);
    last[last.length - 50]! ^= 1;
    for (const [log, found, told] of [
      [copies.log, 13, { errors: 0, warnings: 0 }],
      [cut, 12, { errors: 0, warnings: 1 }],
      [spoilt, 10, { errors: 1, warnings: 0 }],
      [last, 12, { errors: 1, warnings: 0 }],
      [new Uint8Array(copies.log.length), 10, { errors: 1, warnings: 0 }],
    ] as const) {
      put({ main: copies.main, log });
      const { log: watching, errors, warnings } = watched();
      const journal = rig.at({}, watching);
      expect([expectSound(journal), errors.length, warnings.length]).toEqual([found, told.errors, told.warnings]);
      rig.close(journal);
    }
  });

  test("a copy of a zone that is damaged stays known as such, whatever else is mended", () => {
    const copies = written();
    put({ main: copies.main, log: new Uint8Array(0) });
    rig.tamper("UPDATE piece SET octets = zeroblob(5); UPDATE change SET sum = 0 WHERE seq = 20");
    const { log, errors } = watched();
    const journal = rig.at({}, log);
    expect(errors).toMatchObject([{ lost: expect.arrayContaining(["vu.nl.: its copy is damaged"]) as unknown }]);
    expect(journal.load(apex)).toBeNull();
    expect(journal.sourceOf(apex)).toEqual({ digest: "d", holds: "other" });
  });

  test("an index that is damaged costs no change", () => {
    const { main } = written();
    put({ main, log: new Uint8Array(0) });
    const database = new DatabaseSync(rig.file, { readOnly: true });
    const row = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'change_of_zone'").get();
    database.close();
    const from = (Number(row?.["rootpage"]) - 1) * 4096;
    put({ main: new Uint8Array(main).fill(0, from, from + 4096), log: new Uint8Array(0) });
    const { log, errors } = watched();
    const journal = rig.at({}, log);
    expect(errors).toMatchObject([{ zones: 2, changes: 20, lost: [] }]);
    expect([expectSound(journal), journal.changesSinceBase(other).length]).toEqual([10, 10]);
  });

  test("a change of before the base that is damaged is not given away", () => {
    const first = rig.at();
    for (let from = 1; from <= 3; from++) first.append([rig.entry(from)]);
    first.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    rig.close(first);
    rig.tamper("UPDATE change SET octets = zeroblob(length(octets)) WHERE seq = 2");
    const journal = rig.at();
    expect(journal.since(apex, 1)).toBeNull();
    expect(serials(journal.since(apex, 3))).toEqual([4]);
    expect(journal.history(apex, 9).map(({ by }) => by)).toEqual(["key 3", "key 1"]);
  });

  test("a start that dies while it mends, at whatever step, leaves all to the next", () => {
    const copies = written();
    const spoil = (): void => {
      put({ main: copies.main, log: new Uint8Array(0) });
      rig.tamper("UPDATE change SET sum = 0 WHERE seq = 19");
    };
    let steps = 0;
    for (let isDone = false; !isDone; steps++) {
      spoil();
      let left = steps;
      const dying = <T extends unknown[]>(work: (...words: T) => void) => {
        return (...words: T): void => {
          if (left-- === 0) throw new Error("killed");
          work(...words);
        };
      };
      const files = { ...systemFiles, writeSafely: dying(systemFiles.writeSafely), remove: dying(systemFiles.remove) };
      try {
        rig.close(rig.over(files));
        isDone = true;
      } catch (error) {
        if (!(error instanceof Error && error.message === "killed")) throw error;
      }
      const journal = rig.at();
      expect([expectSound(journal), journal.changesSinceBase(other).length]).toEqual([9, 10]);
      expect([...journal.load(apex)!.pieces]).toHaveLength(1);
      rig.close(journal);
    }
    expect(steps).toBeGreaterThan(4);
  });

  test("whatever page of the main file is damaged, it says so and goes on with what is sound", () => {
    const { main } = written();
    const random = new SeededRandom(4096);
    let told = 0;
    for (let page = 0; page * 4096 < main.length; page++) {
      const spoilt = new Uint8Array(main);
      for (let i = 0; i < 200; i++) spoilt[page * 4096 + random.below(4096)] = random.below(256);
      put({ main: spoilt, log: new Uint8Array(0) });
      const { log, errors } = watched();
      const journal = rig.at({}, log);
      const sound = expectSound(journal);
      // Where nothing is told nothing may be missing.
      if (errors.length === 0) expect([sound, journal.changesSinceBase(other).length]).toEqual([10, 10]);
      else told++;
      journal.append([rig.entry(sound + 1)]);
      rig.close(journal);
      const again = rig.at();
      expect(expectSound(again)).toBe(sound + 1);
      rig.close(again);
    }
    expect(told).toBeGreaterThan(2);
  });

  test("a flipped bit in a change is found by its checksum; the damaged file is put aside", () => {
    const { main } = written();
    const spoilt = new Uint8Array(main);
    const at = Buffer.from(spoilt).indexOf("h7\u0005", 0, "latin1");
    const label = at >= 0 ? at : Buffer.from(spoilt).lastIndexOf("xxxxxxxx");
    spoilt[label]! ^= 1;
    put({ main: spoilt, log: new Uint8Array(0) });
    const { log, errors } = watched();
    const journal = rig.at({}, log);
    expect(errors).toMatchObject([{ reason: expect.stringContaining("wrong checksum") as string }]);
    expect(expectSound(journal) + journal.changesSinceBase(other).length).toBeLessThan(20);
    const aside = readdirSync(rig.folder).filter((name) => name.includes(".damaged-"));
    expect(aside.length).toBeGreaterThan(0);
    expect([...journal.load(apex)!.pieces]).toHaveLength(1);
  });

  test("a file that is no journal at all is put aside as well", () => {
    writeFileSync(rig.file, "nonsense".repeat(1000));
    const { log, errors } = watched();
    const journal = rig.at({}, log);
    expect(errors).toHaveLength(1);
    journal.append([rig.entry(1)]);
    expect(expectSound(journal)).toBe(1);
  });

  test("a journal of a later version is refused and left as it is", () => {
    rig.close(rig.at());
    const octets = readFileSync(rig.file);
    octets[63] = 99; // PRAGMA user_version
    writeFileSync(rig.file, octets);
    expect(() => rig.at()).toThrow(/another version of strata/);
    expect(readFileSync(rig.file)[63]).toBe(99);
  });
});
