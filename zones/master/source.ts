/** What a master file is read from, with what options, and where its records go. */
import type { Name } from "../../dns/index.ts";
import type { Fault } from "./lexer.ts";

export interface MasterSource {
  /** As problems name it. */
  readonly name: string;
  readonly octets: Uint8Array;
}

/** What a sink says against a record. */
export interface Complaint extends Fault {
  readonly severity: "error" | "warning";
}

export interface RecordSink {
  /**
   * Takes one record of class IN. Name and RDATA are uncompressed wire format at their offsets, and stay as they are only
   * during the call. Returns null, or what is wrong with it.
   */
  record(
    owner: Uint8Array,
    ownerOffset: number,
    type: number,
    ttlSeconds: number,
    rdata: Uint8Array,
    rdataOffset: number,
    rdataLength: number,
    line: number,
  ): Complaint | null;
  /** Says that the records from here on stand in this file, until it says another. */
  enter?(file: string): void;
}

export interface MasterOptions {
  /** What relative names are relative to until $ORIGIN says so; null: there is none. */
  readonly origin: Name | null;
  /** For records without TTL when neither $TTL nor a record before says one. */
  readonly ttlSecondsDefault?: number;
  /** The file an $INCLUDE names, or why not. Without it $INCLUDE is refused. */
  readonly include?: (file: string, from: string) => MasterSource | Fault;
}
