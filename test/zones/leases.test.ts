/** Leases of records (RFC 9664), on a simulated clock. */
import { describe, expect, test } from "vitest";
import { silentLog, SimulatedClock } from "../../base/index.ts";
import { Name, TYPE } from "../../dns/index.ts";
import {
  addedRecords,
  applyUpdates,
  type ChangeLog,
  ChangeLogError,
  grantLease,
  type JournalEntry,
  LEASE_BOUNDS,
  type LeaseNote,
  Leases,
  toSerial,
  ZoneChanger,
  type ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import { storeOf } from "../support/name-server.ts";
import { updateOf } from "../support/updates.ts";

const apex = Name.parse("example.");
const ZONE = `
  example.     300 SOA ns.example. admin.example. 7 3600 600 86400 300
  example.     300 NS ns.example.
  www.example. 300 A 192.0.2.2
`;

/** What a journal keeps: the changes, and the leases that hold. */
class MemoryLog implements ChangeLog {
  readonly entries: JournalEntry[] = [];
  notes: LeaseNote[] = [];
  appends = 0;
  isFull = false;

  append(entries: readonly JournalEntry[], leases: readonly LeaseNote[]): void {
    if (this.isFull) throw new ChangeLogError("the disk is full");
    this.appends++;
    this.entries.push(...entries);
    for (const note of leases) {
      this.notes = this.notes.filter((other) => keyOf(other) !== keyOf(note));
      if (note.endsAtSeconds !== null) this.notes.push(note);
    }
  }
}

const keyOf = ({ owner, type, rdata }: LeaseNote): string => `${owner.key} ${type} ${rdata.join()}`;

class Rig {
  readonly clock: SimulatedClock;
  readonly log: MemoryLog;
  readonly store: ZoneStore;
  readonly leases: Leases;
  readonly changer: ZoneChanger;
  /** What the leases had logged. */
  readonly logged: string[] = [];

  constructor({ clock = new SimulatedClock(), log = new MemoryLog(), store = storeOf({ "example.": ZONE }) } = {}) {
    this.clock = clock;
    this.log = log;
    this.store = store;
    const say = (about: unknown, text?: string): void => void this.logged.push(text ?? String(about));
    this.leases = new Leases({ clock, log: { ...silentLog, info: say, warn: say } });
    this.changer = new ZoneChanger({ store, clock, log: silentLog, changeLog: log, leases: this.leases });
    this.leases.start(this.changer, log.notes);
  }

  async update(text: string, seconds: number | null = null, keySeconds: number | null = null): Promise<void> {
    await this.clock.run(this.submit(text, seconds, keySeconds));
  }

  submit(text: string, seconds: number | null = null, keySeconds: number | null = null): Promise<unknown> {
    const { updates } = updateOf(text);
    return this.changer.submit({
      apex,
      by: "key k.",
      work: (draft) => {
        applyUpdates(draft, updates);
        return addedRecords(draft, updates);
      },
      wishOf: (added) => ({ added, lease: seconds === null ? null : { seconds, keySeconds } }),
    });
  }

  has(name: string, type: number = TYPE.A): boolean {
    return ZoneView.of(this.store, apex)!.get(Name.parse(name), type) !== null;
  }

  get serial(): number {
    return ZoneView.of(this.store, apex)!.serial;
  }

  get told(): string[] {
    return this.leases.of(apex).map(({ owner, type, endsAtSeconds }) => `${owner.toString()} ${type} ${endsAtSeconds}`);
  }
}

const PC = "add pc.example. 30 A 192.0.2.24";

describe("a record with a lease", () => {
  test("goes when the lease ends, by a change in the journal", async () => {
    const rig = new Rig();
    await rig.update(PC, 30);
    await rig.clock.advance(29_500);
    expect(rig.has("pc.example.")).toBe(true);
    await rig.clock.advance(700);
    expect(rig.has("pc.example.")).toBe(false);
    expect(rig.log.entries.map(({ by, change }) => [by, toSerial(change)])).toEqual([
      ["key k.", 8],
      ["lease", 9],
    ]);
    expect(rig.log.notes).toEqual([]);
    expect(rig.told).toEqual([]);
  });

  test("stays as long as it is renewed, which gives the zone no serial", async () => {
    const rig = new Rig();
    for (let i = 0; i < 10; i++) {
      await rig.update(PC, 30);
      await rig.clock.advance(20_000);
    }
    expect([rig.has("pc.example."), rig.serial]).toEqual([true, 8]);
    await rig.clock.advance(10_200);
    expect([rig.has("pc.example."), rig.serial]).toEqual([false, 9]);
  });

  test("is renewed at no cost twice in a second", async () => {
    const rig = new Rig();
    await rig.update(PC, 30);
    await rig.update(PC, 30);
    expect(rig.log.appends).toBe(1);
  });

  test("stays for good once somebody adds it without one", async () => {
    const rig = new Rig();
    await rig.update(PC, 30);
    await rig.update(PC);
    await rig.clock.advance(100_000);
    expect(rig.has("pc.example.")).toBe(true);
    expect(rig.log.notes).toEqual([]);
  });

  test("that is deleted takes its lease with it: what comes in its place stays", async () => {
    const rig = new Rig();
    await rig.update(PC, 30);
    await rig.update("delete pc.example.");
    await rig.update(PC);
    expect(rig.told).toEqual([]);
    await rig.clock.advance(100_000);
    expect(rig.has("pc.example.")).toBe(true);
  });

  test("is that record whatever the case of its names", async () => {
    const rig = new Rig();
    await rig.update("add pc.example. 30 MX 1 Mail.example.", 30);
    await rig.update("add PC.example. 30 MX 1 mail.EXAMPLE.", 60);
    expect(rig.told).toHaveLength(1);
    await rig.clock.advance(61_000);
    expect(rig.has("pc.example.", TYPE.MX)).toBe(false);
  });

  test("moves: the old address goes at once, the new one has the lease", async () => {
    const rig = new Rig();
    await rig.update(PC, 30);
    await rig.update("delete pc.example. A\nadd pc.example. 30 A 192.0.2.25", 40);
    expect(rig.log.notes.map(({ rdata }) => rdata.join("."))).toEqual(["192.0.2.25"]);
  });

  test("whose TTL changes keeps its lease", async () => {
    const rig = new Rig();
    await rig.update(PC, 30);
    await rig.update("add pc.example. 60 A 192.0.2.26");
    expect(rig.told).toHaveLength(1);
  });
});

describe("KEY records", () => {
  const both = `${PC}\nadd pc.example. 30 KEY \\# 4 02000300`;

  test.each([
    [100, true],
    [null, false],
  ])("have a lease of their own, where one is asked for: %s", async (keySeconds, isLonger) => {
    const rig = new Rig();
    await rig.update(both, 30, keySeconds);
    await rig.clock.advance(31_000);
    expect(rig.has("pc.example.")).toBe(false);
    expect(rig.has("pc.example.", TYPE.KEY)).toBe(isLonger);
    await rig.clock.advance(100_000);
    expect(rig.has("pc.example.", TYPE.KEY)).toBe(false);
  });
});

test("what makes the zone a zone gets no lease", async () => {
  const rig = new Rig();
  await rig.update("add example. 300 NS ns.example.\nadd example. 300 TXT x", 30);
  expect(rig.told).toHaveLength(1);
  await rig.clock.advance(31_000);
  expect([rig.has("example.", TYPE.NS), rig.has("example.", TYPE.TXT)]).toEqual([true, false]);
});

test("leases that end together are one change", async () => {
  const rig = new Rig();
  await rig.update(Array.from({ length: 50 }, (_, i) => `add pc${i}.example. 30 A 192.0.2.1`).join("\n"), 30);
  await rig.clock.advance(31_000);
  expect(rig.log.entries).toHaveLength(2);
  expect(rig.log.entries[1]!.change.removed).toHaveLength(50);
});

test("a renewal that comes in the very commit in which the lease ends counts", async () => {
  const rig = new Rig();
  await rig.update(PC, 30);
  await rig.clock.advance(29_999);
  // Both are submitted before the commit.
  const renewed = rig.clock.after(1, () => void rig.submit(PC, 30));
  await rig.clock.advance(2000);
  expect(rig.has("pc.example.")).toBe(true);
  expect(rig.told).toHaveLength(1);
  renewed.cancel();
});

describe("after a restart", () => {
  test("leases go on, and those that ended meanwhile end at once", async () => {
    const first = new Rig();
    await first.update(PC, 30);
    await first.update("add other.example. 30 A 192.0.2.1", 300);
    first.leases.close();
    await first.clock.advance(60_000);
    expect(first.has("pc.example.")).toBe(true);
    const second = new Rig(first);
    await second.clock.advance(200);
    expect([second.has("pc.example."), second.has("other.example.")]).toEqual([false, true]);
    await second.clock.advance(241_000);
    expect(second.has("other.example.")).toBe(false);
  });
});

describe("while records cannot be removed", () => {
  test.each([
    ["because the disk is full", (rig: Rig) => (rig.log.isFull = true), (rig: Rig) => (rig.log.isFull = false)],
    ["because the zone is frozen", (rig: Rig) => rig.changer.freeze(apex), (rig: Rig) => rig.changer.thaw(apex)],
  ])("%s it is tried again, and said when that begins, now and then, and when it is over", async (_why, begin, end) => {
    const rig = new Rig();
    await rig.update(PC, 30);
    begin(rig);
    await rig.clock.advance(60_000);
    expect(rig.has("pc.example.")).toBe(true);
    expect(rig.logged).toEqual([expect.stringContaining("still answered")]);
    await rig.clock.advance(660_000);
    expect(rig.logged).toHaveLength(2);
    end(rig);
    await rig.clock.advance(5000);
    expect(rig.has("pc.example.")).toBe(false);
    expect(rig.logged).toHaveLength(3);
  });
});

test("a lease that could not be written down does not hold, nor does the record", async () => {
  const rig = new Rig();
  rig.log.isFull = true;
  await expect(rig.update(PC, 30)).rejects.toMatchObject({ code: "DISK" });
  rig.log.isFull = false;
  await rig.update("add other.example. 30 A 192.0.2.1");
  expect([rig.told, rig.has("pc.example.")]).toEqual([[], false]);
});

test("a version that came otherwise takes the leases of what it lacks", async () => {
  const rig = new Rig();
  await rig.update(PC, 30);
  const { change } = rig.log.entries[0]!;
  rig.changer.announce({
    change: { ...change, removed: change.added, added: change.removed },
    by: "file example.zone",
    atSeconds: 0,
  });
  expect([rig.told, rig.log.notes]).toEqual([[], []]);
});

test.each([
  [
    { seconds: 1, keySeconds: null },
    { seconds: 30, keySeconds: null },
  ],
  [
    { seconds: 3600, keySeconds: 1 },
    { seconds: 3600, keySeconds: 30 },
  ],
  [
    { seconds: 0xffff_ffff, keySeconds: 0xffff_ffff },
    { seconds: 86_400, keySeconds: 604_800 },
  ],
])("within the bounds (RFC 9664 §8): %o", (asked, granted) => {
  expect(grantLease(asked, LEASE_BOUNDS)).toEqual(granted);
});
