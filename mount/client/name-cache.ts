/**
 * Names that the server resolved, also those that are not there, for as long as their directory is known not to have changed; and for each key the place where it was found, so that
 * it can be found again by walking when its handle has gone.
 */
import { type FileKey } from "../file-key.ts";
import { type Attributes, type FileTime, type Place } from "../file-system.ts";
import { isSameTime } from "./attribute-cache.ts";
import { BoundedMap } from "./bounded-map.ts";

interface Directory {
  /** When it was last changed, as of all names in here. */
  changed: FileTime;
  readonly names: BoundedMap<string, FileKey | null>;
}

const DIRECTORIES_MAX = 1024;
const NAMES_OF_DIRECTORY_MAX = 8192;
const PLACES_MAX = 65_536;
/** As deep as a path of 4096 octets can be. */
const DEPTH_MAX = 2048;

export class NameCache {
  readonly #directories = new BoundedMap<FileKey, Directory>(DIRECTORIES_MAX);
  readonly #places = new BoundedMap<FileKey, Place>(PLACES_MAX);

  /** The key of that name, null when there is no such name, undefined when that has to be asked. The directory's attributes are of now. */
  get({ directory, name }: Place, attributes: Attributes): FileKey | null | undefined {
    const known = this.#directories.get(directory);
    return known !== undefined && isSameTime(known.changed, attributes.changed) ? known.names.get(name) : undefined;
  }

  /** Takes what was just resolved; `attributes` are the directory's as of then, where they were told. */
  learn(place: Place, key: FileKey | null, attributes: Attributes | null): void {
    if (key !== null) this.#places.set(key, place);
    if (attributes === null) return;
    const { directory, name } = place;
    const { changed } = attributes;
    let known = this.#directories.get(directory);
    if (known === undefined || !isSameTime(known.changed, changed)) {
      known = { changed, names: new BoundedMap(NAMES_OF_DIRECTORY_MAX) };
      this.#directories.set(directory, known);
    }
    known.names.set(name, key);
  }

  /** We changed the directory ourselves and nobody else did in between: what else is known of it stays. */
  carryOver(directory: FileKey, before: FileTime, after: FileTime): void {
    const known = this.#directories.get(directory);
    if (known !== undefined && isSameTime(known.changed, before)) known.changed = after;
  }

  /** What that name leads to is not known any more. */
  forgetName({ directory, name }: Place): void {
    this.#directories.get(directory)?.names.delete(name);
  }

  forgetPlace(key: FileKey): void {
    this.#places.delete(key);
  }

  /** The names from the root (or from the last directory whose place is known) to the key; null where nothing is known of it. */
  pathOf(key: FileKey, root: FileKey): readonly string[] | null {
    const names: string[] = [];
    for (let at = key; at !== root;) {
      const place = this.#places.get(at);
      if (place === undefined || names.length === DEPTH_MAX) return null;
      names.unshift(place.name);
      at = place.directory;
    }
    return names;
  }

  /** All names are asked for again; places stay, for walking. */
  clearNames(): void {
    this.#directories.clear();
  }
}
