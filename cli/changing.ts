/**
 * What a name server needs whose zones change while it serves them: the one who changes them, and who answers requests that do or
 * tell of it. Each part is there where the settings ask for it.
 */
import { type Log, systemClock } from "../base/index.ts";
import type { Control } from "../nameserver/index.ts";
import { ZoneChanger, type ZoneStore } from "../zones/index.ts";

export interface ChangingParts {
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

export function changingOf({ store, log }: ChangingParts): Changing {
  const changer = new ZoneChanger({ store, clock: systemClock, log, changeLog: null });
  return {
    changer,
    control: null,
    start: () => undefined,
    close: () => {
      changer.close();
      return Promise.resolve();
    },
  };
}
