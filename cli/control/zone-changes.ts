/** `strata zone diff`, `plan`, `apply`, `rollback`, `history`, and `strata resolve --at`: the content of zones, asked of the server that has them. */
import { resolve } from "node:path";
import { systemClock, systemFiles } from "../../base/index.ts";
import { type Name, secondsOf, timeFromText, timeToText } from "../../dns/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, WorkError } from "../failure.ts";
import { parseName } from "../options-read.ts";
import type { Output } from "../output.ts";
import { askControl, controlPlaces } from "./asking.ts";
import type { ToldChange } from "./zone-commands.ts";

/** Exit code 1 when the file says something else than is served. */
export async function zoneDiff(given: Arguments, output: Output): Promise<number> {
  const change = await asked(given, "zone-diff");
  showChange(change, given, output);
  return change === null ? EXIT.ok : EXIT.no;
}

export async function zonePlan(given: Arguments, output: Output): Promise<number> {
  showChange(await asked(given, "zone-plan", fileOf(given)), given, output);
  return EXIT.ok;
}

export async function zoneApply(given: Arguments, output: Output): Promise<number> {
  showChange(await asked(given, "zone-apply", fileOf(given)), given, output);
  return EXIT.ok;
}

export async function zoneRollback(given: Arguments, output: Output): Promise<number> {
  const text = given.required("SERIAL");
  const serial = Number(text);
  if (!/^\d+$/.test(text) || serial > 0xffff_ffff) {
    throw new UsageError(
      `SERIAL ${text}: a serial is a whole number up to 4294967295; strata zone history shows which there are`,
    );
  }
  showChange(await asked(given, "zone-rollback", { serial }), given, output);
  return EXIT.ok;
}

export async function zoneHistory(given: Arguments, output: Output): Promise<number> {
  const limit = given.number("limit");
  const answer = await ask(given, "zone-history", limit === null ? {} : { limit });
  const changes = Array.isArray(answer) ? answer.filter(isChange) : [];
  if (given.flag("json")) {
    output.result(JSON.stringify(changes, null, 2));
    return EXIT.ok;
  }
  for (const { from, to, removed, added, atSeconds, by } of changes) {
    const when = atSeconds === null ? "" : timeToText(atSeconds);
    output.result(`${output.paint.bold(`serial ${to}`)} after ${from}, ${when}, ${by}`);
    showRecords({ removed, added }, output);
  }
  if (changes.length === 0) output.note("no change of the zone is in the journal");
  return EXIT.ok;
}

/** The records of a name as they were. */
export async function resolveAt(given: Arguments, at: string, output: Output): Promise<number> {
  const name = parseName("NAME", given.required("NAME"));
  const type = (given.positional("TYPE") ?? "A").toUpperCase();
  const atSeconds = parseAt(at);
  const words = { name: name.toString(), type, atSeconds };
  const [place] = controlPlaces(given, zoneAbove(given, name), systemFiles);
  const answer = await askControl(place!, { command: "zone-at", ...words });
  const records = Array.isArray(answer) ? answer.map(String) : [];
  if (given.flag("json")) output.result(JSON.stringify({ ...words, records }, null, 2));
  else for (const record of records) output.result(record.replaceAll("\t", " "));
  if (records.length > 0) return EXIT.ok;
  output.note(`${name.toString()} had no ${type} record then`);
  return EXIT.no;
}

/** The zone, of those that servers here have, which is closest above the name. */
function zoneAbove(given: Arguments, name: Name): Name {
  for (let zone: Name | null = name; zone !== null; zone = zone.parent()) {
    try {
      controlPlaces(given, zone, systemFiles);
      return zone;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  throw new WorkError(`no server here has a zone for ${name.toString()}`);
}

/** Seconds since 1970: so written, as YYYYMMDDHHmmSS in UTC, or as how long ago, with units (`5m`). */
function parseAt(text: string): number {
  const ago = /^\d+$/.test(text) ? -1 : secondsOf(new TextEncoder().encode(text));
  if (ago >= 0) return systemClock.wallSeconds() - ago;
  const at = /^\d{14}$/.test(text) ? timeFromText(text) : /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (at >= 0) return at;
  throw new UsageError(
    `--at ${text}: a time as YYYYMMDDHHmmSS (UTC), as seconds since 1970, or how long ago as 5m is wanted`,
  );
}

const fileOf = (given: Arguments): Readonly<Record<string, unknown>> => ({ file: resolve(given.required("FILE")) });

async function asked(
  given: Arguments,
  command: string,
  words: Readonly<Record<string, unknown>> = {},
): Promise<ToldChange | null> {
  const answer = await ask(given, command, words);
  return isChange(answer) ? answer : null;
}

async function ask(given: Arguments, command: string, words: Readonly<Record<string, unknown>>): Promise<unknown> {
  const zone = parseName("ZONE", given.required("ZONE"));
  // The first is the primary: the others have the zone from it.
  const [place] = controlPlaces(given, zone, systemFiles);
  return askControl(place!, { command, zone: zone.toString(), ...words });
}

function showChange(change: ToldChange | null, given: Arguments, output: Output): void {
  if (given.flag("json")) {
    output.result(JSON.stringify(change, null, 2));
    return;
  }
  if (change === null) {
    output.note("there is no difference");
    return;
  }
  showRecords(change, output);
  for (const sentence of change.meaning) output.result(sentence);
  if (change.meaning.length === 0) output.result(`serial ${change.from} has become ${change.to}`);
}

function showRecords({ removed, added }: Pick<ToldChange, "removed" | "added">, { result, paint }: Output): void {
  for (const record of removed) result(paint.red(`- ${record.replaceAll("\t", " ")}`));
  for (const record of added) result(paint.green(`+ ${record.replaceAll("\t", " ")}`));
}

function isChange(value: unknown): value is ToldChange {
  return typeof value === "object" && value !== null && "removed" in value && "added" in value;
}
