/** NFSv3's procedures on names in directories: LOOKUP, CREATE, MKDIR, SYMLINK, MKNOD, REMOVE, RMDIR, RENAME, LINK (RFC 1813 §3.3.3, §3.3.8 to §3.3.15). */
import { type AttributeChanges, type Attributes, type NewFile } from "../file-system.ts";
import { XdrError, type XdrReader } from "../rpc/xdr-reader.ts";
import { type XdrWriter } from "../rpc/xdr-writer.ts";
import {
  readChanges,
  readHandle,
  readMaybeAttributes,
  readMaybeHandle,
  readName,
  readPlace,
  readWcc,
  type WccData,
  type WirePlace,
  writeChanges,
  writeHandle,
  writeMaybeAttributes,
  writeMaybeHandle,
  writeName,
  writePlace,
  writeWcc,
} from "./attributes.ts";
import { maybeAttributes, wccCodec } from "./file-procedures.ts";
import { type Codec, type Procedure, type Result, result } from "./procedure.ts";

const placeCodec: Codec<WirePlace> = { write: writePlace, read: readPlace };

export interface LookedUp {
  readonly handle: string;
  readonly attributes: Attributes | null;
  readonly directory: Attributes | null;
}

export const LOOKUP: Procedure<WirePlace, Result<LookedUp, Attributes | null>> = {
  number: 3,
  name: "LOOKUP",
  arguments: placeCodec,
  result: result(
    {
      write(writer, { handle, attributes, directory }) {
        writeHandle(writer, handle);
        writeMaybeAttributes(writer, attributes);
        writeMaybeAttributes(writer, directory);
      },
      read(reader) {
        const handle = readHandle(reader);
        const attributes = readMaybeAttributes(reader);
        return { handle, attributes, directory: readMaybeAttributes(reader) };
      },
    },
    maybeAttributes,
  ),
};

/** What CREATE, MKDIR, SYMLINK and MKNOD say of what they made. A server need not tell its handle. */
export interface Made {
  readonly handle: string | null;
  readonly attributes: Attributes | null;
  readonly directory: WccData;
}

const madeResult = result<Made, WccData>(
  {
    write(writer, { handle, attributes, directory }) {
      writeMaybeHandle(writer, handle);
      writeMaybeAttributes(writer, attributes);
      writeWcc(writer, directory);
    },
    read(reader) {
      const handle = readMaybeHandle(reader);
      const attributes = readMaybeAttributes(reader);
      return { handle, attributes, directory: readWcc(reader) };
    },
  },
  wccCodec,
);

export type NewRegularFile = Extract<NewFile, { readonly kind: "file" }>;

export interface CreateArguments {
  readonly place: WirePlace;
  readonly file: NewRegularFile;
}

/** createmode3. */
const HOWS = ["unchecked", "guarded", "exclusive"] as const;

export const CREATE: Procedure<CreateArguments, Result<Made, WccData>> = {
  number: 8,
  name: "CREATE",
  arguments: {
    write(writer, { place, file }) {
      writePlace(writer, place);
      writer.u32(HOWS.indexOf(file.how));
      if (file.how === "exclusive") writer.u64(file.verifier);
      else writeChanges(writer, file.attributes);
    },
    read(reader) {
      const place = readPlace(reader);
      const how = reader.choice(HOWS, "way to create");
      return how === "exclusive"
        ? { place, file: { kind: "file", how, verifier: reader.u64(), attributes: {} } }
        : { place, file: { kind: "file", how, verifier: 0n, attributes: readChanges(reader) } };
    },
  },
  result: madeResult,
};

export interface MakeDirectoryArguments {
  readonly place: WirePlace;
  readonly attributes: AttributeChanges;
}

export const MKDIR: Procedure<MakeDirectoryArguments, Result<Made, WccData>> = {
  number: 9,
  name: "MKDIR",
  arguments: {
    write(writer, { place, attributes }) {
      writePlace(writer, place);
      writeChanges(writer, attributes);
    },
    read(reader) {
      const place = readPlace(reader);
      return { place, attributes: readChanges(reader) };
    },
  },
  result: madeResult,
};

export interface SymbolicLinkArguments {
  readonly place: WirePlace;
  readonly attributes: AttributeChanges;
  readonly target: string;
}

export const SYMLINK: Procedure<SymbolicLinkArguments, Result<Made, WccData>> = {
  number: 10,
  name: "SYMLINK",
  arguments: {
    write(writer, { place, attributes, target }) {
      writePlace(writer, place);
      writeChanges(writer, attributes);
      writeName(writer, target);
    },
    read(reader) {
      const place = readPlace(reader);
      const attributes = readChanges(reader);
      return { place, attributes, target: readName(reader) };
    },
  },
  result: madeResult,
};

/** A device, socket or pipe. File systems here make none, so only what is needed to refuse it is kept. */
export interface MakeNodeArguments {
  readonly place: WirePlace;
  readonly kind: "block" | "character" | "socket" | "fifo" | "other";
}

/** ftype3. */
const BLOCK = 3;
const CHARACTER = 4;
const SOCKET = 6;
const FIFO = 7;
const NODE_NUMBERS = { block: BLOCK, character: CHARACTER, socket: SOCKET, fifo: FIFO, other: 1 } as const;

export const MKNOD: Procedure<MakeNodeArguments, Result<Made, WccData>> = {
  number: 11,
  name: "MKNOD",
  arguments: {
    write(writer, { place, kind }) {
      writePlace(writer, place);
      writer.u32(NODE_NUMBERS[kind]);
      if (kind !== "other") writeChanges(writer, {});
      if (kind === "block" || kind === "character") writer.u64(0n);
    },
    read(reader) {
      const place = readPlace(reader);
      return { place, kind: readNodeKind(reader) };
    },
  },
  result: madeResult,
};

function readNodeKind(reader: XdrReader): MakeNodeArguments["kind"] {
  const type = reader.u32();
  if (type === 0 || type > FIFO) throw new XdrError("value", `there is no file type ${type}`);
  if (type !== BLOCK && type !== CHARACTER && type !== SOCKET && type !== FIFO) return "other";
  readChanges(reader);
  if (type === SOCKET) return "socket";
  if (type === FIFO) return "fifo";
  reader.u64();
  return type === BLOCK ? "block" : "character";
}

export const REMOVE: Procedure<WirePlace, Result<WccData, WccData>> = {
  number: 12,
  name: "REMOVE",
  arguments: placeCodec,
  result: result(wccCodec, wccCodec),
};

export const RMDIR: Procedure<WirePlace, Result<WccData, WccData>> = {
  number: 13,
  name: "RMDIR",
  arguments: placeCodec,
  result: result(wccCodec, wccCodec),
};

export interface RenameArguments {
  readonly from: WirePlace;
  readonly to: WirePlace;
}

export interface BothDirectories {
  readonly from: WccData;
  readonly to: WccData;
}

const bothDirectories: Codec<BothDirectories> = {
  write(writer: XdrWriter, { from, to }: BothDirectories) {
    writeWcc(writer, from);
    writeWcc(writer, to);
  },
  read(reader: XdrReader) {
    const from = readWcc(reader);
    return { from, to: readWcc(reader) };
  },
};

export const RENAME: Procedure<RenameArguments, Result<BothDirectories, BothDirectories>> = {
  number: 14,
  name: "RENAME",
  arguments: {
    write(writer, { from, to }) {
      writePlace(writer, from);
      writePlace(writer, to);
    },
    read(reader) {
      const from = readPlace(reader);
      return { from, to: readPlace(reader) };
    },
  },
  result: result(bothDirectories, bothDirectories),
};

export interface LinkArguments {
  readonly handle: string;
  readonly place: WirePlace;
}

export interface Linked {
  readonly attributes: Attributes | null;
  readonly directory: WccData;
}

const linkedCodec: Codec<Linked> = {
  write(writer, { attributes, directory }) {
    writeMaybeAttributes(writer, attributes);
    writeWcc(writer, directory);
  },
  read(reader) {
    const attributes = readMaybeAttributes(reader);
    return { attributes, directory: readWcc(reader) };
  },
};

export const LINK: Procedure<LinkArguments, Result<Linked, Linked>> = {
  number: 15,
  name: "LINK",
  arguments: {
    write(writer, { handle, place }) {
      writeHandle(writer, handle);
      writePlace(writer, place);
    },
    read(reader) {
      const handle = readHandle(reader);
      return { handle, place: readPlace(reader) };
    },
  },
  result: result(linkedCodec, linkedCodec),
};
