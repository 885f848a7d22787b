/** NFSv3's procedures on a file system as a whole: FSSTAT, FSINFO, PATHCONF (RFC 1813 §3.3.18 to §3.3.20). */
import { type Attributes, type FileTime, type Space } from "../file-system.ts";
import { readMaybeAttributes, readTime, writeMaybeAttributes, writeTime } from "./attributes.ts";
import { handleCodec, maybeAttributes } from "./file-procedures.ts";
import { type Procedure, type Result, result } from "./procedure.ts";

export interface SystemSpace {
  readonly attributes: Attributes | null;
  readonly space: Space;
  /** For how many seconds this will not change; 0: it may change at once. */
  readonly unchangedSeconds: number;
}

export const FSSTAT: Procedure<string, Result<SystemSpace, Attributes | null>> = {
  number: 18,
  name: "FSSTAT",
  arguments: handleCodec,
  result: result(
    {
      write(writer, { attributes, space, unchangedSeconds }) {
        writeMaybeAttributes(writer, attributes);
        // What is free and what is available to the caller are the same to us.
        for (const value of [space.totalOctets, space.freeOctets, space.freeOctets]) writer.size(value);
        for (const value of [space.totalFiles, space.freeFiles, space.freeFiles]) writer.size(value);
        writer.u32(unchangedSeconds);
      },
      read(reader) {
        const attributes = readMaybeAttributes(reader);
        const totalOctets = reader.size();
        reader.size();
        const freeOctets = reader.size();
        const totalFiles = reader.size();
        reader.size();
        const freeFiles = reader.size();
        const space: Space = { totalOctets, freeOctets, totalFiles, freeFiles };
        return { attributes, space, unchangedSeconds: reader.u32() };
      },
    },
    maybeAttributes,
  ),
};

/** FSF3_*: what a file system can do. */
export const PROPERTIES = { LINK: 0x01, SYMLINK: 0x02, HOMOGENEOUS: 0x08, CANSETTIME: 0x10 } as const;

export interface SystemInfo {
  readonly attributes: Attributes | null;
  readonly readOctetsMax: number;
  readonly readOctetsPreferred: number;
  readonly readOctetsMultiple: number;
  readonly writeOctetsMax: number;
  readonly writeOctetsPreferred: number;
  readonly writeOctetsMultiple: number;
  readonly listOctetsPreferred: number;
  readonly fileOctetsMax: number;
  /** How exactly it keeps times. */
  readonly timeStep: FileTime;
  /** Bits of PROPERTIES. */
  readonly properties: number;
}

export const FSINFO: Procedure<string, Result<SystemInfo, Attributes | null>> = {
  number: 19,
  name: "FSINFO",
  arguments: handleCodec,
  result: result(
    {
      write(writer, info) {
        writeMaybeAttributes(writer, info.attributes);
        writer.u32(info.readOctetsMax);
        writer.u32(info.readOctetsPreferred);
        writer.u32(info.readOctetsMultiple);
        writer.u32(info.writeOctetsMax);
        writer.u32(info.writeOctetsPreferred);
        writer.u32(info.writeOctetsMultiple);
        writer.u32(info.listOctetsPreferred);
        writer.size(info.fileOctetsMax);
        writeTime(writer, info.timeStep);
        writer.u32(info.properties);
      },
      read(reader) {
        const attributes = readMaybeAttributes(reader);
        const readOctetsMax = reader.u32();
        const readOctetsPreferred = reader.u32();
        const readOctetsMultiple = reader.u32();
        const writeOctetsMax = reader.u32();
        const writeOctetsPreferred = reader.u32();
        const writeOctetsMultiple = reader.u32();
        const listOctetsPreferred = reader.u32();
        const fileOctetsMax = reader.size();
        const timeStep = readTime(reader);
        return {
          attributes,
          readOctetsMax,
          readOctetsPreferred,
          readOctetsMultiple,
          writeOctetsMax,
          writeOctetsPreferred,
          writeOctetsMultiple,
          listOctetsPreferred,
          fileOctetsMax,
          timeStep,
          properties: reader.u32(),
        };
      },
    },
    maybeAttributes,
  ),
};

export interface PathLimits {
  readonly attributes: Attributes | null;
  readonly linksMax: number;
  readonly nameOctetsMax: number;
  /** A name too long is an error and not cut. */
  readonly refusesLongNames: boolean;
  readonly isOwnerGivenByRootOnly: boolean;
  readonly ignoresCase: boolean;
  readonly keepsCase: boolean;
}

export const PATHCONF: Procedure<string, Result<PathLimits, Attributes | null>> = {
  number: 20,
  name: "PATHCONF",
  arguments: handleCodec,
  result: result(
    {
      write(writer, limits) {
        writeMaybeAttributes(writer, limits.attributes);
        writer.u32(limits.linksMax);
        writer.u32(limits.nameOctetsMax);
        writer.boolean(limits.refusesLongNames);
        writer.boolean(limits.isOwnerGivenByRootOnly);
        writer.boolean(limits.ignoresCase);
        writer.boolean(limits.keepsCase);
      },
      read(reader) {
        const attributes = readMaybeAttributes(reader);
        const linksMax = reader.u32();
        const nameOctetsMax = reader.u32();
        const refusesLongNames = reader.boolean();
        const isOwnerGivenByRootOnly = reader.boolean();
        const ignoresCase = reader.boolean();
        return {
          attributes,
          linksMax,
          nameOctetsMax,
          refusesLongNames,
          isOwnerGivenByRootOnly,
          ignoresCase,
          keepsCase: reader.boolean(),
        };
      },
    },
    maybeAttributes,
  ),
};
