/** Master files in tests: text in, records in presentation format and problems out. */
import { Name } from "../../dns/index.ts";
import {
  formatProblem,
  formatRecord,
  type MasterOptions,
  type MasterProblem,
  readMaster,
  RecordList,
} from "../../zones/index.ts";
import { formatName, rdataType, typeToText } from "../../dns/index.ts";

export interface ReadText {
  /** `owner TTL TYPE RDATA`, in the order of the text. */
  readonly records: readonly string[];
  readonly lines: readonly number[];
  readonly problems: readonly MasterProblem[];
  /** As a person reads them. */
  readonly shown: string;
}

export function readText(text: string | Uint8Array, options: Partial<MasterOptions> = {}): ReadText {
  const octets = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const records: string[] = [];
  const lines: number[] = [];
  const problems = readMaster(
    { name: "vu.nl.zone", octets },
    { origin: Name.parse("vu.nl."), ...options },
    {
      record(owner, ownerOffset, type, ttlSeconds, rdata, rdataOffset, rdataLength, line) {
        const data = rdataType(type).format(rdata.slice(rdataOffset, rdataOffset + rdataLength));
        records.push(`${formatName(owner, ownerOffset)} ${ttlSeconds} ${typeToText(type)} ${data}`);
        lines.push(line);
        return null;
      },
    },
  );
  return { records, lines, problems, shown: problems.map(formatProblem).join("\n") };
}

export function listOf(text: string, apex = "vu.nl."): RecordList {
  const list = new RecordList();
  const octets = new TextEncoder().encode(text);
  const problems = readMaster({ name: "zone", octets }, { origin: Name.parse(apex) }, list);
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
  return list;
}

export { formatRecord };
