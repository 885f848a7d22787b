import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import { DataError, Name, TYPE } from "../../dns/index.ts";
import {
  type ChangeLog,
  ChangeLogError,
  type ChangeSet,
  decodeChangeSet,
  encodeChangeSet,
  fromSerial,
  type JournalEntry,
  toSerial,
  ZoneChanger,
  type ZoneDraft,
  ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import { rr, rrs } from "../support/messages.ts";
import { addRecord } from "../support/zone-changes.ts";

const apex = Name.parse("example.");
const other = Name.parse("other.");
const ZONE = `
  example.     300 SOA ns.example. admin.example. 7 3600 600 86400 300
  example.     300 NS ns.example.
  ns.example.  300 A 192.0.2.1
  www.example. 300 A 192.0.2.2
  www.example. 300 A 192.0.2.3
`;

class MemoryLog implements ChangeLog {
  readonly commits: (readonly JournalEntry[])[] = [];
  isFull = false;

  append(entries: readonly JournalEntry[]): void {
    if (this.isFull) throw new ChangeLogError("the disk is full");
    this.commits.push(entries);
  }
}

function served(): { store: ZoneStore; clock: SimulatedClock; log: MemoryLog; changer: ZoneChanger } {
  const store = ZoneStore.create({ capacityOctets: 1 << 22 });
  for (const [zone, text] of [
    [apex, ZONE],
    [other, "other. 60 SOA ns.example. admin.example. 1 3600 600 86400 60"],
  ] as const) {
    const edit = store.edit(zone);
    for (const record of rrs(text)) addRecord(edit, record);
    edit.commit();
  }
  const clock = new SimulatedClock();
  const log = new MemoryLog();
  return { store, clock, log, changer: new ZoneChanger({ store, clock, log: silentLog, changeLog: log }) };
}

const adds =
  (text: string) =>
  (draft: ZoneDraft): void => {
    for (const record of rrs(text)) draft.add(record);
  };
const told = ({ removed, added }: ChangeSet): string[] => [
  ...removed.map(({ owner, type, rdata }) => `- ${owner.toString()} ${type} ${rdata.join(".")}`),
  ...added.map(({ owner, type, rdata }) => `+ ${owner.toString()} ${type} ${rdata.join(".")}`),
];

describe("changes of a served zone", () => {
  test("what comes together shares one commit of the journal, each with a serial of its own", async () => {
    const { store, clock, log, changer } = served();
    const submitted = ["a.example. 60 A 192.0.2.10", "b.example. 60 A 192.0.2.11"].map((text) =>
      changer.submit({ apex, by: "test", work: adds(text) }),
    );
    const elsewhere = changer.submit({ apex: other, by: "test", work: adds("x.other. 1 A 192.0.2.12") });
    expect(ZoneView.of(store, apex)?.serial).toBe(7);
    const [a, b] = await clock.run(Promise.all(submitted));
    await elsewhere;
    expect([fromSerial(a!.change!), toSerial(a!.change!), toSerial(b!.change!)]).toEqual([7, 8, 9]);
    expect(log.commits.map((entries) => entries.length)).toEqual([3]);
    expect(ZoneView.of(store, apex)?.serial).toBe(9);
  });

  test("one that fails takes back its own part only", async () => {
    const { store, clock, changer } = served();
    const failing = changer.submit({
      apex,
      by: "test",
      work: (draft) => {
        draft.removeName(Name.parse("www.example."));
        draft.setTtl(apex, TYPE.NS, 1);
        draft.add(rr("ns.example. 300 A 192.0.2.9"));
        throw new RangeError("no");
      },
    });
    const good = changer.submit({ apex, by: "test", work: adds("a.example. 60 A 192.0.2.10") });
    await expect(clock.run(failing)).rejects.toThrow(RangeError);
    expect(told((await good).change!)).toEqual(["+ a.example. 1 192.0.2.10"]);
    const view = ZoneView.of(store, apex)!;
    expect(view.get(Name.parse("www.example."), TYPE.A)?.rdatas).toHaveLength(2);
    expect(view.get(Name.parse("ns.example."), TYPE.A)?.rdatas).toHaveLength(1);
    expect(view.get(apex, TYPE.NS)?.ttlSeconds).toBe(300);
    expect(view.recordCount).toBe(6);
  });

  test("nothing is published that could not be written down", async () => {
    const { store, clock, log, changer } = served();
    log.isFull = true;
    const submitted = changer.submit({ apex, by: "test", work: adds("a.example. 60 A 192.0.2.10") });
    await expect(clock.run(submitted)).rejects.toMatchObject({ code: "DISK" });
    expect(ZoneView.of(store, apex)?.serial).toBe(7);
    expect(ZoneView.of(store, apex)?.get(Name.parse("a.example."), TYPE.A)).toBeNull();
    log.isFull = false;
    const again = await clock.run(changer.submit({ apex, by: "test", work: adds("a.example. 60 A 192.0.2.10") }));
    expect(toSerial(again.change!)).toBe(8);
  });

  test("a change of nothing gets no serial and is not kept", async () => {
    const { clock, log, changer } = served();
    const submitted = changer.submit({
      apex,
      by: "test",
      work: (draft) => {
        draft.remove(Name.parse("www.example."), TYPE.A, Uint8Array.of(192, 0, 2, 2));
        draft.add(rr("www.example. 300 A 192.0.2.2"));
      },
    });
    expect((await clock.run(submitted)).change).toBeNull();
    expect(log.commits).toEqual([]);
  });

  test("another TTL is told as the record removed and added", async () => {
    const { clock, changer } = served();
    const owner = Name.parse("ns.example.");
    const submitted = changer.submit({ apex, by: "test", work: (draft) => draft.setTtl(owner, TYPE.A, 5) });
    const { change } = await clock.run(submitted);
    expect(change!.removed.map(({ ttlSeconds }) => ttlSeconds)).toEqual([300]);
    expect(change!.added.map(({ ttlSeconds }) => ttlSeconds)).toEqual([5]);
  });

  test("frozen zones, and those of others, are left alone", async () => {
    const { clock, changer } = served();
    changer.freeze(apex);
    const work = adds("a.example. 60 A 192.0.2.10");
    await expect(clock.run(changer.submit({ apex, by: "test", work }))).rejects.toMatchObject({ code: "FROZEN" });
    expect(changer.thaw(apex)).toBe(true);
    await clock.run(changer.submit({ apex, by: "test", work }));
    const unknown = Name.parse("unknown.");
    await expect(clock.run(changer.submit({ apex: unknown, by: "test", work }))).rejects.toMatchObject({
      code: "NO_ZONE",
    });
  });
});

describe("change sets as the journal keeps them", () => {
  const change: ChangeSet = {
    apex,
    soaBefore: rr("example. 300 SOA ns.example. admin.example. 7 3600 600 86400 300"),
    soaAfter: rr("example. 300 SOA ns.example. admin.example. 8 3600 600 86400 300"),
    removed: rrs("www.example. 300 A 192.0.2.2"),
    added: rrs('www.example. 300 A 192.0.2.4\nt.example. 4294967295 TXT "x"'),
  };

  test("come back as they were", () => {
    expect(decodeChangeSet(apex, encodeChangeSet(change))).toEqual(change);
  });

  test("that are cut off or spoilt are refused as such", () => {
    const whole = encodeChangeSet(change);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeChangeSet(apex, whole.subarray(0, length)), `${length} octets`).toThrow(DataError);
    }
    const random = new SeededRandom(7);
    for (let i = 0; i < 2000; i++) {
      const spoilt = whole.slice();
      spoilt[random.below(spoilt.length)]! ^= 1 << random.below(8);
      try {
        decodeChangeSet(apex, spoilt);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    }
  });
});
