/** READDIR and READDIRPLUS (RFC 1813 §3.3.16, §3.3.17), and how many octets an entry takes, because what fits is said in octets. */
import { type Attributes } from "../file-system.ts";
import { fileNameLength } from "../file-name.ts";
import { type XdrReader } from "../rpc/xdr-reader.ts";
import { type XdrWriter } from "../rpc/xdr-writer.ts";
import {
  readHandle,
  readMaybeAttributes,
  readMaybeHandle,
  readName,
  writeHandle,
  writeMaybeAttributes,
  writeMaybeHandle,
  writeName,
} from "./attributes.ts";
import { maybeAttributes } from "./file-procedures.ts";
import { type Procedure, type Result, result } from "./procedure.ts";

export interface ListArguments {
  readonly handle: string;
  readonly cookie: bigint;
  readonly verifier: bigint;
  /** How long the result may be, without the status. */
  readonly octetsMax: number;
}

export interface ListPlusArguments extends ListArguments {
  /** How much of that may be names, cookies and numbers. */
  readonly nameOctetsMax: number;
}

export interface WireEntry {
  readonly name: string;
  readonly fileId: bigint;
  readonly cookie: bigint;
}

export interface WireEntryPlus extends WireEntry {
  readonly attributes: Attributes | null;
  readonly handle: string | null;
}

export interface Listed<E> {
  readonly directory: Attributes | null;
  readonly verifier: bigint;
  readonly entries: readonly E[];
  readonly isEnd: boolean;
}

const ATTRIBUTES_OCTETS = 84;
/** Attributes of the directory, verifier, the last "no entry follows", end or not. */
export const LIST_OCTETS = 4 + ATTRIBUTES_OCTETS + 8 + 4 + 4;

/** How long the entry is in READDIR, and in that part of READDIRPLUS that `nameOctetsMax` counts. */
export function entryOctets(name: string): number {
  const length = fileNameLength(name);
  return 4 + 8 + 4 + length + (-length & 3) + 8;
}

/** How long the entry is in READDIRPLUS. */
export function entryPlusOctets(entry: WireEntryPlus): number {
  const handle = entry.handle === null ? 4 : 8 + entry.handle.length + (-entry.handle.length & 3);
  return entryOctets(entry.name) + (entry.attributes === null ? 4 : 4 + ATTRIBUTES_OCTETS) + handle;
}

export const READDIR: Procedure<ListArguments, Result<Listed<WireEntry>, Attributes | null>> = {
  number: 16,
  name: "READDIR",
  arguments: {
    write(writer, { handle, cookie, verifier, octetsMax }) {
      writeHandle(writer, handle);
      writer.u64(cookie);
      writer.u64(verifier);
      writer.u32(octetsMax);
    },
    read(reader) {
      const handle = readHandle(reader);
      const cookie = reader.u64();
      const verifier = reader.u64();
      return { handle, cookie, verifier, octetsMax: reader.u32() };
    },
  },
  result: result(
    {
      write(writer, listed) {
        writeListHead(writer, listed);
        for (const entry of listed.entries) writeEntry(writer, entry);
        writeListTail(writer, listed);
      },
      read(reader) {
        const directory = readMaybeAttributes(reader);
        const verifier = reader.u64();
        const entries: WireEntry[] = [];
        while (reader.boolean()) entries.push(readEntry(reader));
        return { directory, verifier, entries, isEnd: reader.boolean() };
      },
    },
    maybeAttributes,
  ),
};

export const READDIRPLUS: Procedure<ListPlusArguments, Result<Listed<WireEntryPlus>, Attributes | null>> = {
  number: 17,
  name: "READDIRPLUS",
  arguments: {
    write(writer, { handle, cookie, verifier, nameOctetsMax, octetsMax }) {
      writeHandle(writer, handle);
      writer.u64(cookie);
      writer.u64(verifier);
      writer.u32(nameOctetsMax);
      writer.u32(octetsMax);
    },
    read(reader) {
      const handle = readHandle(reader);
      const cookie = reader.u64();
      const verifier = reader.u64();
      const nameOctetsMax = reader.u32();
      return { handle, cookie, verifier, nameOctetsMax, octetsMax: reader.u32() };
    },
  },
  result: result(
    {
      write(writer, listed) {
        writeListHead(writer, listed);
        for (const entry of listed.entries) {
          writeEntry(writer, entry);
          writeMaybeAttributes(writer, entry.attributes);
          writeMaybeHandle(writer, entry.handle);
        }
        writeListTail(writer, listed);
      },
      read(reader) {
        const directory = readMaybeAttributes(reader);
        const verifier = reader.u64();
        const entries: WireEntryPlus[] = [];
        while (reader.boolean()) {
          const { name, fileId, cookie } = readEntry(reader);
          const attributes = readMaybeAttributes(reader);
          entries.push({ name, fileId, cookie, attributes, handle: readMaybeHandle(reader) });
        }
        return { directory, verifier, entries, isEnd: reader.boolean() };
      },
    },
    maybeAttributes,
  ),
};

function writeListHead<E>(writer: XdrWriter, listed: Listed<E>): void {
  writeMaybeAttributes(writer, listed.directory);
  writer.u64(listed.verifier);
}

function writeListTail<E>(writer: XdrWriter, listed: Listed<E>): void {
  writer.boolean(false);
  writer.boolean(listed.isEnd);
}

function writeEntry(writer: XdrWriter, entry: WireEntry): void {
  writer.boolean(true);
  writer.u64(entry.fileId);
  writeName(writer, entry.name);
  writer.u64(entry.cookie);
}

function readEntry(reader: XdrReader): WireEntry {
  const fileId = reader.u64();
  const name = readName(reader);
  return { name, fileId, cookie: reader.u64() };
}
