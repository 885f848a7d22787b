/**
 * The zones of one server and the files they come from: loads them, and on a reload reads those again whose files have
 * changed, included files too. A zone whose new text is wrong goes on being served as it was, and why is said.
 */
import type { Files } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { formatProblem, type LoadedZone, type MasterProblem, type ZoneFileToLoad } from "../zones/index.ts";
import { UsageError } from "./failure.ts";
import type { FileJournal, Served, Take } from "./file-journal.ts";
import type { ZoneFile } from "./zone-list.ts";

/** Problems of one file that are shown; the rest is counted. */
const PROBLEMS_SHOWN = 20;

/** What reads zones (`ZoneLoader`). */
export interface Loader {
  start(zones: readonly ZoneFileToLoad[]): Promise<LoadedZone[]>;
  reload(zone: ZoneFileToLoad): Promise<LoadedZone>;
  /** Whether a reload of it takes a while. */
  isLarge(zone: ZoneFileToLoad): boolean;
  close(): Promise<void>;
}

export interface KeeperParts {
  readonly loader: Loader;
  readonly files: Pick<Files, "stamp">;
  readonly note: (text: string) => void;
  /** Null: zones change by their files alone. */
  readonly journal?: FileJournal | null;
}

export interface ReloadWish {
  /** Told of what comes of it, besides `note`. */
  readonly tell?: (text: string) => void;
  /** The zone that `take` is about; null: all. */
  readonly zone?: Name | null;
  readonly take?: Take | null;
}

interface Kept {
  readonly zone: ZoneFileToLoad;
  /** Stamps of every file that was read for the zone. */
  stamps: ReadonlyMap<string, string | null>;
  /** Of the version being served; null while there is none. */
  served: Served | null;
}

export class ZoneKeeper {
  readonly #parts: KeeperParts;
  readonly #kept: Kept[];
  /** The reload that is going on. */
  #reloading: Promise<void> | null = null;
  /** Whether another was asked for meanwhile: what it is to find may have come after the first one looked. */
  #isWantedAgain = false;
  #isClosed = false;
  /** What was decided where file and zone have both changed; a zone of null: all. */
  #takes: { readonly zone: Name | null; readonly take: Take }[] = [];
  /** Who is told of the reload that is going on, besides `note`. */
  readonly #listeners = new Set<(text: string) => void>();

  constructor(zones: readonly ZoneFile[], parts: KeeperParts) {
    this.#parts = parts;
    this.#kept = zones.map(({ name: apex, file, layer }) => ({
      zone: { apex, file, layer },
      stamps: new Map(),
      served: null,
    }));
  }

  /**
   * Loads all zones. Those that are wrong are told and left out, so that one does not take the others down; when none is
   * left, that is a UsageError.
   */
  async load(): Promise<void> {
    const outcomes = await this.#parts.loader.start(this.#kept.map(({ zone }) => zone));
    outcomes.forEach((outcome, i) => this.#start(this.#kept[i]!, outcome));
    this.#parts.journal?.settledAll();
    const refused = outcomes.filter((_, i) => this.#kept[i]!.served === null);
    const told = refused.map(({ problems }) => describe(problems)).join("\n");
    if (refused.length > 0 && refused.length === this.#kept.length)
      throw new UsageError(`no zone can be served:\n${told}`);
    if (refused.length === 0) return;
    const names = refused.map(({ apex }) => apex.toString()).join(", ");
    this.#parts.note(`${told}\nnot served until mended: ${names}`);
  }

  /** Records of the zone as served, or null when it is none of ours. */
  records(zone: Name): number | null {
    return this.#kept.find((kept) => kept.zone.apex.equals(zone))?.served?.records ?? null;
  }

  /** Reads zones again whose files have changed since. Asked for while it is at work, it looks once more afterwards. */
  async reload({ tell = () => undefined, zone = null, take = null }: ReloadWish = {}): Promise<void> {
    this.#listeners.add(tell);
    if (take !== null) this.#takes.push({ zone, take });
    if (this.#reloading !== null) this.#isWantedAgain = true;
    this.#reloading ??= this.#reloadUntilDone();
    await this.#reloading;
    this.#listeners.delete(tell);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#parts.loader.close();
  }

  async #reloadUntilDone(): Promise<void> {
    try {
      do {
        this.#isWantedAgain = false;
        await this.#reloadChanged();
      } while (this.#isWantedAgain && !this.#isClosed);
    } finally {
      this.#takes = [];
      this.#reloading = null;
    }
  }

  async #reloadChanged(): Promise<void> {
    const { loader } = this.#parts;
    const changed = this.#kept.filter(({ stamps }) => this.#hasChanged(stamps));
    if (changed.length === 0) this.#say("reload: no zone file has changed");
    // The quick ones do not wait for the slow ones.
    const large = changed.filter(({ zone }) => loader.isLarge(zone));
    const inOrder = [...changed.filter((kept) => !large.includes(kept)), ...large];
    for (const kept of inOrder) if (!this.#isClosed) await this.#reloadOne(kept);
  }

  async #reloadOne(kept: Kept): Promise<void> {
    const { loader, journal = null } = this.#parts;
    const begun = journal?.begin(kept.zone, kept.stamps, this.#takeOf(kept)) ?? null;
    if (begun?.kind === "done") {
      this.#say(begun.text);
      if (begun.isSettled) this.#stampAgain(kept);
      return;
    }
    const before = kept.served;
    const name = kept.zone.apex.toString();
    let outcome: LoadedZone;
    try {
      outcome = await loader.reload(kept.zone);
      if (this.#isClosed) return;
      this.#take(kept, outcome);
      if (journal !== null && outcome.kind === "loaded") {
        kept.served = journal.took(kept.zone, kept.stamps, begun?.before ?? null);
      }
    } finally {
      begun?.release();
    }
    if (outcome.kind === "loaded") {
      this.#say(`reload: ${name} has ${kept.served?.records} records, serial ${kept.served?.serial}`);
      return;
    }
    const goesOn = before === null ? "is still not served" : `goes on with serial ${before.serial}`;
    this.#say(`${describe(outcome.problems)}\nreload: ${name} ${goesOn}`);
  }

  #start(kept: Kept, outcome: LoadedZone): void {
    this.#take(kept, outcome);
    const { journal = null } = this.#parts;
    if (journal === null) return;
    const isLoaded = outcome.kind === "loaded";
    kept.served = journal.settle(kept.zone, kept.stamps, isLoaded);
    if (!isLoaded && kept.served !== null) this.#parts.note(describe(outcome.problems));
  }

  /** What was said of this zone, or of all. */
  #takeOf({ zone: { apex } }: Kept): Take | null {
    return this.#takes.find(({ zone }) => zone === null || zone.equals(apex))?.take ?? null;
  }

  /** The files as they now are were looked at. */
  #stampAgain(kept: Kept): void {
    const { files } = this.#parts;
    kept.stamps = new Map(Array.from(kept.stamps.keys(), (path) => [path, files.stamp(path)]));
  }

  #take(kept: Kept, { kind, stamps, serial, records, problems }: LoadedZone): void {
    kept.stamps = stamps;
    if (kind !== "loaded") return;
    kept.served = { serial, records };
    if (problems.length > 0) this.#parts.note(describe(problems));
  }

  #say(text: string): void {
    this.#parts.note(text);
    for (const tell of this.#listeners) tell(text);
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
