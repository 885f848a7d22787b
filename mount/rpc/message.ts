/**
 * The messages of ONC RPC version 2 (RFC 5531 §9): calls with their credentials (AUTH_NONE, AUTH_SYS §14, Appendix A), and every way in which a call is
 * accepted or denied. Arguments and results are left to the procedures (mount/nfs/).
 */
import { XdrError, type XdrReader } from "./xdr-reader.ts";
import { type XdrWriter } from "./xdr-writer.ts";

export const RPC_VERSION = 2;
const CALL = 0;
const REPLY = 1;
const MSG_ACCEPTED = 0;
const MSG_DENIED = 1;
const RPC_MISMATCH = 0;
const AUTH_ERROR = 1;

export const AUTH_NONE = 0;
export const AUTH_SYS = 1;
/** RFC 5531 §8.2: the body of a credential or verifier. */
const AUTH_BODY_OCTETS_MAX = 400;
/** RFC 5531 Appendix A. */
const MACHINE_NAME_OCTETS_MAX = 255;
const GROUPS_MAX = 16;

/** RFC 5531 §9, auth_stat. */
export const AUTH_STATES = {
  BADCRED: 1,
  REJECTEDCRED: 2,
  BADVERF: 3,
  REJECTEDVERF: 4,
  TOOWEAK: 5,
  INVALIDRESP: 6,
  FAILED: 7,
} as const;
export type AuthState = keyof typeof AUTH_STATES;

/** Who calls. Other flavors keep their number: they are refused by whoever wants to know who it is. */
export type Credential =
  | { readonly flavor: "none" }
  | {
      readonly flavor: "sys";
      readonly stamp: number;
      readonly machine: string;
      readonly uid: number;
      readonly gid: number;
      readonly groups: readonly number[];
    }
  | { readonly flavor: "other"; readonly number: number };

export interface CallHeader {
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: Credential;
}

/** What a message that begins like a call is: a call, or one that is answered with a denial at once. */
export type ReadCall =
  | { readonly kind: "call"; readonly call: CallHeader }
  | { readonly kind: "denied"; readonly xid: number; readonly denial: Denial };

export type Denial =
  /** The caller speaks another version of RPC. */
  { readonly kind: "rpc-mismatch" } | { readonly kind: "auth-error"; readonly state: AuthState };

/** How a reply says that the call was not answered with results. */
export type Refusal =
  | { readonly kind: "program-unavailable" }
  | { readonly kind: "program-mismatch"; readonly lowest: number; readonly highest: number }
  | { readonly kind: "procedure-unavailable" }
  | { readonly kind: "garbage-arguments" }
  | { readonly kind: "system-error" };

/** What a reply says; for "success" its results follow in the reader. */
export interface ReplyHeader {
  readonly xid: number;
  readonly outcome: { readonly kind: "success" } | Refusal | Denial;
}

const NOBODY: Credential = { flavor: "none" };

/** Reads a call up to its arguments. Throws an XdrError when it is no call at all: nobody can be answered then. */
export function readCall(reader: XdrReader): ReadCall {
  const xid = reader.u32();
  if (reader.u32() !== CALL) throw new XdrError("value", "that is no RPC call");
  // Fields after the version may be laid out differently in another one.
  if (reader.u32() !== RPC_VERSION) return { kind: "denied", xid, denial: { kind: "rpc-mismatch" } };
  const program = reader.u32();
  const version = reader.u32();
  const procedure = reader.u32();
  const credential = readCredential(reader);
  if (credential === null) return { kind: "denied", xid, denial: { kind: "auth-error", state: "BADCRED" } };
  // The verifier of AUTH_NONE and AUTH_SYS is AUTH_NONE; what stands in another says nothing to us.
  reader.u32();
  reader.opaque(AUTH_BODY_OCTETS_MAX);
  return { kind: "call", call: { xid, program, version, procedure, credential } };
}

/** The credential, or null when its body is not what its flavor says. */
function readCredential(reader: XdrReader): Credential | null {
  const flavor = reader.u32();
  if (flavor !== AUTH_SYS) {
    reader.opaque(AUTH_BODY_OCTETS_MAX);
    return flavor === AUTH_NONE ? NOBODY : { flavor: "other", number: flavor };
  }
  const length = reader.count(AUTH_BODY_OCTETS_MAX, 1);
  const after = reader.left - length - (-length & 3);
  try {
    const stamp = reader.u32();
    const machine = reader.opaqueText(MACHINE_NAME_OCTETS_MAX);
    const uid = reader.u32();
    const gid = reader.u32();
    const groups: number[] = [];
    for (let count = reader.count(GROUPS_MAX, 4); count > 0; count--) groups.push(reader.u32());
    return reader.left === after ? { flavor: "sys", stamp, machine, uid, gid, groups } : null;
  } catch (error) {
    if (error instanceof XdrError) return null;
    throw error;
  }
}

/** Writes a call up to its arguments. */
export function writeCall(writer: XdrWriter, call: CallHeader): void {
  writer.u32(call.xid);
  writer.u32(CALL);
  writer.u32(RPC_VERSION);
  writer.u32(call.program);
  writer.u32(call.version);
  writer.u32(call.procedure);
  writeCredential(writer, call.credential);
  writeNoVerifier(writer);
}

function writeCredential(writer: XdrWriter, credential: Credential): void {
  if (credential.flavor !== "sys") {
    writer.u32(credential.flavor === "none" ? AUTH_NONE : credential.number);
    writer.u32(0);
    return;
  }
  const { machine, groups } = credential;
  writer.u32(AUTH_SYS);
  const length = machine.length;
  writer.u32(20 + length + (-length & 3) + 4 * groups.length);
  writer.u32(credential.stamp);
  writer.opaqueText(machine);
  writer.u32(credential.uid);
  writer.u32(credential.gid);
  writer.u32(groups.length);
  for (const group of groups) writer.u32(group);
}

function writeNoVerifier(writer: XdrWriter): void {
  writer.u32(AUTH_NONE);
  writer.u32(0);
}

/** Writes the reply to a call that succeeded, up to its results. */
export function writeSuccess(writer: XdrWriter, xid: number): void {
  writeAccepted(writer, xid);
  writer.u32(0);
}

const ACCEPT_STATES = {
  "program-unavailable": 1,
  "program-mismatch": 2,
  "procedure-unavailable": 3,
  "garbage-arguments": 4,
  "system-error": 5,
} as const satisfies Record<Refusal["kind"], number>;

export function writeRefusal(writer: XdrWriter, xid: number, refusal: Refusal): void {
  writeAccepted(writer, xid);
  writer.u32(ACCEPT_STATES[refusal.kind]);
  if (refusal.kind !== "program-mismatch") return;
  writer.u32(refusal.lowest);
  writer.u32(refusal.highest);
}

function writeAccepted(writer: XdrWriter, xid: number): void {
  writer.u32(xid);
  writer.u32(REPLY);
  writer.u32(MSG_ACCEPTED);
  writeNoVerifier(writer);
}

export function writeDenial(writer: XdrWriter, xid: number, denial: Denial): void {
  writer.u32(xid);
  writer.u32(REPLY);
  writer.u32(MSG_DENIED);
  if (denial.kind === "rpc-mismatch") {
    writer.u32(RPC_MISMATCH);
    writer.u32(RPC_VERSION);
    writer.u32(RPC_VERSION);
    return;
  }
  writer.u32(AUTH_ERROR);
  writer.u32(AUTH_STATES[denial.state]);
}

/** Reads a reply up to its results. Throws an XdrError when it is no reply. */
export function readReply(reader: XdrReader): ReplyHeader {
  const xid = reader.u32();
  if (reader.u32() !== REPLY) throw new XdrError("value", "that is no RPC reply");
  const state = reader.u32();
  if (state === MSG_DENIED) return { xid, outcome: readDenial(reader) };
  if (state !== MSG_ACCEPTED) throw new XdrError("value", `there is no reply state ${state}`);
  reader.u32();
  reader.opaque(AUTH_BODY_OCTETS_MAX);
  return { xid, outcome: readAcceptance(reader) };
}

function readAcceptance(reader: XdrReader): ReplyHeader["outcome"] {
  const state = reader.u32();
  switch (state) {
    case 0:
      return { kind: "success" };
    case ACCEPT_STATES["program-unavailable"]:
      return { kind: "program-unavailable" };
    case ACCEPT_STATES["program-mismatch"]: {
      const lowest = reader.u32();
      return { kind: "program-mismatch", lowest, highest: reader.u32() };
    }
    case ACCEPT_STATES["procedure-unavailable"]:
      return { kind: "procedure-unavailable" };
    case ACCEPT_STATES["garbage-arguments"]:
      return { kind: "garbage-arguments" };
    case ACCEPT_STATES["system-error"]:
      return { kind: "system-error" };
    default:
      throw new XdrError("value", `there is no accept state ${state}`);
  }
}

function readDenial(reader: XdrReader): Denial {
  const kind = reader.u32();
  if (kind === RPC_MISMATCH) {
    // Which versions it speaks does not help a caller that speaks only one.
    reader.u32();
    reader.u32();
    return { kind: "rpc-mismatch" };
  }
  if (kind !== AUTH_ERROR) throw new XdrError("value", `there is no reject state ${kind}`);
  const number = reader.u32();
  for (const [state, value] of Object.entries(AUTH_STATES)) {
    if (value === number && isAuthState(state)) return { kind: "auth-error", state };
  }
  // Those of Kerberos and GSS (8 to 14) say nothing more to somebody who does not use them.
  return { kind: "auth-error", state: "FAILED" };
}

function isAuthState(text: string): text is AuthState {
  return Object.hasOwn(AUTH_STATES, text);
}
