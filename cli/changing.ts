/**
 * What a name server needs whose zones change while it serves them: the one who changes them, and who answers requests that do or
 * tell of it. Each part is there where the settings ask for it.
 */
import { type Log, systemClock } from "../base/index.ts";
import type { Control } from "../nameserver/index.ts";
import { ZoneChanger, type ZoneStore } from "../zones/index.ts";
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
  /** Begins what is done by itself, once the zones are loaded. */
  start(): void;
  close(): Promise<void>;
}

export function changingOf({ settings, store, log }: ChangingParts): Changing {
  const changer = new ZoneChanger({ store, clock: systemClock, log, changeLog: null });
  const update = updatesTaken(settings.updates, { store, changer, log });
  const { keys } = settings;
  const isAsked = update !== null || keys.size > 0;
  return {
    changer,
    control: isAsked ? { keys, transfer: null, notify: null, update } : null,
    start: () => undefined,
    close: () => {
      changer.close();
      return Promise.resolve();
    },
  };
}
