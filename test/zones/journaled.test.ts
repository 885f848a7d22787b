import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLog, SimulatedClock, systemFiles } from "../../base/index.ts";
import { isNewerSerial, Name, TYPE } from "../../dns/index.ts";
import {
  Journal,
  JournaledZones,
  type JournalEntry,
  JournalError,
  type Settled,
  toSerial,
  ZoneChanger,
  ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";
import { addRecord } from "../support/zone-changes.ts";

const apex = Name.parse("example.");
const zoneText = (serial: number, more = ""): string =>
  `example. 300 SOA ns.example. admin.example. ${serial} 3600 600 86400 300\nexample. 300 NS ns.example.\n${more}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-journaled-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, "journal.sqlite");

/** A server from its start, when the file was read, to its end. */
class Life {
  readonly settled: Settled;
  readonly #store = ZoneStore.create({ capacityOctets: 1 << 22 });
  readonly #clock = new SimulatedClock(1_000_000);
  readonly #journal: Journal;
  readonly #journaled: JournaledZones;
  readonly #changer: ZoneChanger;

  /** A file of null cannot be read. */
  constructor(file: string | null) {
    const clock = this.#clock;
    this.#journal = Journal.open(path(), { clock, log: silentLog, files: systemFiles });
    const parts = { store: this.#store, journal: this.#journal, clock, log: silentLog };
    this.#journaled = new JournaledZones(parts);
    this.#changer = new ZoneChanger({ ...parts, changeLog: this.#journaled });
    if (file !== null) this.#publish(file);
    this.settled = this.#journaled.settle(apex, { digest: file ?? "", isLoaded: file !== null });
    this.#journaled.settledAll();
  }

  /** Reads the file again. */
  reload(file: string): JournalEntry | null {
    const before = { views: this.#store.arena, zone: this.#store.zoneOf(apex) };
    this.#publish(file);
    return this.#journaled.tookFile(apex, { before, digest: file, by: "file" });
  }

  async add(record: string): Promise<void> {
    await this.#clock.run(this.#changer.submit({ apex, by: "test", work: (draft) => draft.add(rr(record)) }));
  }

  /** Has the journal refuse whatever it is given, until it is told otherwise. */
  fill(): () => void {
    const { append, keep } = this.#journal;
    const refuse = (): never => {
      throw new JournalError("FULL", "the disk is full");
    };
    this.#journal.append = refuse;
    this.#journal.keep = refuse;
    return () => {
      this.#journal.append = append;
      this.#journal.keep = keep;
    };
  }

  /** Whether a file that is edited now would have the user decide. */
  get asksToDecide(): boolean {
    return this.#journaled.hasOwnChanges(apex);
  }

  get serial(): number | null {
    return ZoneView.of(this.#store, apex)?.serial ?? null;
  }

  has(name: string): boolean {
    return (ZoneView.of(this.#store, apex)?.get(Name.parse(name), TYPE.A) ?? null) !== null;
  }

  steps(serial: number): number[] | null {
    return this.#journal.since(apex, serial)?.map(toSerial) ?? null;
  }

  end(): void {
    this.#changer.close();
    this.#journal.close();
  }

  #publish(file: string): void {
    const edit = this.#store.replace(apex);
    for (const record of rrs(file)) addRecord(edit, record);
    edit.commit();
  }
}

/** Does something to the tables while no server runs. */
function tampered(statements: string): void {
  const database = new DatabaseSync(path());
  database.exec(statements);
  database.close();
}

const A = "a.example. 60 A 192.0.2.1";
const B = "b.example. 60 A 192.0.2.2";
const C = "c.example. 60 A 192.0.2.3";

describe("at a start", () => {
  test("the changes since are made on the file", async () => {
    const first = new Life(zoneText(1));
    expect(first.settled).toEqual({ kind: "file" });
    await first.add(A);
    await first.add(B);
    first.end();
    const second = new Life(zoneText(1));
    expect(second.settled).toEqual({ kind: "replayed", changes: 2 });
    expect([second.serial, second.has("a.example."), second.has("b.example.")]).toEqual([3, true, true]);
    second.end();
  });

  test("a file that was edited, or cannot be read, does not undo the changes", async () => {
    const first = new Life(zoneText(1));
    await first.add(A);
    first.end();
    for (const [file, kind] of [
      [zoneText(9, B), "both-changed"],
      [null, "journal"],
    ] as const) {
      const life = new Life(file);
      expect(life.settled).toEqual({ kind });
      expect([life.serial, life.has("a.example."), life.has("b.example.")]).toEqual([2, true, false]);
      life.end();
    }
  });

  test("a file whose serial is forgotten again and again is still the only one that was edited", () => {
    const first = new Life(zoneText(1));
    first.reload(zoneText(1, A));
    expect([first.serial, first.asksToDecide]).toEqual([2, false]);
    first.end();
    const second = new Life(zoneText(1, `${A}\n${B}`));
    expect(second.settled).toEqual({ kind: "file" });
    expect([second.serial, second.asksToDecide]).toEqual([3, false]);
    second.end();
  });

  test.each([
    ["and given a serial", 7, 7],
    ["and its serial forgotten", 3, 4],
    ["and its serial set back", 2, 4],
  ])("a file that alone was edited, %s, is one change more: nobody keeps the old version", (_, serial, expected) => {
    const first = new Life(zoneText(1));
    first.reload(zoneText(2, A));
    first.reload(zoneText(3, A));
    first.end();
    const second = new Life(zoneText(serial, `${A}\n${B}`));
    expect(second.settled).toEqual({ kind: "file" });
    expect([second.serial, second.has("b.example.")]).toEqual([expected, true]);
    expect(second.steps(1)).toEqual([2, 3, expected]);
    second.end();
    const third = new Life(zoneText(serial, `${A}\n${B}`));
    expect(third.serial).toBe(expected);
    third.end();
  });
});

describe("what is damaged", () => {
  /** Whose base is not in the file. */
  async function lived(): Promise<void> {
    const life = new Life(zoneText(5));
    life.reload(zoneText(4, A));
    await life.add(B);
    expect(life.serial).toBe(7);
    life.end();
  }

  test.each([
    ["the base", "UPDATE piece SET octets = zeroblob(9)"],
    ["what the changes begin from", "UPDATE zone SET base_seq = 0"],
  ])("%s: the file is served, newer than all before, and what is changed from then on is kept", async (_, damage) => {
    await lived();
    tampered(damage);
    const second = new Life(zoneText(4, A));
    expect(second.settled).toEqual({ kind: "lost" });
    expect([second.serial, second.has("a.example."), second.has("b.example.")]).toEqual([8, true, false]);
    await second.add(C);
    second.end();
    const third = new Life(zoneText(4, A));
    expect([third.serial, third.has("c.example.")]).toEqual([9, true]);
    third.end();
  });
});

describe("a log whose last commits are damaged", () => {
  /** Serial 4 was acknowledged; what is on disk of that, and of 3, is spoilt. */
  async function killed(): Promise<void> {
    const life = new Life(zoneText(1));
    await life.add(A);
    const soundOctets = readFileSync(`${path()}-wal`).length;
    await life.add(B);
    await life.add(C);
    const copies = ["", "-wal"].map((ending) => [path() + ending, readFileSync(path() + ending)] as const);
    life.end();
    for (const [file, octets] of copies) writeFileSync(file, octets);
    const log = copies[1]![1];
    log[soundOctets + 24 + 100]! ^= 1;
    writeFileSync(`${path()}-wal`, log);
  }

  function expectLeapt(life: Life): number {
    expect([life.has("a.example."), life.has("b.example."), life.has("c.example.")]).toEqual([true, false, false]);
    expect(life.serial).toBeGreaterThan(4);
    // Whoever has a version that was lost is given the whole zone, and no changes that are made of another.
    expect([life.steps(3), life.steps(4)]).toEqual([null, null]);
    expect(life.steps(1)).toEqual([2, life.serial]);
    return life.serial!;
  }

  test("no serial of what was lost stands for another version, and the next start does not leap again", async () => {
    await killed();
    const second = new Life(zoneText(1));
    const serial = expectLeapt(second);
    await second.add(B);
    second.end();
    const third = new Life(zoneText(1));
    expect([third.serial, third.has("b.example.")]).toEqual([serial + 1, true]);
    third.end();
  });

  test("a start that is killed after it has found that leaves it to the next", async () => {
    await killed();
    Journal.open(path(), { clock: new SimulatedClock(0), log: silentLog, files: systemFiles }).close();
    expect(existsSync(`${path()}.lost`)).toBe(true);
    const life = new Life(zoneText(1));
    expectLeapt(life);
    life.end();
    expect(existsSync(`${path()}.lost`)).toBe(false);
  });

  test.each([
    ["a log whose main file is gone", () => rmSync(path())],
    ["a log whose main file is empty", () => writeFileSync(path(), "")],
    ["a journal that is something else", () => (rmSync(`${path()}-wal`), writeFileSync(path(), "x".repeat(5000)))],
  ])("%s: all is lost but what stands in the zone's file, and every version ever is older", async (_what, spoil) => {
    await killed();
    spoil();
    const life = new Life(zoneText(1));
    expect(life.has("a.example.")).toBe(false);
    expect(isNewerSerial(life.serial!, 1_000_000)).toBe(true);
    expect(life.asksToDecide).toBe(false);
    life.end();
    const next = new Life(zoneText(1));
    expect(next.serial).toBe(life.serial);
    next.end();
    const aside = readdirSync(folder).filter((name) => name.includes(".damaged-"));
    expect(aside.some((name) => readFileSync(join(folder, name)).length > 4096)).toBe(true);
  });
});

describe("a full disk", () => {
  test("does not undo a reload, and what is changed once there is room is kept", async () => {
    const first = new Life(zoneText(1));
    await first.add(A);
    const empty = first.fill();
    first.reload(zoneText(9, B));
    expect(first.serial).toBe(9);
    await expect(first.add(C)).rejects.toMatchObject({ code: "DISK" });
    expect(first.has("c.example.")).toBe(false);
    empty();
    await first.add(C);
    first.end();
    const second = new Life(zoneText(9, B));
    expect([second.serial, second.has("a.example."), second.has("b.example."), second.has("c.example.")]).toEqual([
      10,
      false,
      true,
      true,
    ]);
    second.end();
  });
});
