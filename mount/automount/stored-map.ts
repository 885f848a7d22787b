/**
 * A map that stands in a file, read again when it has changed, and what it includes. A direct map has paths for keys; it is mounted at each directory in which it has
 * some, after what is there already (a union), and shows there those names.
 */
import { FileError, type Files, type Log } from "../../base/index.ts";
import type { MountOptions } from "../options.ts";
import type { AutomountMap, MapAnswer } from "./map.ts";
import { MapFile } from "./map-file.ts";
import { MapError } from "./map-syntax.ts";

export interface StoredMapParts {
  readonly path: string;
  /** Of a direct map, the directory whose paths are meant; null for an indirect one. */
  readonly directory: string | null;
  /** Of the mount of the map; an entry's stand over them. */
  readonly options: MountOptions;
  readonly files: Pick<Files, "read" | "stamp">;
  readonly log: Log;
}

const OCTETS_MAX = 16 * 1024 * 1024;

export class StoredMap implements AutomountMap {
  readonly #parts: StoredMapParts;
  #map: MapFile | null = null;
  /** Of the map and what it includes, when it was read. */
  #stamps = new Map<string, string | null>();

  constructor(parts: StoredMapParts) {
    this.#parts = parts;
  }

  names(): readonly string[] {
    try {
      const { keys } = this.#fresh();
      const above = this.#above();
      const inside = above === null ? keys : keys.filter((key) => folderOf(key) === above);
      return above === null ? keys : inside.map((key) => key.slice(above.length));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#parts.log.warn({ map: this.#parts.path }, error.message);
      return [];
    }
  }

  async find(key: string): Promise<MapAnswer> {
    try {
      const mounts = this.#fresh().find(`${this.#above() ?? ""}${key}`, this.#parts.options);
      return mounts === null ? { kind: "none", reason: "the map has no such name" } : { kind: "mounts", mounts };
    } catch (error) {
      if (error instanceof FileError) return { kind: "failed", status: "IO", reason: error.message };
      if (error instanceof MapError) return { kind: "failed", status: "INVAL", reason: error.message };
      throw error;
    }
  }

  faults(): readonly string[] {
    return this.#map?.faults.map(({ message }) => message) ?? [];
  }

  /** What is before the names in the keys of a direct map. */
  #above(): string | null {
    const { directory } = this.#parts;
    return directory === null || directory === "/" ? directory : `${directory}/`;
  }

  #fresh(): MapFile {
    const { path, files, log } = this.#parts;
    const isFresh = [...this.#stamps].every(([file, stamp]) => files.stamp(file) === stamp);
    if (this.#map !== null && isFresh) return this.#map;
    this.#stamps = new Map();
    const text = this.#text(path);
    const read = (included: string): string | null => (files.stamp(included) === null ? null : this.#text(included));
    this.#map = MapFile.parse(text, { path, kind: this.#parts.directory === null ? "indirect" : "direct", read });
    for (const fault of this.#map.faults) log.warn({ map: path }, fault.message);
    return this.#map;
  }

  #text(path: string): string {
    const { files } = this.#parts;
    this.#stamps.set(path, files.stamp(path));
    const octets = files.read(path);
    return new TextDecoder().decode(octets.subarray(0, OCTETS_MAX));
  }
}

/** With its slash at the end. */
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** The directories in which a direct map has names, for mounting it at each of them. Throws a FileError. */
export function directoriesOf(path: string, files: Pick<Files, "read" | "stamp">): readonly string[] {
  const decode = (file: string): string => new TextDecoder().decode(files.read(file).subarray(0, OCTETS_MAX));
  const read = (file: string): string | null => (files.stamp(file) === null ? null : decode(file));
  const { keys } = MapFile.parse(decode(path), { path, kind: "direct", read });
  return [...new Set(keys.map((key) => folderOf(key).replace(/(.)\/$/, "$1")))];
}
