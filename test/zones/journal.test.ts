import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Log, SeededRandom, silentLog, SimulatedClock, systemFiles } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import {
  type ChangeSet,
  Journal,
  type JournalBounds,
  type JournalEntry,
  JournalError,
  type LeaseNote,
  toSerial,
} from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";

const apex = Name.parse("VU.nl.");
const other = Name.parse("cs.vu.nl.");
let folder: string;
let clock: SimulatedClock;
const open: Journal[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-journal-"));
  clock = new SimulatedClock(1_000_000);
});
afterEach(() => {
  for (const journal of open.splice(0)) journal.close();
  rmSync(folder, { recursive: true });
});

const file = (): string => join(folder, "journal.sqlite");

function journalAt(bounds: Partial<JournalBounds> = {}, log: Log = silentLog): Journal {
  const journal = Journal.open(file(), { clock, log, files: systemFiles, bounds });
  open.push(journal);
  return journal;
}

function closed(journal: Journal): void {
  open.splice(open.indexOf(journal), 1);
  journal.close();
}

const soa = (serial: number) => rr(`vu.nl. 300 SOA ns.vu.nl. admin.vu.nl. ${serial} 3600 600 86400 300`);

function change(from: number, zone = apex, padding = 0): ChangeSet {
  const added = [rr(`h${from}.${zone.toString()} 60 TXT "${"x".repeat(padding)}"`)];
  return {
    apex: zone,
    soaBefore: soa(from),
    soaAfter: soa(from + 1),
    removed: rrs("old.vu.nl. 60 A 192.0.2.1"),
    added,
  };
}

const entry = (from: number, zone = apex, padding = 0): JournalEntry => ({
  change: change(from, zone, padding),
  atSeconds: clock.wallSeconds(),
  by: `key ${from}`,
});

const serials = (changes: readonly ChangeSet[] | null): number[] | null => changes?.map(toSerial) ?? null;
const piece = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("changes", () => {
  test("come back in order, with when and by whom, from the same file", () => {
    const first = journalAt();
    first.append([entry(1), entry(1, other)]);
    first.append([entry(2)]);
    closed(first);
    const journal = journalAt();
    expect(journal.changesSinceBase(apex)).toEqual([entry(1), entry(2)]);
    expect(journal.changesSinceBase(other)).toEqual([entry(1, other)]);
    expect(journal.history(apex, 1).map(({ by }) => by)).toEqual(["key 2"]);
  });

  test.each([
    [1, [2, 3, 4]],
    [3, [4]],
    [4, null],
    [9, null],
  ])("since serial %i: %j", (serial, expected) => {
    const journal = journalAt();
    for (const from of [1, 2, 3]) journal.append([entry(from)]);
    expect(serials(journal.since(apex, serial))).toEqual(expected);
  });

  test("that do not follow one another lead nowhere", () => {
    const journal = journalAt();
    for (const from of [1, 2, 7]) journal.append([entry(from)]);
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
    const first = journalAt();
    first.append([entry(1)], [lease("a", 10), lease("b", 20)]);
    first.append([], [lease("a", 30), lease("b", null)]);
    closed(first);
    expect(journalAt().leases()).toEqual([{ ...lease("a", 30), apex: expect.any(Name) as Name }]);
  });
});

describe("the base of a zone", () => {
  test("is what was kept last, with the changes since", () => {
    const first = journalAt();
    first.append([entry(1)]);
    first.keep(
      apex,
      { pieces: [piece("a"), piece("bc")], changes: [], checkedAtSeconds: 5 },
      { digest: "d", isFile: true },
    );
    first.append([entry(2)]);
    first.confirm(apex, 9);
    closed(first);
    const journal = journalAt();
    const kept = journal.load(apex)!;
    expect([...kept.pieces].map((octets) => new TextDecoder().decode(octets))).toEqual(["a", "bc"]);
    expect(serials(kept.changes)).toEqual([3]);
    expect(kept.checkedAtSeconds).toBe(9);
    expect(journal.sourceOf(apex)).toEqual({ digest: "d", isFile: true });
    expect(journal.load(other)).toBeNull();
    // What was before the base is still there for a difference.
    expect(serials(journal.since(apex, 1))).toEqual([2, 3]);
  });

  test("is outgrown when the changes since are many", () => {
    const journal = journalAt();
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    journal.append([entry(1, apex, 200)]);
    expect(journal.isOutgrown(apex)).toBe(false);
    journal.append(Array.from({ length: 3000 }, (_, i) => entry(i + 2, apex, 250)));
    expect(journal.isOutgrown(apex)).toBe(true);
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    expect(journal.isOutgrown(apex)).toBe(false);
  });
});

describe("bounds", () => {
  test("old changes of before the base are forgotten, by age and by octets; the others never", async () => {
    const journal = journalAt({ secondsMax: 100, octetsMax: 2000 });
    journal.append([entry(1), entry(2)]);
    journal.keep(apex, { pieces: [piece("a")], changes: [], checkedAtSeconds: 0 });
    await clock.advance(101_000);
    journal.append([entry(3)]);
    journal.trim();
    expect(serials(journal.since(apex, 1))).toBeNull();
    expect(serials(journal.since(apex, 3))).toEqual([4]);
    journal.append(Array.from({ length: 20 }, (_, i) => entry(i + 4, apex, 200)));
    journal.trim();
    expect(journal.changesSinceBase(apex)).toHaveLength(21);
    journal.keep(apex, { pieces: [piece("b")], changes: [], checkedAtSeconds: 0 });
    journal.trim();
    const left = journal.history(apex, 100).length;
    expect(left).toBeGreaterThan(2);
    expect(left).toBeLessThan(8);
  });

  test("no more room: the change is refused, nothing is lost, and reading goes on", () => {
    const journal = journalAt({ fileOctetsMax: 200_000 });
    let kept = 0;
    const fill = (): void => {
      for (;;) {
        journal.append([entry(kept + 1, apex, 250), entry(kept + 2, apex, 250)]);
        kept += 2;
      }
    };
    expect(fill).toThrow(JournalError);
    expect(fill).toThrow(/the disk is full/);
    expect(journal.changesSinceBase(apex)).toHaveLength(kept);
    closed(journal);
    expect(journalAt().changesSinceBase(apex)).toHaveLength(kept);
  });

  test("no room for the first of a zone: what is written once there is room outlives the server", () => {
    const journal = journalAt({ fileOctetsMax: 200_000 });
    const kept = (octets: number): void =>
      journal.keep(apex, { pieces: [new Uint8Array(octets)], changes: [], checkedAtSeconds: 1 });
    expect(() => kept(300_000)).toThrow(/the disk is full/);
    kept(100);
    journal.append([entry(1)]);
    closed(journal);
    expect(journalAt().load(apex)?.changes).toHaveLength(1);
  });
});

describe("one server at a time", () => {
  test("a second is refused, with what to do", () => {
    journalAt();
    expect(() => journalAt()).toThrow(/another server uses .*journal\.sqlite: stop it, or choose another --state/);
  });
});

/** Errors that were logged. */
function watched(): { readonly log: Log; readonly errors: unknown[] } {
  const errors: unknown[] = [];
  return { errors, log: { ...silentLog, error: (about: unknown) => void errors.push(about) } };
}

/** A journal with ten changes of each zone in its main file and three more in its log, as a killed server leaves it. */
function written(): { readonly main: Uint8Array; readonly log: Uint8Array } {
  const journal = journalAt();
  journal.keep(
    apex,
    { pieces: [piece("a".repeat(5000))], changes: [], checkedAtSeconds: 7 },
    { digest: "d", isFile: false },
  );
  for (let from = 1; from <= 10; from++) journal.append([entry(from, apex, 200), entry(from, other, 200)]);
  closed(journal);
  const again = journalAt();
  for (let from = 11; from <= 13; from++) again.append([entry(from, apex, 200)]);
  const copies = { main: readFileSync(file()), log: readFileSync(`${file()}-wal`) };
  closed(again);
  return copies;
}

function put({ main, log }: { readonly main: Uint8Array; readonly log: Uint8Array }): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  writeFileSync(file(), main);
  writeFileSync(`${file()}-wal`, log);
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
    const journal = journalAt();
    expect(expectSound(journal)).toBe(13);
    expect(journal.changesSinceBase(other)).toHaveLength(10);
  });

  test("a log that is cut off anywhere leaves whole changes, the first of them", () => {
    const copies = written();
    const seen = new Set<number>();
    for (let cut = 0; cut <= copies.log.length; cut += 397) {
      const length = copies.log.length - cut;
      put({ main: copies.main, log: copies.log.subarray(0, length) });
      const journal = journalAt();
      seen.add(expectSound(journal));
      closed(journal);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([10, 11, 12, 13]);
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
      const journal = journalAt({}, log);
      const sound = expectSound(journal);
      // Where nothing is told nothing may be missing.
      if (errors.length === 0) expect([sound, journal.changesSinceBase(other).length]).toEqual([10, 10]);
      else told++;
      journal.append([entry(sound + 1)]);
      closed(journal);
      const again = journalAt();
      expect(expectSound(again)).toBe(sound + 1);
      closed(again);
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
    const journal = journalAt({}, log);
    expect(errors).toMatchObject([{ reason: expect.stringContaining("wrong checksum") as string }]);
    expect(expectSound(journal) + journal.changesSinceBase(other).length).toBeLessThan(20);
    const aside = readdirSync(folder).filter((name) => name.includes(".damaged-"));
    expect(aside.length).toBeGreaterThan(0);
    expect([...journal.load(apex)!.pieces]).toHaveLength(1);
  });

  test("a file that is no journal at all is put aside as well", () => {
    writeFileSync(file(), "nonsense".repeat(1000));
    const { log, errors } = watched();
    const journal = journalAt({}, log);
    expect(errors).toHaveLength(1);
    journal.append([entry(1)]);
    expect(expectSound(journal)).toBe(1);
  });

  test("a journal of a later version is refused and left as it is", () => {
    closed(journalAt());
    const octets = readFileSync(file());
    octets[63] = 99; // PRAGMA user_version
    writeFileSync(file(), octets);
    expect(() => journalAt()).toThrow(/another version of strata/);
    expect(readFileSync(file())[63]).toBe(99);
  });
});
