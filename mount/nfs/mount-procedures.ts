/** The MOUNT protocol, version 3 (RFC 1813 §5.2): MNT, DUMP, UMNT, UMNTALL, EXPORT. */
import { type XdrReader } from "../rpc/xdr-reader.ts";
import { type XdrWriter } from "../rpc/xdr-writer.ts";
import { readHandle, readName, writeHandle, writeName } from "./attributes.ts";
import { type Codec, mountResult, nothing, type Procedure, type Result } from "./procedure.ts";

export const MOUNT_PROGRAM = 100005;
export const MOUNT_VERSION = 3;

/** A server offers a handful of flavors of authentication. */
const FLAVORS_MAX = 64;

const pathCodec: Codec<string> = { write: writeName, read: readName };

export interface Mounted {
  readonly handle: string;
  /** Flavors of authentication that the server takes, the one it likes most first. */
  readonly flavors: readonly number[];
}

export const MNT: Procedure<string, Result<Mounted, null>> = {
  number: 1,
  name: "MNT",
  arguments: pathCodec,
  result: mountResult({
    write(writer, { handle, flavors }) {
      writeHandle(writer, handle);
      writer.u32(flavors.length);
      for (const flavor of flavors) writer.u32(flavor);
    },
    read(reader) {
      const handle = readHandle(reader);
      const flavors: number[] = [];
      for (let count = reader.count(FLAVORS_MAX, 4); count > 0; count--) flavors.push(reader.u32());
      return { handle, flavors };
    },
  }),
};

/** Somebody who has mounted something, as far as the server knows. */
export interface MountEntry {
  readonly host: string;
  readonly path: string;
}

export const DUMP: Procedure<null, readonly MountEntry[]> = {
  number: 2,
  name: "DUMP",
  arguments: nothing,
  result: {
    write(writer, entries) {
      for (const { host, path } of entries) {
        writer.boolean(true);
        writeName(writer, host);
        writeName(writer, path);
      }
      writer.boolean(false);
    },
    read(reader) {
      return readList(reader, () => {
        const host = readName(reader);
        return { host, path: readName(reader) };
      });
    },
  },
};

export const UMNT: Procedure<string, null> = { number: 3, name: "UMNT", arguments: pathCodec, result: nothing };

export const UMNTALL: Procedure<null, null> = { number: 4, name: "UMNTALL", arguments: nothing, result: nothing };

export interface ExportEntry {
  readonly path: string;
  /** Hosts or networks that may mount it; none: everybody. */
  readonly groups: readonly string[];
}

export const EXPORT: Procedure<null, readonly ExportEntry[]> = {
  number: 5,
  name: "EXPORT",
  arguments: nothing,
  result: {
    write(writer, entries) {
      for (const { path, groups } of entries) {
        writer.boolean(true);
        writeName(writer, path);
        writeGroups(writer, groups);
      }
      writer.boolean(false);
    },
    read(reader) {
      return readList(reader, () => {
        const path = readName(reader);
        return { path, groups: readList(reader, () => readName(reader)) };
      });
    },
  },
};

function writeGroups(writer: XdrWriter, groups: readonly string[]): void {
  for (const group of groups) {
    writer.boolean(true);
    writeName(writer, group);
  }
  writer.boolean(false);
}

/** A list in XDR says before each entry whether it comes (RFC 4506 §4.19); so the record bounds it. */
function readList<T>(reader: XdrReader, read: () => T): T[] {
  const entries: T[] = [];
  while (reader.boolean()) entries.push(read());
  return entries;
}
