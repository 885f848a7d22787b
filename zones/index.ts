export {
  ChangeError,
  type ChangeLog,
  ChangeLogError,
  type Submission,
  type Submitted,
  ZoneChanger,
} from "./changer.ts";
export {
  type ChangeSet,
  decodeChangeSet,
  encodeChangeSet,
  fromSerial,
  type JournalEntry,
  recordOctets,
  RecordReader,
  soaExpire,
  soaSerial,
  soaWithSerial,
  toSerial,
  writeRecord,
} from "./change-set.ts";
export { checkZone, type CheckOptions } from "./check.ts";
export { type Finding, type FindingGroup, formatFinding, groupFindings, type Severity } from "./check/finding.ts";
export { type Layer, layerFromText, LAYER_NAMES, type LayerPromise, LAYERS } from "./layer.ts";
export {
  includeBelow,
  loadText,
  type LoadOutcome,
  type LoadParts,
  loadZone,
  loadZones,
  readingOptions,
  type ZoneFileToLoad,
} from "./load.ts";
export { formatProblem, type MasterProblem } from "./master/problem.ts";
export { readMaster } from "./master/reader.ts";
export type { Complaint, MasterOptions, MasterSource, RecordSink } from "./master/source.ts";
export { type ListedRrset, RecordList, type SortedRecords } from "./master/record-list.ts";
export { formatRecord, masterLines, writeMaster } from "./master/writer.ts";
export type { ImagePlace } from "./image.ts";
export { type Forgetting, forgettingOf } from "./forgetting.ts";
export { diffZones, type ZoneVersion } from "./zone-diff.ts";
export { meaningOf } from "./meaning.ts";
export { type SerialRule, ZoneDraft } from "./draft.ts";
export {
  type HistoryEntry,
  Journal,
  type JournalBounds,
  JOURNAL_BOUNDS,
  type JournalParts,
  type KeptZone,
} from "./journal.ts";
export type { ZoneSource } from "./journal-rows.ts";
export { JournalError } from "./journal-database.ts";
export { JournaledZones, type JournaledParts, type Settled, type TookFile } from "./journaled.ts";
export { digestOfFiles } from "./source-files.ts";
export { applyChange, UnfitChangeError } from "./apply-change.ts";
export { type LoadedZone, type LoaderParts, ZoneLoader } from "./loader.ts";
export { ARENA_OCTETS_DEFAULT, ArenaFullError, type ArenaViews } from "./arena.ts";
export { Compactor } from "./compactor.ts";
export {
  findNode,
  findNode as findGlue,
  Lookup,
  lookup,
  lookupHashed,
  type LookupKind,
  PROOF_NODES_MAX,
} from "./lookup.ts";
export { Lookahead } from "./lookahead.ts";
export { NSEC3_HASHES_MAX, nsec3Hash } from "./nsec3.ts";
export { prove } from "./prove.ts";
export {
  findRrset,
  findSignatures,
  firstRecord,
  nextRecord,
  nodeLabels,
  nodeName,
  nodeNameOctets,
  nodeRrset,
  nodeRrsetCount,
  recordLength,
  recordRdata,
  rrsetCount,
  rrsetTtl,
  rrsetType,
} from "./rrset-view.ts";
export { ZoneStore } from "./store.ts";
export type { SharedStore, StoredZone, StoreOptions, StoreStats } from "./stored.ts";
export { type AddOutcome, NODE_TYPES_MAX, RRSET_RECORDS_MAX, ZoneEdit } from "./zone-edit.ts";
export { type LookupResult, ZoneView } from "./zone.ts";
export { transferNodes, zoneApex, zoneRecords, zoneSerial, zoneSoa } from "./zone-record.ts";
export {
  addedRecords,
  applyUpdates,
  prescanUpdates,
  refusalOfSigned,
  unmetPrerequisite,
  type UpdateRefusal,
} from "./update.ts";
export { type GrantedNames, type UpdateGrant, UpdatePolicy, type UpdateRequester } from "./update-policy.ts";
export { grantLease, LEASE_BOUNDS, type LeaseBounds, type LeaseNote, type LeaseWish } from "./lease.ts";
export { type HeldLease, Leases } from "./leases.ts";
