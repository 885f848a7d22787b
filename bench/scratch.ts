/** A folder for the files of one measurement, gone with all that is in it when the measurement ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Those that are there, for a run that is cut short. */
const open = new Set<Scratch>();

export class Scratch implements Disposable {
  readonly folder: string;

  constructor(what: string) {
    this.folder = mkdtempSync(join(tmpdir(), `bench-${what}-`));
    open.add(this);
  }

  /** The path of a new file. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    open.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function removeEveryScratch(): void {
  for (const scratch of open) scratch[Symbol.dispose]();
}
