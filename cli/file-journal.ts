/**
 * Between the keeper of zone files and the journal: what a start makes of both, and what becomes of an edited file. What is decided is
 * said to the user, and what he has to decide is asked.
 */
import type { Files } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import {
  digestOfFiles,
  type JournaledZones,
  type ZoneChanger,
  type ZoneFileToLoad,
  type ZoneStore,
  ZoneView,
  type ZoneVersion,
} from "../zones/index.ts";

/** Which is to go on where a zone's file and the zone itself have both changed. */
export type Take = "file" | "journal";

export interface Served {
  readonly serial: number | null;
  readonly records: number;
}

/** What became of a zone at a start. */
export interface Settlement {
  /** Null when nothing is. */
  readonly served: Served | null;
  /** False where the user is to say what goes on. */
  readonly isDecided: boolean;
}

export interface FileJournalParts {
  readonly store: ZoneStore;
  readonly journaled: JournaledZones;
  readonly changer: ZoneChanger;
  readonly files: Pick<Files, "exists" | "read">;
  readonly note: (text: string) => void;
  /** Another version of the zone is served, which no change tells of. */
  readonly replaced: (apex: Name) => void;
}

type Stamps = ReadonlyMap<string, string | null>;

/** A reload that may go on, or not. */
export type Reloading =
  | { readonly kind: "take-file"; readonly before: ZoneVersion | null; readonly release: () => void }
  /** `isSettled`: the files need not be looked at again as they are. */
  | { readonly kind: "done"; readonly text: string; readonly isSettled: boolean };

export class FileJournal {
  readonly #parts: FileJournalParts;

  constructor(parts: FileJournalParts) {
    this.#parts = parts;
  }

  /** After the zone's files were read at a start. */
  settle(zone: ZoneFileToLoad, stamps: Stamps, isLoaded: boolean): Settlement {
    const { journaled, note } = this.#parts;
    const name = zone.apex.toString();
    const { kind } = journaled.settle(zone.apex, { digest: this.#digest(stamps), isLoaded });
    const served = this.#served(zone);
    if (kind === "both-changed") {
      note(
        `${zone.file} was edited and ${name} has changed as well: serial ${served?.serial} of the journal is served. ` +
          `See strata zone diff ${name}, then say strata reload ${name} --take file or --take journal`,
      );
    } else if (kind === "journal" && !isLoaded) {
      note(`${name} is served as the journal has it, serial ${served?.serial}, until its file is mended`);
    } else if (kind === "lost") {
      const rest = served === null ? "nothing of it is served" : `${zone.file} is served, serial ${served.serial}`;
      note(`what the journal had of ${name} is damaged, and changes of it are lost: ${rest}`);
    }
    return { served, isDecided: kind !== "both-changed" };
  }

  /** At a start, once all zones were settled. */
  settledAll(): void {
    this.#parts.journaled.settledAll();
  }

  /** Before a changed file is read again. Updates wait from "take-file" until `release`. */
  begin(zone: ZoneFileToLoad, stamps: Stamps, take: Take | null): Reloading {
    const { journaled, changer, store } = this.#parts;
    const { apex, file } = zone;
    const name = apex.toString();
    const hasOwn = journaled.hasOwnChanges(apex);
    if (hasOwn && take === null) {
      const text = `reload: ${file} was edited and ${name} has changed as well: see strata zone diff ${name}, then say --take file or --take journal`;
      return { kind: "done", text, isSettled: false };
    }
    if (hasOwn && take === "journal") {
      journaled.tookJournal(apex, this.#digest(stamps));
      const text = `reload: ${name} goes on with serial ${this.#served(zone)?.serial}, and ${file} is left aside`;
      return { kind: "done", text, isSettled: true };
    }
    const found = store.zoneOf(apex);
    const before = found === 0 ? null : { views: { octets: store.octets, words: store.words }, zone: found };
    return { kind: "take-file", before, release: changer.hold(apex) };
  }

  /** After it was read and published. */
  took(zone: ZoneFileToLoad, stamps: Stamps, before: ZoneVersion | null): Served | null {
    const { journaled, changer, replaced } = this.#parts;
    const entry = journaled.tookFile(zone.apex, { before, digest: this.#digest(stamps), by: `file ${zone.file}` });
    // Of a large zone no change is made out, and none of one that was not served before.
    if (entry === null) replaced(zone.apex);
    else changer.announce(entry);
    return this.#served(zone);
  }

  /** Whether it makes the serial of an edited file newer where that has to be. */
  raisesSerial({ apex }: ZoneFileToLoad): boolean {
    return this.#parts.journaled.keeps(apex);
  }

  #digest(stamps: Stamps): string {
    return digestOfFiles(this.#parts.files, stamps.keys());
  }

  #served({ apex }: ZoneFileToLoad): Served | null {
    const view = ZoneView.of(this.#parts.store, apex);
    return view === null ? null : { serial: view.serial, records: view.recordCount };
  }
}
