/**
 * Makes the steps of an incremental transfer on a draft of our version (RFC 1995 §4): all of them or, when one does not fit, none.
 */
import { TYPE } from "../dns/index.ts";
import { applyChange, type ChangeSet, UnfitChangeError, type ZoneDraft } from "../zones/index.ts";
import { TransferError } from "./transfer-error.ts";

/** Throws TransferError; the draft is then to be reverted. */
export function applyChanges(draft: ZoneDraft, changes: readonly ChangeSet[]): void {
  try {
    for (const change of changes) applyChange(draft, change);
  } catch (error) {
    if (!(error instanceof UnfitChangeError)) throw error;
    throw new TransferError("UNFIT", `it sent ${error.message}`);
  }
  if (draft.rrset(draft.apex, TYPE.NS) !== null) return;
  throw new TransferError("UNFIT", "it sent changes that leave the zone without NS at its apex");
}
