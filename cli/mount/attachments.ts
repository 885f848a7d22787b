/** Where the daemon has attached the local name space to the operating system; it ends with the daemon, for nobody could answer then. */
import { isAbsolute } from "node:path";
import type { Clock, Log } from "../../base/index.ts";
import { LocalError } from "../../net/index.ts";
import { type Attached, AttachError, attachFuse, type FileSystem, FuseDeviceError } from "../../mount/index.ts";

export interface AttachWish {
  readonly directory: string;
  readonly isWritable: boolean;
  /** Also for other users than the daemon's. */
  readonly allowsOthers: boolean;
}

export class Attachments {
  readonly #parts: { readonly fileSystem: FileSystem; readonly clock: Clock; readonly log: Log };
  readonly #attached = new Map<string, Attached>();

  constructor(parts: { readonly fileSystem: FileSystem; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  /** Null when it is attached, else why FUSE cannot do it here. Throws a LocalError for what is wrong with the wish. */
  async attach({ directory, ...how }: AttachWish): Promise<string | null> {
    if (!isAbsolute(directory)) throw new LocalError("USAGE", `${directory} is no absolute path`);
    if (this.#attached.has(directory)) {
      throw new LocalError("REFUSED", `${directory} is attached already (umount ${directory} undoes it)`);
    }
    try {
      const attached = await attachFuse({ ...this.#parts, ...how, directory });
      this.#attached.set(directory, attached);
      void attached.ended.then(() => this.#attached.delete(directory));
      return null;
    } catch (error) {
      if (error instanceof FuseDeviceError) return error.message;
      if (error instanceof AttachError) throw new LocalError("REFUSED", error.message);
      throw error;
    }
  }

  /** Whoever uses one of them gets an error, rather than no answer for ever. */
  async close(): Promise<void> {
    for (const attached of [...this.#attached.values()]) {
      try {
        await attached.detach("lazy");
      } catch (error) {
        if (!(error instanceof AttachError)) throw error;
        this.#parts.log.error({ reason: error.message }, "still attached to the system");
      }
    }
  }
}
