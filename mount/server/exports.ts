/** What is published: paths of the one file system, to whom, and how. Only what is listed here can be mounted, and nothing leads above it. */
import { type Prefix } from "../../net/index.ts";
import { type FileKey } from "../file-key.ts";
import { type FileSystem, type Found } from "../file-system.ts";
import { isStatus, type Status } from "../status.ts";
import { type Squash } from "./caller.ts";
import { type HandleStore } from "./handle-store.ts";
import { type Answer, andThen } from "../soon.ts";

export interface NfsExport {
  /** As clients name it in MNT: "/", or "/pub/globe" without a slash at the end. */
  readonly path: string;
  /** The directory; null: the one at this path of the file system. */
  readonly root: FileKey | null;
  /** Who may use it; none: everybody who reaches the server. */
  readonly networks: readonly Prefix[];
  readonly isWritable: boolean;
  readonly squash: Squash;
}

/** Deeper than a path of 4096 octets can lead. */
const DEPTH_MAX = 2048;

/** An export with its number in handles. */
export class Published {
  readonly number: number;
  readonly settings: NfsExport;
  readonly #fileSystem: FileSystem;
  #rootKey: FileKey | null;

  constructor(number: number, settings: NfsExport, fileSystem: FileSystem) {
    this.number = number;
    this.settings = settings;
    this.#fileSystem = fileSystem;
    this.#rootKey = settings.root;
  }

  allows(address: string): boolean {
    const { networks } = this.settings;
    return networks.length === 0 || networks.some((network) => network.contains(address));
  }

  /** The directory that is exported, found again each time: another may have been mounted there. */
  root(): Answer<Found | Status> {
    const { root, path } = this.settings;
    const found = root === null ? walked(this.#fileSystem, components(path)) : this.#given(root);
    return andThen(found, (outcome) => {
      if (isStatus(outcome)) return outcome;
      if (outcome.attributes.kind !== "directory") return "NOTDIR";
      this.#rootKey = outcome.key;
      return outcome;
    });
  }

  /**
   * The directory above, or the directory itself where that would lead out of the export: at its root, and also where the directory was moved away or something was mounted over the
   * root meanwhile. So every step up to the root is looked at; nobody but a client that has lost its own tree asks for this.
   */
  parent(key: FileKey): Answer<Found | Status> {
    return andThen(this.#rootKey === null ? this.root() : null, (outcome) => {
      if (isStatus(outcome)) return outcome;
      if (key === this.#rootKey) return this.#given(key);
      return andThen(this.#fileSystem.lookup(key, ".."), (above) => {
        if (isStatus(above)) return above;
        return andThen(this.#isWithin(above.key, DEPTH_MAX), (isWithin) => (isWithin ? above : this.#given(key)));
      });
    });
  }

  #isWithin(key: FileKey, depthLeft: number): Answer<boolean> {
    if (key === this.#rootKey) return true;
    if (depthLeft === 0) return false;
    return andThen(this.#fileSystem.lookup(key, ".."), (above) =>
      isStatus(above) || above.key === key ? false : this.#isWithin(above.key, depthLeft - 1),
    );
  }

  #given(key: FileKey): Answer<Found | Status> {
    return andThen(this.#fileSystem.attributes(key), (attributes) =>
      isStatus(attributes) ? attributes : { key, attributes },
    );
  }
}

export class Exports {
  readonly #fileSystem: FileSystem;
  readonly #store: HandleStore;
  #published: readonly Published[] = [];
  #byNumber: ReadonlyMap<number, Published> = new Map();

  constructor(fileSystem: FileSystem, store: HandleStore) {
    this.#fileSystem = fileSystem;
    this.#store = store;
  }

  get all(): readonly Published[] {
    return this.#published;
  }

  /** From now on these, and no others. Handles of an export that goes become stale, and good again when it comes back. */
  replace(list: readonly NfsExport[]): void {
    const published = list.map(
      (settings) => new Published(this.#store.exportNumber(settings.path), settings, this.#fileSystem),
    );
    this.#published = published;
    this.#byNumber = new Map(published.map((one) => [one.number, one]));
  }

  byNumber(number: number): Published | null {
    return this.#byNumber.get(number) ?? null;
  }

  /** The export with the longest path at or above these components, and what of them is below it. */
  covering(names: readonly string[]): { readonly published: Published; readonly below: readonly string[] } | null {
    let best: { readonly published: Published; readonly below: readonly string[] } | null = null;
    for (const published of this.#published) {
      const own = components(published.settings.path);
      const isAbove = own.length <= names.length && own.every((name, i) => name === names[i]);
      if (!isAbove || (best !== null && names.length - own.length >= best.below.length)) continue;
      best = { published, below: names.slice(own.length) };
    }
    return best;
  }
}

/** The names of a path; slashes that follow each other are one. */
export function components(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

function walked(fileSystem: FileSystem, names: readonly string[]): Answer<Found | Status> {
  let found: Answer<Found | Status> = fileSystem.root();
  for (const name of names) {
    found = andThen(found, (outcome) => (isStatus(outcome) ? outcome : fileSystem.lookup(outcome.key, name)));
  }
  return found;
}
