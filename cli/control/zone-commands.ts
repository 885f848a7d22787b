/**
 * What a running server can be asked about the content of its zones: what their files would change, what has changed, to change it as a
 * file says, to go back, and how it was.
 */
import { compareOctets, type Files, systemClock } from "../../base/index.ts";
import { isNewerSerial, type Name, recordsOf, type Rr, TYPE, typeFromText } from "../../dns/index.ts";
import { LocalError } from "../../net/index.ts";
import {
  ChangeError,
  type ChangeSet,
  diffZones,
  formatProblem,
  formatRecord,
  fromSerial,
  type Journal,
  loadZone,
  meaningOf,
  soaWithSerial,
  toSerial,
  type ZoneChanger,
  type ZoneDraft,
  ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import type { ServeSettings } from "../settings.ts";
import type { ControlChannel, ControlWords } from "./channel.ts";

export interface ZoneCommandsParts {
  readonly settings: ServeSettings;
  readonly store: ZoneStore;
  readonly changer: ZoneChanger;
  readonly journal: Journal | null;
  readonly files: Files;
}

/** A change as it is told: records in presentation format. */
export interface ToldChange {
  readonly from: number;
  readonly to: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** See `meaningOf`; empty in a history. */
  readonly meaning: readonly string[];
  /** Of one that was made. */
  readonly atSeconds: number | null;
  readonly by: string | null;
}

/** Records of one change that are told; the rest is counted in `meaning`. */
const RECORDS_TOLD = 1000;
const HISTORY_MAX = 10_000;

export function addZoneCommands(channel: ControlChannel, parts: ZoneCommandsParts): void {
  channel.add("zone-diff", (given) => toldDiff(parts, given.requiredZone(), fileOf(parts, given.requiredZone())));
  channel.add("zone-plan", (given) => toldDiff(parts, given.requiredZone(), given.required("file")));
  channel.add("zone-apply", (given) => apply(parts, given.requiredZone(), given.required("file")));
  channel.add("zone-rollback", (given) => rollback(parts, given.requiredZone(), given.number("serial")));
  channel.add("zone-history", (given) => history(parts, given));
  channel.add("zone-at", (given) => recordsAt(parts, given));
}

function viewOf({ store }: ZoneCommandsParts, apex: Name): ZoneView {
  const view = ZoneView.of(store, apex);
  if (view === null) throw new LocalError("NO_ZONE", `this server does not serve the zone ${apex.toString()}`);
  return view;
}

/** The closest zone here that encloses the name. */
function zoneAbove({ store }: ZoneCommandsParts, name: Name): Name {
  for (let apex: Name | null = name; apex !== null; apex = apex.parent()) if (store.zoneOf(apex) !== 0) return apex;
  throw new LocalError("NO_ZONE", `this server serves no zone for ${name.toString()}`);
}

function fileOf({ settings }: ZoneCommandsParts, apex: Name): string {
  const zone = settings.zones.find(({ name }) => name.equals(apex));
  if (zone !== undefined) return zone.file;
  throw new LocalError("NO_FILE", `the zone ${apex.toString()} is not read from a file here`);
}

/** What stands in the file, in a store of its own. Throws LocalError with all that is wrong with it. */
function readFile({ files, settings }: ZoneCommandsParts, apex: Name, file: string): ZoneStore {
  const layer = settings.zones.find(({ name }) => name.equals(apex))?.layer ?? null;
  const store = ZoneStore.create();
  const { kind, problems } = loadZone({ store, files }, { apex, file, layer });
  if (kind === "loaded") return store;
  throw new LocalError("USAGE", problems.map(formatProblem).join("\n"));
}

/** Null where the file says what is served: a serial alone that is not newer asks for no version of its own. */
function diffOf(parts: ZoneCommandsParts, apex: Name, read: ZoneStore): ChangeSet | null {
  viewOf(parts, apex);
  const { store } = parts;
  const [before, after] = [store, read].map((one) => ({ views: one.arena, zone: one.zoneOf(apex) }));
  const change = diffZones(before!, after!);
  if (change === null || change.removed.length + change.added.length > 0) return change;
  const { soaBefore, soaAfter } = change;
  const isSoaSame =
    soaBefore.ttlSeconds === soaAfter.ttlSeconds &&
    compareOctets(soaWithSerial(soaBefore.rdata, toSerial(change)), soaAfter.rdata) === 0;
  return isSoaSame && !isNewerSerial(toSerial(change), fromSerial(change)) ? null : change;
}

function toldDiff(parts: ZoneCommandsParts, apex: Name, file: string): ToldChange | null {
  const read = readFile(parts, apex, file);
  const change = diffOf(parts, apex, read);
  if (change === null) return null;
  const [before, after] = [viewOf(parts, apex), ZoneView.of(read, apex)!];
  const meaning = meaningOf(change, {
    before: (owner, type) => before.get(owner, type) !== null,
    after: (owner, type) => after.get(owner, type) !== null,
  });
  return { ...told(change), meaning };
}

function told(change: ChangeSet): ToldChange {
  const lines = (records: readonly Rr[]): string[] => records.slice(0, RECORDS_TOLD).map(formatRecord);
  const { removed, added } = change;
  return {
    from: fromSerial(change),
    to: toSerial(change),
    removed: lines(removed),
    added: lines(added),
    meaning: [],
    atSeconds: null,
    by: null,
  };
}

async function apply(parts: ZoneCommandsParts, apex: Name, file: string): Promise<ToldChange | null> {
  const change = diffOf(parts, apex, readFile(parts, apex, file));
  if (change === null) return null;
  return submitted(parts, apex, `file ${file}`, (draft) => {
    redo(draft, change.removed, change.added);
    draft.setSoa(change.soaAfter.rdata, change.soaAfter.ttlSeconds);
  });
}

async function rollback(parts: ZoneCommandsParts, apex: Name, serial: number | null): Promise<ToldChange | null> {
  const view = viewOf(parts, apex);
  if (serial === null)
    throw new LocalError("USAGE", "the serial to go back to is missing: strata zone history shows which there are");
  const changes = parts.journal?.since(apex, serial) ?? null;
  // A version that came otherwise (a file, where nothing was journaled) has no way back beyond it.
  if (changes === null || toSerial(changes.at(-1)!) !== view.serial) {
    const text = `the journal has no way back to serial ${serial} of ${apex.toString()}: strata zone history shows which there are`;
    throw new LocalError("NO_SERIAL", text);
  }
  return submitted(parts, apex, `rollback to ${serial}`, (draft) => undo(draft, changes));
}

/** Takes changes back, the latest first. */
function undo(draft: ZoneDraft, changes: readonly ChangeSet[]): void {
  for (const { removed, added, soaBefore } of changes.toReversed()) {
    redo(draft, added, removed);
    const { rdata } = draft.soa;
    // All but the serial, which only grows.
    const serialAt = rdata.length - 20;
    const restored = soaBefore.rdata.slice();
    restored.set(rdata.subarray(serialAt, serialAt + 4), restored.length - 20);
    draft.setSoa(restored, soaBefore.ttlSeconds);
  }
}

function redo(draft: ZoneDraft, removed: readonly Rr[], added: readonly Rr[]): void {
  for (const { owner, type, rdata } of removed) draft.remove(owner, type, rdata);
  for (const record of added) {
    draft.add(record);
    draft.setTtl(record.owner, record.type, record.ttlSeconds);
  }
}

async function submitted(
  { changer }: ZoneCommandsParts,
  apex: Name,
  by: string,
  work: (draft: ZoneDraft) => void,
): Promise<ToldChange | null> {
  try {
    const { change } = await changer.submit({ apex, by, work });
    return change === null ? null : told(change);
  } catch (error) {
    if (error instanceof ChangeError) throw new LocalError(error.code, error.message);
    throw error;
  }
}

function history(parts: ZoneCommandsParts, given: ControlWords): ToldChange[] {
  const apex = given.requiredZone();
  viewOf(parts, apex);
  const limit = Math.min(given.number("limit") ?? HISTORY_MAX, HISTORY_MAX);
  const entries = parts.journal?.history(apex, limit) ?? [];
  return entries.map(({ change, atSeconds, by }) => ({ ...told(change), atSeconds, by }));
}

/** The records of a name as they were at a time: those that there are now, with all that changed since taken back. */
function recordsAt(parts: ZoneCommandsParts, given: ControlWords): string[] {
  const name = given.requiredName("name");
  const apex = zoneAbove(parts, name);
  const type = typeFromText(given.required("type"));
  const atSeconds = given.number("atSeconds");
  if (type === null || atSeconds === null) throw new LocalError("USAGE", "type and atSeconds are wanted");
  const entries = parts.journal?.history(apex, HISTORY_MAX) ?? [];
  const since = entries.filter((entry) => entry.atSeconds > atSeconds).map(({ change }) => change);
  const reachesBack = entries.length > since.length || atSeconds >= systemClock.wallSeconds();
  const isKnown = reachesBack && leadsTo(viewOf(parts, apex).serial, since);
  if (!isKnown) throw new LocalError("NO_HISTORY", `the journal of ${apex.toString()} does not reach back so far`);
  const { store } = parts;
  const past = pastOf(store, apex, since);
  const rrset = past.get(name, type) ?? past.get(name, TYPE.CNAME);
  return rrset === null ? [] : recordsOf([rrset]).map(formatRecord);
}

/** Whether the changes, the latest first, lead to that serial without a gap. */
function leadsTo(serial: number, changes: readonly ChangeSet[]): boolean {
  return changes.every((change, i) => toSerial(change) === (i === 0 ? serial : fromSerial(changes[i - 1]!)));
}

/** A name's RRsets with changes taken back, the latest first, without touching the zone that is served. */
function pastOf(
  store: ZoneStore,
  apex: Name,
  changes: readonly ChangeSet[],
): { get: (owner: Name, type: number) => Past } {
  const view = ZoneView.of(store, apex)!;
  return {
    get(owner, type) {
      const now = view.get(owner, type);
      let records = now === null ? [] : recordsOf([now]);
      for (const { removed, added } of changes) {
        const concerns = (record: Rr): boolean => record.type === type && record.owner.equals(owner);
        const gone = added.filter(concerns);
        records = records.filter((record) => !gone.some((other) => formatRecord(other) === formatRecord(record)));
        records.push(...removed.filter(concerns));
      }
      if (records.length === 0) return null;
      return {
        owner,
        type,
        class: records[0]!.class,
        ttlSeconds: records[0]!.ttlSeconds,
        rdatas: records.map(({ rdata }) => rdata),
      };
    },
  };
}

type Past = ReturnType<ZoneView["get"]>;
