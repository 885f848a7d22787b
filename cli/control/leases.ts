/** `strata zone leases`: what of a zone goes by itself, and when, as its running server tells it. */
import { systemClock, systemFiles } from "../../base/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT } from "../failure.ts";
import { parseName } from "../options-read.ts";
import type { Output } from "../output.ts";
import { askControl, controlPlaces } from "./asking.ts";
import type { LeaseStatus } from "./server-commands.ts";

export async function zoneLeases(given: Arguments, output: Output): Promise<number> {
  const zone = parseName("ZONE", given.required("ZONE"));
  const all: LeaseStatus[] = [];
  for (const place of controlPlaces(given, zone, systemFiles)) {
    const answer = await askControl(place, { command: "leases", zone: zone.toString() });
    if (Array.isArray(answer)) all.push(...answer.filter(isLease));
  }
  if (given.flag("json")) {
    output.result(JSON.stringify(all, null, 2));
    return EXIT.ok;
  }
  const now = systemClock.wallSeconds();
  for (const { owner, type, rdata, endsAtSeconds, by } of all) {
    const left = endsAtSeconds - now;
    // The server says why: its zone is frozen, or its disk full.
    const until = left < 0 ? `ended ${-left} s ago and not removed yet` : `${left} s left`;
    output.result(`${owner} ${type} ${rdata}  ${until}, ${by}`);
  }
  if (all.length === 0) output.note(`no record of ${zone.toString()} has a lease`);
  return EXIT.ok;
}

function isLease(value: unknown): value is LeaseStatus {
  return typeof value === "object" && value !== null && "owner" in value && "endsAtSeconds" in value;
}
