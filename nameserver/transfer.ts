/**
 * Zone transfer as a primary gives it: AXFR (RFC 5936) and IXFR (RFC 1995, both with RFC 9103 §6), to whom an access list or a key allows it. The
 * messages of one leave as fast as the client takes them and no faster, and go on from the version that they began with.
 */
import type { Clock, Log } from "../base/index.ts";
import {
  CLASS,
  compareSerials,
  EDE,
  findOption,
  type Name,
  OPCODE,
  OPTION,
  RCODE,
  recordsOf,
  type Rr,
  TYPE,
} from "../dns/index.ts";
import { formatEndpoint, type Prefix } from "../net/index.ts";
import { type ChangeSet, soaExpire, soaSerial, type ZoneStore, ZoneView } from "../zones/index.ts";
import { AccessList } from "./access.ts";
import { ClientAddress } from "./client.ts";
import type { ControlHandler, ControlRequest, Reply } from "./control.ts";
import { axfrMessages, ixfrMessages, soaMessage, type TransferRequest } from "./transfer-messages.ts";

/** Who may have a zone. */
export interface TransferGrant {
  /** From these addresses, signed or not. */
  readonly from: readonly Prefix[];
  /** Signed with one of these keys, from wherever. */
  readonly keys: readonly Name[];
}

export interface TransferParts {
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Null: nobody may have that zone. */
  readonly grantOf: (apex: Name) => TransferGrant | null;
  /** For how long a copy is still good; null: the zone is no copy. None is unless given. */
  readonly expiresIn?: (apex: Name) => number | null;
  /** The steps from that serial to the newest version; null when they are not all known. */
  readonly changesSince: (apex: Name, serial: number) => readonly ChangeSet[] | null;
}

/** What a client gets; "nothing": it has the newest version. */
interface Given {
  readonly soa: Rr;
  readonly as: "zone" | "changes" | "nothing";
}

interface Sending {
  readonly given: Given;
  readonly messages: Generator<Uint8Array>;
}

/** Transfers at once: each keeps its version of the zone in memory. */
const TRANSFERS_MAX = 64;
/** What is sent before the client is waited for. */
const WINDOW_OCTETS = 256 << 10;

export class TransferServer {
  readonly #parts: TransferParts;
  readonly #client = new ClientAddress();
  readonly #lists = new Map<TransferGrant, AccessList>();
  #open = 0;

  constructor(parts: TransferParts) {
    this.#parts = parts;
  }

  readonly handle: ControlHandler = (request) => {
    const refusal = this.#take(request);
    if (refusal !== null) request.respond(refusal);
  };

  /** Begins it; null when it is on its way. */
  #take(request: ControlRequest): Reply | null {
    const { message, peer } = request;
    const [question] = message.question;
    if (question === undefined || message.opcode !== OPCODE.QUERY) return { rcode: RCODE.FORMERR };
    const view = question.class === CLASS.IN ? ZoneView.of(this.#parts.store, question.name) : null;
    if (view === null || view.soa === null)
      return refused(RCODE.NOTAUTH, EDE.NOT_AUTHORITATIVE, "the zone is not served here");
    if (!this.#mayHave(request, question.name)) {
      const about = { zone: question.name.toString(), client: formatEndpoint(peer), key: request.key?.toString() };
      this.#parts.log.info(about, "a zone transfer was refused");
      return refused(RCODE.REFUSED, EDE.PROHIBITED, "neither the address nor the key may have the zone");
    }
    const soa = recordsOf([view.soa])[0]!;
    if (question.type === TYPE.IXFR) return this.#takeIxfr(request, soa);
    // RFC 5936 §4.2: AXFR over UDP is not defined.
    if (peer.transport === "udp") return refused(RCODE.FORMERR, EDE.OTHER, "AXFR goes over TCP (RFC 5936 §4.2)");
    return this.#sendWhole(request, soa);
  }

  #takeIxfr(request: ControlRequest, soa: Rr): Reply | null {
    const { message, peer } = request;
    const asked = this.#asked(request, soa);
    const theirs = message.authority.find(({ type, owner }) => type === TYPE.SOA && owner.equals(soa.owner));
    if (theirs === undefined)
      return refused(RCODE.FORMERR, EDE.OTHER, "IXFR wants the SOA of the client's version (RFC 1995 §3)");
    const serial = soaSerial(theirs.rdata);
    const order = compareSerials(serial, soaSerial(soa.rdata));
    // Who has this version, or a newer one, is told so by its SOA (RFC 1995 §2).
    if (order !== null && order >= 0) {
      request.send(soaMessage(asked, soa));
      this.#note(request, { soa, as: "nothing" });
      return null;
    }
    const changes = this.#parts.changesSince(soa.owner, serial);
    const isWhole =
      changes !== null && changes.length > 0 && soaSerial(changes.at(-1)!.soaAfter.rdata) === soaSerial(soa.rdata);
    if (peer.transport === "tcp") {
      if (!isWhole) return this.#sendWhole(request, soa);
      return this.#send(request, { soa, as: "changes" }, ixfrMessages(asked, changes));
    }
    // One datagram, or the SOA to say that it takes TCP (RFC 1995 §2).
    const [first, ...others] = isWhole ? [...ixfrMessages(asked, changes)] : [];
    if (first === undefined || others.length > 0) request.send(soaMessage(asked, soa));
    else {
      request.send(first);
      this.#note(request, { soa, as: "changes" });
    }
    return null;
  }

  /** A copy is good for as long as we go on with it, our own zone for as long as its SOA says (RFC 7314 §3). */
  #asked({ message, octetsMax }: ControlRequest, soa: Rr): TransferRequest {
    if (findOption(message.edns, OPTION.EXPIRE) === null) return { message, octetsMax, expireSeconds: null };
    const left = this.#parts.expiresIn?.(soa.owner) ?? Number.POSITIVE_INFINITY;
    return { message, octetsMax, expireSeconds: Math.min(left, soaExpire(soa.rdata)) };
  }

  #mayHave({ key, peer }: ControlRequest, apex: Name): boolean {
    const grant = this.#parts.grantOf(apex);
    if (grant === null) return false;
    if (key !== null && grant.keys.some((allowed) => allowed.equals(key))) return true;
    const list = this.#lists.get(grant) ?? new AccessList(grant.from);
    this.#lists.set(grant, list);
    this.#client.read(peer.address);
    return list.includes(this.#client);
  }

  #sendWhole(request: ControlRequest, soa: Rr): Reply | null {
    const { store } = this.#parts;
    const asked = this.#asked(request, soa);
    // The arena is held for as long as the transfer takes, wherever the zones move.
    const version = { views: store.arena, zone: store.zoneOf(soa.owner) };
    return this.#send(request, { soa, as: "zone" }, axfrMessages(asked, version));
  }

  #send(request: ControlRequest, given: Given, messages: Generator<Uint8Array>): Reply | null {
    if (this.#open >= TRANSFERS_MAX)
      return refused(RCODE.SERVFAIL, EDE.OTHER, "too many zone transfers at once: ask again later");
    this.#open++;
    this.#sendOn(request, { given, messages }, messages.next());
    return null;
  }

  /** Sends until the window is full, and goes on when the client has taken that. */
  #sendOn(request: ControlRequest, sending: Sending, from: IteratorResult<Uint8Array>): void {
    const { given, messages } = sending;
    let octets = 0;
    let next = from;
    while (next.done !== true) {
      const message: Uint8Array = next.value;
      next = messages.next();
      octets += message.length;
      if (next.done === true) {
        this.#open--;
        request.send(message);
        this.#note(request, given);
      } else if (octets < WINDOW_OCTETS) {
        request.send(message, "more");
      } else {
        const after = next;
        request.send(message, (isOpen) => this.#taken(request, sending, isOpen ? after : null));
        return;
      }
    }
  }

  /** Not at once: others are to have their turn between two windows. Null: the client is gone. */
  #taken(request: ControlRequest, sending: Sending, after: IteratorResult<Uint8Array> | null): void {
    if (after === null) {
      this.#open--;
      request.drop();
    } else this.#parts.clock.soon(() => this.#sendOn(request, sending, after));
  }

  /** Handed to the system whole; whether the client makes anything of it, its next question tells. */
  #note({ peer, key }: ControlRequest, { soa, as }: Given): void {
    const about = { zone: soa.owner.toString(), serial: soaSerial(soa.rdata), as };
    this.#parts.log.info({ ...about, client: formatEndpoint(peer), key: key?.toString() }, "a zone was given");
  }
}

function refused(rcode: number, infoCode: number, text: string): Reply {
  return { rcode, extendedError: { infoCode, text } };
}
