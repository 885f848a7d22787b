/**
 * A path of the local name space at a second place (`ns:/path`): what stands there, and everything mounted below it, seen again. Its keys are keys of the name space. A bind
 * into itself is no mistake: each turn makes the key longer, until it is LOOP.
 */
import { type FileKey } from "./file-key.ts";
import type {
  AttributeChanges,
  Attributes,
  Committed,
  FileSystem,
  Found,
  LinkTarget,
  ListPart,
  NewFile,
  Place,
  ReadPart,
  Soon,
  Space,
  Stability,
  Written,
} from "./file-system.ts";

export class BindFileSystem implements FileSystem {
  readonly isWritable: boolean;
  readonly #nameSpace: FileSystem;
  readonly #bound: FileKey;

  constructor(nameSpace: FileSystem, bound: FileKey) {
    this.isWritable = nameSpace.isWritable;
    this.#nameSpace = nameSpace;
    this.#bound = bound;
  }

  root(): Soon<Found> {
    return this.lookup(this.#bound, ".");
  }

  lookup(directory: FileKey, name: string): Soon<Found> {
    // Nothing climbs out of what was bound.
    if (name === ".." && directory === this.#bound) return this.root();
    return this.#nameSpace.lookup(directory, name);
  }

  attributes(file: FileKey): Soon<Attributes> {
    return this.#nameSpace.attributes(file);
  }

  read(file: FileKey, offset: number, octetsMax: number): Soon<ReadPart> {
    return this.#nameSpace.read(file, offset, octetsMax);
  }

  list(directory: FileKey, cookie: bigint, entriesMax: number): Soon<ListPart> {
    return this.#nameSpace.list(directory, cookie, entriesMax);
  }

  readlink(link: FileKey): Soon<LinkTarget> {
    return this.#nameSpace.readlink(link);
  }

  space(file: FileKey): Soon<Space> {
    return this.#nameSpace.space(file);
  }

  setAttributes(file: FileKey, changes: AttributeChanges): Soon<Attributes> {
    return this.#nameSpace.setAttributes(file, changes);
  }

  write(file: FileKey, offset: number, octets: Uint8Array, stability: Stability): Soon<Written> {
    return this.#nameSpace.write(file, offset, octets, stability);
  }

  commit(file: FileKey): Soon<Committed> {
    return this.#nameSpace.commit(file);
  }

  create(place: Place, what: NewFile): Soon<Found> {
    return this.#nameSpace.create(place, what);
  }

  remove(place: Place): Soon<null> {
    return this.#nameSpace.remove(place);
  }

  removeDirectory(place: Place): Soon<null> {
    return this.#nameSpace.removeDirectory(place);
  }

  rename(from: Place, to: Place): Soon<null> {
    return this.#nameSpace.rename(from, to);
  }

  link(file: FileKey, to: Place): Soon<null> {
    return this.#nameSpace.link(file, to);
  }

  /** The name space is not its own to close. */
  async close(): Promise<void> {}
}
