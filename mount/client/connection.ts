/**
 * One connection to a server: RPC calls on their way and their replies, matched by xid in whatever order they come (RFC 5531 §9, §11). Calls made in one turn leave
 * together. A server that breaks the rules of the protocol loses the connection; what becomes of a call that ends without a reply is left to the caller.
 */
import { type Clock, type Timer } from "../../base/index.ts";
import { type OctetStream, type OctetStreamEvents } from "../../net/index.ts";
import { type CallHeader, readReply, type ReplyHeader, writeCall } from "../rpc/message.ts";
import { RECORD_OCTETS_MAX, RecordError, RecordReader } from "../rpc/record-reader.ts";
import { XdrError, XdrReader } from "../rpc/xdr-reader.ts";
import { XdrWriter } from "../rpc/xdr-writer.ts";
import { type Rooms } from "./rooms.ts";

/** A reply with its results still to be read, or why there is none. */
export type CallOutcome =
  | { readonly kind: "reply"; readonly outcome: ReplyHeader["outcome"]; readonly results: XdrReader }
  /** No reply in time. */
  | { readonly kind: "silent" }
  /** The connection ended before. */
  | { readonly kind: "lost"; readonly reason: string }
  /** What came is no RPC, or no record. */
  | { readonly kind: "garbage"; readonly reason: string };

export interface ConnectionParts {
  readonly clock: Clock;
  readonly timeoutMilliseconds: number;
  /** Where the memory of large replies comes from, where some are expected. */
  readonly rooms?: Rooms;
  /** Told once, when it has ended by itself. */
  readonly ended: (reason: string) => void;
  /** Replies to nobody: of calls given up, or made up. */
  readonly strayReply: () => void;
}

interface Pending {
  readonly settle: (outcome: CallOutcome) => void;
  readonly due: number;
}

/** A server sends what it was asked for, so that room for all of it is made at once; there is one connection, and a longest record. */
const ROOM_GROWTH = Infinity;
/** Replies to nobody in a row, after which the server is taken for one that makes them up. Given-up calls are far fewer. */
const STRAY_REPLIES_MAX = 1000;

export class Connection implements OctetStreamEvents {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #parts: ConnectionParts;
  readonly #writer = new XdrWriter();
  readonly #records: RecordReader;
  /** In the order in which they were sent, and so in which they are due. */
  readonly #pending = new Map<number, Pending>();
  #stream: OctetStream | null = null;
  #timer: Timer | null = null;
  #hasFlushAhead = false;
  #isEnded = false;
  #lastReceived = 0;
  #strays = 0;
  #opening: (fault: string | null) => void = () => undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#timeout = parts.timeoutMilliseconds;
    const { rooms } = parts;
    const memory = rooms === undefined ? {} : { memory: (octets: number) => rooms.take(octets) };
    this.#records = new RecordReader(RECORD_OCTETS_MAX, { growth: ROOM_GROWTH, ...memory });
  }

  /** Opens it; resolves with null when it is open, or with why it cannot be. */
  open(start: (events: OctetStreamEvents) => OctetStream, limitMilliseconds = this.#timeout): Promise<string | null> {
    return new Promise((resolve) => {
      let isDecided = false;
      const decide = (reason: string | null): void => {
        if (isDecided) return;
        isDecided = true;
        timer.cancel();
        if (reason !== null) this.close(reason);
        resolve(reason);
      };
      const timer = this.#clock.after(limitMilliseconds, () => decide("no answer to connecting"));
      this.#opening = decide;
      this.#stream = start(this);
    });
  }

  get isOpen(): boolean {
    return !this.#isEnded;
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** Sends a call; the xid must not be on its way already. Without waiting longer than the time-out. */
  call(header: CallHeader, writeArguments: (writer: XdrWriter) => void): Promise<CallOutcome> {
    if (this.#isEnded) return Promise.resolve({ kind: "lost", reason: "the connection has ended" });
    const writer = this.#writer;
    writer.beginRecord();
    writeCall(writer, header);
    writeArguments(writer);
    writer.endRecord();
    const due = this.#clock.now() + this.#timeout;
    return new Promise((settle) => {
      this.#pending.set(header.xid, { settle, due });
      this.#timer ??= this.#clock.after(this.#timeout, this.#onTime);
      if (this.#hasFlushAhead) return;
      this.#hasFlushAhead = true;
      queueMicrotask(this.#flush);
    });
  }

  /** Ends it; calls under way are lost. Nothing is told. */
  close(reason: string): void {
    this.#end({ kind: "lost", reason });
  }

  opened(): void {
    this.#opening(null);
  }

  drained(): void {
    // What is on its way is bounded by who calls.
  }

  closed(reason: string): void {
    this.#opening(reason);
    this.#fail({ kind: "lost", reason });
  }

  received(octets: Uint8Array): void {
    this.#lastReceived = this.#clock.now();
    const records = this.#records;
    records.push(octets);
    try {
      for (let record = records.next(); record !== null && !this.#isEnded; record = records.next()) this.#take(record);
    } catch (error) {
      if (!(error instanceof RecordError) && !(error instanceof XdrError)) throw error;
      this.#fail({ kind: "garbage", reason: error.message });
    }
  }

  room(): Uint8Array | null {
    return this.#records.room;
  }

  #take(record: Buffer): void {
    const results = new XdrReader(record);
    const { xid, outcome } = readReply(results);
    const pending = this.#pending.get(xid);
    if (pending === undefined) {
      this.#parts.strayReply();
      if (++this.#strays > STRAY_REPLIES_MAX) throw new XdrError("value", "replies to calls that nobody made");
      return;
    }
    this.#strays = 0;
    this.#pending.delete(xid);
    pending.settle({ kind: "reply", outcome, results });
  }

  readonly #flush = (): void => {
    this.#hasFlushAhead = false;
    const pieces = this.#writer.take();
    if (!this.#isEnded && pieces.length > 0) this.#stream!.write(pieces);
  };

  /** Ends calls whose time is up. A connection that said nothing for half of it is given up with them: TCP itself may need a quarter of an hour to notice. */
  readonly #onTime = (): void => {
    this.#timer = null;
    const now = this.#clock.now();
    for (const [xid, { settle, due }] of this.#pending) {
      if (due > now) {
        this.#timer = this.#clock.after(due - now, this.#onTime);
        return;
      }
      this.#pending.delete(xid);
      settle({ kind: "silent" });
      if (now - this.#lastReceived >= this.#timeout / 2) {
        this.#fail({ kind: "silent" });
        return;
      }
    }
  };

  #fail(outcome: CallOutcome): void {
    if (this.#isEnded) return;
    this.#end(outcome);
    this.#parts.ended(outcome.kind === "lost" || outcome.kind === "garbage" ? outcome.reason : "no reply in time");
  }

  #end(outcome: CallOutcome): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.cancel();
    this.#stream?.close();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle } of waiting) settle(outcome);
  }
}
