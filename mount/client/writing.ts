/**
 * Writing files: in parts that the server takes, several under way at once. Unstable writes are kept here until a commit has made them safe (RFC 1813 §3.3.7, §3.3.21): when the server's
 * verifier shows that it may have lost them, they are written again. So who writes sees one verifier for as long as this mount lives.
 */
import { type FileKey } from "../file-key.ts";
import { type Committed, type Stability, type Written } from "../file-system.ts";
import { type PartWritten } from "../nfs/file-procedures.ts";
import { NFS_PROCEDURES } from "../nfs/procedures.ts";
import { isStatus, type Status } from "../status.ts";
import { type ClientCounters } from "./counters.ts";
import { type FileCalls } from "./file-calls.ts";

export interface WritingParts {
  readonly calls: FileCalls;
  readonly counters: ClientCounters;
  readonly windowCalls: number;
  readonly partOctets: () => number;
  /** What is told as the verifier of all writes. */
  readonly verifier: bigint;
}

/** A write that is not safe yet. */
interface Unsafe {
  readonly offset: number;
  readonly octets: Uint8Array;
  readonly verifier: bigint;
}

/** Beyond this, the file that was written first is committed before more is taken. */
const UNSAFE_OCTETS_MAX = 32 * 1024 * 1024;
/** A server that restarts at each commit is not one to write to. */
const COMMITS_MAX = 4;
const STABILITIES: readonly Stability[] = ["unstable", "data", "file"];

export class Writing {
  readonly #parts: WritingParts;
  readonly #unsafe = new Map<FileKey, Unsafe[]>();
  #unsafeOctets = 0;

  constructor(parts: WritingParts) {
    this.#parts = parts;
  }

  /** Files with writes that are not safe yet. */
  get unsafeFiles(): readonly FileKey[] {
    return [...this.#unsafe.keys()];
  }

  async write(key: FileKey, offset: number, octets: Uint8Array, stability: Stability): Promise<Written | Status> {
    while (stability === "unstable" && this.#unsafeOctets + octets.length > UNSAFE_OCTETS_MAX) {
      const [first] = this.#unsafe.keys();
      if (first === undefined) break;
      const committed = await this.commit(first);
      if (isStatus(committed)) return committed;
    }
    const { windowCalls, verifier } = this.#parts;
    const partOctets = this.#parts.partOctets();
    let writtenOctets = 0;
    let reached: Stability = "file";
    while (writtenOctets < octets.length || octets.length === 0) {
      const window: Promise<Part | Status>[] = [];
      for (let at = writtenOctets; window.length < windowCalls && (at < octets.length || at === 0); at += partOctets) {
        window.push(this.#part(key, offset + at, octets.subarray(at, at + partOctets), stability));
      }
      for (const outcome of await Promise.all(window)) {
        // What stands without a gap counts; the rest is the caller's to try again.
        if (isStatus(outcome)) return writtenOctets === 0 ? outcome : { writtenOctets, stability: reached, verifier };
        writtenOctets += outcome.octets;
        if (STABILITIES.indexOf(outcome.stability) < STABILITIES.indexOf(reached)) reached = outcome.stability;
      }
      if (octets.length === 0) break;
    }
    return { writtenOctets, stability: reached, verifier };
  }

  /** Makes all safe that was written to the file: writes again what the server may have lost. */
  async commit(key: FileKey): Promise<Committed | Status> {
    const { calls, counters, verifier } = this.#parts;
    for (let i = 0; i < COMMITS_MAX; i++) {
      const unsafe = this.#unsafe.get(key) ?? [];
      const result = await calls.on([key], NFS_PROCEDURES.COMMIT, (handle) => ({ handle, offset: 0, octets: 0 }));
      if (typeof result === "string" || result.status !== "OK") return calls.failed(result, [key]);
      calls.learnWcc(key, result.good.file);
      const lost = unsafe.filter((write) => write.verifier !== result.good.verifier);
      this.#settle(key, unsafe);
      if (lost.length === 0) return { verifier };
      counters.rewritten += lost.length;
      for (const { offset, octets } of lost) {
        const again = await this.#part(key, offset, octets, "file");
        if (isStatus(again)) return again;
      }
    }
    return "IO";
  }

  /** The file has gone, and what was written to it. */
  forget(key: FileKey): void {
    this.#settle(key, this.#unsafe.get(key) ?? []);
  }

  /** One part, however many WRITEs it takes. */
  async #part(key: FileKey, offset: number, octets: Uint8Array, stability: Stability): Promise<Part | Status> {
    let at = 0;
    let reached: Stability = "file";
    do {
      const rest = octets.subarray(at);
      const written = await this.#once(key, offset + at, rest, stability);
      if (isStatus(written)) return written;
      if (STABILITIES.indexOf(written.stability) < STABILITIES.indexOf(reached)) reached = written.stability;
      at += written.writtenOctets;
    } while (at < octets.length);
    this.#parts.counters.writtenOctets += at;
    return { octets: at, stability: reached };
  }

  async #once(key: FileKey, offset: number, octets: Uint8Array, stability: Stability): Promise<PartWritten | Status> {
    const { calls } = this.#parts;
    const result = await calls.on([key], NFS_PROCEDURES.WRITE, (handle) => ({ handle, offset, stability, octets }));
    if (typeof result === "string" || result.status !== "OK") return calls.failed(result, [key]);
    const written = result.good;
    calls.learnWcc(key, written.file);
    // Nothing written for ever, more than was given, or less safe than was asked for: that server is broken (RFC 1813 §3.3.7).
    if (written.writtenOctets > octets.length || (written.writtenOctets === 0 && octets.length > 0))
      return "SERVERFAULT";
    if (STABILITIES.indexOf(written.stability) < STABILITIES.indexOf(stability)) return "SERVERFAULT";
    if (written.stability === "unstable") this.#keep(key, offset, octets.subarray(0, written.writtenOctets), written);
    return written;
  }

  #keep(key: FileKey, offset: number, octets: Uint8Array, { verifier }: PartWritten): void {
    const unsafe = this.#unsafe.get(key) ?? [];
    // A copy (slice of a Buffer would be none), because the caller's octets are his again when the write has ended.
    unsafe.push({ offset, octets: Buffer.from(octets), verifier });
    this.#unsafe.set(key, unsafe);
    this.#unsafeOctets += octets.length;
  }

  /** These are safe, or on their way to be; those that came since stay. */
  #settle(key: FileKey, safe: readonly Unsafe[]): void {
    if (safe.length === 0) return;
    const known = new Set(safe);
    const left = (this.#unsafe.get(key) ?? []).filter((write) => !known.has(write));
    for (const { octets } of safe) this.#unsafeOctets -= octets.length;
    if (left.length === 0) this.#unsafe.delete(key);
    else this.#unsafe.set(key, left);
  }
}

interface Part {
  readonly octets: number;
  readonly stability: Stability;
}
