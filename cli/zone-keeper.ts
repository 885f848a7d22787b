/**
 * The zones of one server and the files they come from: loads them, and on a reload reads those again whose files have
 * changed, included files too. A zone whose new text is wrong goes on being served as it was, and why is said.
 */
import type { Files } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { formatProblem, type LoadOutcome, type LoadParts, loadZone, type MasterProblem } from "../zones/index.ts";
import { UsageError } from "./failure.ts";
import type { ZoneFile } from "./zone-list.ts";

/** Problems of one file that are shown; the rest is counted. */
const PROBLEMS_SHOWN = 20;

export interface KeeperParts {
  readonly store: LoadParts["store"];
  readonly files: Files;
  readonly note: (text: string) => void;
}

interface Kept {
  readonly zone: ZoneFile;
  /** Stamps of every file that was read for the zone. */
  stamps: ReadonlyMap<string, string | null>;
  /** Of the version being served; null while there is none. */
  served: { readonly serial: number | null; readonly records: number } | null;
}

export class ZoneKeeper {
  readonly #parts: KeeperParts;
  readonly #kept: Kept[];

  constructor(zones: readonly ZoneFile[], parts: KeeperParts) {
    this.#parts = parts;
    this.#kept = zones.map((zone) => ({ zone, stamps: new Map(), served: null }));
  }

  /**
   * Loads all zones. Those that are wrong are told and left out, so that one does not take the others down; when none is
   * left, that is a UsageError.
   */
  load(): void {
    const refused = this.#kept.map((kept) => this.#read(kept)).filter((outcome) => outcome.kind === "refused");
    const told = refused.map((outcome) => describe(outcome.problems)).join("\n");
    if (refused.length === this.#kept.length) throw new UsageError(`no zone can be served:\n${told}`);
    if (refused.length === 0) return;
    const names = refused.map(({ apex }) => apex.toString()).join(", ");
    this.#parts.note(`${told}\nnot served until mended: ${names}`);
  }

  /** Records of the zone as served, or null when it is none of ours. */
  records(zone: Name): number | null {
    return this.#kept.find((kept) => kept.zone.name.equals(zone))?.served?.records ?? null;
  }

  /** Reads zones again whose files have changed since. */
  reload(): void {
    const changed = this.#kept.filter(({ stamps }) => this.#hasChanged(stamps));
    for (const kept of changed) this.#reloadOne(kept);
    if (changed.length === 0) this.#parts.note("reload: no zone file has changed");
  }

  #reloadOne(kept: Kept): void {
    const { note } = this.#parts;
    const before = kept.served;
    const name = kept.zone.name.toString();
    const outcome = this.#read(kept);
    if (outcome.kind === "loaded") {
      note(`reload: ${name} has ${outcome.records} records, serial ${outcome.serial}`);
      return;
    }
    const goesOn = before === null ? "is still not served" : `goes on with serial ${before.serial}`;
    note(`${describe(outcome.problems)}\nreload: ${name} ${goesOn}`);
  }

  #read(kept: Kept): LoadOutcome {
    const { store, files } = this.#parts;
    const stamps = new Map<string, string | null>();
    const watched: Files = {
      ...files,
      read(path) {
        // Before the reading, so that a change in between shows as one.
        stamps.set(path, files.stamp(path));
        return files.read(path);
      },
    };
    const { name: apex, file, layer } = kept.zone;
    const outcome = loadZone({ store, files: watched }, { apex, file, layer });
    kept.stamps = stamps;
    if (outcome.kind === "loaded") {
      kept.served = { serial: outcome.serial, records: outcome.records };
      if (outcome.problems.length > 0) this.#parts.note(describe(outcome.problems));
    }
    return outcome;
  }

  #hasChanged(stamps: ReadonlyMap<string, string | null>): boolean {
    for (const [path, stamp] of stamps) if (this.#parts.files.stamp(path) !== stamp) return true;
    return false;
  }
}

function describe(problems: readonly MasterProblem[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(formatProblem);
  const rest = problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more in the same file`] : [])].join("\n");
}
