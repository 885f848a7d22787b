/** A step in words, for the trace. */
import { Name } from "../dns/index.ts";
import type { Judged, Signed } from "./step.ts";
import { recordTexts } from "./trace.ts";

/** Where it leads, or why it leads nowhere. */
export function detailOf({ step }: Judged): string {
  switch (step.kind) {
    case "answer":
      return "";
    case "alias":
      return `to ${step.target.toString()}`;
    case "negative":
      return step.denial.soa === null ? "without SOA" : `says ${step.denial.soa.owner.toString()}`;
    case "referral": {
      const servers = step.ns.rdatas.map((rdata) => Name.fromWire(rdata).toString());
      return `to ${step.zone.toString()}, served by ${servers.join(", ")}`;
    }
    case "truncated":
      return "the response was cut; TCP has room";
    case "no-edns":
      return "the server does not understand EDNS";
    case "no-recursion":
    case "lame":
    case "garbage":
      return step.why;
  }
}

/** The records that were believed, in presentation format. */
export function believed({ step }: Judged): string[] {
  const texts = (sets: readonly Signed[]): string[] => sets.flatMap(({ rrset }) => recordTexts(rrset));
  switch (step.kind) {
    case "answer":
      return [...texts(step.aliases), ...texts(step.found)];
    case "alias":
      return texts(step.aliases);
    case "negative":
      return step.denial.soa === null ? [] : recordTexts(step.denial.soa);
    case "referral":
      return [step.ns, ...step.glue].flatMap(recordTexts);
    default:
      return [];
  }
}
