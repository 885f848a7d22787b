/**
 * The records of a master file as a list, with the lines they stand on, in canonical order (RFC 4034 §6): what the zone
 * checker reads and the writer writes. Packed into a few arrays, since a million records are normal. It keeps whatever the
 * file says, doubled and out-of-zone records too; zones as they are served are the store's.
 */
import { compareOctets } from "../../base/index.ts";
import { LOWER_CASE, Name, nameLength, rdataType, type Rr, type Rrset, CLASS, TYPE } from "../../dns/index.ts";
import type { RecordSink } from "./source.ts";

/** Records [first, first + count) of one owner and type. */
export interface ListedRrset {
  readonly type: number;
  readonly first: number;
  readonly count: number;
}

export class RecordList implements RecordSink {
  #pool = new Uint8Array(1 << 16);
  #poolLength = 0;
  #room = 1024;
  #names = new Int32Array(this.#room);
  #types = new Uint16Array(this.#room);
  #ttls = new Uint32Array(this.#room);
  #lines = new Int32Array(this.#room);
  #rdataAt = new Uint32Array(this.#room);
  #rdataLength = new Uint16Array(this.#room);
  #files = new Uint16Array(this.#room);
  readonly #fileNames: string[] = [];
  #file = 0;
  #count = 0;
  #owners: number[] = [];
  #keys: string[] = [];
  readonly #nameByKey = new Map<string, number>();
  #lastOwnerAt = -1;
  #lastOwnerLength = 0;

  /** A list of records that come from no file; their lines are 0. */
  static of(records: Iterable<Rr>): RecordList {
    const list = new RecordList();
    for (const { owner, type, ttlSeconds, rdata } of records) {
      list.record(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length, 0);
    }
    return list;
  }

  get length(): number {
    return this.#count;
  }

  record(
    owner: Uint8Array,
    ownerOffset: number,
    type: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
    line: number,
  ): null {
    if (this.#count === this.#room) this.#grow();
    const at = this.#count++;
    this.#names[at] = this.#nameOf(owner, ownerOffset);
    this.#types[at] = type;
    this.#ttls[at] = ttlSeconds;
    this.#lines[at] = line;
    this.#files[at] = this.#file;
    this.#rdataAt[at] = this.#store(rdata, rdataOffset, rdataLength);
    this.#rdataLength[at] = rdataLength;
    return null;
  }

  /** The lines of what follows are those of this file. */
  enter(file: string): void {
    const known = this.#fileNames.indexOf(file);
    this.#file = known >= 0 ? known : Math.min(this.#fileNames.push(file) - 1, 0xffff);
  }

  /** The list as it is now, in canonical order. */
  sorted(): SortedRecords {
    const keys = isAscending(this.#keys) ? this.#keys : this.#keys.slice().sort();
    const count = this.#count;
    // Counting sort: how many records each name has, then where its first one goes.
    const firsts = new Int32Array(keys.length + 1);
    const rankOfName = new Int32Array(keys.length);
    for (let rank = 0; rank < keys.length; rank++) rankOfName[this.#nameByKey.get(keys[rank]!)!] = rank;
    for (let i = 0; i < count; i++) firsts[rankOfName[this.#names[i]!]! + 1]!++;
    for (let rank = 0; rank < keys.length; rank++) firsts[rank + 1]! += firsts[rank]!;
    const order = new Int32Array(count);
    const next = firsts.slice();
    for (let i = 0; i < count; i++) order[next[rankOfName[this.#names[i]!]!]!++] = i;
    const columns = {
      types: this.#types,
      ttls: this.#ttls,
      lines: this.#lines,
      files: this.#files,
      fileNames: this.#fileNames,
    };
    const rdata = { pool: this.#pool, rdataAt: this.#rdataAt, rdataLength: this.#rdataLength };
    const owners = keys.map((key) => this.#owners[this.#nameByKey.get(key)!]!);
    return new SortedRecords({ ...columns, ...rdata, keys, owners, firsts, order });
  }

  #nameOf(owner: Uint8Array, offset: number): number {
    const length = nameLength(owner, offset);
    const last = this.#owners.length - 1;
    if (last >= 0 && length === this.#lastOwnerLength && this.#isLastOwner(owner, offset))
      return this.#names[this.#count - 2]!;
    const key = nameKey(owner, offset);
    let name = this.#nameByKey.get(key);
    if (name === undefined) {
      name = this.#keys.length;
      this.#nameByKey.set(key, name);
      this.#keys.push(key);
      this.#owners.push(this.#store(owner, offset, length));
    }
    this.#lastOwnerAt = this.#owners[name]!;
    this.#lastOwnerLength = length;
    return name;
  }

  #isLastOwner(owner: Uint8Array, offset: number): boolean {
    for (let i = 0; i < this.#lastOwnerLength; i++) {
      if (this.#pool[this.#lastOwnerAt + i] !== owner[offset + i]) return false;
    }
    return true;
  }

  #store(octets: Uint8Array, offset: number, length: number): number {
    const at = this.#poolLength;
    if (at + length > this.#pool.length) {
      const larger = new Uint8Array(Math.max(this.#pool.length * 2, at + length));
      larger.set(this.#pool);
      this.#pool = larger;
    }
    for (let i = 0; i < length; i++) this.#pool[at + i] = octets[offset + i]!;
    this.#poolLength = at + length;
    return at;
  }

  #grow(): void {
    this.#room *= 2;
    this.#names = larger(this.#names, new Int32Array(this.#room));
    this.#types = larger(this.#types, new Uint16Array(this.#room));
    this.#ttls = larger(this.#ttls, new Uint32Array(this.#room));
    this.#lines = larger(this.#lines, new Int32Array(this.#room));
    this.#files = larger(this.#files, new Uint16Array(this.#room));
    this.#rdataAt = larger(this.#rdataAt, new Uint32Array(this.#room));
    this.#rdataLength = larger(this.#rdataLength, new Uint16Array(this.#room));
  }
}

function larger<T extends Int32Array | Uint16Array | Uint32Array>(old: T, room: T): T {
  room.set(old);
  return room;
}

function isAscending(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

const keyRoom = Buffer.alloc(1024);

/**
 * A text that sorts as the name does canonically (RFC 4034 §6.1) and is the same for all its spellings: labels from the
 * root end, each behind a zero character, so that the key of an ancestor begins that of its descendants. Octets 0 and 1
 * are written as two characters to keep the zero free.
 */
export function nameKey(octets: Uint8Array, offset: number): string {
  // Written from the back, because the first label comes last.
  let start = keyRoom.length;
  for (let at = offset; octets[at]! !== 0; at += octets[at]! + 1) {
    for (let i = at + octets[at]!; i > at; i--) {
      const octet = LOWER_CASE[octets[i]!]!;
      if (octet > 1) keyRoom[--start] = octet;
      else {
        keyRoom[--start] = octet + 1;
        keyRoom[--start] = 1;
      }
    }
    keyRoom[--start] = 0;
  }
  return keyRoom.toString("latin1", start);
}

/** Whether the name with this key is the other's descendant. */
export function isBelowKey(key: string, ancestor: string): boolean {
  return key.length > ancestor.length && key.charCodeAt(ancestor.length) === 0 && key.startsWith(ancestor);
}

/** The key of the name one label above. */
export function parentKey(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("\0")));
}

interface Columns {
  readonly types: Uint16Array;
  readonly ttls: Uint32Array;
  readonly lines: Int32Array;
  readonly files: Uint16Array;
  readonly fileNames: readonly string[];
  readonly pool: Uint8Array;
  readonly rdataAt: Uint32Array;
  readonly rdataLength: Uint16Array;
  readonly keys: readonly string[];
  readonly owners: readonly number[];
  readonly firsts: Int32Array;
  readonly order: Int32Array;
}

/** Names by their rank, records by their position, both in canonical order once `rrsets` has been asked of a name. */
export class SortedRecords {
  readonly #columns: Columns;
  #ranks: Map<string, number> | null = null;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  get nameCount(): number {
    return this.#columns.keys.length;
  }

  get length(): number {
    return this.#columns.order.length;
  }

  key(name: number): string {
    return this.#columns.keys[name]!;
  }

  owner(name: number): Name {
    return Name.fromWire(this.#columns.pool, this.#columns.owners[name]);
  }

  /** The rank of the name with this key, or -1. */
  find(key: string): number {
    this.#ranks ??= new Map(this.#columns.keys.map((known, rank) => [known, rank]));
    return this.#ranks.get(key) ?? -1;
  }

  /** Whether some name is at the key or below it: then the name exists (RFC 4592 §2.2.2). */
  exists(key: string): boolean {
    if (this.find(key) >= 0) return true;
    const { keys } = this.#columns;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low < keys.length && isBelowKey(keys[low]!, key);
  }

  has(name: number, type: number): boolean {
    const { firsts, order, types } = this.#columns;
    for (let at = firsts[name]!; at < firsts[name + 1]!; at++) if (types[order[at]!] === type) return true;
    return false;
  }

  ttl(record: number): number {
    return this.#columns.ttls[this.#columns.order[record]!]!;
  }

  line(record: number): number {
    return this.#columns.lines[this.#columns.order[record]!]!;
  }

  /** The file in which that line stands; null when the record comes from none. */
  file(record: number): string | null {
    const { files, fileNames, order } = this.#columns;
    return fileNames[files[order[record]!]!] ?? null;
  }

  /** A view, not to be written to. */
  rdata(record: number): Uint8Array {
    const { order, pool, rdataAt, rdataLength } = this.#columns;
    const at = rdataAt[order[record]!]!;
    return pool.subarray(at, at + rdataLength[order[record]!]!);
  }

  /** The name's RRsets: SOA first, then by type; the records of each by canonical RDATA (RFC 4034 §6.3). */
  rrsets(name: number): ListedRrset[] {
    const { firsts, order, types } = this.#columns;
    const first = firsts[name]!;
    const end = firsts[name + 1]!;
    if (end - first > 1) this.#sortRecords(first, end);
    const rrsets: ListedRrset[] = [];
    for (let at = first; at < end;) {
      const type = types[order[at]!]!;
      let after = at + 1;
      while (after < end && types[order[after]!] === type) after++;
      rrsets.push({ type, first: at, count: after - at });
      at = after;
    }
    return rrsets;
  }

  #sortRecords(first: number, end: number): void {
    const { order, types, pool, rdataAt, rdataLength } = this.#columns;
    const canonical = (record: number): Uint8Array => {
      const at = rdataAt[record]!;
      return rdataType(types[record]!).canonical(pool.subarray(at, at + rdataLength[record]!));
    };
    const rank = (type: number): number => (type === TYPE.SOA ? 0 : type);
    order.subarray(first, end).sort((a, b) => {
      if (types[a] !== types[b]) return rank(types[a]!) - rank(types[b]!);
      return compareOctets(canonical(a), canonical(b)) || a - b;
    });
  }

  /** All RRsets in canonical order, as values, duplicates left out. The TTL is the least (RFC 2181 §5.2). */
  *values(): Generator<Rrset> {
    for (let name = 0; name < this.nameCount; name++) {
      const owner = this.owner(name);
      for (const { type, first, count } of this.rrsets(name)) {
        const rdatas: Uint8Array[] = [];
        let ttlSeconds = this.ttl(first);
        for (let at = first; at < first + count; at++) {
          ttlSeconds = Math.min(ttlSeconds, this.ttl(at));
          if (at === first || !this.isRepeated(type, at)) rdatas.push(this.rdata(at).slice());
        }
        yield { owner, type, class: CLASS.IN, ttlSeconds, rdatas };
      }
    }
  }

  /** Whether the record before, of the same RRset, has the same RDATA canonically. */
  isRepeated(type: number, record: number): boolean {
    const known = rdataType(type);
    return compareOctets(known.canonical(this.rdata(record - 1)), known.canonical(this.rdata(record))) === 0;
  }
}
