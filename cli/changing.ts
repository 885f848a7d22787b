/**
 * What a name server needs whose zones change while it serves them: the one who changes them, and who answers requests that do or
 * tell of it. Each part is there where the settings ask for it.
 */
import { type Files, type Log, systemClock } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { type Control, RefusedSignatures } from "../nameserver/index.ts";
import type { Notifier, Secondaries } from "../replication/index.ts";
import { Journal, JournaledZones, JournalError, Leases, ZoneChanger, type ZoneStore } from "../zones/index.ts";
import { WorkError } from "./failure.ts";
import { notifierOf, transfersGiven } from "./giving.ts";
import { notifiesTaken, secondariesOf, secondariesReady } from "./secondary-zones.ts";
import type { ServeSettings } from "./settings.ts";
import { journalFileOf } from "./state.ts";
import { updatesForwarded, updatesTaken } from "./updating.ts";

export interface ChangingParts {
  readonly settings: ServeSettings;
  readonly store: ZoneStore;
  readonly files: Files;
  readonly log: Log;
}

export interface Changing {
  readonly changer: ZoneChanger;
  /** What outlives the server; null without a state folder. */
  readonly journal: Journal | null;
  /** Zones that have files and may change besides; null without a journal. */
  readonly journaled: JournaledZones | null;
  readonly leases: Leases;
  /** Null when this server does nothing of the kind. */
  readonly control: Control | null;
  /** Zones that are fetched from others. */
  readonly secondaries: Secondaries | null;
  /** Tells others of changes. */
  readonly notifier: Notifier | null;
  /** Serves what is kept on disk, before anybody is answered. */
  load(): Promise<void>;
  /** Begins what is done by itself, once all are answered. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Throws WorkError when the journal cannot be opened. */
export function changingOf({ settings, store, files, log }: ChangingParts): Changing {
  const clock = systemClock;
  const journal = openJournal(settings.stateFolder, { files, log });
  const journaled = journal === null ? null : new JournaledZones({ store, journal, clock, log });
  const leases = new Leases({ clock, log });
  const changer = new ZoneChanger({ store, clock, log, changeLog: journaled, leases });
  const secondaries = secondariesOf(settings.secondaries, {
    store,
    changer,
    shelf: journal,
    bounds: settings.bounds,
    log,
  });
  const notify = notifiesTaken(secondaries, log);
  const update = updatesTaken(settings, { store, changer, log });
  const forwarder = updatesForwarded(settings, { store, changer, log });
  const { keys, given, givenToAll: toAll } = settings;
  const giving = { zones: [...settings.zones, ...settings.secondaries], given, toAll };
  const expiresIn = (apex: Name): number | null => secondaries?.expiresIn(apex) ?? null;
  const transfer = transfersGiven(giving, { store, journal, log, expiresIn });
  const notifier = notifierOf(giving, { store, journal, log });
  if (notifier !== null) changer.subscribe(({ change }) => notifier.changed(change.apex));
  const refusedSignatures = new RefusedSignatures({ clock, log });
  const isAsked = [update, notify, transfer].some((handler) => handler !== null) || keys.size > 0;
  return {
    changer,
    journal,
    journaled,
    leases,
    secondaries,
    notifier,
    control: isAsked ? { keys, transfer, notify, update, forwarder, expiresIn, refusedSignatures } : null,
    async load() {
      await secondaries?.start();
    },
    async start() {
      leases.start(changer, journal?.leases() ?? []);
      if (secondaries !== null) await secondariesReady(secondaries);
      notifier?.start();
    },
    async close() {
      notifier?.close();
      leases.close();
      await secondaries?.close();
      changer.close();
      journal?.close();
    },
  };
}

/** Null without a folder for it. */
function openJournal(folder: string | null, { files, log }: Pick<ChangingParts, "files" | "log">): Journal | null {
  if (folder === null) return null;
  files.makeFolder(folder);
  try {
    return Journal.open(journalFileOf(folder), { clock: systemClock, files, log });
  } catch (error) {
    if (error instanceof JournalError) throw new WorkError(error.message);
    throw error;
  }
}
