/**
 * Makes a known change on a draft (RFC 1995 §4): what it removes has to be there and what it adds must not be, or the version is not the
 * one that the change was made from.
 */
import { type Rr, typeToText } from "../dns/index.ts";
import { type ChangeSet, fromSerial, soaSerial } from "./change-set.ts";
import type { ZoneDraft } from "./draft.ts";

/** The change does not fit the version; the message says where. */
export class UnfitChangeError extends Error {}

/** Throws UnfitChangeError; the draft is then to be reverted. */
export function applyChange(draft: ZoneDraft, change: ChangeSet): void {
  const ours = soaSerial(draft.soa.rdata);
  const from = fromSerial(change);
  if (ours !== from) throw new UnfitChangeError(`a step from serial ${from} for our serial ${ours}`);
  for (const record of change.removed) {
    const isThere = draft.remove(record.owner, record.type, record.rdata);
    if (!isThere) throw new UnfitChangeError(`the removal of what is not there: ${described(record)}`);
  }
  for (const record of change.added) add(draft, record);
  draft.setSoa(change.soaAfter.rdata, change.soaAfter.ttlSeconds);
}

function add(draft: ZoneDraft, record: Rr): void {
  const outcome = draft.add(record);
  switch (outcome) {
    case "added":
      return;
    case "ttl-differs":
      // The RRset's other records are to follow (RFC 2181 §5.2).
      draft.setTtl(record.owner, record.type, record.ttlSeconds);
      return;
    case "duplicate":
      throw new UnfitChangeError(`the addition of what is there already: ${described(record)}`);
    default:
      throw new UnfitChangeError(`what the zone cannot hold (${outcome.replaceAll("-", " ")}): ${described(record)}`);
  }
}

const described = ({ owner, type }: Rr): string => `${owner.toString()} ${typeToText(type)}`;
