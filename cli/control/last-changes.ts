/** The last change of each zone that this server has made, for those who ask how it travels. */
import type { Name } from "../../dns/index.ts";
import { forgettingOf, type JournalEntry, toSerial } from "../../zones/index.ts";

/** As it is told on the control channel. */
export interface LastChange {
  readonly serial: number;
  /** By the wall clock, since 1970. */
  readonly atSeconds: number;
  readonly by: string;
  /** See `Forgetting`. */
  readonly oldSeconds: number | null;
  readonly newSeconds: number | null;
}

export class LastChanges {
  readonly #changes = new Map<string, LastChange>();

  readonly note = ({ change, atSeconds, by }: JournalEntry): void => {
    this.#changes.set(change.apex.key, { serial: toSerial(change), atSeconds, by, ...forgettingOf(change) });
  };

  /** Null when there was none since this server started. */
  of(zone: Name): LastChange | null {
    return this.#changes.get(zone.key) ?? null;
  }
}

/** Whether what came over a control channel is one. */
export function isLastChange(value: unknown): value is LastChange {
  return typeof value === "object" && value !== null && "serial" in value && "atSeconds" in value && "by" in value;
}
