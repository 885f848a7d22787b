/**
 * The zones of one server and the files they come from: loads them, and on a reload reads those again whose files have
 * changed, included files too. A zone whose new text is wrong goes on being served as it was, and why is said.
 */
import type { Files } from "../base/index.ts";
import { isNewerSerial, type Name } from "../dns/index.ts";
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
  /** A zone was read again and is served, where there is no journal to tell of it. */
  readonly replaced?: (apex: Name) => void;
}

export interface ReloadWish {
  /** Told of what comes of it, besides `note`. */
  readonly tell?: (text: string) => void;
  /** The zone that is read again; null: all. */
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
  #reloading: Promise<readonly Name[]> | null = null;
  /** The zones that are asked for and not yet looked at; null: all. What came after a look began is looked for once more. */
  #wanted: (Name | null)[] = [];
  /** Zones of the reload that is going on whose files say something else than what is served. */
  readonly #left = new Set<Kept>();
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

  /**
   * Reads zones again whose files have changed since. Asked for while it is at work, it looks once more afterwards. Returns the zones
   * that are not as their files say: these are wrong, or somebody has to decide.
   */
  async reload({ tell = () => undefined, zone = null, take = null }: ReloadWish = {}): Promise<readonly Name[]> {
    this.#listeners.add(tell);
    if (take !== null) this.#takes.push({ zone, take });
    this.#wanted.push(zone);
    this.#reloading ??= this.#reloadUntilDone();
    const left = await this.#reloading;
    this.#listeners.delete(tell);
    return left.filter((apex) => zone === null || apex.equals(zone));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#parts.loader.close();
  }

  async #reloadUntilDone(): Promise<readonly Name[]> {
    this.#left.clear();
    try {
      while (this.#wanted.length > 0 && !this.#isClosed) await this.#reloadChanged(this.#wanted.splice(0));
      return Array.from(this.#left, ({ zone }) => zone.apex);
    } finally {
      this.#takes = [];
      this.#reloading = null;
    }
  }

  async #reloadChanged(wanted: readonly (Name | null)[]): Promise<void> {
    const { loader } = this.#parts;
    const isWanted = ({ zone }: Kept): boolean => wanted.some((apex) => apex === null || apex.equals(zone.apex));
    const changed = this.#kept.filter((kept) => isWanted(kept) && this.#hasChanged(kept.stamps));
    if (changed.length === 0) this.#say("reload: no zone file has changed");
    // The quick ones do not wait for the slow ones.
    const large = changed.filter(({ zone }) => loader.isLarge(zone));
    const inOrder = [...changed.filter((kept) => !large.includes(kept)), ...large];
    for (const kept of inOrder) if (!this.#isClosed) await this.#reloadOne(kept);
  }

  async #reloadOne(kept: Kept): Promise<void> {
    const { loader, journal = null, replaced = () => undefined } = this.#parts;
    this.#left.delete(kept);
    const begun = journal?.begin(kept.zone, kept.stamps, this.#takeOf(kept)) ?? null;
    if (begun?.kind === "done") {
      this.#say(begun.text);
      if (begun.isSettled) this.#stampAgain(kept);
      else this.#left.add(kept);
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
      if (journal === null && outcome.kind === "loaded") replaced(kept.zone.apex);
    } finally {
      begun?.release();
    }
    if (outcome.kind === "loaded") {
      const isRaised = journal?.raisesSerial(kept.zone) ?? false;
      const forgotten = isRaised ? "" : forgottenSerial(before, kept.served);
      this.#say(`reload: ${name} has ${kept.served?.records} records, serial ${kept.served?.serial}${forgotten}`);
      return;
    }
    this.#left.add(kept);
    const goesOn = before === null ? "is still not served" : `goes on with serial ${before.serial}`;
    this.#say(`${describe(outcome.problems)}\nreload: ${name} ${goesOn}`);
  }

  #start(kept: Kept, outcome: LoadedZone): void {
    this.#take(kept, outcome);
    const { journal = null } = this.#parts;
    if (journal === null) return;
    const isLoaded = outcome.kind === "loaded";
    const { served, isDecided } = journal.settle(kept.zone, kept.stamps, isLoaded);
    kept.served = served;
    // Until it is decided, the files count as changed.
    if (!isDecided) kept.stamps = new Map(Array.from(kept.stamps.keys(), (path) => [path, null]));
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

/** With a journal a serial is made newer where it has to be; without one only the user can. */
function forgottenSerial(before: Served | null, after: Served | null): string {
  const [was, is] = [before?.serial ?? null, after?.serial ?? null];
  if (was === null || is === null || isNewerSerial(is, was)) return "";
  return `, which is not newer than ${was}: if records have changed, secondaries do not notice until it is raised`;
}

function describe(problems: readonly MasterProblem[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(formatProblem);
  const rest = problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more in the same file`] : [])].join("\n");
}
