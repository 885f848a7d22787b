/**
 * An automount map as a whole: which entry a key has. The first that fits counts; `*` fits every key that has none of its own. `+name` puts another map in its
 * place. A wrong line is told and takes nothing with it but its own key.
 */
import { MOUNT_OPTIONS_DEFAULT, type MountOptions } from "../options.ts";
import { type EntryWords, type MapMount, mountsOf } from "./map-entry.ts";
import { MapError, type MapWord, readMapLines } from "./map-syntax.ts";

/** Keys are names in one directory, or (direct) absolute paths. */
export type MapKind = "indirect" | "direct";

/** Reads an included map; null: there is none. */
export type ReadMap = (path: string) => string | null;

const DEPTH_MAX = 10;
/** All together, those included by included ones too. */
const INCLUDES_MAX = 1000;
const ENTRIES_MAX = 100_000;

export class MapFile {
  /** What is wrong in it, in the order of the lines. */
  readonly faults: readonly MapError[];
  readonly #entries = new Map<string, EntryWords>();
  #everyKey: EntryWords | null = null;
  #includes = 0;

  private constructor(faults: MapError[]) {
    this.faults = faults;
  }

  /** Never throws for what stands in the map: see `faults`. `read` is for what it includes, relative to the map's folder. */
  static parse(
    text: string,
    { path, kind, read }: { readonly path: string; readonly kind: MapKind; readonly read: ReadMap },
  ): MapFile {
    const faults: MapError[] = [];
    const map = new MapFile(faults);
    map.#read(text, { path, kind, read, faults, above: [] });
    return map;
  }

  /** Keys with an entry of their own, `*` left out. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Null when no entry fits. Throws MapError when the one that fits is wrong, or is with this key. */
  find(key: string, defaults: MountOptions): readonly MapMount[] | null {
    const entry = this.#entries.get(key) ?? this.#everyKey;
    return entry === null ? null : mountsOf(entry, key, defaults);
  }

  #read(text: string, place: Reading): void {
    const { path, kind, faults } = place;
    for (const { words, fault } of readMapLines(text, path)) {
      if (fault !== null) {
        faults.push(fault);
        continue;
      }
      const [first, ...rest] = words;
      const complain = (message: string): void => void faults.push(new MapError(path, first!, message));
      if (first!.text.startsWith("+")) this.#include(first!, rest, place);
      else if (this.#entries.size >= ENTRIES_MAX) return complain(`a map has at most ${ENTRIES_MAX} entries`);
      else if (kind === "direct" && !first!.text.startsWith("/"))
        complain("the key of a direct map is an absolute path");
      else if (kind === "indirect" && /[/\0]/.test(first!.text))
        complain(`the key of an indirect map has neither "/" nor "&"`);
      else this.#add({ file: path, first: first!, words: rest }, faults);
    }
  }

  /** What is wrong is told now, and again to whoever looks for the key. */
  #add(entry: EntryWords, faults: MapError[]): void {
    const { first } = entry;
    if (first.isEveryKey ? this.#everyKey !== null : this.#entries.has(first.text)) return;
    if (first.isEveryKey) this.#everyKey = entry;
    else this.#entries.set(first.text, entry);
    try {
      mountsOf(entry, first.isEveryKey ? "key" : first.text, MOUNT_OPTIONS_DEFAULT);
    } catch (error) {
      if (!(error instanceof MapError)) throw error;
      faults.push(error);
    }
  }

  #include({ text, ...at }: MapWord, rest: readonly MapWord[], place: Reading): void {
    const { path, read, faults, above } = place;
    const name = text.slice(1);
    const included = name.startsWith("/") ? name : `${path.slice(0, path.lastIndexOf("/") + 1)}${name}`;
    const complain = (message: string): void => void faults.push(new MapError(path, at, message));
    if (name === "" || rest.length > 0) return complain("one map is included by +NAME, alone on its line");
    if (included === path || above.includes(included)) return complain(`${included} includes itself`);
    if (above.length >= DEPTH_MAX) return complain(`maps include others at most ${DEPTH_MAX} deep`);
    if (++this.#includes > INCLUDES_MAX) return complain(`a map includes at most ${INCLUDES_MAX} others`);
    const inner = read(included);
    if (inner === null) return complain(`there is no map ${included}`);
    this.#read(inner, { ...place, path: included, above: [...above, path] });
  }
}

interface Reading {
  readonly path: string;
  readonly kind: MapKind;
  readonly read: ReadMap;
  readonly faults: MapError[];
  /** The maps that include this one. */
  readonly above: readonly string[];
}
