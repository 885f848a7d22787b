/**
 * The one road that every request takes, whatever transport brought it: header and question read in place, EDNS and its
 * version (RFC 6891), cookie (RFC 7873), TSIG (RFC 8945), access list, then by opcode. The order is a security property,
 * so it is code: nothing is looked up for a client before it is known that it may ask.
 *
 * The rate limit stands at the end of the road although it was thought of first: accounts are kept by kind of
 * response, and the kind is known only then. That costs a limited client's lookup (less than a microsecond), and saves
 * us from mistaking many clients' different questions behind one address for an attack.
 */
import type { Clock } from "../base/index.ts";
import {
  CLASS,
  EDE,
  EDNS_VERSION,
  HEADER_OCTETS,
  Name,
  OPCODE,
  RCODE,
  type RequestOutcome,
  TYPE,
} from "../dns/index.ts";
import { type Endpoint, LATER, type Later } from "../net/index.ts";
import type { ZoneStore } from "../zones/index.ts";
import type { AccessList } from "./access.ts";
import type { Chaos } from "./chaos.ts";
import { type Control, handlerOf, isForControl, signedLater, takeControl } from "./control.ts";
import { EVENT, type NameServerCounters, TRANSPORT } from "./counters.ts";
import { type Desk } from "./desk.ts";
import { type RateLimiter, RESPONSE_KIND } from "./limiter.ts";
import type { ZoneAnswers } from "./query.ts";
import type { HandingDown } from "./recursion.ts";
import type { ServerSettings } from "./settings.ts";
import { authenticate, type TsigKeys } from "./signature.ts";

/** What the road needs at hand. */
export interface Server {
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly settings: ServerSettings;
  readonly counters: NameServerCounters;
  readonly allowed: AccessList | null;
  readonly denied: AccessList;
  readonly limiter: RateLimiter | null;
  readonly chaos: Chaos;
  readonly recursion: Pick<HandingDown, "allowed" | "handDown"> | null;
  readonly answers: ZoneAnswers;
  /** "elsewhere": by the control thread, which a query thread hands it on to. Null: not done. */
  readonly control: Control | "elsewhere" | null;
}

/** Returns the length of the response on the desk, 0 for silence, or LATER. */
export function respond(server: Server, desk: Desk, outcome: RequestOutcome, later: Later): number {
  const { counters } = server;
  counters.requests[desk.transport]!++;
  if (outcome === "silent") {
    counters.event(EVENT.SILENT);
    return 0;
  }
  if (outcome === "notimp") return refuse(server, desk, RCODE.NOTIMP, -1);
  if (outcome === "formerr") {
    counters.event(EVENT.MALFORMED);
    return refuse(server, desk, RCODE.FORMERR, -1);
  }
  // Before the version is known nothing in OPT means anything (RFC 6891 §6.1.3).
  if (desk.view.ednsVersion !== EDNS_VERSION) return refuse(server, desk, RCODE.BADVERS, -1);
  if (desk.view.hasBadZoneVersion) {
    counters.event(EVENT.MALFORMED);
    return refuse(server, desk, RCODE.FORMERR, -1);
  }
  if (!checkCookie(server, desk)) return refuse(server, desk, RCODE.BADCOOKIE, -1);
  const isControls = isForControl(desk);
  if (isControls && server.control === "elsewhere") return LATER;
  const primaries = isControls ? primariesFor(server, desk) : null;
  // What is passed on is signed for whoever it is passed on to.
  if (desk.view.tsigOffset >= 0 && primaries === null) {
    const rcode = checkSignature(server, desk);
    if (rcode !== RCODE.NOERROR) return refuse(server, desk, rcode, -1);
  }
  if (!isAllowed(server, desk)) {
    counters.event(EVENT.DENIED);
    return refuse(server, desk, RCODE.REFUSED, EDE.PROHIBITED);
  }
  if (isControls && server.control !== null && server.control !== "elsewhere") {
    if (primaries !== null) return server.control.forwarder!.pass(primaries, desk, counters, later);
    const handler = handlerOf(server.control, desk);
    if (handler !== null) return takeControl(handler, desk, counters, later);
  }
  if (desk.view.opcode !== OPCODE.QUERY) return refuse(server, desk, RCODE.NOTIMP, -1);
  return answerQuery(server, desk, later);
}

/** To whom the request is to be passed on; null: it is not. */
function primariesFor({ control }: Server, desk: Desk): readonly Endpoint[] | null {
  if (control === null || control === "elsewhere") return null;
  return control.forwarder?.primariesFor(desk) ?? null;
}

/** False when the client has to come back with the cookie it is given now (RFC 7873 §5.2.3). */
function checkCookie(server: Server, desk: Desk): boolean {
  const { view } = desk;
  if (view.hasEdns) server.counters.event(EVENT.EDNS);
  if (view.cookieOffset < 0) return true;
  const { cookieOffset, cookieOctets } = view;
  const seconds = server.clock.wallSeconds();
  desk.cookie = desk.cookies.verify(view.octets, cookieOffset, cookieOctets, desk.readClient(), seconds);
  if (desk.cookie === "valid") {
    server.counters.event(EVENT.COOKIE_VALID);
    return true;
  }
  server.counters.event(cookieOctets === 8 ? EVENT.COOKIE_NEW : EVENT.COOKIE_BAD);
  // Over TCP the address is known to be real anyway (RFC 7873 §5.2.3).
  return !server.settings.cookieRequired || desk.transport === TRANSPORT.TCP;
}

const NO_KEYS: TsigKeys = new Map();

/** NOERROR when the request is signed by one of our keys: so will be the response, also where the outcome is NOTAUTH (RFC 8945 §5.2). */
function checkSignature({ control, clock, counters }: Server, desk: Desk): number {
  const { view } = desk;
  const keys = control === null || control === "elsewhere" ? NO_KEYS : control.keys;
  const request = view.octets.subarray(0, view.length);
  const authenticated = authenticate(request, view.tsigOffset, keys, clock.wallSeconds());
  switch (authenticated.kind) {
    case "malformed":
      counters.event(EVENT.MALFORMED);
      return RCODE.FORMERR;
    case "refused":
      counters.event(EVENT.SIGNATURE_REFUSED);
      if (control !== null && control !== "elsewhere") control.refusedSignatures?.note(desk.readPeer(), authenticated);
      desk.sign = authenticated.sign;
      return RCODE.NOTAUTH;
    case "signed": {
      const { key, signer } = authenticated;
      counters.event(EVENT.SIGNED);
      desk.signedBy = key.name;
      desk.signatureOctets = signer.octets;
      desk.sign = (response) => signer.sign(response, clock.wallSeconds());
      return RCODE.NOERROR;
    }
  }
}

function isAllowed(server: Server, desk: Desk): boolean {
  const { allowed, denied } = server;
  if (!denied.isEmpty && denied.includes(desk.readClient())) return false;
  return allowed === null || allowed.includes(desk.readClient());
}

function answerQuery(server: Server, desk: Desk, later: Later): number {
  const { view } = desk;
  if (view.questionCount === 0) {
    // A query with a cookie and no question asks for a cookie (RFC 7873 §5.4).
    return refuse(server, desk, view.cookieOffset >= 0 ? RCODE.NOERROR : RCODE.FORMERR, -1);
  }
  server.counters.type(view.qtype);
  if (view.qclass === CLASS.CH) return answerChaos(server, desk);
  if (view.qclass !== CLASS.IN) return refuse(server, desk, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE);
  const rcode = rcodeOfMetaType(view.qtype);
  if (rcode !== RCODE.NOERROR) return refuse(server, desk, rcode, -1);
  const { recursion } = server;
  if (recursion !== null) desk.mayRecurse = recursion.allowed.includes(desk.readClient());
  if (view.dnssecOk) server.counters.event(EVENT.DNSSEC_OK);
  desk.begin();
  server.answers.answer(desk);
  if (desk.expireSeconds >= 0) shortenExpire(server, desk);
  if (recursion !== null && desk.leavesZones && desk.mayRecurse && view.recursionDesired) {
    return recursion.handDown(desk, signedLater(desk, later)) ? LATER : send(server, desk);
  }
  return send(server, desk);
}

/** A copy is not good for longer than its own time, whatever its SOA says (RFC 7314 §3.2). */
function shortenExpire({ control }: Server, desk: Desk): void {
  if (control === null || control === "elsewhere") return;
  const left = control.expiresIn?.(Name.fromWire(desk.view.octets, HEADER_OCTETS)) ?? null;
  if (left !== null && left < desk.expireSeconds) desk.expireSeconds = left;
}

/** A transfer comes here where none are given; the other types are no data that a zone could hold (RFC 6895 §3.1). */
function rcodeOfMetaType(qtype: number): number {
  switch (qtype) {
    case TYPE.AXFR:
    case TYPE.IXFR:
      return RCODE.REFUSED;
    case TYPE.MAILA:
    case TYPE.MAILB:
      return RCODE.NOTIMP; // Obsolete since RFC 1035; BIND answers so as well.
    case TYPE.OPT:
    case TYPE.TSIG:
    case TYPE.TKEY:
    case 0:
      return RCODE.FORMERR;
    default:
      return RCODE.NOERROR;
  }
}

function answerChaos(server: Server, desk: Desk): number {
  desk.begin();
  if (!server.chaos.answer(desk.view, desk.writer)) return refuse(server, desk, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE);
  desk.isAuthoritative = true;
  desk.kind = RESPONSE_KIND.ANSWER;
  return send(server, desk);
}

function refuse(server: Server, desk: Desk, rcode: number, infoCode: number): number {
  desk.refuse(rcode, infoCode);
  return send(server, desk);
}

/** The end of the road: the rate limit, and then the octets. */
function send(server: Server, desk: Desk): number {
  const { counters } = server;
  if (desk.transport === TRANSPORT.UDP && !admits(server, desk)) {
    counters.event(EVENT.RATE_DROPPED);
    return 0;
  }
  if (desk.isTruncated) counters.event(EVENT.TRUNCATED);
  const length = desk.finish();
  counters.response(desk.transport, desk.rcode, length);
  return length;
}

/** False for silence. A response that slips through is emptied and says TC: who is really there asks again over TCP. */
function admits(server: Server, desk: Desk): boolean {
  const { limiter } = server;
  // A valid cookie shows that the client is where it says it is (RFC 7873 §5.2.5).
  if (limiter === null || desk.cookie === "valid") return true;
  const verdict = limiter.charge(desk.readClient(), desk.kind, desk.nameHash);
  if (verdict === "send") return true;
  if (verdict === "drop") return false;
  server.counters.event(EVENT.RATE_SLIPPED);
  const { rcode, isAuthoritative } = desk;
  desk.refuse(rcode);
  desk.isAuthoritative = isAuthoritative;
  desk.isTruncated = true;
  return true;
}
