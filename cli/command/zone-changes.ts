/** `strata zone diff`, `history`, `plan`, `apply` and `rollback`: what a zone says, what it said, and what it is to say. */
import type { Command, Option, Positional } from "../arguments.ts";
import { JSON_OPTION, STATE_OPTION } from "../options.ts";

const ZONE: Positional = { name: "ZONE", describe: "the zone's name", required: true };
const FILE: Positional = { name: "FILE", describe: "a master file with what the zone is to say", required: true };
const OPTIONS: Readonly<Record<string, Option>> = { state: STATE_OPTION, json: JSON_OPTION };

export const zoneDiffCommand: Command = {
  words: ["zone", "diff"],
  summary: "Show what a zone's file would change of what is served; exit code 1 when it would.",
  positionals: [ZONE],
  options: OPTIONS,
  examples: [["strata zone diff vu.nl", "before strata reload vu.nl --take file"]],
  run: async (given, output) => (await import("../control/zone-changes.ts")).zoneDiff(given, output),
};

export const zonePlanCommand: Command = {
  words: ["zone", "plan"],
  summary: "Show what a master file would change of a zone, and what that means.",
  positionals: [ZONE, FILE],
  options: OPTIONS,
  examples: [["strata zone plan vu.nl new.zone", "which names lose their last address, how long caches keep the old"]],
  run: async (given, output) => (await import("../control/zone-changes.ts")).zonePlan(given, output),
};

export const zoneApplyCommand: Command = {
  words: ["zone", "apply"],
  summary: "Make a zone say what a master file says, as one change that is kept in the journal.",
  positionals: [ZONE, FILE],
  options: OPTIONS,
  examples: [["strata zone apply vu.nl new.zone", "after strata zone plan"]],
  run: async (given, output) => (await import("../control/zone-changes.ts")).zoneApply(given, output),
};

export const zoneRollbackCommand: Command = {
  words: ["zone", "rollback"],
  summary: "Make a zone say again what it said with a serial, as a new version.",
  positionals: [ZONE, { name: "SERIAL", describe: "the serial to go back to", required: true }],
  options: OPTIONS,
  examples: [["strata zone rollback vu.nl 2026112301", "one of those in strata zone history"]],
  run: async (given, output) => (await import("../control/zone-changes.ts")).zoneRollback(given, output),
};

export const zoneHistoryCommand: Command = {
  words: ["zone", "history"],
  summary: "Show who changed what of a zone and when, the latest first.",
  positionals: [ZONE],
  options: { ...OPTIONS, limit: { kind: "number", value: "N", describe: "so many changes at most" } },
  examples: [["strata zone history vu.nl --limit 5", "the last five changes"]],
  run: async (given, output) => (await import("../control/zone-changes.ts")).zoneHistory(given, output),
};
