/**
 * Makes the steps of an incremental transfer on a draft of our version (RFC 1995 §4): all of them or, when one does not fit, none.
 * What a step removes has to be there and what it adds must not be, or our version is not the one that the primary thinks it is.
 */
import { type Rr, TYPE, typeToText } from "../dns/index.ts";
import { type ChangeSet, fromSerial, soaSerial, type ZoneDraft } from "../zones/index.ts";
import { TransferError } from "./transfer-error.ts";

/** Throws TransferError; the draft is then to be reverted. */
export function applyChanges(draft: ZoneDraft, changes: readonly ChangeSet[]): void {
  for (const change of changes) {
    const ours = soaSerial(draft.soa.rdata);
    const from = fromSerial(change);
    if (ours !== from) throw unfit(`a step from serial ${from} for our serial ${ours}`);
    for (const record of change.removed) {
      const isThere = draft.remove(record.owner, record.type, record.rdata);
      if (!isThere) throw unfit(`the removal of what is not there: ${described(record)}`);
    }
    for (const record of change.added) add(draft, record);
    draft.setSoa(change.soaAfter.rdata, change.soaAfter.ttlSeconds);
  }
  if (draft.rrset(draft.apex, TYPE.NS) === null) throw unfit("changes that leave the zone without NS at its apex");
}

function add(draft: ZoneDraft, record: Rr): void {
  const outcome = draft.add(record);
  switch (outcome) {
    case "added":
      return;
    case "ttl-differs":
      // The RRset's other records are to follow the one that the primary sent (RFC 2181 §5.2).
      draft.setTtl(record.owner, record.type, record.ttlSeconds);
      return;
    case "duplicate":
      throw unfit(`the addition of what is there already: ${described(record)}`);
    default:
      throw unfit(`what the zone cannot hold (${outcome.replaceAll("-", " ")}): ${described(record)}`);
  }
}

function described({ owner, type }: Rr): string {
  return `${owner.toString()} ${typeToText(type)}`;
}

function unfit(what: string): TransferError {
  return new TransferError("UNFIT", `it sent ${what}`);
}
