/**
 * Writes RRsets of the store into the sections of a response: whole or not at all (RFC 2181 §9), with their signatures when
 * the client wants DNSSEC (RFC 4035 §3.1.1). Owners that stand in the question are pointed at, so that its case is kept.
 */
import { CLASS, type MessageWriter, SECTION, TYPE } from "../dns/index.ts";
import {
  findRrset,
  findSignatures,
  firstRecord,
  nextRecord,
  nodeName,
  recordLength,
  recordRdata,
  RRSET_RECORDS_MAX,
  rrsetCount,
  rrsetTtl,
  rrsetType,
  type ZoneStore,
} from "../zones/index.ts";

/** The owner of what is written: a place in the message, or else octets somewhere. */
export class Owner {
  /** Where the name stands in the message, uncompressed at its start; 0 when it does not. */
  pointer = 0;
  octets: Uint8Array = new Uint8Array(0);
  at = 0;

  inMessage(message: Uint8Array, pointer: number): void {
    this.pointer = pointer;
    this.octets = message;
    this.at = pointer;
  }

  /** Octets somewhere, and the same name in the message at `pointer`; 0 when it does not stand there. */
  alsoInMessage(octets: Uint8Array, at: number, pointer: number): void {
    this.pointer = pointer;
    this.octets = octets;
    this.at = at;
  }

  inOctets(octets: Uint8Array, at: number): void {
    this.pointer = 0;
    this.octets = octets;
    this.at = at;
  }
}

export class Sections {
  /** RRsets written so far, so that none goes in twice; see `has`. */
  readonly #written = new Int32Array(WRITTEN_MAX);
  #writtenCount = 0;
  readonly #nodeOwner = new Owner();
  /** Where the names in the RDATA of `delegation` stand in the message, to be pointed at; 0 for the root. */
  readonly targets = new Int32Array(RRSET_RECORDS_MAX);
  #isNoting = false;
  #store: ZoneStore;
  #writer: MessageWriter;
  #dnssecOk = false;
  /** Where the owner of what is being written stands in the message; 0 as long as it does not. */
  #pointer = 0;

  constructor(store: ZoneStore, writer: MessageWriter) {
    this.#store = store;
    this.#writer = writer;
  }

  begin(writer: MessageWriter, dnssecOk: boolean): void {
    this.#writer = writer;
    this.#dnssecOk = dnssecOk;
    this.#writtenCount = 0;
  }

  /** Whether the RRset (or its like from a wildcard) is in the response already. */
  has(rrset: number): boolean {
    for (let i = 0; i < this.#writtenCount; i++) if (this.#written[i] === rrset) return true;
    return false;
  }

  /** Writes an RRset of `node` under the node's own name. */
  ofNode(section: number, node: number, rrset: number, ttlSeconds: number): boolean {
    this.#nodeOwner.inOctets(this.#store.octets, nodeName(this.#store, node));
    return this.#whole(section, this.#nodeOwner, node, rrset, ttlSeconds);
  }

  /** Writes an RRset of `node` under `owner`, and its signatures. False, and nothing written, when it does not fit. */
  rrset(section: number, owner: Owner, node: number, rrset: number): boolean {
    return this.#whole(section, owner, node, rrset, rrsetTtl(this.#store, rrset));
  }

  #whole(section: number, owner: Owner, node: number, rrset: number, ttlSeconds: number): boolean {
    const writer = this.#writer;
    const mark = writer.mark();
    this.#pointer = owner.pointer;
    const count = this.#records(owner, rrset, ttlSeconds);
    if (count < 0) {
      writer.rewind(mark);
      return false;
    }
    let signatureCount = 0;
    if (this.#dnssecOk) {
      const signatures = findSignatures(this.#store, node, rrsetType(this.#store, rrset));
      if (signatures !== 0) signatureCount = this.#records(owner, signatures, ttlSeconds);
      if (signatureCount < 0) {
        writer.rewind(mark);
        return false;
      }
    }
    writer.addCount(section, count + signatureCount);
    this.#remember(rrset);
    return true;
  }

  /** Writes the NS of a cut into the authority section, and notes in `targets` where the names stand that they say. */
  delegation(cut: Owner, ns: number): boolean {
    this.#isNoting = true;
    const fits = this.bare(SECTION.AUTHORITY, cut, ns);
    this.#isNoting = false;
    return fits;
  }

  /** Writes an RRset without signatures: glue is not signed, and who asks for RRSIG gets these themselves. */
  bare(section: number, owner: Owner, rrset: number): boolean {
    const mark = this.#writer.mark();
    this.#pointer = owner.pointer;
    const count = this.#records(owner, rrset, rrsetTtl(this.#store, rrset));
    if (count < 0) {
      this.#writer.rewind(mark);
      return false;
    }
    this.#writer.addCount(section, count);
    this.#remember(rrset);
    return true;
  }

  #remember(rrset: number): void {
    if (this.#writtenCount < WRITTEN_MAX) this.#written[this.#writtenCount++] = rrset;
  }

  /** The RRset written last went in under another name than its own, so it may go in once more. */
  forgetLast(): void {
    if (this.#writtenCount > 0) this.#writtenCount--;
  }

  /**
   * NSEC or NSEC3 of a node that a proof consists of (RFC 4035 §3.1.3, RFC 5155 §7.2). One node may serve for two parts.
   * Without its RRSIG it proves nothing, as in the root zone of which only the data is published: BIND and Knot leave it out too.
   */
  proof(node: number): boolean {
    let rrset = findRrset(this.#store, node, TYPE.NSEC);
    if (rrset === 0) rrset = findRrset(this.#store, node, TYPE.NSEC3);
    if (rrset === 0 || this.has(rrset)) return true;
    if (findSignatures(this.#store, node, rrsetType(this.#store, rrset)) === 0) return true;
    return this.ofNode(SECTION.AUTHORITY, node, rrset, rrsetTtl(this.#store, rrset));
  }

  /** How many records were written; -1 when not all of them fit. */
  #records(owner: Owner, rrset: number, ttlSeconds: number): number {
    const store = this.#store;
    const writer = this.#writer;
    const type = rrsetType(store, rrset);
    const count = rrsetCount(store, rrset);
    let record = firstRecord(store, rrset);
    let pointer = this.#pointer;
    for (let i = 0; i < count; i++) {
      const rdata = recordRdata(store, record);
      const length = recordLength(store, record);
      const fits =
        pointer > 0
          ? writer.writeRecordAt(pointer, type, CLASS.IN, ttlSeconds, store.octets, rdata, length)
          : writer.writeRecord(owner.octets, owner.at, type, CLASS.IN, ttlSeconds, store.octets, rdata, length);
      if (!fits) return -1;
      if (this.#isNoting) this.targets[i] = writer.nameAt;
      // What stands in the message now is pointed at.
      if (pointer === 0) pointer = writer.ownerAt;
      record = nextRecord(store, record);
    }
    this.#pointer = pointer;
    return count;
  }
}

/** An answer has at most 9 alias steps with proofs; additional data is checked against what of it is remembered. */
const WRITTEN_MAX = 64;
