/**
 * One client's connection: records in, replies out, as soon as each is ready. What one turn of the stream answers leaves together. Reading pauses where too much is under way or not taken, so a client that
 * does not read, or asks for more than it takes, holds up nobody else.
 */
import { type Clock, type Log, type Timer } from "../../base/index.ts";
import { type OctetStream, type OctetStreamEvents } from "../../net/index.ts";
import {
  type CallHeader,
  type Denial,
  readCall,
  type Refusal,
  writeDenial,
  writeRefusal,
  writeSuccess,
} from "../rpc/message.ts";
import { RecordError, RecordReader } from "../rpc/record-reader.ts";
import { XdrError, XdrReader } from "../rpc/xdr-reader.ts";
import { XdrWriter } from "../rpc/xdr-writer.ts";
import { type Answer } from "../soon.ts";
import { type Desk } from "./desk.ts";
import { type NfsServerCounters, type NfsServerLimits } from "./limits.ts";
import { Replays } from "./replays.ts";
import { type AnyService } from "./service.ts";
import { PROGRAMS } from "./services.ts";

export interface ConnectionParts {
  readonly desk: Desk;
  readonly replays: Replays;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: NfsServerLimits;
  readonly counters: NfsServerCounters;
}

/** What is sent in one go at most, before it is looked at whether the client takes it. */
const FLUSH_OCTETS = 1024 * 1024;
const AUTH_REFUSED: Denial = { kind: "auth-error", state: "REJECTEDCRED" };

export class NfsConnection implements OctetStreamEvents {
  readonly #stream: OctetStream;
  readonly #address: string;
  readonly #parts: ConnectionParts;
  readonly #ended: () => void;
  readonly #records = new RecordReader();
  readonly #writer = new XdrWriter();
  /** Who is to be told when what is in the writer has gone. */
  #telling: (() => void)[] = [];
  #callsInFlight = 0;
  #octetsInFlight = 0;
  /** The client has not taken what was sent. */
  #isBlocked = false;
  #isPaused = false;
  #isWorking = false;
  #isFlushDue = false;
  #isClosed = false;
  /** When something last went forward. */
  #progressAt: number;

  constructor(stream: OctetStream, address: string, parts: ConnectionParts, ended: () => void) {
    this.#stream = stream;
    this.#address = address;
    this.#parts = parts;
    this.#ended = ended;
    this.#progressAt = parts.clock.now();
  }

  opened(): void {
    this.#progressAt = this.#parts.clock.now();
  }

  received(octets: Uint8Array): void {
    this.#progressAt = this.#parts.clock.now();
    this.#records.push(octets);
    this.#work();
  }

  drained(): void {
    this.#progressAt = this.#parts.clock.now();
    this.#isBlocked = false;
    this.#work();
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ended();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#stream.close();
    this.closed();
  }

  /** Milliseconds since something went forward. */
  idleMilliseconds(now: number): number {
    return now - this.#progressAt;
  }

  /** Whether it is the client that others wait for: half a record sent, or replies not taken. */
  get isOwing(): boolean {
    return this.#isBlocked || (this.#records.isInside && this.#callsInFlight === 0);
  }

  get isBusy(): boolean {
    return this.#callsInFlight > 0;
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      while (this.#mayTakeMore()) {
        const record = this.#records.next();
        if (record === null) break;
        this.#take(record);
        if (this.#writer.octets >= FLUSH_OCTETS) this.#flush();
      }
    } catch (error) {
      if (!(error instanceof RecordError) && !(error instanceof XdrError)) throw error;
      // Nothing after this can be understood, and nobody can be told.
      this.#parts.counters.unreadable++;
      this.#parts.log.debug(
        { client: this.#address, error: error.message },
        "a connection that does not speak RPC was closed",
      );
      this.close();
    } finally {
      this.#isWorking = false;
    }
    this.#flush();
    this.#pauseOrResume();
  }

  #mayTakeMore(): boolean {
    const { limits } = this.#parts;
    if (this.#isClosed || this.#isBlocked || this.#callsInFlight >= limits.callsInFlight) return false;
    return this.#octetsInFlight < limits.octetsInFlight;
  }

  #pauseOrResume(): void {
    if (this.#isClosed || this.#isPaused !== this.#mayTakeMore()) return;
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Answers one record. Throws an XdrError when it is no call. */
  #take(record: Buffer): void {
    this.#parts.counters.calls++;
    const reader = new XdrReader(record);
    const read = readCall(reader);
    if (read.kind === "denied") {
      this.#deny(read.xid, read.denial);
      return;
    }
    const { call } = read;
    const service = this.#serviceOf(call);
    if (service === null) return;
    if (call.credential.flavor === "other") {
      this.#deny(call.xid, AUTH_REFUSED);
      return;
    }
    const argument = this.#argument(service, call, reader);
    if (argument === null) return;
    this.#answer(service, call, argument.value, record);
  }

  /** The service that is asked for; null when the caller was told that there is none, or nothing was asked. */
  #serviceOf({ xid, program, version, procedure }: CallHeader): AnyService | null {
    const known = PROGRAMS.get(program);
    if (known === undefined) return this.#refuse(xid, { kind: "program-unavailable" });
    if (version !== known.version) {
      const { version: only } = known;
      return this.#refuse(xid, { kind: "program-mismatch", lowest: only, highest: only });
    }
    const service = known.services.get(procedure);
    if (service !== undefined) return service;
    // NULL does nothing, in every program (RFC 5531 §12).
    if (procedure !== 0) return this.#refuse(xid, { kind: "procedure-unavailable" });
    this.#record(() => writeSuccess(this.#writer, xid));
    return null;
  }

  #argument(service: AnyService, { xid }: CallHeader, reader: XdrReader): { readonly value: unknown } | null {
    try {
      const value = service.procedure.arguments.read(reader);
      reader.end();
      return { value };
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.#parts.counters.garbage++;
      return this.#refuse(xid, { kind: "garbage-arguments" });
    }
  }

  #answer(service: AnyService, call: CallHeader, argument: unknown, record: Buffer): void {
    const { xid } = call;
    let answer: Answer<unknown>;
    try {
      answer = this.#outcome(service, call, argument, record);
    } catch (error) {
      this.#fail(service, xid, error);
      return;
    }
    if (answer instanceof Promise) this.#wait(service, xid, answer, record.length + service.octets(argument));
    else this.#reply(service, xid, answer);
  }

  #outcome(service: AnyService, call: CallHeader, argument: unknown, record: Buffer): Answer<unknown> {
    const { desk, replays, counters } = this.#parts;
    const client = { address: this.#address, credential: call.credential };
    if (!service.isOnce) return service.answer(desk, client, argument);
    const key = Replays.keyOf(this.#address, call.xid, record);
    const kept = replays.find(key);
    if (kept !== null) {
      counters.replayed++;
      return kept.answer;
    }
    const answer = service.answer(desk, client, argument);
    replays.keep(key, answer);
    return answer;
  }

  /** Others are answered meanwhile. Where it takes too long, the caller is asked to come again. */
  #wait(service: AnyService, xid: number, answer: Promise<unknown>, octets: number): void {
    const { clock, limits, counters } = this.#parts;
    this.#callsInFlight++;
    this.#octetsInFlight += octets;
    let isOpen = true;
    let timer: Timer | null = null;
    const end = (reply: () => void): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      timer?.cancel();
      this.#callsInFlight--;
      this.#octetsInFlight -= octets;
      if (this.#isClosed) return false;
      this.#progressAt = clock.now();
      reply();
      this.#flushSoon();
      return true;
    };
    if (service.late !== null)
      timer = clock.after(limits.holdMilliseconds, () =>
        end(() => {
          counters.late++;
          this.#reply(service, xid, service.late);
        }),
      );
    answer.then(
      (value) => {
        if (!end(() => this.#reply(service, xid, value))) service.sent?.(value);
      },
      (error: unknown) => void end(() => this.#fail(service, xid, error)),
    );
  }

  #reply(service: AnyService, xid: number, result: unknown): void {
    const before = this.#writer.octets;
    try {
      this.#writer.beginRecord();
      writeSuccess(this.#writer, xid);
      service.procedure.result.write(this.#writer, result);
      this.#writer.endRecord();
      if (service.sent !== undefined) this.#telling.push(() => service.sent?.(result));
    } catch (error) {
      this.#writer.rewind(before);
      this.#fail(service, xid, error);
    }
  }

  /** A bug, here or in the file system: it ends this call, and the others go on. */
  #fail(service: AnyService, xid: number, error: unknown): void {
    const { counters, log } = this.#parts;
    counters.failed++;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error({ procedure: service.procedure.name, client: this.#address, error: reason }, "a call failed");
    this.#refuse(xid, { kind: "system-error" });
  }

  #refuse(xid: number, refusal: Refusal): null {
    this.#record(() => writeRefusal(this.#writer, xid, refusal));
    return null;
  }

  #deny(xid: number, denial: Denial): void {
    this.#parts.counters.denied++;
    this.#record(() => writeDenial(this.#writer, xid, denial));
  }

  #record(write: () => void): void {
    this.#writer.beginRecord();
    write();
    this.#writer.endRecord();
  }

  /** Replies that get ready in one turn leave together. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      if (!this.#isClosed) this.#work();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#writer.octets === 0) return;
    const telling = this.#telling;
    if (telling.length > 0) this.#telling = [];
    const gone = (): void => telling.forEach((tell) => tell());
    if (!this.#stream.write(this.#writer.take(), telling.length > 0 ? gone : undefined)) this.#isBlocked = true;
  }
}
