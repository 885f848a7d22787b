/** A file that is held by a descriptor: it cannot become another one meanwhile, wherever it is moved. It is opened for reading and writing when that is asked for. */
import { type FileKey } from "../file-key.ts";
import type { FileKind } from "../file-system.ts";
import { type Status } from "../status.ts";
import * as system from "./system-calls.ts";

export class HeldFile {
  readonly key: FileKey;
  readonly descriptor: number;
  readonly device: bigint;
  /** The number of its file system below the exported directory. */
  readonly fileSystem: number;
  readonly kind: FileKind;
  /** As last seen; it may have grown or shrunk. */
  sizeOctets: number;
  /** While somebody uses it, it is not closed. */
  uses = 0;
  #reader: Promise<number | Status> | null = null;
  #writer: Promise<number | Status> | null = null;
  #openReader: number | null = null;
  #isGone = false;

  constructor(parts: {
    readonly key: FileKey;
    readonly descriptor: number;
    readonly fileSystem: number;
    readonly facts: system.Facts;
  }) {
    this.key = parts.key;
    this.descriptor = parts.descriptor;
    this.fileSystem = parts.fileSystem;
    this.device = parts.facts.device;
    this.kind = parts.facts.attributes.kind;
    this.sizeOctets = parts.facts.attributes.sizeOctets;
  }

  /** Ends one use. */
  release(): void {
    this.uses--;
    if (this.#isGone) this.letGo();
  }

  /** The descriptor to read from, where it is open already. */
  get readerAtHand(): number | null {
    return this.#openReader;
  }

  /** A descriptor to read from; only regular files are ever opened. */
  reader(): Promise<number | Status> {
    const fault = this.#fault();
    if (fault !== null) return Promise.resolve(fault);
    return (this.#reader ??= system.openToRead(this.descriptor).then((opened) => {
      if (typeof opened === "string") this.#reader = null;
      else if (!this.#isGone) this.#openReader = opened;
      return opened;
    }));
  }

  writer(): Promise<number | Status> {
    const fault = this.#fault();
    if (fault !== null) return Promise.resolve(fault);
    return (this.#writer ??= system.openToWrite(this.descriptor).then((opened) => {
      if (typeof opened === "string") this.#writer = null;
      return opened;
    }));
  }

  /** Closes it, now or when nobody uses it any more. */
  letGo(): void {
    this.#isGone = true;
    if (this.uses > 0) return;
    for (const opening of [this.#reader, this.#writer]) {
      void opening?.then((opened) => {
        if (typeof opened === "number") system.close(opened);
      });
    }
    [this.#reader, this.#writer, this.#openReader] = [null, null, null];
    system.close(this.descriptor);
  }

  #fault(): Status | null {
    if (this.kind === "file") return null;
    return this.kind === "directory" ? "ISDIR" : "INVAL";
  }
}
