/**
 * UPDATE as a primary answers it (RFC 2136 §3): the zone section, the requester, then all the rest as one change of the zone, so that
 * it holds whole or not at all, and is on disk before it is acknowledged (§3.5, §3.7). What an update means is `zones/update.ts`'s,
 * who signed it was found out on the way here (`control.ts`).
 */
import type { Log } from "../base/index.ts";
import {
  CLASS,
  decodeUpdateLease,
  EDE,
  encodeUpdateLease,
  findOption,
  type Message,
  type Name,
  OPTION,
  RCODE,
  type Rr,
  TYPE,
  type UpdateLease,
  WireError,
} from "../dns/index.ts";
import { addressOctets, type Peer, unmapped } from "../net/index.ts";
import {
  addedRecords,
  applyUpdates,
  ChangeError,
  grantLease,
  type LeaseBounds,
  prescanUpdates,
  refusalOfSigned,
  unmetPrerequisite,
  type UpdatePolicy,
  type UpdateRefusal,
  type UpdateRequester,
  type ZoneChanger,
  type ZoneDraft,
} from "../zones/index.ts";
import type { ControlHandler, ControlRequest, Reply } from "./control.ts";

/** What is done with updates of a zone. Null: it is none of ours. */
export type UpdateTreatment =
  | { readonly kind: "taken"; readonly policy: UpdatePolicy; readonly leases: LeaseBounds }
  /** It is ours, and nobody may change it here; why, in words. */
  | { readonly kind: "refused"; readonly text: string };

export interface UpdateParts {
  readonly changer: Pick<ZoneChanger, "submit">;
  readonly treatmentOf: (apex: Name) => UpdateTreatment | null;
  readonly log: Log;
}

/** Thrown out of a change that is not to be made. */
class RefusedUpdate extends Error {
  readonly refusal: UpdateRefusal;

  constructor(refusal: UpdateRefusal) {
    super(refusal.text);
    this.refusal = refusal;
  }
}

export function updateHandler(parts: UpdateParts): ControlHandler {
  return (request) => {
    const refusal = takeUpdate(parts, request);
    if (refusal !== null) request.respond(replyOf(refusal));
  };
}

/** Begins it; null when the response comes later. */
function takeUpdate(parts: UpdateParts, request: ControlRequest): UpdateRefusal | null {
  const [zone] = request.message.question;
  // RFC 2136 §3.1.1.
  if (zone === undefined || zone.type !== TYPE.SOA) {
    return refused(RCODE.FORMERR, EDE.INVALID_DATA, "the zone section is one record of type SOA (RFC 2136 §3.1.1)");
  }
  const treatment = zone.class === CLASS.IN ? parts.treatmentOf(zone.name) : null;
  if (treatment === null) {
    const text = `${zone.name.toString()} is no zone that is served here`;
    return refused(RCODE.NOTAUTH, EDE.NOT_AUTHORITATIVE, text);
  }
  if (treatment.kind === "refused") {
    return refused(RCODE.REFUSED, EDE.PROHIBITED, treatment.text);
  }
  const requester = requesterOf(request);
  if (requester.key === null && !request.isPeerSure) {
    const text = "an update that is not signed comes over TCP or with a cookie: over UDP anybody could send it";
    const refusal = refused(RCODE.REFUSED, EDE.PROHIBITED, text);
    return tell(parts, zone.name, { requester, peer: request.peer, refusal });
  }
  const stranger = treatment.policy.refusalOf(requester);
  if (stranger !== null) return tell(parts, zone.name, { requester, peer: request.peer, refusal: stranger });
  const lease = leaseOf(request, treatment.leases);
  if (lease === "malformed") return refused(RCODE.FORMERR, EDE.INVALID_DATA, "an Update Lease has 4 or 8 octets");
  void change(parts, request, { apex: zone.name, policy: treatment.policy, requester, lease });
  return null;
}

/** What is granted; null: none was asked for (RFC 9664 §4.3). */
function leaseOf({ message }: ControlRequest, bounds: LeaseBounds): UpdateLease | "malformed" | null {
  const option = findOption(message.edns, OPTION.UPDATE_LEASE);
  if (option === null) return null;
  try {
    return grantLease(decodeUpdateLease(option), bounds);
  } catch (error) {
    if (error instanceof WireError) return "malformed";
    throw error;
  }
}

interface Wanted {
  readonly apex: Name;
  readonly policy: UpdatePolicy;
  readonly requester: UpdateRequester;
  readonly lease: UpdateLease | null;
}

async function change(parts: UpdateParts, request: ControlRequest, wanted: Wanted): Promise<void> {
  const { apex, requester, lease } = wanted;
  const { message, peer } = request;
  try {
    await parts.changer.submit({
      apex,
      by: byOf(requester, peer),
      work: (draft) => carryOut(draft, message, wanted),
      wishOf: (added) => ({ added, lease }),
    });
    request.respond({ rcode: RCODE.NOERROR, options: lease === null ? [] : [encodeUpdateLease(lease)] });
  } catch (error) {
    if (error instanceof RefusedUpdate) {
      const { refusal } = error;
      if (refusal.rcode === RCODE.REFUSED) tell(parts, apex, { requester, peer, refusal });
      request.respond(replyOf(refusal));
    } else if (error instanceof ChangeError) {
      request.respond(replyOf(refusalOf(error)));
    } else {
      // A fault of ours ends this request, not the server.
      parts.log.error(
        { zone: apex.toString(), fault: String(error) },
        "an update failed through a fault of the server",
      );
      request.respond({ rcode: RCODE.SERVFAIL });
    }
  }
}

/**
 * In the order of RFC 2136 §3.2 to §3.4, but for permission, which is asked of records that make sense. Returns the records that it
 * added, or found there already.
 */
function carryOut(draft: ZoneDraft, { answer, authority }: Message, { apex, policy, requester }: Wanted): Rr[] {
  const refusal =
    refusalOfSigned(draft) ??
    unmetPrerequisite(draft, answer) ??
    prescanUpdates(apex, authority) ??
    policy.refusalOfUpdates(draft, requester, authority) ??
    applyUpdates(draft, authority);
  if (refusal !== null) throw new RefusedUpdate(refusal);
  return addedRecords(draft, authority);
}

/** Who is not surely where it says it is, is nowhere: no grant to addresses is for it. */
function requesterOf({ key, peer, isPeerSure }: ControlRequest): UpdateRequester {
  if (!isPeerSure) return { key, addressOctets: new Uint8Array(0) };
  return { key, addressOctets: unmapped(addressOctets(peer.address) ?? new Uint8Array(0)) };
}

/** As the journal and `strata zone history` name who it was. */
function byOf({ key }: UpdateRequester, { address }: Peer): string {
  return key === null ? `client ${address}` : `key ${key.toString()}`;
}

interface Told {
  readonly requester: UpdateRequester;
  readonly peer: Peer;
  readonly refusal: UpdateRefusal;
}

/** RFC 2136 §3.3.1. Not a warning: strangers decide how many there are. */
function tell({ log }: UpdateParts, apex: Name, { requester, peer, refusal }: Told): UpdateRefusal {
  const by = byOf(requester, peer);
  log.info({ zone: apex.toString(), by, from: peer.address, reason: refusal.text }, "an update was refused");
  return refusal;
}

function refusalOf({ code, message }: ChangeError): UpdateRefusal {
  switch (code) {
    case "FROZEN":
      return refused(RCODE.REFUSED, EDE.NOT_READY, message);
    case "NO_ZONE":
      return refused(RCODE.NOTAUTH, EDE.NOT_AUTHORITATIVE, message);
    case "CLOSED":
      return refused(RCODE.SERVFAIL, EDE.NOT_READY, message);
    case "DISK":
    case "MEMORY":
      // Nothing of it was done (RFC 2136 §3.4.2.1).
      return refused(RCODE.SERVFAIL, EDE.OTHER, message);
  }
}

function refused(rcode: number, infoCode: number, text: string): UpdateRefusal {
  return { rcode, infoCode, text };
}

function replyOf({ rcode, infoCode, text }: UpdateRefusal): Reply {
  return { rcode, extendedError: { infoCode, text } };
}
