/**
 * The end of the road for what only the control thread does, because it alone has keys, journal and time: zone transfer (RFC 5936,
 * RFC 1995), NOTIFY (RFC 1996), UPDATE (RFC 2136). Off the hot path, so it works with whole messages. What these do is decided by
 * the handlers that are handed in; what is signed, sent and counted is decided here.
 */
import {
  decodeMessage,
  type EdnsOption,
  emptyMessage,
  encodeExtendedError,
  encodeMessage,
  type ExtendedError,
  type Message,
  type Name,
  OPCODE,
  plainEdns,
  RCODE,
  type Rr,
  TYPE,
  WireError,
  withoutTsig,
} from "../dns/index.ts";
import { LATER, type Later, type Peer, Prefix, type Taken } from "../net/index.ts";
import { EVENT, type NameServerCounters, TRANSPORT } from "./counters.ts";
import { type Desk } from "./desk.ts";
import type { UpdateForwarder } from "./forward.ts";
import type { RefusedSignatures } from "./refused-signatures.ts";
import type { TsigKeys } from "./signature.ts";

/** What a handler makes of a request. Sections that are left out are empty. */
export interface Reply {
  readonly rcode: number;
  readonly authoritative?: boolean;
  readonly answer?: readonly Rr[];
  readonly authority?: readonly Rr[];
  /** Told to clients that speak EDNS (RFC 8914). */
  readonly extendedError?: ExtendedError;
  /** Likewise: other options. */
  readonly options?: readonly EdnsOption[];
}

export interface ControlRequest {
  readonly message: Message;
  /** As it came: for who passes it on. */
  readonly octets: Uint8Array;
  readonly peer: Peer;
  /** Whether it does come from there: over TCP, with a cookie that we gave (RFC 7873 §5.2.5), or from this machine. */
  readonly isPeerSure: boolean;
  /** The name of the key it is signed with; null when it is not signed. */
  readonly key: Name | null;
  /** Octets that a response may have. */
  readonly octetsMax: number;
  /** Ends the request unless "more" is to follow. */
  readonly respond: (reply: Reply, expect?: "more") => void;
  /** The same for a message that is written already, with room for a signature behind it. */
  readonly send: (octets: Uint8Array, expect?: "more" | Taken) => void;
  /** Ends the request in silence. */
  readonly drop: () => void;
}

export type ControlHandler = (request: ControlRequest) => void;

/** Null: not done by this server. */
export interface Control {
  /** Those that requests may be signed with. */
  readonly keys: TsigKeys;
  readonly transfer: ControlHandler | null;
  readonly notify: ControlHandler | null;
  readonly update: ControlHandler | null;
  /** Of zones that others are primary of. None is passed on unless given. */
  readonly forwarder?: UpdateForwarder | null;
  /** For how long a copy of a zone is still good; null for zones that are not copies, as all are unless given (RFC 7314 §3). */
  readonly expiresIn?: (apex: Name) => number | null;
  /** Is told of them; nobody is unless given. */
  readonly refusedSignatures?: Pick<RefusedSignatures, "note">;
}

/** Whether the request on the desk is control's business, where a server has any. */
export function isForControl({ view }: Desk): boolean {
  if (view.opcode !== OPCODE.QUERY || isTransfer(view.qtype) || view.tsigOffset >= 0) return true;
  return view.asksExpire && view.qtype === TYPE.SOA;
}

function isTransfer(qtype: number): boolean {
  return qtype === TYPE.AXFR || qtype === TYPE.IXFR;
}

/** The handler of the request on the desk; null when there is none. */
export function handlerOf({ transfer, notify, update }: Control, { view }: Desk): ControlHandler | null {
  switch (view.opcode) {
    case OPCODE.QUERY:
      return isTransfer(view.qtype) ? transfer : null;
    case OPCODE.NOTIFY:
      return notify;
    case OPCODE.UPDATE:
      return update;
    default:
      return null;
  }
}

/** Has it handled; the response comes through `later`. Returns LATER, or the length of a FORMERR on the desk. */
export function takeControl(handler: ControlHandler, desk: Desk, counters: NameServerCounters, later: Later): number {
  const { view, transport, octetsMax, signedBy } = desk;
  const octets = new Uint8Array(view.octets.subarray(0, view.length));
  const signed = signedLater(desk, later);
  let message: Message;
  try {
    // What is signed is the message without its signature (RFC 8945 §4.3.1).
    message = decodeMessage(signedBy === null ? octets : withoutTsig(octets, view.tsigOffset, view.id));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    counters.event(EVENT.MALFORMED);
    desk.refuse(RCODE.FORMERR);
    return desk.finish();
  }
  const send = (response: Uint8Array, expect?: "more" | Taken): void => {
    const rcode = response[3]! & 15;
    counters.response(transport, rcode, response.length);
    signed(response, expect);
  };
  handler({
    message,
    octets,
    peer: desk.readPeer(),
    isPeerSure: isPeerSure(desk),
    key: signedBy,
    octetsMax,
    send,
    respond: (reply, expect) => send(encodeMessage(responseTo(message, reply), { octetsMax }), expect),
    drop: () => later(NOTHING),
  });
  return LATER;
}

function isPeerSure(desk: Desk): boolean {
  if (desk.transport !== TRANSPORT.UDP || desk.cookie === "valid") return true;
  const { address } = desk.readPeer();
  return LOOPBACK.some((prefix) => prefix.contains(address));
}

/** What comes from elsewhere with such an address the system drops. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"].map((text) => Prefix.parse(text));

/** Signs what comes later, where the request was signed; silence is not. */
export function signedLater({ sign }: Desk, later: Later): Later {
  if (sign === null) return later;
  return (octets, expect) => later(octets.length === 0 ? octets : sign(octets), expect);
}

const NOTHING = new Uint8Array(0);

/** Repeats id, opcode and question; says EDNS to those who said it. */
function responseTo(request: Message, reply: Reply): Message {
  const { id, opcode, recursionDesired, checkingDisabled, question } = request;
  const { rcode, authoritative = false, answer = [], authority = [], extendedError } = reply;
  const errors = extendedError === undefined ? [] : [encodeExtendedError(extendedError)];
  const options = [...errors, ...(reply.options ?? [])];
  return {
    ...emptyMessage,
    id,
    opcode,
    rcode,
    response: true,
    authoritative,
    recursionDesired,
    checkingDisabled,
    question,
    answer,
    authority,
    edns: request.edns === null ? null : { ...plainEdns, options },
  };
}
