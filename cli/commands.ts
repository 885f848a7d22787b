/** Every command, in the order help shows them. One file and one line here add a command. */
import type { Command } from "./arguments.ts";
import { atmCommand } from "./command/atm.ts";
import {
  bankAtmsCommand,
  bankAuthorityCommand,
  bankOpenCommand,
  bankServeCommand,
  bankStaffCommand,
  bankDemoCommand,
  bankVerifyCommand,
} from "./command/bank.ts";
import { completionCommand } from "./command/completion.ts";
import { configCheckCommand } from "./command/config-check.ts";
import { configSchemaCommand } from "./command/config-schema.ts";
import { freezeCommand, reloadCommand, retransferCommand, statusCommand, thawCommand } from "./command/control.ts";
import { catCommand, cpCommand, findCommand, lsCommand, statCommand, treeCommand } from "./command/files.ts";
import { keyGenerateCommand } from "./command/key-generate.ts";
import {
  exportCommand,
  mountCommand,
  mountdCommand,
  mountsCommand,
  umountCommand,
  whyCommand,
} from "./command/mount.ts";
import { propagationCommand } from "./command/propagation.ts";
import { registerCommand } from "./command/register.ts";
import { resolveCommand } from "./command/resolve.ts";
import { resolverCommand } from "./command/resolver.ts";
import { serveCommand } from "./command/serve.ts";
import { updateCommand } from "./command/update.ts";
import { upCommand } from "./command/up.ts";
import {
  zoneApplyCommand,
  zoneDiffCommand,
  zoneHistoryCommand,
  zonePlanCommand,
  zoneRollbackCommand,
} from "./command/zone-changes.ts";
import { zoneCheckCommand } from "./command/zone-check.ts";
import { zoneLeasesCommand } from "./command/zone-leases.ts";
import { zonePrintCommand } from "./command/zone-print.ts";

export const COMMANDS: readonly Command[] = [
  upCommand,
  serveCommand,
  resolverCommand,
  resolveCommand,
  updateCommand,
  registerCommand,
  zoneCheckCommand,
  zonePrintCommand,
  zoneDiffCommand,
  zonePlanCommand,
  zoneApplyCommand,
  zoneRollbackCommand,
  zoneHistoryCommand,
  zoneLeasesCommand,
  statusCommand,
  reloadCommand,
  retransferCommand,
  freezeCommand,
  thawCommand,
  propagationCommand,
  mountdCommand,
  mountCommand,
  umountCommand,
  mountsCommand,
  exportCommand,
  whyCommand,
  lsCommand,
  catCommand,
  cpCommand,
  treeCommand,
  findCommand,
  statCommand,
  bankServeCommand,
  bankOpenCommand,
  bankDemoCommand,
  bankVerifyCommand,
  bankAtmsCommand,
  bankStaffCommand,
  bankAuthorityCommand,
  atmCommand,
  keyGenerateCommand,
  configCheckCommand,
  configSchemaCommand,
  completionCommand(() => COMMANDS),
];
