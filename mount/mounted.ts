/**
 * One mount at work: its row of the table, the file system behind it, how it is doing and what it has done. The file system is opened when it is first needed
 * (after a restart, too), so that a server that is gone holds up nobody but those who ask it.
 */
import { type Clock } from "../base/index.ts";
import { type FileKey, fileKeyOf, FILE_KEY_OCTETS_MAX } from "./file-key.ts";
import type { Attributes, FileSystem, Found, Soon } from "./file-system.ts";
import { afterwards } from "./soon.ts";
import { isStatus, type Status } from "./status.ts";
import { type MountRow } from "./table.ts";

/** Octets of a mount's number at the beginning of a key. */
export const MOUNT_ID_OCTETS = 4;

/** Spreads the numbers of file systems behind one mount (2^64 over the golden ratio). */
const SPREAD = 0x9e3779b97f4a7c15n;

export type MountState = "configured" | "mounting" | "up" | "degraded" | "stale" | "failed";

/** How a file system tells how it is doing. The reason is a sentence for people. */
export type TellState = (state: MountState, reason: string) => void;

/**
 * Makes the file system of a row. It waits for no server: what cannot be reached shows in the first operation. Throws, or ends with, an OpenSourceError.
 */
export type OpenSource = (row: MountRow, tell: TellState) => FileSystem | Promise<FileSystem>;

/** There can be no file system for this source as things are. The message is for people. */
export class OpenSourceError extends Error {
  readonly status: Status;

  constructor(status: Status, message: string) {
    super(message);
    this.status = status;
  }
}

export class Mounted {
  readonly row: MountRow;
  readonly #open: OpenSource;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #rootKey: FileKey;
  readonly counters = { operations: 0, failures: 0, readOctets: 0, writtenOctets: 0 };
  #fileSystem: FileSystem | null = null;
  #opening: Promise<FileSystem | Status> | null = null;
  #innerRoot: FileKey | null = null;
  #state: MountState = "configured";
  #reason = "";
  #underWay = 0;
  #lastUsed: number;

  constructor(row: MountRow, open: OpenSource, clock: Clock) {
    this.row = row;
    this.#open = open;
    this.#clock = clock;
    this.#prefix = mountPrefix(row.id);
    this.#rootKey = fileKeyOf(this.#prefix);
    this.#lastUsed = clock.now();
  }

  get state(): MountState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  /** Operations that have not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  get idleMilliseconds(): number {
    return this.#underWay > 0 ? 0 : this.#clock.now() - this.#lastUsed;
  }

  /** The key of its root in the name space; it is known without asking anybody. */
  get rootKey(): FileKey {
    return this.#rootKey;
  }

  /** What the file system says of itself; nothing while it is not open. */
  facts(): readonly string[] {
    return this.#fileSystem?.facts?.() ?? [];
  }

  /** What a file of it is called in the name space; null where binds within binds have made the key too long. */
  keyOf(inner: FileKey): FileKey | null {
    if (inner === this.#innerRoot) return this.#rootKey;
    const text = this.#prefix + inner;
    return text.length > FILE_KEY_OCTETS_MAX ? null : fileKeyOf(text);
  }

  /**
   * Does something with the file that has this key in the name space. The root is asked for before the first of them: only who knows it can tell that a ".." has
   * arrived there.
   */
  on<T>(key: FileKey, act: (fileSystem: FileSystem, inner: FileKey) => Soon<T>): Soon<T> {
    const inner = key.length > MOUNT_ID_OCTETS ? fileKeyOf(key.slice(MOUNT_ID_OCTETS)) : null;
    return this.#counted((fileSystem) => {
      if (this.#innerRoot !== null) return act(fileSystem, inner ?? this.#innerRoot);
      return afterwards(this.#askRoot(fileSystem), (root) => act(fileSystem, inner ?? root.key));
    });
  }

  /** The root as its server has it, with its attributes. */
  root(): Soon<Found> {
    return afterwards(
      this.#counted((fileSystem) => this.#askRoot(fileSystem)),
      ({ attributes }) => ({ key: this.#rootKey, attributes: this.dress(attributes) }),
    );
  }

  /** Attributes as the name space shows them: each mount is a file system of its own. */
  dress(attributes: Attributes): Attributes {
    const inner = attributes.fileSystemId;
    const own = BigInt(this.row.id) << 32n;
    const fileSystemId = inner === 0n ? own : BigInt.asUintN(64, own + inner * SPREAD);
    return { ...attributes, fileSystemId };
  }

  found({ key, attributes }: Found): Found | Status {
    const own = this.keyOf(key);
    return own === null ? "LOOP" : { key: own, attributes: this.dress(attributes) };
  }

  /** Lets go of the file system behind; the next use opens it again. */
  async rest(): Promise<void> {
    const fileSystem = this.#fileSystem ?? (await this.#opening);
    this.#fileSystem = null;
    this.#opening = null;
    this.#setState("configured", "");
    if (fileSystem !== null && !isStatus(fileSystem)) await fileSystem.close();
  }

  #withFileSystem<T>(act: (fileSystem: FileSystem) => Soon<T>): Soon<T> {
    if (this.#fileSystem !== null) return act(this.#fileSystem);
    // Whatever comes of it (the disk may be full): the next use tries again.
    this.#opening ??= this.#openNow().finally(() => (this.#opening = null));
    return this.#opening.then((opened) => (isStatus(opened) ? opened : act(opened)));
  }

  async #openNow(): Promise<FileSystem | Status> {
    this.#setState("mounting", "");
    try {
      this.#fileSystem = await this.#open(this.row, (state, reason) => this.#setState(state, reason));
      return this.#fileSystem;
    } catch (error) {
      if (!(error instanceof OpenSourceError)) throw error;
      this.#setState("failed", error.message);
      return error.status;
    }
  }

  #askRoot(fileSystem: FileSystem): Soon<Found> {
    return afterwards(fileSystem.root(), (found) => {
      this.#innerRoot = found.key;
      if (this.#state === "mounting") this.#setState("up", "");
      return found;
    });
  }

  #counted<T>(act: (fileSystem: FileSystem) => Soon<T>): Soon<T> {
    this.counters.operations++;
    const outcome = this.#withFileSystem(act);
    if (!(outcome instanceof Promise)) {
      this.#ended(outcome);
      return outcome;
    }
    this.#underWay++;
    return outcome.finally(() => this.#underWay--).then((answer) => this.#ended(answer));
  }

  #ended<T>(answer: T | Status): T | Status {
    this.#lastUsed = this.#clock.now();
    if (!isStatus(answer)) return answer;
    if (answer === "TIMEDOUT" || answer === "IO" || answer === "SERVERFAULT") this.counters.failures++;
    if (answer === "TIMEDOUT" && this.#state === "mounting") this.#setState("failed", "the server does not answer");
    return answer;
  }

  #setState(state: MountState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
  }
}

/** How every key of a mount begins. */
export function mountPrefix(id: number): string {
  return String.fromCharCode((id >>> 24) & 255, (id >>> 16) & 255, (id >>> 8) & 255, id & 255);
}

/** The mount that a key of the name space is in. */
export function mountOf(key: FileKey): number {
  if (key.length < MOUNT_ID_OCTETS) return -1;
  const [a, b, c, d] = [key.charCodeAt(0), key.charCodeAt(1), key.charCodeAt(2), key.charCodeAt(3)];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
