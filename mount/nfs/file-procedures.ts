/** NFSv3's procedures on one file: GETATTR, SETATTR, ACCESS, READLINK, READ, WRITE, COMMIT (RFC 1813 §3.3.1, §3.3.2, §3.3.4 to §3.3.7, §3.3.21). */
import { type AttributeChanges, type Attributes, type FileTime, type Stability } from "../file-system.ts";
import { XdrError } from "../rpc/xdr-reader.ts";
import {
  readAttributes,
  readChanges,
  readHandle,
  readMaybeAttributes,
  readName,
  readTime,
  readWcc,
  type WccData,
  writeAttributes,
  writeChanges,
  writeHandle,
  writeMaybeAttributes,
  writeName,
  writeTime,
  writeWcc,
} from "./attributes.ts";
import { type Codec, nothing, type Procedure, type Result, result } from "./procedure.ts";

/** What fits into one READ or WRITE: FSINFO tells it, and with the rest of the message it stays below the longest record. */
export const TRANSFER_OCTETS_MAX = 1024 * 1024;

/** ACCESS3_* (RFC 1813 §3.3.4). */
export const ACCESS = { READ: 0x01, LOOKUP: 0x02, MODIFY: 0x04, EXTEND: 0x08, DELETE: 0x10, EXECUTE: 0x20 } as const;

/** stable_how. */
const STABILITIES: readonly Stability[] = ["unstable", "data", "file"];

export const handleCodec: Codec<string> = { write: writeHandle, read: readHandle };
export const maybeAttributes: Codec<Attributes | null> = { write: writeMaybeAttributes, read: readMaybeAttributes };
export const wccCodec: Codec<WccData> = { write: writeWcc, read: readWcc };

export const GETATTR: Procedure<string, Result<Attributes, null>> = {
  number: 1,
  name: "GETATTR",
  arguments: handleCodec,
  result: result({ write: writeAttributes, read: readAttributes }, nothing),
};

export interface SetAttributesArguments {
  readonly handle: string;
  readonly changes: AttributeChanges;
  /** Only if the file has not changed since this time. */
  readonly guard: FileTime | null;
}

export const SETATTR: Procedure<SetAttributesArguments, Result<WccData, WccData>> = {
  number: 2,
  name: "SETATTR",
  arguments: {
    write(writer, { handle, changes, guard }) {
      writeHandle(writer, handle);
      writeChanges(writer, changes);
      writer.boolean(guard !== null);
      if (guard !== null) writeTime(writer, guard);
    },
    read(reader) {
      const handle = readHandle(reader);
      const changes = readChanges(reader);
      return { handle, changes, guard: reader.boolean() ? readTime(reader) : null };
    },
  },
  result: result(wccCodec, wccCodec),
};

export interface AccessArguments {
  readonly handle: string;
  /** Bits of ACCESS that are asked for. */
  readonly access: number;
}

export interface AccessGranted {
  readonly attributes: Attributes | null;
  readonly access: number;
}

export const ACCESS_PROCEDURE: Procedure<AccessArguments, Result<AccessGranted, Attributes | null>> = {
  number: 4,
  name: "ACCESS",
  arguments: {
    write(writer, { handle, access }) {
      writeHandle(writer, handle);
      writer.u32(access);
    },
    read(reader) {
      const handle = readHandle(reader);
      return { handle, access: reader.u32() };
    },
  },
  result: result(
    {
      write(writer, { attributes, access }) {
        writeMaybeAttributes(writer, attributes);
        writer.u32(access);
      },
      read(reader) {
        const attributes = readMaybeAttributes(reader);
        return { attributes, access: reader.u32() };
      },
    },
    maybeAttributes,
  ),
};

export interface LinkRead {
  readonly attributes: Attributes | null;
  readonly target: string;
}

export const READLINK: Procedure<string, Result<LinkRead, Attributes | null>> = {
  number: 5,
  name: "READLINK",
  arguments: handleCodec,
  result: result(
    {
      write(writer, { attributes, target }) {
        writeMaybeAttributes(writer, attributes);
        writeName(writer, target);
      },
      read(reader) {
        const attributes = readMaybeAttributes(reader);
        return { attributes, target: readName(reader) };
      },
    },
    maybeAttributes,
  ),
};

export interface ReadArguments {
  readonly handle: string;
  readonly offset: number;
  readonly octetsMax: number;
}

export interface PartRead {
  readonly attributes: Attributes | null;
  /** Read: a view into the reply. Written: not copied, so it has to stay as it is until it is sent. */
  readonly octets: Uint8Array;
  readonly isEnd: boolean;
  /** Not on the wire: as in ReadPart. */
  readonly release?: () => void;
}

export const READ: Procedure<ReadArguments, Result<PartRead, Attributes | null>> = {
  number: 6,
  name: "READ",
  arguments: {
    write(writer, { handle, offset, octetsMax }) {
      writeHandle(writer, handle);
      writer.size(offset);
      writer.u32(octetsMax);
    },
    read(reader) {
      const handle = readHandle(reader);
      const offset = reader.size();
      return { handle, offset, octetsMax: reader.u32() };
    },
  },
  result: result(
    {
      write(writer, { attributes, octets, isEnd }) {
        writeMaybeAttributes(writer, attributes);
        writer.u32(octets.length);
        writer.boolean(isEnd);
        writer.opaque(octets);
      },
      read(reader) {
        const attributes = readMaybeAttributes(reader);
        const count = reader.u32();
        const isEnd = reader.boolean();
        const octets = reader.opaque(reader.left);
        // Some servers send more than they count; the count is what was read.
        if (count > octets.length) throw new XdrError("value", `${count} octets read, ${octets.length} sent`);
        return { attributes, octets: octets.subarray(0, count), isEnd };
      },
    },
    maybeAttributes,
  ),
};

export interface WriteArguments {
  readonly handle: string;
  readonly offset: number;
  readonly stability: Stability;
  /** As in PartRead. */
  readonly octets: Uint8Array;
}

export interface PartWritten {
  readonly file: WccData;
  readonly writtenOctets: number;
  readonly stability: Stability;
  readonly verifier: bigint;
}

export const WRITE: Procedure<WriteArguments, Result<PartWritten, WccData>> = {
  number: 7,
  name: "WRITE",
  arguments: {
    write(writer, { handle, offset, stability, octets }) {
      writeHandle(writer, handle);
      writer.size(offset);
      writer.u32(octets.length);
      writer.u32(STABILITIES.indexOf(stability));
      writer.opaque(octets);
    },
    read(reader) {
      const handle = readHandle(reader);
      const offset = reader.size();
      const count = reader.u32();
      const stability = reader.choice(STABILITIES, "way to write");
      const octets = reader.opaque(reader.left);
      if (count > octets.length) throw new XdrError("value", `${count} octets to write, ${octets.length} sent`);
      return { handle, offset, stability, octets: octets.subarray(0, count) };
    },
  },
  result: result(
    {
      write(writer, { file, writtenOctets, stability, verifier }) {
        writeWcc(writer, file);
        writer.u32(writtenOctets);
        writer.u32(STABILITIES.indexOf(stability));
        writer.u64(verifier);
      },
      read(reader) {
        const file = readWcc(reader);
        const writtenOctets = reader.u32();
        const stability = reader.choice(STABILITIES, "way to write");
        return { file, writtenOctets, stability, verifier: reader.u64() };
      },
    },
    wccCodec,
  ),
};

export interface CommitArguments {
  readonly handle: string;
  readonly offset: number;
  /** 0: to the end. */
  readonly octets: number;
}

export interface FileCommitted {
  readonly file: WccData;
  readonly verifier: bigint;
}

export const COMMIT: Procedure<CommitArguments, Result<FileCommitted, WccData>> = {
  number: 21,
  name: "COMMIT",
  arguments: {
    write(writer, { handle, offset, octets }) {
      writeHandle(writer, handle);
      writer.size(offset);
      writer.u32(octets);
    },
    read(reader) {
      const handle = readHandle(reader);
      const offset = reader.size();
      return { handle, offset, octets: reader.u32() };
    },
  },
  result: result(
    {
      write(writer, { file, verifier }) {
        writeWcc(writer, file);
        writer.u64(verifier);
      },
      read(reader) {
        const file = readWcc(reader);
        return { file, verifier: reader.u64() };
      },
    },
    wccCodec,
  ),
};
