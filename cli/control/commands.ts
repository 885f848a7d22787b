/** `strata status`, `reload`, `freeze`, `thaw`: the running servers of this machine, asked on their control channels. */
import { systemFiles } from "../../base/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, WorkError } from "../failure.ts";
import { parseName } from "../options-read.ts";
import type { Output } from "../output.ts";
import { askControl, type ControlPlace, controlPlaces } from "./asking.ts";
import type { SecondaryZoneStatus, ServerStatus, ZoneStatus } from "./server-commands.ts";

export async function status(given: Arguments, output: Output): Promise<number> {
  const zoneText = given.positional("ZONE");
  const zone = zoneText === null ? null : parseName("ZONE", zoneText);
  const told: { readonly server: string; readonly status: ServerStatus }[] = [];
  for (const place of controlPlaces(given, zone, systemFiles)) {
    const answer = await askControl(place, { command: "status" });
    if (isStatus(answer)) told.push({ server: place.name, status: answer });
  }
  if (given.flag("json")) {
    output.result(
      JSON.stringify(
        told.map(({ server, status }) => ({ server, ...status })),
        null,
        2,
      ),
    );
    return EXIT.ok;
  }
  const { paint } = output;
  for (const { server, status } of told) {
    const { version, pid, upSeconds, listen, zones } = status;
    output.result(
      `${paint.bold(server)} ${listen.join(" ")}, strata ${version}, process ${pid}, up ${duration(upSeconds)}`,
    );
    const shown = zones.filter((one) => zone === null || parseName("zone", one.zone).equals(zone));
    const width = Math.max(...shown.map((one) => one.zone.length));
    for (const one of shown) output.result(`  ${one.zone.padEnd(width)}  ${describe(one)}`);
  }
  return EXIT.ok;
}

function describe({ layer, serial, records, frozen, secondary }: ZoneStatus): string {
  const served = serial === null ? "not served" : `serial ${serial}, ${records} records`;
  const copied = secondary === null ? [] : describeCopy(secondary);
  return [served, ...(layer === null ? [] : [layer]), ...(frozen ? ["frozen"] : []), ...copied].join(", ");
}

function describeCopy({
  primaries,
  checkedSecondsAgo,
  expiresInSeconds,
  failure,
  older,
}: SecondaryZoneStatus): string[] {
  return [
    `from ${primaries.join(" and ")}`,
    ...(checkedSecondsAgo === null ? [] : [`confirmed ${duration(checkedSecondsAgo)} ago`]),
    ...(expiresInSeconds === null
      ? []
      : [expiresInSeconds === 0 ? "expired" : `expires in ${duration(expiresInSeconds)}`]),
    ...(failure === null ? [] : [`last attempt: ${failure}`]),
    ...older.map(({ primary, serial }) => `${primary} has the older serial ${serial} (strata retransfer takes it)`),
  ];
}

function duration(seconds: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ];
  const unit = units.find(([, length]) => seconds >= 2 * length);
  return unit === undefined ? `${seconds} s` : `${Math.floor(seconds / unit[1])} ${unit[0]}`;
}

export function isStatus(answer: unknown): answer is ServerStatus {
  return typeof answer === "object" && answer !== null && "zones" in answer && "listen" in answer;
}

/** Asks every server, or those with the zone, to read again what has changed. Exit code 1 where a file did not come to be served. */
export async function reload(given: Arguments, output: Output): Promise<number> {
  const zoneText = given.positional("ZONE");
  const zone = zoneText === null ? null : parseName("ZONE", zoneText);
  const take = given.text("take");
  const words = { ...(zone === null ? {} : { zone: zone.toString() }), ...(take === null ? {} : { take }) };
  let isAllTaken = true;
  for (const place of controlPlaces(given, zone, systemFiles)) {
    const left = await askControl(place, { command: "reload", ...words }, (text) => output.result(text));
    isAllTaken &&= !(Array.isArray(left) && left.length > 0);
  }
  return isAllTaken ? EXIT.ok : EXIT.no;
}

/** Has every server that fetches the zone fetch it whole, whichever serial its primary has. */
export async function retransfer(given: Arguments, output: Output): Promise<number> {
  const zone = parseName("ZONE", given.required("ZONE"));
  const copies: ControlPlace[] = [];
  for (const place of controlPlaces(given, zone, systemFiles)) {
    const answer = await askControl(place, { command: "status" });
    const isCopy = ({ zone: one, secondary }: ZoneStatus) => secondary !== null && parseName("zone", one).equals(zone);
    if (isStatus(answer) && answer.zones.some(isCopy)) copies.push(place);
  }
  if (copies.length === 0) {
    throw new WorkError(
      `no server here fetches ${zone.toString()} from another; strata reload reads a zone's file again`,
    );
  }
  for (const place of copies) {
    const answer = await askControl(place, { command: "retransfer", zone: zone.toString() });
    const serial = hasSerial(answer) ? answer.serial : null;
    output.result(`${place.name} has ${zone.toString()} anew${serial === null ? "" : `, serial ${serial}`}`);
  }
  return EXIT.ok;
}

const hasSerial = (answer: unknown): answer is { readonly serial: number | null } =>
  typeof answer === "object" && answer !== null && "serial" in answer;

export const freeze = (given: Arguments): Promise<number> => ofZone(given, "freeze");
export const thaw = (given: Arguments): Promise<number> => ofZone(given, "thaw");

async function ofZone(given: Arguments, command: string): Promise<number> {
  const zone = parseName("ZONE", given.required("ZONE"));
  for (const place of controlPlaces(given, zone, systemFiles)) {
    await askControl(place, { command, zone: zone.toString() });
  }
  return EXIT.ok;
}
