/**
 * Messages as values (RFC 1035 §4.1, RFC 6891, RFC 2136 §2, RFC 9619), for clients, tools and tests.
 * A server's way from octets to octets makes no such values: `view.ts` reads its requests, `writer.ts` its responses.
 */
import type { Edns } from "./edns.ts";
import type { Question, Rr } from "./rrset.ts";

export interface Message {
  readonly id: number;
  readonly opcode: number;
  /** All twelve bits: the header's four and OPT's eight above them (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** QR. */
  readonly response: boolean;
  /** AA. */
  readonly authoritative: boolean;
  /** TC. */
  readonly truncated: boolean;
  /** RD. */
  readonly recursionDesired: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** AD (RFC 4035 §3.2.3). */
  readonly authenticData: boolean;
  /** CD (RFC 4035 §3.2.2). */
  readonly checkingDisabled: boolean;
  readonly question: readonly Question[];
  readonly answer: readonly Rr[];
  readonly authority: readonly Rr[];
  /** Without OPT, which is `edns`. */
  readonly additional: readonly Rr[];
  readonly edns: Edns | null;
}
