/** What a file system that nobody can write to says to whoever tries, once for all of them. */
import { type FileKey } from "./file-key.ts";
import type {
  Attributes,
  Committed,
  FileSystem,
  Found,
  LinkTarget,
  ListPart,
  ReadPart,
  Soon,
  Space,
  Written,
} from "./file-system.ts";

export abstract class ReadOnlyFileSystem implements FileSystem {
  readonly isWritable = false;

  abstract root(): Soon<Found>;
  abstract lookup(directory: FileKey, name: string): Soon<Found>;
  abstract attributes(file: FileKey): Soon<Attributes>;
  abstract read(file: FileKey, offset: number, octetsMax: number): Soon<ReadPart>;
  abstract list(directory: FileKey, cookie: bigint, entriesMax: number): Soon<ListPart>;
  abstract readlink(link: FileKey): Soon<LinkTarget>;
  abstract space(file: FileKey): Soon<Space>;
  abstract close(): Promise<void>;

  setAttributes(): Soon<Attributes> {
    return "ROFS";
  }

  write(): Soon<Written> {
    return "ROFS";
  }

  commit(): Soon<Committed> {
    return "ROFS";
  }

  create(): Soon<Found> {
    return "ROFS";
  }

  remove(): Soon<null> {
    return "ROFS";
  }

  removeDirectory(): Soon<null> {
    return "ROFS";
  }

  rename(): Soon<null> {
    return "ROFS";
  }

  link(): Soon<null> {
    return "ROFS";
  }
}
