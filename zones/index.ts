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
export { type Complaint, type MasterOptions, type MasterSource, readMaster, type RecordSink } from "./master/reader.ts";
export { type ListedRrset, RecordList, type SortedRecords } from "./master/record-list.ts";
export { formatRecord, masterLines, writeMaster } from "./master/writer.ts";
