/** A folder for the files of one measurement, gone with all that is in it when the measurement ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Scratch implements Disposable {
  readonly folder: string;

  constructor(what: string) {
    this.folder = mkdtempSync(join(tmpdir(), `bench-${what}-`));
  }

  /** The path of a new file. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
