/**
 * Loads master files into the store: a zone is replaced as a whole or, when its file has an error, not at all, so that the
 * version before goes on being served. What is odd but harmless (a record twice, TTLs that differ within an RRset, RFC 2181
 * §5.2) is reported and loaded. Whether the zone is wise, checkZone says.
 */
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { equalOctets, FileError, type Files } from "../base/index.ts";
import { LOWER_CASE, type Name, nameLength, TYPE } from "../dns/index.ts";
import { ArenaFullError } from "./arena.ts";
import { type Layer, LAYERS } from "./layer.ts";
import type { Fault } from "./master/lexer.ts";
import type { MasterProblem } from "./master/problem.ts";
import { readMaster } from "./master/reader.ts";
import type { Complaint, MasterOptions, MasterSource, RecordSink } from "./master/source.ts";

/** What loading wants of an edit of the store. */
export interface LoadedEdit {
  add(
    owner: Uint8Array,
    ownerOffset: number,
    type: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
  ): string;
  commit(): void;
  abort(): void;
}

/** What loading wants of the store. */
export interface LoadedStore {
  replace(apex: Name): LoadedEdit;
}

/** Files, as far as zones are read from them. */
export type ZoneTexts = Pick<Files, "read">;

export interface LoadParts {
  readonly store: LoadedStore;
  readonly files: ZoneTexts;
}

export interface ZoneFileToLoad {
  readonly apex: Name;
  readonly file: string;
  /** Sets the TTL of records that have none. */
  readonly layer?: Layer | null;
}

export interface LoadCounts {
  /** Records that were taken. */
  readonly records: number;
  readonly duplicates: number;
  readonly serial: number | null;
}

/** How a load went. `problems` has the warnings of a zone that is loaded, and all of one that is refused. */
export interface LoadOutcome extends LoadCounts {
  readonly kind: "loaded" | "refused";
  readonly apex: Name;
  readonly file: string;
  readonly problems: readonly MasterProblem[];
}

/** Reads one file into the store. A file that cannot be read, and a store that is full, are problems like others. */
export function loadZone(parts: LoadParts, zone: ZoneFileToLoad): LoadOutcome {
  try {
    return loadText(parts, zone, { name: zone.file, octets: parts.files.read(zone.file) });
  } catch (error) {
    if (!(error instanceof FileError || error instanceof ArenaFullError)) throw error;
    return refused(zone, error.message);
  }
}

/** A load that failed as a whole. */
export function refused({ apex, file }: ZoneFileToLoad, message: string): LoadOutcome {
  const problems = [wholeFile(file, { message, rule: "", suggestion: "" })];
  return { kind: "refused", apex, file, records: 0, duplicates: 0, serial: null, problems };
}

/** Reads many zones, each on its own: one that is refused keeps no other back. */
export function* loadZones(parts: LoadParts, zones: Iterable<ZoneFileToLoad>): Generator<LoadOutcome> {
  for (const zone of zones) yield loadZone(parts, zone);
}

/** As `loadZone`, from text that is already there. Throws ArenaFullError. */
export function loadText(parts: LoadParts, zone: ZoneFileToLoad, source: MasterSource): LoadOutcome {
  const edit = parts.store.replace(zone.apex);
  const sink = new ZoneSink(zone.apex, edit);
  const problems = doOrAbort(edit, () => readMaster(source, readingOptions(parts.files, zone), sink));
  if (sink.soas === 0) {
    problems.push(
      wholeFile(zone.file, {
        message: `the zone ${zone.apex.toString()} has no SOA record`,
        rule: "a zone has one, at its apex, RFC 1035 §5.2",
        suggestion: `write for example: ${zone.apex.toString()} 3600 IN SOA ns.${dotted(zone.apex)} hostmaster.${dotted(zone.apex)} 1 3600 900 1209600 300`,
      }),
    );
  }
  const isRefused = problems.some((problem) => problem.severity === "error");
  if (isRefused) edit.abort();
  else doOrAbort(edit, () => edit.commit());
  const { records, duplicates, serial } = sink;
  return {
    kind: isRefused ? "refused" : "loaded",
    apex: zone.apex,
    file: zone.file,
    records,
    duplicates,
    serial,
    problems,
  };
}

/** What fails in the middle, as when memory is full, must leave no edit open: the store would never compact again. */
function doOrAbort<T>(edit: LoadedEdit, step: () => T): T {
  try {
    return step();
  } catch (error) {
    edit.abort();
    throw error;
  }
}

function dotted(apex: Name): string {
  return apex.isRoot ? "" : apex.toString();
}

/** Origin, default TTL and $INCLUDE for a zone's file. */
export function readingOptions(files: ZoneTexts, zone: ZoneFileToLoad): MasterOptions {
  const ttlSecondsDefault = ttlSecondsDefaultOf(zone);
  return {
    origin: zone.apex,
    include: includeBelow(files, zone.file),
    ...(ttlSecondsDefault === null ? {} : { ttlSecondsDefault }),
  };
}

/** That of the zone's layer, if it has one. */
export function ttlSecondsDefaultOf({ layer }: ZoneFileToLoad): number | null {
  return layer === null || layer === undefined ? null : LAYERS[layer].ttlSecondsDefault;
}

/**
 * $INCLUDE of files in the folder of `main` or below it; a relative file is looked for beside the one that includes it.
 * Nothing outside is read, because zone files come from others than those who run the server. Symbolic links are followed.
 */
export function includeBelow(files: ZoneTexts, main: string): (file: string, from: string) => MasterSource | Fault {
  const root = dirname(resolve(main));
  return (file, from) => {
    const path = isAbsolute(file) ? resolve(file) : resolve(dirname(from), file);
    const inside = relative(root, path);
    if (inside === "" || inside.startsWith("..") || isAbsolute(inside) || file.includes("\0")) {
      return {
        message: `${file} is outside the zone file's folder`,
        rule: "$INCLUDE reads files of the folder and those below it only",
        suggestion: "put the file beside the zone file",
      };
    }
    try {
      return { name: join(dirname(main), inside), octets: files.read(path) };
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return {
        message: error.message,
        rule: "RFC 1035 §5.1",
        suggestion: "a relative file is looked for beside this one",
      };
    }
  };
}

function wholeFile(file: string, fault: Fault): MasterProblem {
  return { ...fault, severity: "error", file, line: 0, column: 0, sourceLine: "", sourceColumn: 0, length: 0 };
}

const OUT_OF_ZONE: Complaint = {
  severity: "error",
  message: "this owner is not in the zone",
  rule: "a zone holds its apex and names below it, RFC 1035 §5.2",
  suggestion: "take the record out, or mend the owner: without its last dot a name is relative to the origin",
};
const SOA_ELSEWHERE: Complaint = {
  severity: "error",
  message: "an SOA record that is not at the apex",
  rule: "a zone has one SOA, at its apex, RFC 1035 §5.2",
  suggestion: "take it out, or load the zone under this name",
};
const SOA_TWICE: Complaint = {
  severity: "error",
  message: "a second SOA record",
  rule: "a zone has one SOA, RFC 1035 §5.2",
  suggestion: "take one of them out",
};
const DUPLICATE: Complaint = {
  severity: "warning",
  message: "this record stands in the file already",
  rule: "an RRset has no record twice, RFC 2181 §5",
  suggestion: "take one of them out",
};
const TTL_DIFFERS: Complaint = {
  severity: "warning",
  message: "this TTL differs from that of the same RRset's other records",
  rule: "an RRset has one TTL, RFC 2181 §5.2",
  suggestion: "give all of them the same",
};

/** What an edit says to a record, where it is not "added". Everything else it may say is an error in its own words. */
const COMPLAINTS: ReadonlyMap<string, Complaint> = new Map([
  ["duplicate", DUPLICATE],
  ["ttl-differs", TTL_DIFFERS],
  ["outside-zone", OUT_OF_ZONE],
  [
    "only-one-allowed",
    {
      severity: "error",
      message: "a second record of a type that a name has once",
      rule: "RFC 2181 §10.1 for CNAME, RFC 6672 §2.4 for DNAME, RFC 1035 §5.2 for SOA",
      suggestion: "keep one of them",
    },
  ],
  [
    "too-many",
    {
      severity: "error",
      message: "too many records in this RRset, or too many types at this name",
      rule: "an RRset has at most 100 records, a name at most 100 types",
      suggestion: "spread them over several names",
    },
  ],
]);

class ZoneSink implements RecordSink {
  records = 0;
  duplicates = 0;
  soas = 0;
  serial: number | null = null;
  readonly #apex: Uint8Array;
  readonly #edit: LoadedEdit;
  #soa: Uint8Array = new Uint8Array(0);

  constructor(apex: Name, edit: LoadedEdit) {
    this.#apex = apex.octets;
    this.#edit = edit;
  }

  record(
    owner: Uint8Array,
    ownerOffset: number,
    type: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
  ): Complaint | null {
    if (type === TYPE.SOA) {
      const distance = distanceBelow(owner, ownerOffset, this.#apex);
      if (distance !== 0) return distance < 0 ? OUT_OF_ZONE : SOA_ELSEWHERE;
      // The text of a transfer ends with the SOA again (RFC 5936 §2.2); published root zones do.
      if (++this.soas > 1 && !this.#isSoa(rdata, rdataOffset, rdataLength)) return SOA_TWICE;
      if (this.soas > 1) {
        this.duplicates++;
        return DUPLICATE;
      }
      this.#soa = rdata.slice(rdataOffset, rdataOffset + rdataLength);
      this.serial = serialOf(rdata, rdataOffset, rdataLength);
    }
    const said = this.#edit.add(owner, ownerOffset, type, ttlSeconds, rdata, rdataOffset, rdataLength);
    if (said === "added") {
      this.records++;
      return null;
    }
    if (said === "duplicate") this.duplicates++;
    else if (said === "ttl-differs") this.records++;
    return COMPLAINTS.get(said) ?? refusal(said);
  }

  #isSoa(rdata: Uint8Array, offset: number, length: number): boolean {
    return equalOctets(this.#soa, rdata.subarray(offset, offset + length));
  }
}

function refusal(said: string): Complaint {
  return {
    severity: "error",
    message: `the zone cannot take this record: ${said.replaceAll("-", " ")}`,
    rule: "",
    suggestion: "",
  };
}

/** How many octets stand before the apex in a name at or below it; -1 for any other name. */
function distanceBelow(owner: Uint8Array, offset: number, apex: Uint8Array): number {
  const distance = nameLength(owner, offset) - apex.length;
  if (distance < 0) return -1;
  for (let i = 0; i < apex.length; i++) {
    if (LOWER_CASE[owner[offset + distance + i]!] !== LOWER_CASE[apex[i]!]) return -1;
  }
  let at = 0;
  while (at < distance) at += owner[offset + at]! + 1;
  return at === distance ? distance : -1;
}

function serialOf(rdata: Uint8Array, offset: number, length: number): number {
  const at = offset + length - 20;
  return ((rdata[at]! << 24) | (rdata[at + 1]! << 16) | (rdata[at + 2]! << 8) | rdata[at + 3]!) >>> 0;
}
