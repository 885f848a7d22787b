/** A map that stands in a file, read again when it has changed, and what it includes. */
import { FileError, type Files, type Log } from "../../base/index.ts";
import type { MountOptions } from "../options.ts";
import type { AutomountMap, MapAnswer } from "./map.ts";
import { MapFile } from "./map-file.ts";
import { MapError } from "./map-syntax.ts";

export interface StoredMapParts {
  readonly path: string;
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
      return this.#fresh().keys;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#parts.log.warn({ map: this.#parts.path }, error.message);
      return [];
    }
  }

  async find(key: string): Promise<MapAnswer> {
    try {
      const mounts = this.#fresh().find(key, this.#parts.options);
      return mounts === null ? { kind: "none" } : { kind: "mounts", mounts };
    } catch (error) {
      if (error instanceof FileError) return { kind: "failed", status: "IO", reason: error.message };
      if (error instanceof MapError) return { kind: "failed", status: "INVAL", reason: error.message };
      throw error;
    }
  }

  #fresh(): MapFile {
    const { path, files, log } = this.#parts;
    const isFresh = [...this.#stamps].every(([file, stamp]) => files.stamp(file) === stamp);
    if (this.#map !== null && isFresh) return this.#map;
    this.#stamps = new Map();
    const text = this.#text(path);
    const read = (included: string): string | null => (files.stamp(included) === null ? null : this.#text(included));
    this.#map = MapFile.parse(text, { path, kind: "indirect", read });
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
