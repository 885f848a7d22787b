/**
 * The local name space: one tree out of all mounts, itself a FileSystem, so that whoever serves files serves it like any other. Its keys begin with the number
 * of a mount; the root of a mount is that number alone. A lookup that ends at a place where something is mounted goes on in what is mounted there.
 *
 * What a union is, and in which order its members are asked, is in `union.ts`; how rows come and go is in `mounting.ts`.
 */
import { assert } from "../base/index.ts";
import { type FileKey, fileKeyOf } from "./file-key.ts";
import type {
  AttributeChanges,
  Attributes,
  Committed,
  FileSystem,
  Found,
  LinkTarget,
  ListEntry,
  ListPart,
  NewFile,
  Place,
  ReadPart,
  Soon,
  Space,
  Stability,
  Written,
} from "./file-system.ts";
import { MOUNT_ID_OCTETS, type Mounted, mountOf, mountPrefix } from "./mounted.ts";
import { afterwards, whatever } from "./soon.ts";
import { isStatus, type Status } from "./status.ts";
import { BASE_MOUNT, type Members, type MountPlace, type MountTable } from "./table.ts";
import { lookupUnion, UnionListings } from "./union.ts";

export class NameSpace implements FileSystem {
  readonly isWritable = true;
  readonly table: MountTable;
  readonly #mounts = new Map<number, Mounted>();
  readonly #listings = new UnionListings();

  /** The base is the mount with number 0; it is never undone. */
  constructor(table: MountTable, base: Mounted) {
    assert(base.row.id === BASE_MOUNT, "all stands on the base");
    this.table = table;
    this.#mounts.set(BASE_MOUNT, base);
  }

  mounted(id: number): Mounted | null {
    return this.#mounts.get(id) ?? null;
  }

  /** A mount is part of the tree from here on. */
  attach(mounted: Mounted): void {
    this.#mounts.set(mounted.row.id, mounted);
    this.table.add(mounted.row);
  }

  /** A mount is part of the tree no longer; its keys are STALE. What is done with its file system is the caller's business. */
  detach(id: number): void {
    assert(id !== BASE_MOUNT, "the base stays");
    this.table.remove(id);
    this.#mounts.delete(id);
  }

  root(): Soon<Found> {
    const base = this.#mounts.get(BASE_MOUNT)!;
    return afterwards(base.root(), () => this.#settle(base, base.rootKey));
  }

  lookup(directory: FileKey, name: string): Soon<Found> {
    if (name === ".") return afterwards(this.attributes(directory), (attributes) => ({ key: directory, attributes }));
    if (name === ".." && directory.length === MOUNT_ID_OCTETS) return this.#above(directory);
    const members = this.#union(directory);
    if (members !== null) return lookupUnion(members, (place) => this.#lookupIn(place, name));
    return this.#lookupIn(directory, name);
  }

  attributes(file: FileKey): Soon<Attributes> {
    const first = this.#firstMember(file);
    return this.#on(first, (mounted) =>
      afterwards(
        mounted.on(first, (fileSystem, inner) => fileSystem.attributes(inner)),
        (attributes) => mounted.dress(attributes),
      ),
    );
  }

  read(file: FileKey, offset: number, octetsMax: number): Soon<ReadPart> {
    return this.#on(file, (mounted) =>
      afterwards(
        mounted.on(file, (fileSystem, inner) => fileSystem.read(inner, offset, octetsMax)),
        (part) => {
          mounted.counters.readOctets += part.octets.length;
          return part;
        },
      ),
    );
  }

  list(directory: FileKey, cookie: bigint, entriesMax: number): Soon<ListPart> {
    const members = this.#union(directory);
    if (members === null) return this.#listIn(directory, cookie, entriesMax);
    return this.#listings.part({ directory, members, cookie, entriesMax }, (place, from, count) =>
      this.#listIn(place, from, count),
    );
  }

  readlink(link: FileKey): Soon<LinkTarget> {
    return this.#on(link, (mounted) => mounted.on(link, (fileSystem, inner) => fileSystem.readlink(inner)));
  }

  space(file: FileKey): Soon<Space> {
    return this.#on(file, (mounted) => mounted.on(file, (fileSystem, inner) => fileSystem.space(inner)));
  }

  setAttributes(file: FileKey, changes: AttributeChanges): Soon<Attributes> {
    return this.#change(file, (mounted) =>
      afterwards(
        mounted.on(file, (fileSystem, inner) => fileSystem.setAttributes(inner, changes)),
        (attributes) => mounted.dress(attributes),
      ),
    );
  }

  write(file: FileKey, offset: number, octets: Uint8Array, stability: Stability): Soon<Written> {
    return this.#change(file, (mounted) =>
      afterwards(
        mounted.on(file, (fileSystem, inner) => fileSystem.write(inner, offset, octets, stability)),
        (written) => {
          mounted.counters.writtenOctets += written.writtenOctets;
          return written;
        },
      ),
    );
  }

  commit(file: FileKey): Soon<Committed> {
    return this.#on(file, (mounted) => mounted.on(file, (fileSystem, inner) => fileSystem.commit(inner)));
  }

  create({ directory, name }: Place, what: NewFile): Soon<Found> {
    const place = this.#memberForNew(directory);
    if (isStatus(place)) return place;
    const make = (): Soon<Found> =>
      this.#change(place, (mounted) =>
        afterwards(
          mounted.on(place, (fileSystem, inner) => fileSystem.create({ directory: inner, name }, what)),
          (found) => mounted.found(found),
        ),
      );
    // What another member has under that name is what everybody sees there, so it exists.
    if (place === directory) return make();
    return whatever(this.lookup(directory, name), (there) => {
      if (there === "NOENT") return make();
      if (isStatus(there)) return there;
      return mountOf(there.key) === mountOf(place) ? make() : "EXIST";
    });
  }

  remove(place: Place): Soon<null> {
    return this.#removeBy(place, (fileSystem, inner) => fileSystem.remove(inner));
  }

  removeDirectory(place: Place): Soon<null> {
    return this.#removeBy(place, (fileSystem, inner) => fileSystem.removeDirectory(inner));
  }

  rename(from: Place, to: Place): Soon<null> {
    return afterwards(this.#memberWith(from), (source) =>
      afterwards(this.#memberBeside(to.directory, source), (target) => {
        if (mountOf(source) !== mountOf(target)) return "XDEV";
        return this.#change(source, (mounted) =>
          mounted.on(source, (fileSystem, inner) =>
            mounted.on(target, (_same, other) => {
              const place = { directory: other, name: to.name };
              const rename = (): Soon<null> => fileSystem.rename({ directory: inner, name: from.name }, place);
              // An empty directory would be replaced, and what is mounted upon it could not be reached any more.
              return whatever(this.#isMountPoint(mounted, place), (is) => (is === true ? "ACCES" : rename()));
            }),
          ),
        );
      }),
    );
  }

  link(file: FileKey, to: Place): Soon<null> {
    return afterwards(this.#memberBeside(to.directory, file), (target) => {
      if (mountOf(file) !== mountOf(target)) return "XDEV";
      return this.#change(file, (mounted) =>
        mounted.on(file, (fileSystem, inner) =>
          mounted.on(target, (_same, other) => fileSystem.link(inner, { directory: other, name: to.name })),
        ),
      );
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#mounts.values()].map((mounted) => mounted.rest()));
  }

  #on<T>(key: FileKey, act: (mounted: Mounted) => Soon<T>): Soon<T> {
    const mounted = this.#mounts.get(mountOf(key));
    return mounted === undefined ? "STALE" : act(mounted);
  }

  #change<T>(key: FileKey, act: (mounted: Mounted) => Soon<T>): Soon<T> {
    return this.#on(key, (mounted) => (mounted.row.options.isWritable ? act(mounted) : "ROFS"));
  }

  /** A lookup in one directory of one mount, and on into what is mounted where it ends. */
  #lookupIn(directory: FileKey, name: string): Soon<Found> {
    return this.#on(directory, (mounted) =>
      afterwards(
        mounted.on(directory, (fileSystem, inner) => fileSystem.lookup(inner, name)),
        (found) => this.#follow(mounted, found),
      ),
    );
  }

  #follow(mounted: Mounted, found: Found): Soon<Found> {
    const members = this.table.at({ mount: mounted.row.id, key: found.key });
    if (members !== null) return this.#cross(members);
    const own = mounted.found(found);
    return !isStatus(own) && own.key === mounted.rootKey ? this.#settle(mounted, own.key) : own;
  }

  /** What is seen at the root of a mount: it may have become a member of a union, and the base may be covered. */
  #settle(mounted: Mounted, key: FileKey): Soon<Found> {
    if (mounted.row.id === BASE_MOUNT) {
      return mounted.on(key, (fileSystem, inner) =>
        afterwards(fileSystem.attributes(inner), (attributes) => {
          const members = this.table.at({ mount: BASE_MOUNT, key: inner });
          return members === null ? { key, attributes: mounted.dress(attributes) } : this.#cross(members);
        }),
      );
    }
    const members = this.table.at(mounted.row.place);
    return members === null ? "STALE" : this.#cross(members);
  }

  /** A union is named by its first member that is a mount. */
  #cross(members: Members): Soon<Found> {
    const named = members.find((row) => row !== null);
    const mounted = named ? this.#mounts.get(named.id) : undefined;
    if (mounted === undefined) return "STALE";
    if (members.length === 1) return mounted.root();
    return afterwards(this.attributes(mounted.rootKey), (attributes) => ({ key: mounted.rootKey, attributes }));
  }

  /** ".." of a mount's root: what its mount point stands in. */
  #above(root: FileKey): Soon<Found> {
    return this.#on(root, (mounted) => {
      if (mounted.row.id === BASE_MOUNT) return this.root();
      const { mount, key } = mounted.row.place;
      const point = fileKeyOf(mountPrefix(mount) + key);
      return this.#lookupIn(point, "..");
    });
  }

  /** The members of the union that a key names, as keys of directories in order, or null when it names no union. */
  #union(directory: FileKey): readonly FileKey[] | null {
    if (directory.length !== MOUNT_ID_OCTETS) return null;
    const mounted = this.#mounts.get(mountOf(directory));
    if (mounted === undefined || mounted.row.id === BASE_MOUNT) return null;
    const members = this.table.at(mounted.row.place);
    if (members === null || members.length < 2 || !members.includes(mounted.row)) return null;
    return members.map((row) => this.#memberKey(row, mounted.row.place));
  }

  #memberKey(row: Members[number], place: MountPlace): FileKey {
    return fileKeyOf(row === null ? mountPrefix(place.mount) + place.key : mountPrefix(row.id));
  }

  #firstMember(key: FileKey): FileKey {
    return this.#union(key)?.[0] ?? key;
  }

  /** Where new files of a directory go: in a union, to the member that takes them (in Plan 9: the one bound with -c). */
  #memberForNew(directory: FileKey): FileKey | Status {
    const members = this.#union(directory);
    if (members === null) return directory;
    const taking = members.find((key) => {
      const mounted = this.#mounts.get(mountOf(key));
      return key.length === MOUNT_ID_OCTETS && mounted?.row.options.takesNew === true;
    });
    return taking ?? "ROFS";
  }

  /** The directory in which a name of a union is found first. */
  #memberWith({ directory, name }: Place): Soon<FileKey> {
    const members = this.#union(directory);
    if (members === null) return directory;
    return lookupUnion(members, (member) => afterwards(this.#lookupIn(member, name), () => member));
  }

  /** The directory of a union that is in the same mount as the file, else the one that takes new ones. */
  #memberBeside(directory: FileKey, file: FileKey): FileKey | Status {
    const same = this.#union(directory)?.find((member) => mountOf(member) === mountOf(file));
    return same ?? this.#memberForNew(directory);
  }

  #removeBy(place: Place, act: (fileSystem: FileSystem, place: Place) => Soon<null>): Soon<null> {
    return afterwards(this.#memberWith(place), (directory) =>
      this.#change(directory, (mounted) =>
        mounted.on(directory, (fileSystem, inner) => {
          const there = { directory: inner, name: place.name };
          // EBUSY elsewhere; NFSv3 has no such status.
          return afterwards(this.#isMountPoint(mounted, there), (is) => (is ? "ACCES" : act(fileSystem, there)));
        }),
      ),
    );
  }

  /** Whether something is mounted upon what has this name in a directory of this mount. */
  #isMountPoint(mounted: Mounted, { directory, name }: Place): Soon<boolean> {
    const { id } = mounted.row;
    if (this.table.below(id).length === 0) return false;
    return mounted.on(fileKeyOf(mountPrefix(id) + directory), (fileSystem, inner) =>
      afterwards(fileSystem.lookup(inner, name), ({ key }) => this.table.at({ mount: id, key }) !== null),
    );
  }

  #listIn(directory: FileKey, cookie: bigint, entriesMax: number): Soon<ListPart> {
    return this.#on(directory, (mounted) =>
      afterwards(
        mounted.on(directory, (fileSystem, inner) => fileSystem.list(inner, cookie, entriesMax)),
        ({ entries, isEnd }) => ({ entries: entries.map((entry) => this.#entry(mounted, entry)), isEnd }),
      ),
    );
  }

  /** Of a mount point, only its name and number are told: what is behind it is asked when somebody looks there. */
  #entry(mounted: Mounted, entry: ListEntry): ListEntry {
    if (entry.found === null) return entry;
    const isMountPoint = this.table.at({ mount: mounted.row.id, key: entry.found.key }) !== null;
    const found = isMountPoint ? null : mounted.found(entry.found);
    return { ...entry, found: found === null || isStatus(found) ? null : found };
  }
}
