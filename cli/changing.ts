/**
 * What a name server needs whose zones change while it serves them: the one who changes them, and who answers requests that do or
 * tell of it. Each part is there where the settings ask for it.
 */
import { type Log, systemClock } from "../base/index.ts";
import type { Control } from "../nameserver/index.ts";
import type { Secondaries } from "../replication/index.ts";
import { ZoneChanger, type ZoneStore } from "../zones/index.ts";
import { notifiesTaken, secondariesOf, secondariesReady } from "./secondary-zones.ts";
import type { ServeSettings } from "./settings.ts";
import { updatesTaken } from "./updating.ts";

export interface ChangingParts {
  readonly settings: ServeSettings;
  readonly store: ZoneStore;
  readonly log: Log;
}

export interface Changing {
  readonly changer: ZoneChanger;
  /** Null when this server does nothing of the kind. */
  readonly control: Control | null;
  /** Zones that are fetched from others. */
  readonly secondaries: Secondaries | null;
  /** Serves what is kept on disk, before anybody is answered. */
  load(): Promise<void>;
  /** Begins what is done by itself, once all are answered. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function changingOf({ settings, store, log }: ChangingParts): Changing {
  const changer = new ZoneChanger({ store, clock: systemClock, log, changeLog: null });
  const secondaries = secondariesOf(settings.secondaries, { store, changer, shelf: null, log });
  const notify = notifiesTaken(secondaries);
  const update = updatesTaken(settings.updates, { store, changer, log });
  const { keys } = settings;
  const isAsked = update !== null || notify !== null || keys.size > 0;
  return {
    changer,
    secondaries,
    control: isAsked ? { keys, transfer: null, notify, update } : null,
    async load() {
      await secondaries?.start();
    },
    async start() {
      if (secondaries !== null) await secondariesReady(secondaries);
    },
    async close() {
      await secondaries?.close();
      changer.close();
    },
  };
}
