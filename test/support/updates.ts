/** UPDATE's sections for tests, from text, one record a line. */
import { CLASS, Name, type Rr, TYPE, typeFromText } from "../../dns/index.ts";
import { rr } from "./messages.ts";

export interface UpdateSections {
  readonly prerequisites: readonly Rr[];
  readonly updates: readonly Rr[];
}

/**
 * Prerequisites: `yes NAME [TYPE [RDATA]]`, `no NAME [TYPE]`. Updates: `add NAME TTL TYPE RDATA`, `delete NAME [TYPE [RDATA]]`.
 */
export function updateOf(text: string): UpdateSections {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [word = "", ...rest] = line.split(/\s+/);
      return { word, rest };
    });
  const isPrerequisite = (word: string): boolean => word === "yes" || word === "no";
  return {
    prerequisites: lines.filter(({ word }) => isPrerequisite(word)).map(({ word, rest }) => recordOf(word, rest)),
    updates: lines.filter(({ word }) => !isPrerequisite(word)).map(({ word, rest }) => recordOf(word, rest)),
  };
}

function recordOf(word: string, rest: readonly string[]): Rr {
  if (word === "add") return rr(rest.join(" "));
  const [owner = "", type = "ANY", ...rdata] = rest;
  const valueClass = word === "yes" ? CLASS.IN : CLASS.NONE;
  if (rdata.length > 0) return { ...rr(`${owner} 0 ${type} ${rdata.join(" ")}`), class: valueClass };
  return {
    owner: Name.parse(owner),
    type: typeFromText(type) ?? TYPE.ANY,
    class: word === "no" ? CLASS.NONE : CLASS.ANY,
    ttlSeconds: 0,
    rdata: new Uint8Array(0),
  };
}
