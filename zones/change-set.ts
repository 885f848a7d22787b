/**
 * What made one version of a zone from the one before: a difference sequence as IXFR carries it (RFC 1995 §2), as the journal
 * keeps it and as `strata zone history` shows it.
 */
import { assert, equalOctets } from "../base/index.ts";
import { CLASS, DataError, Name, NameError, type Rr } from "../dns/index.ts";

export interface ChangeSet {
  readonly apex: Name;
  /** The SOA of the version that this begins from, and of the one it leads to. */
  readonly soaBefore: Rr;
  readonly soaAfter: Rr;
  /** Without the SOA. An RRset with another TTL is removed with the old one and added with the new one. */
  readonly removed: readonly Rr[];
  readonly added: readonly Rr[];
}

/** A change that was made, and who made it. */
export interface JournalEntry {
  readonly change: ChangeSet;
  /** By the wall clock, since 1970. */
  readonly atSeconds: number;
  /** In words for a person: `key update.vu.nl.`, `file vu.nl.zone`, `lease`, `rollback to 12`. */
  readonly by: string;
}

export function fromSerial(change: ChangeSet): number {
  return soaSerial(change.soaBefore.rdata);
}

export function toSerial(change: ChangeSet): number {
  return soaSerial(change.soaAfter.rdata);
}

/** SERIAL, REFRESH, RETRY, EXPIRE and MINIMUM end the RDATA of an SOA (RFC 1035 §3.3.13). */
const SOA_NUMBERS_OCTETS = 20;

export function soaSerial(rdata: Uint8Array): number {
  assert(rdata.length > SOA_NUMBERS_OCTETS, "the RDATA of an SOA");
  return viewOf(rdata).getUint32(rdata.length - SOA_NUMBERS_OCTETS);
}

/** EXPIRE, in seconds. */
export function soaExpire(rdata: Uint8Array): number {
  assert(rdata.length > SOA_NUMBERS_OCTETS, "the RDATA of an SOA");
  return viewOf(rdata).getUint32(rdata.length - 8);
}

/** The same SOA with another serial. */
export function soaWithSerial(rdata: Uint8Array, serial: number): Uint8Array {
  const changed = rdata.slice();
  viewOf(changed).setUint32(rdata.length - SOA_NUMBERS_OCTETS, serial);
  return changed;
}

/** Whether two records are one: RFC 2136 §1.1.5 leaves the TTL out. */
export function isSameRecord(a: Rr, b: Rr): boolean {
  return a.type === b.type && a.owner.equals(b.owner) && equalOctets(a.rdata, b.rdata);
}

/**
 * For the journal: two numbers of 32 bits that count what is removed and added; then the SOAs, what is removed, what is added,
 * each record as owner, type (16 bits), TTL (32), RDLENGTH (16) and RDATA, nothing compressed. The class is IN.
 */
export function encodeChangeSet({ soaBefore, soaAfter, removed, added }: ChangeSet): Uint8Array {
  const records = [soaBefore, soaAfter, ...removed, ...added];
  const octets = new Uint8Array(records.reduce((sum, record) => sum + recordOctets(record), COUNTS_OCTETS));
  const view = viewOf(octets);
  view.setUint32(0, removed.length);
  view.setUint32(4, added.length);
  let at = COUNTS_OCTETS;
  for (const record of records) at = writeRecord(octets, at, record);
  return octets;
}

/** Throws DataError, with the place in it, when the octets are no change set of that zone. */
export function decodeChangeSet(apex: Name, octets: Uint8Array): ChangeSet {
  if (octets.length < COUNTS_OCTETS) throw new DataError("a change set is cut off in its counts");
  const view = viewOf(octets);
  const removedCount = view.getUint32(0);
  const addedCount = view.getUint32(4);
  // Each record takes some, so counts beyond the octets are found before anything is made for them.
  if (2 + removedCount + addedCount > octets.length / RECORD_OCTETS_MIN) {
    throw new DataError("a change set counts more records than it has octets for");
  }
  const reader = new RecordReader(octets, COUNTS_OCTETS);
  const soaBefore = reader.next();
  const soaAfter = reader.next();
  const removed = Array.from({ length: removedCount }, () => reader.next());
  const added = Array.from({ length: addedCount }, () => reader.next());
  if (reader.at !== octets.length) throw new DataError(`a change set has octets behind its end, at ${reader.at}`);
  return { apex, soaBefore, soaAfter, removed, added };
}

const COUNTS_OCTETS = 8;
const FIXED_OCTETS = 8;
const RECORD_OCTETS_MIN = 1 + FIXED_OCTETS;

/** Octets that `writeRecord` writes. */
export function recordOctets({ owner, rdata }: Rr): number {
  return owner.octets.length + FIXED_OCTETS + rdata.length;
}

/** Returns where the next one goes. */
export function writeRecord(octets: Uint8Array, at: number, { owner, type, ttlSeconds, rdata }: Rr): number {
  octets.set(owner.octets, at);
  const view = viewOf(octets);
  const fixed = at + owner.octets.length;
  view.setUint16(fixed, type);
  view.setUint32(fixed + 2, ttlSeconds);
  view.setUint16(fixed + 6, rdata.length);
  octets.set(rdata, fixed + FIXED_OCTETS);
  return fixed + FIXED_OCTETS + rdata.length;
}

/** Reads records that `writeRecord` wrote, one after another. */
export class RecordReader {
  /** Where the next record begins. */
  at: number;
  readonly #octets: Uint8Array;
  readonly #view: DataView;

  constructor(octets: Uint8Array, at = 0) {
    this.#octets = octets;
    this.#view = viewOf(octets);
    this.at = at;
  }

  /** Throws DataError when there is none. */
  next(): Rr {
    const octets = this.#octets;
    const { at } = this;
    const owner = this.#owner();
    const fixed = at + owner.octets.length;
    const rdataAt = fixed + FIXED_OCTETS;
    if (rdataAt > octets.length) throw new DataError(`the record at octet ${at} is cut off`);
    const end = rdataAt + this.#view.getUint16(fixed + 6);
    if (end > octets.length) throw new DataError(`the record at octet ${at} is cut off`);
    this.at = end;
    return {
      owner,
      type: this.#view.getUint16(fixed),
      class: CLASS.IN,
      ttlSeconds: this.#view.getUint32(fixed + 2),
      rdata: new Uint8Array(octets.subarray(rdataAt, end)),
    };
  }

  #owner(): Name {
    try {
      return Name.fromWire(this.#octets, this.at);
    } catch (error) {
      if (error instanceof NameError) throw new DataError(`no record stands at octet ${this.at}: ${error.message}`);
      throw error;
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
