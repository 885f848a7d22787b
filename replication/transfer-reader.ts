/**
 * Reads a zone transfer, message by message, and says what it amounts to: all of a zone (RFC 5936 §2.2), the steps from our version
 * to a newer one (RFC 1995 §4), or that ours is no older. Where a transfer ends the SOA alone says, never a message's end
 * (RFC 5936 §2.2, RFC 1995 §4), so it may be cut into messages anywhere. Pure: who is asked, how long is waited and what becomes of it
 * is others'.
 *
 * Chosen where the RFCs leave it open: whatever does not belong in a transfer ends it (records of another class or outside the
 * zone, a second SOA that is not the closing one), because a primary that sends one such thing has gone wrong in more ways.
 * Authority and additional sections are passed over.
 */
import { assert } from "../base/index.ts";
import {
  CLASS,
  classToText,
  isMetaType,
  isNewerSerial,
  type Message,
  type Name,
  RCODE,
  rcodeToText,
  type Rr,
  TYPE,
  typeToText,
} from "../dns/index.ts";
import { type ChangeSet, recordOctets, soaSerial } from "../zones/index.ts";
import { RecordSpool } from "./record-spool.ts";
import { TransferError } from "./transfer-error.ts";

/** How much is taken at most. */
export interface TransferBounds {
  readonly records: number;
  /** Of records in memory, uncompressed. */
  readonly octets: number;
}

/** What was asked for. */
export interface TransferWanted {
  readonly apex: Name;
  readonly type: typeof TYPE.AXFR | typeof TYPE.IXFR;
  /** Of the version we have; null: there is none, or any will do. IXFR needs one. */
  readonly serial: number | null;
  readonly bounds: TransferBounds;
}

/**
 * - `current`: the primary has nothing newer; its serial.
 * - `changes`: step by step from our version to the one of `soa`.
 * - `zone`: all records of the zone, its SOA first and once.
 */
export type Transfer =
  | { readonly kind: "current"; readonly serial: number }
  | { readonly kind: "changes"; readonly soa: Rr; readonly changes: readonly ChangeSet[] }
  | { readonly kind: "zone"; readonly soa: Rr; readonly records: RecordSpool };

/** What the next record may be. */
type Expecting = "first" | "second" | "zone" | "removed" | "added" | "nothing";

export class TransferReader {
  readonly #wanted: TransferWanted;
  #expecting: Expecting = "first";
  /** The SOA that opens the transfer and closes it. */
  #soa: Rr | null = null;
  readonly #zone = new RecordSpool();
  readonly #changes: ChangeSet[] = [];
  #step: Step | null = null;
  #records = 0;
  #octets = 0;
  #isCurrent = false;

  constructor(wanted: TransferWanted) {
    assert(wanted.type === TYPE.AXFR || wanted.serial !== null, "IXFR goes on from a version");
    this.#wanted = wanted;
  }

  /** Takes the next message. Null: more are to come. Throws TransferError; nothing more is to be given to it then. */
  push(message: Message): Transfer | null {
    assert(!this.#hasEnded(), "a transfer that has ended takes no more messages");
    if (message.rcode !== RCODE.NOERROR) throw new TransferError("RCODE", `it answered ${rcodeToText(message.rcode)}`);
    if (message.truncated) throw broken("a message with TC set (RFC 5936 §2.2.1)");
    // Or it could go on for ever without coming nearer to any bound.
    if (message.answer.length === 0) throw broken("a message without any record");
    for (const record of message.answer) {
      this.#take(record);
      if (this.#isCurrent) return { kind: "current", serial: soaSerial(record.rdata) };
    }
    return this.#hasEnded() ? this.#whole() : null;
  }

  #hasEnded(): boolean {
    return this.#expecting === "nothing";
  }

  #whole(): Transfer {
    const soa = this.#soa!;
    if (this.#changes.length > 0) return { kind: "changes", soa, changes: this.#changes };
    return { kind: "zone", soa, records: this.#zone };
  }

  #take(record: Rr): void {
    this.#admit(record);
    switch (this.#expecting) {
      case "first":
        return this.#begin(record);
      case "second":
        return this.#takeSecond(record);
      case "zone":
        return this.#takeOfZone(record);
      case "removed":
        if (record.type === TYPE.SOA) return this.#beginAdded(record);
        this.#step!.removed.push(record);
        return;
      case "added":
        if (record.type === TYPE.SOA) return this.#endStep(record);
        this.#step!.added.push(record);
        return;
      case "nothing":
        throw broken(`a record behind the closing SOA: ${described(record)}`);
    }
  }

  /** What holds for every record of a transfer. */
  #admit(record: Rr): void {
    const { apex, bounds } = this.#wanted;
    const { owner, type, class: rrClass } = record;
    if (rrClass !== CLASS.IN) throw broken(`a record of another class than IN: ${described(record)}`);
    if (!owner.isAtOrBelow(apex)) throw broken(`a record outside the zone: ${described(record)}`);
    if (isMetaType(type)) throw broken(`a record that is no data: ${described(record)}`);
    if (type === TYPE.SOA && !owner.equals(apex)) throw broken(`an SOA that is not at the apex: ${described(record)}`);
    this.#octets += recordOctets(record);
    if (++this.#records > bounds.records) throw tooLarge(`more than ${bounds.records} records`);
    if (this.#octets > bounds.octets) throw tooLarge(`more than ${bounds.octets} octets of records`);
  }

  #begin(record: Rr): void {
    if (record.type !== TYPE.SOA)
      throw new TransferError("BROKEN", `it begins with something else than the SOA: ${described(record)}`);
    this.#soa = record;
    const { serial, type } = this.#wanted;
    // Half the circle apart is not newer either: who means that has to say so by another serial in between (RFC 1982 §7).
    if (serial !== null && !isNewerSerial(soaSerial(record.rdata), serial)) {
      this.#isCurrent = true;
      return;
    }
    this.#zone.add(record);
    this.#expecting = type === TYPE.IXFR ? "second" : "zone";
  }

  /** The second record tells changes from a whole zone in answer to IXFR (RFC 1995 §4). */
  #takeSecond(record: Rr): void {
    const { serial } = this.#wanted;
    if (record.type === TYPE.SOA && soaSerial(record.rdata) === serial) return this.#beginStep(record);
    this.#expecting = "zone";
    this.#takeOfZone(record);
  }

  #takeOfZone(record: Rr): void {
    if (record.type !== TYPE.SOA) return this.#zone.add(record);
    this.#checkClosing(record);
    this.#expecting = "nothing";
  }

  #beginStep(soaBefore: Rr): void {
    this.#step = { soaBefore, soaAfter: soaBefore, removed: [], added: [] };
    this.#expecting = "removed";
  }

  #beginAdded(soaAfter: Rr): void {
    const step = this.#step!;
    const before = soaSerial(step.soaBefore.rdata);
    const after = soaSerial(soaAfter.rdata);
    const last = soaSerial(this.#soa!.rdata);
    if (!isNewerSerial(after, before)) throw broken(`a step from serial ${before} to ${after}, which is not newer`);
    if (isNewerSerial(after, last))
      throw broken(`a step to serial ${after}, beyond ${last}, which the transfer promised`);
    step.soaAfter = soaAfter;
    this.#expecting = "added";
  }

  #endStep(soa: Rr): void {
    const { soaBefore, soaAfter, removed, added } = this.#step!;
    this.#changes.push({ apex: this.#wanted.apex, soaBefore, soaAfter, removed, added });
    const reached = soaSerial(soaAfter.rdata);
    if (reached === soaSerial(this.#soa!.rdata)) {
      this.#checkClosing(soa);
      this.#expecting = "nothing";
      return;
    }
    const next = soaSerial(soa.rdata);
    if (next !== reached) throw broken(`a step from serial ${next} behind one to ${reached}`);
    this.#beginStep(soa);
  }

  #checkClosing({ rdata }: Rr): void {
    const closing = soaSerial(rdata);
    const opening = soaSerial(this.#soa!.rdata);
    if (closing !== opening) throw broken(`an SOA of serial ${closing} in a transfer of serial ${opening}`);
  }
}

/** A change set that is not whole yet. */
interface Step {
  readonly soaBefore: Rr;
  soaAfter: Rr;
  readonly removed: Rr[];
  readonly added: Rr[];
}

function broken(what: string): TransferError {
  return new TransferError("BROKEN", `it sent ${what}`);
}

function tooLarge(what: string): TransferError {
  return new TransferError("TOO_LARGE", `it sent ${what}`);
}

function described({ owner, type, class: rrClass }: Rr): string {
  return `${owner.toString()} ${classToText(rrClass)} ${typeToText(type)}`;
}
