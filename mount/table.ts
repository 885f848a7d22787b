/**
 * The mount table: which file system stands at which place of the local name space (the third of the three names that a mount resolves: protocol, server, mount
 * point). Pure data; `table-store.ts` keeps it on disk, `name-space.ts` walks by it, `mounting.ts` changes it.
 *
 * A place is a directory in another mount, named by that mount's number and the directory's key in it, so it holds when directories above are renamed, and nobody
 * has to be asked for it after a restart. What is mounted at one place stands in levels: the highest is what is seen. A level of several is a union, in order;
 * the directory that was there before mounts came may be one of its members.
 */
import { type FileKey } from "./file-key.ts";
import { type MountOptions } from "./options.ts";
import { type Source } from "./source.ts";

/** Number of the ground that all other mounts stand on. */
export const BASE_MOUNT = 0;

export interface MountRow {
  /** 1 to 2^32 - 1, never given again. */
  readonly id: number;
  /** The path as it was asked for, without "." and "..". */
  readonly target: string;
  /** More than one: replicas of the same files, in the order in which they are tried. */
  readonly sources: readonly Source[];
  readonly options: MountOptions;
  readonly place: MountPlace;
  /** Counted from 1, the highest is seen. */
  readonly level: number;
  /** Order in its level; the first hit wins. The covered directory, where it is a member, stands at 0. */
  readonly position: number;
  /** Whether the covered directory is a member of the level. The same in all rows of a level. */
  readonly withCovered: boolean;
  /** Made by an automount: not kept over a restart, undone when nobody uses it. */
  readonly isAutomatic: boolean;
  /** What an `ns:` source named when it was mounted: the directory is bound, not the path to it. */
  readonly bound: FileKey | null;
}

export interface MountPlace {
  readonly mount: number;
  readonly key: FileKey;
}

/** What is seen at a place: members in order; `null` is the covered directory itself. */
export type Members = readonly (MountRow | null)[];

export class MountTable {
  readonly #rows = new Map<number, MountRow>();
  readonly #places = new Map<string, { rows: MountRow[]; members: Members }>();

  /** By number, in the order in which they were mounted. */
  rows(): MountRow[] {
    return [...this.#rows.values()].sort((one, other) => one.id - other.id);
  }

  row(id: number): MountRow | null {
    return this.#rows.get(id) ?? null;
  }

  /** What stands at a place, or null when nothing is mounted there. */
  at(place: MountPlace): Members | null {
    return this.#places.get(placeText(place))?.members ?? null;
  }

  /** Everything at a place, on all levels. */
  allAt(place: MountPlace): readonly MountRow[] {
    return this.#places.get(placeText(place))?.rows ?? [];
  }

  /** Whether anything is mounted within this mount. */
  below(id: number): MountRow[] {
    return this.rows().filter(({ place }) => place.mount === id);
  }

  add(row: MountRow): void {
    this.#rows.set(row.id, row);
    this.#setPlace(row.place, [...this.allAt(row.place), row]);
  }

  remove(id: number): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    this.#setPlace(
      row.place,
      this.allAt(row.place).filter((other) => other !== row),
    );
  }

  /** Level and position that a new mount at this place gets by its options. */
  slot(place: MountPlace, { place: where }: MountOptions): Pick<MountRow, "level" | "position" | "withCovered"> {
    const rows = this.allAt(place);
    const level = Math.max(0, ...rows.map((row) => row.level));
    if (where === "replace") return { level: level + 1, position: 0, withCovered: false };
    if (level === 0) return { level: 1, position: where === "before" ? -1 : 1, withCovered: true };
    const there = rows.filter((row) => row.level === level);
    const positions = there.map(({ position }) => position);
    const withCovered = there[0]!.withCovered;
    const position = where === "before" ? Math.min(0, ...positions) - 1 : Math.max(0, ...positions) + 1;
    return { level, position, withCovered };
  }

  #setPlace(place: MountPlace, rows: MountRow[]): void {
    const text = placeText(place);
    if (rows.length === 0) this.#places.delete(text);
    else this.#places.set(text, { rows, members: membersOf(rows) });
  }
}

function membersOf(rows: readonly MountRow[]): Members {
  const level = Math.max(...rows.map((row) => row.level));
  const there = rows.filter((row) => row.level === level).sort((one, other) => one.position - other.position);
  if (!there[0]!.withCovered) return there;
  const after = there.findIndex(({ position }) => position > 0);
  const at = after < 0 ? there.length : after;
  return [...there.slice(0, at), null, ...there.slice(at)];
}

function placeText({ mount, key }: MountPlace): string {
  return `${mount}:${key}`;
}
