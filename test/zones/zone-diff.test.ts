import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { formatRecord } from "../../zones/index.ts";
import { Name, recordsOf, type Rr } from "../../dns/index.ts";
import { type ChangeSet, diffZones, ZoneDraft, ZoneStore, ZoneView } from "../../zones/index.ts";
import { rrs } from "../support/messages.ts";
import { addRecord } from "../support/zone-changes.ts";
import { nameBelow } from "../support/wild-zone.ts";

const apex = Name.parse("example.");
const soa = (serial: number): string => `example. 300 SOA ns.example. admin.example. ${serial} 3600 600 86400 300\n`;

function storeWith(records: readonly Rr[]): ZoneStore {
  const store = ZoneStore.create({ capacityOctets: 1 << 22 });
  const edit = store.replace(apex);
  for (const record of records) addRecord(edit, record);
  edit.commit();
  return store;
}

const versionOf = (store: ZoneStore) => ({ views: store.arena, zone: store.zoneOf(apex) });
const told = (change: ChangeSet | null): string[] | null =>
  change === null
    ? null
    : [
        ...change.removed.map((record) => `- ${formatRecord(record)}`),
        ...change.added.map((record) => `+ ${formatRecord(record)}`),
      ];

function diffOf(before: string, after: string): string[] | null {
  return told(diffZones(versionOf(storeWith(rrs(before))), versionOf(storeWith(rrs(after)))));
}

describe("what makes one version into another", () => {
  const base = `${soa(1)}a.example. 60 A 192.0.2.1\na.example. 60 A 192.0.2.2\nb.example. 60 TXT "b"`;
  test.each([
    ["nothing", base, null],
    ["the serial alone", base.replace(soa(1), soa(2)), []],
    [
      "a record of an RRset",
      base.replace("192.0.2.2", "192.0.2.3"),
      ["- a.example.\t60\tIN\tA\t192.0.2.2", "+ a.example.\t60\tIN\tA\t192.0.2.3"],
    ],
    [
      "a TTL",
      base.replace("b.example. 60", "b.example. 61"),
      ['- b.example.\t60\tIN\tTXT\t"b"', '+ b.example.\t61\tIN\tTXT\t"b"'],
    ],
    [
      "another order of records",
      `${soa(1)}a.example. 60 A 192.0.2.2\na.example. 60 A 192.0.2.1\nb.example. 60 TXT "b"`,
      null,
    ],
    [
      "a name that is gone, one that came",
      base.replace("b.example.", "c.b.example."),
      ['- b.example.\t60\tIN\tTXT\t"b"', '+ c.b.example.\t60\tIN\tTXT\t"b"'],
    ],
  ])("%s", (_, after, expected) => expect(diffOf(base, after)).toEqual(expected));

  test.each(Array.from({ length: 20 }, (_, i) => i + 1))("made on the first it gives the second (seed %i)", (seed) => {
    const random = new SeededRandom(seed);
    const names = Array.from({ length: 40 }, () => nameBelow(apex, random));
    const zone = (): Rr[] => {
      const lines = names.flatMap((name) =>
        random.below(3) === 0 ? [] : [`${name.toString()} ${random.below(3)} A 192.0.2.${random.below(4)}`],
      );
      return rrs(soa(random.below(9)) + lines.join("\n"));
    };
    const first = storeWith(zone());
    const second = storeWith(zone());
    const change = diffZones(versionOf(first), versionOf(second));
    const edit = first.edit(apex);
    const draft = new ZoneDraft(edit);
    for (const { owner, type, rdata } of change?.removed ?? []) expect(draft.remove(owner, type, rdata)).toBe(true);
    for (const record of change?.added ?? []) {
      draft.add(record);
      draft.setTtl(record.owner, record.type, record.ttlSeconds);
    }
    if (change !== null) draft.setSoa(change.soaAfter.rdata, change.soaAfter.ttlSeconds);
    edit.commit();
    const all = (store: ZoneStore): string[] =>
      recordsOf([...ZoneView.of(store, apex)!.rrsets()])
        .map(formatRecord)
        .sort();
    expect(all(first)).toEqual(all(second));
    expect(diffZones(versionOf(first), versionOf(second))).toBeNull();
  });
});
