/** Journals of a test, in a folder of their own, with changes to put into them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Log, silentLog, SimulatedClock, systemFiles } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import {
  type ChangeSet,
  Journal,
  type JournalBounds,
  type JournalEntry,
  type JournalParts,
  toSerial,
} from "../../zones/index.ts";
import { rr, rrs } from "./messages.ts";

export const apex = Name.parse("VU.nl.");

export class JournalRig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "strata-journal-"));
  readonly clock = new SimulatedClock(1_000_000);
  readonly #open = new Set<Journal>();

  get file(): string {
    return join(this.folder, "journal.sqlite");
  }

  at(bounds: Partial<JournalBounds> = {}, log: Log = silentLog): Journal {
    return this.#opened({ log, files: systemFiles, bounds });
  }

  over(files: JournalParts["files"]): Journal {
    return this.#opened({ log: silentLog, files });
  }

  close(journal: Journal): void {
    this.#open.delete(journal);
    journal.close();
  }

  entry(from: number, zone = apex, padding = 0): JournalEntry {
    return { change: changeFrom(from, zone, padding), atSeconds: this.clock.wallSeconds(), by: `key ${from}` };
  }

  /** Does something to the tables behind the journal's back. */
  tamper(statements: string): void {
    const database = new DatabaseSync(this.file);
    database.exec(statements);
    database.close();
  }

  [Symbol.dispose](): void {
    for (const journal of this.#open) journal.close();
    rmSync(this.folder, { recursive: true });
  }

  #opened(parts: Omit<JournalParts, "clock">): Journal {
    const journal = Journal.open(this.file, { ...parts, clock: this.clock });
    this.#open.add(journal);
    return journal;
  }
}

const soa = (serial: number) => rr(`vu.nl. 300 SOA ns.vu.nl. admin.vu.nl. ${serial} 3600 600 86400 300`);

function changeFrom(from: number, zone = apex, padding = 0): ChangeSet {
  const added = [rr(`h${from}.${zone.toString()} 60 TXT "${"x".repeat(padding)}"`)];
  return {
    apex: zone,
    soaBefore: soa(from),
    soaAfter: soa(from + 1),
    removed: rrs("old.vu.nl. 60 A 192.0.2.1"),
    added,
  };
}

export const serials = (changes: readonly ChangeSet[] | null): number[] | null => changes?.map(toSerial) ?? null;
export const piece = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What was logged. */
export function watched(): { readonly log: Log; readonly errors: unknown[]; readonly warnings: unknown[] } {
  const errors: unknown[] = [];
  const warnings: unknown[] = [];
  const log = {
    ...silentLog,
    error: (about: unknown) => void errors.push(about),
    warn: (about: unknown) => void warnings.push(about),
  };
  return { errors, warnings, log };
}
