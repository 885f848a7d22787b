import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { JournalError, type LeaseNote } from "../../zones/index.ts";
import { apex, JournalRig, piece, serials, watched } from "../support/journal-rig.ts";
import { rr } from "../support/messages.ts";

const other = Name.parse("cs.vu.nl.");
let rig: JournalRig;
beforeEach(() => {
  rig = new JournalRig();
});
afterEach(() => rig[Symbol.dispose]());

describe("changes", () => {
  test("come back in order, with when and by whom, from the same file", () => {
    const first = rig.at();
    first.append([rig.entry(1), rig.entry(1, other)]);
    first.append([rig.entry(2)]);
    rig.close(first);
    const journal = rig.at();
    expect(journal.changesSinceBase(apex)).toEqual([rig.entry(1), rig.entry(2)]);
    expect(journal.changesSinceBase(other)).toEqual([rig.entry(1, other)]);
    expect(journal.history(apex, 1).map(({ by }) => by)).toEqual(["key 2"]);
  });

  test.each([
    [1, [2, 3, 4]],
    [3, [4]],
    [4, null],
    [9, null],
  ])("since serial %i: %j", (serial, expected) => {
    const journal = rig.at();
    for (const from of [1, 2, 3]) journal.append([rig.entry(from)]);
    expect(serials(journal.since(apex, serial))).toEqual(expected);
  });

  test("that do not follow one another lead nowhere", () => {
    const journal = rig.at();
    for (const from of [1, 2, 7]) journal.append([rig.entry(from)]);
    expect(journal.since(apex, 1)).toBeNull();
    expect(serials(journal.since(apex, 7))).toEqual([8]);
  });
});

describe("leases", () => {
  const lease = (name: string, endsAtSeconds: number | null): LeaseNote => {
    const { owner, type, rdata } = rr(`${name}.vu.nl. 60 A 192.0.2.1`);
    return { apex, owner, type, rdata, endsAtSeconds, by: "key k." };
  };

  test("are kept with the change that they come with, renewed and forgotten", () => {
    const first = rig.at();
    first.append([rig.entry(1)], [lease("a", 10), lease("b", 20)]);
    first.append([], [lease("a", 30), lease("b", null)]);
    rig.close(first);
    expect(rig.at().leases()).toEqual([{ ...lease("a", 30), apex: expect.any(Name) as Name }]);
  });
});

describe("the base of a zone", () => {
  test("is what was kept last, with the changes since", () => {
    const first = rig.at();
    first.append([rig.entry(1)]);
    first.keep(
      apex,
      { pieces: [piece("a"), piece("bc")], changes: [], checkedAtSeconds: 5 },
      { digest: "d", holds: "file" },
    );
    first.append([rig.entry(2)]);
    first.confirm(apex, 9);
    rig.close(first);
    const journal = rig.at();
    const kept = journal.load(apex)!;
    expect([...kept.pieces].map((octets) => new TextDecoder().decode(octets))).toEqual(["a", "bc"]);
    expect(serials(kept.changes)).toEqual([3]);
    expect(kept.checkedAtSeconds).toBe(9);
    expect(journal.sourceOf(apex)).toEqual({ digest: "d", holds: "file" });
    expect(journal.load(other)).toBeNull();
    // What was before the base is still there for a difference.
    expect(serials(journal.since(apex, 1))).toEqual([2, 3]);
  });

  test("is outgrown when the changes since are many", () => {
    const journal = rig.at();
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    journal.append([rig.entry(1, apex, 200)]);
    expect(journal.isOutgrown(apex)).toBe(false);
    journal.append(Array.from({ length: 3000 }, (_, i) => rig.entry(i + 2, apex, 250)));
    expect(journal.isOutgrown(apex)).toBe(true);
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    expect(journal.isOutgrown(apex)).toBe(false);
  });
});

describe("bounds", () => {
  test("old changes of before the base are forgotten, by age and by octets; the others never", async () => {
    const journal = rig.at({ secondsMax: 100, octetsMax: 2000 });
    journal.append([rig.entry(1), rig.entry(2)]);
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    await rig.clock.advance(101_000);
    journal.append([rig.entry(3)]);
    journal.trim();
    expect(serials(journal.since(apex, 1))).toBeNull();
    expect(serials(journal.since(apex, 3))).toEqual([4]);
    journal.append(Array.from({ length: 20 }, (_, i) => rig.entry(i + 4, apex, 200)));
    journal.trim();
    expect(journal.changesSinceBase(apex)).toHaveLength(21);
    journal.keep(apex, { pieces: [piece("b")], changes: [], checkedAtSeconds: 0 });
    journal.trim();
    const left = journal.history(apex, 100).length;
    expect(left).toBeGreaterThan(2);
    expect(left).toBeLessThan(8);
  });

  test("no more room: the change is refused, nothing is lost, and reading goes on", () => {
    const journal = rig.at({ fileOctetsMax: 200_000 });
    let kept = 0;
    const fill = (): void => {
      for (;;) {
        journal.append([rig.entry(kept + 1, apex, 250), rig.entry(kept + 2, apex, 250)]);
        kept += 2;
      }
    };
    expect(fill).toThrow(JournalError);
    expect(fill).toThrow(/the disk is full/);
    expect(journal.changesSinceBase(apex)).toHaveLength(kept);
    rig.close(journal);
    expect(rig.at().changesSinceBase(apex)).toHaveLength(kept);
  });

  test("no way to forget the old: what was written is acknowledged, or it would be there twice", () => {
    rig.close(rig.at());
    rig.tamper("CREATE TRIGGER t BEFORE DELETE ON change BEGIN SELECT RAISE(FAIL, 'no'); END");
    const { log, warnings } = watched();
    const journal = rig.at({ octetsMax: 0 }, log);
    journal.append([rig.entry(1)]);
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    journal.append(Array.from({ length: 1000 }, (_, i) => rig.entry(i + 2)));
    expect(warnings).toHaveLength(1);
    expect(journal.changesSinceBase(apex)).toHaveLength(1000);
  });

  test("no room for the first of a zone: what is written once there is room outlives the server", () => {
    const journal = rig.at({ fileOctetsMax: 200_000 });
    const kept = (octets: number): void =>
      journal.keep(apex, { pieces: [new Uint8Array(octets)], changes: [], checkedAtSeconds: 1 });
    expect(() => kept(300_000)).toThrow(/the disk is full/);
    kept(100);
    journal.append([rig.entry(1)]);
    rig.close(journal);
    expect(rig.at().load(apex)?.changes).toHaveLength(1);
  });
});

describe("one server at a time", () => {
  test("a second is refused, with what to do", () => {
    rig.at();
    expect(() => rig.at()).toThrow(/another server uses .*journal\.sqlite: stop it, or choose another --state/);
  });
});
