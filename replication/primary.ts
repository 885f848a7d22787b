/** Asking one primary: which version it has (RFC 1034 §4.3.5), and for the zone (RFC 5936 §2.1, RFC 1995 §3). */
import { assert, type StopSignal } from "../base/index.ts";
import {
  CLASS,
  type Edns,
  emptyMessage,
  expireOf,
  expireQuestion,
  type Message,
  type Name,
  plainEdns,
  RCODE,
  rcodeToText,
  type Rr,
  type TsigKey,
  TYPE,
} from "../dns/index.ts";
import { type Ask, type AskMany, type Endpoint, ExchangeError, type Transport } from "../net/index.ts";
import { soaSerial } from "../zones/index.ts";
import { TransferError } from "./transfer-error.ts";
import { type Transfer, type TransferBounds, TransferReader } from "./transfer-reader.ts";

export interface Primary {
  readonly endpoint: Endpoint;
  /** Signs what it is asked; what it sends must be signed likewise (RFC 8945). Null: nothing is signed. */
  readonly key: TsigKey | null;
}

export interface PrimaryParts {
  readonly ask: Ask;
  readonly askMany: AskMany;
  readonly limits: TransferLimits;
}

/** What a primary is waited for and what is taken from it. */
export interface TransferLimits extends TransferBounds {
  /** From one message of a transfer to the next. */
  readonly idleMilliseconds: number;
  /** For all of it. */
  readonly timeoutMilliseconds: number;
}

/** The first question over UDP waits so long, the second twice that. */
const SOA_UDP_MILLISECONDS = 1500;
const SOA_TCP_MILLISECONDS = 5000;

/** What a primary says of its version. */
export interface Newest {
  readonly soa: Rr;
  /** For how long it will serve that version without news (RFC 7314); null: it does not say. */
  readonly expireSeconds: number | null;
  /** Whether it takes EDNS (RFC 6891 §7). */
  readonly takesEdns: boolean;
}

/** The SOA of the version that the primary has. Throws TransferError and ExchangeError. */
export async function newestSoa(
  parts: PrimaryParts,
  primary: Primary,
  apex: Name,
  signal: StopSignal,
): Promise<Newest> {
  const response = await soaResponse(parts, primary, request(apex, TYPE.SOA, { edns: EXPIRE_ASKED }), signal);
  // From before EDNS, as the RCODE of its refusal or the lack of OPT show (RFC 6891 §7).
  const takesEdns = response.edns !== null || (response.rcode !== RCODE.FORMERR && response.rcode !== RCODE.NOTIMP);
  if (takesEdns) return { soa: soaIn(response, apex), expireSeconds: expireOf(response.edns), takesEdns };
  const plain = await soaResponse(parts, primary, request(apex, TYPE.SOA), signal);
  return { soa: soaIn(plain, apex), expireSeconds: null, takesEdns };
}

async function soaResponse(
  parts: PrimaryParts,
  primary: Primary,
  message: Message,
  signal: StopSignal,
): Promise<Message> {
  const response = await overUdp(parts, primary, message, signal);
  if (!response.truncated) return response;
  return await asked(parts, primary, message, { transport: "tcp", wait: SOA_TCP_MILLISECONDS, signal });
}

function soaIn({ rcode, authoritative, answer }: Message, apex: Name): Rr {
  if (rcode !== RCODE.NOERROR) throw new TransferError("RCODE", `it answered ${rcodeToText(rcode)} for the SOA`);
  const soa = answer.find(({ owner, type, class: c }) => type === TYPE.SOA && c === CLASS.IN && owner.equals(apex));
  // Whoever is not authoritative may tell of an old version out of a cache.
  if (soa === undefined || !authoritative) throw new TransferError("BROKEN", "it is not authoritative for the zone");
  return soa;
}

/** A transfer, and for how long its version is good at the primary; null: it does not say. */
export interface Fetched {
  readonly transfer: Transfer;
  readonly expireSeconds: number | null;
}

/** The zone, or what has changed in it. Throws TransferError and ExchangeError. */
export async function fetchTransfer(
  { askMany, limits }: PrimaryParts,
  primary: Primary,
  { apex, ours, isWhole, takesEdns }: Fetching,
  signal: StopSignal,
): Promise<Fetched> {
  const type = isWhole || ours === null ? TYPE.AXFR : TYPE.IXFR;
  const serial = ours === null ? null : soaSerial(ours.rdata);
  const reader = new TransferReader({ apex, type, serial, bounds: limits });
  const taken: { transfer: Transfer | null; expireSeconds: number | null } = { transfer: null, expireSeconds: null };
  const authority = type === TYPE.IXFR && ours !== null ? [ours] : [];
  const message = request(apex, type, { authority, edns: takesEdns ? EXPIRE_ASKED : null });
  const { idleMilliseconds, timeoutMilliseconds } = limits;
  await askMany(primary.endpoint, message, {
    idleMilliseconds,
    timeoutMilliseconds,
    signal,
    ...signing(primary),
    take: (one) => {
      taken.transfer = reader.push(one);
      taken.expireSeconds ??= expireOf(one.edns);
      return taken.transfer === null ? "more" : "done";
    },
  });
  assert(taken.transfer !== null, "it resolves when the transfer is whole");
  return { transfer: taken.transfer, expireSeconds: taken.expireSeconds };
}

interface Fetching {
  readonly apex: Name;
  /** The SOA of our version; null: we have none, or want any. */
  readonly ours: Rr | null;
  /** Whether all of the zone is wanted although we have a version (AXFR). */
  readonly isWhole: boolean;
  readonly takesEdns: boolean;
}

async function overUdp(parts: PrimaryParts, primary: Primary, message: Message, signal: StopSignal): Promise<Message> {
  try {
    return await asked(parts, primary, message, { transport: "udp", wait: SOA_UDP_MILLISECONDS, signal });
  } catch (error) {
    if (!(error instanceof ExchangeError && error.code === "TIMEOUT")) throw error;
    // Once more, in case a datagram was lost.
    return await asked(parts, primary, message, { transport: "udp", wait: 2 * SOA_UDP_MILLISECONDS, signal });
  }
}

interface Waiting {
  readonly transport: Transport;
  readonly wait: number;
  readonly signal: StopSignal;
}

async function asked(
  { ask }: PrimaryParts,
  primary: Primary,
  message: Message,
  { transport, wait, signal }: Waiting,
): Promise<Message> {
  const options = { transport, timeoutMilliseconds: wait, signal, ...signing(primary) };
  const reply = await ask(primary.endpoint, message, options);
  return reply.message;
}

const signing = ({ key }: Primary): { key?: TsigKey } => (key === null ? {} : { key });

/** A secondary asks each time (RFC 7314 §4). */
const EXPIRE_ASKED: Edns = { ...plainEdns, options: [expireQuestion] };

function request(apex: Name, type: number, parts: Pick<Partial<Message>, "authority" | "edns"> = {}): Message {
  return { ...emptyMessage, question: [{ name: apex, type, class: CLASS.IN }], ...parts };
}
