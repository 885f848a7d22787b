/**
 * A map that a program tells: it is run with the key as its one argument, without a shell, and prints the entry as it would stand behind the key in a file.
 * Nothing printed and an exit code other than 0 say that there is no such key, as with autofs(5).
 */
import type { ProgramEnd, RunProgram } from "../../base/index.ts";
import type { MountOptions } from "../options.ts";
import type { AutomountMap, MapAnswer } from "./map.ts";
import { mountsOf } from "./map-entry.ts";
import { MapError, readMapLines } from "./map-syntax.ts";

export interface ProgramMapParts {
  readonly path: string;
  readonly options: MountOptions;
  readonly run: RunProgram;
}

const LIMITS = { milliseconds: 10_000, octets: 64 * 1024 };

export class ProgramMap implements AutomountMap {
  readonly #parts: ProgramMapParts;

  constructor(parts: ProgramMapParts) {
    this.#parts = parts;
  }

  /** Only the program knows. */
  names(): readonly string[] {
    return [];
  }

  faults(): readonly string[] {
    return [];
  }

  async find(key: string, signal: AbortSignal): Promise<MapAnswer> {
    const { path, run } = this.#parts;
    // What begins with "-" would be an option to many programs, and is no name that anybody mounts.
    if (key.startsWith("-")) return { kind: "none", reason: `no program is asked for what begins with "-"` };
    const end = await run(path, [key], { ...LIMITS, signal });
    return end.kind === "ended" ? this.#answer(key, end) : failed(path, end);
  }

  #answer(key: string, { code, output }: Extract<ProgramEnd, { readonly kind: "ended" }>): MapAnswer {
    const { path, options } = this.#parts;
    if (code !== 0 || output.trim() === "") return none(path);
    try {
      const [line, second] = readMapLines(output, path);
      if (line?.fault !== null && line?.fault !== undefined) throw line.fault;
      if (line === undefined) return none(path);
      if (second !== undefined)
        throw new MapError(path, second.words[0] ?? PLACE, "a program prints one entry, in one line");
      return {
        kind: "mounts",
        mounts: mountsOf({ file: path, first: line.words[0]!, words: line.words }, key, options),
      };
    } catch (error) {
      if (!(error instanceof MapError)) throw error;
      return { kind: "failed", status: "INVAL", reason: `${error.message} (printed by the program)` };
    }
  }
}

const none = (path: string): MapAnswer => ({ kind: "none", reason: `${path} knows no such name` });
const PLACE = { line: 1, column: 1 };

function failed(path: string, end: Exclude<ProgramEnd, { readonly kind: "ended" }>): MapAnswer {
  switch (end.kind) {
    case "late":
      return {
        kind: "failed",
        status: "TIMEDOUT",
        reason: `${path} did not end within ${LIMITS.milliseconds / 1000} s`,
      };
    case "too-much":
      return { kind: "failed", status: "INVAL", reason: `${path} printed more than ${LIMITS.octets} octets` };
    case "not-run":
      return { kind: "failed", status: "IO", reason: `${path} cannot be run: ${end.reason}` };
  }
}
