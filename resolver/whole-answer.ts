/**
 * Replies that answer their question for good, as the engine's own rules say (`step.ts`): records of the name itself, or their denial. A query
 * thread gives these on, the control thread learns from them. What leads elsewhere (an alias, a referral) or nowhere is the engine's.
 */
import { decodeMessage, type Message, type Name, type Question, TYPE, WireError } from "../dns/index.ts";
import { type Resolved, resolvedBy } from "./follow.ts";
import { type Judged, step } from "./step.ts";

/** Types that a thread may ask for; others belong to another zone (DS), to more than one RRset, or to none. */
export function isDirectType(type: number): boolean {
  const isMeta = type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255);
  return !isMeta && type !== TYPE.DS && type !== TYPE.RRSIG;
}

export interface WholeAnswer {
  readonly question: Question;
  readonly judged: Judged;
  readonly resolved: Resolved;
}

/**
 * What a reply is, whose question is known to be repeated in lower case: null for one that is not whole in itself, "malformed" for no message.
 * @param zone Whose server sent it.
 */
export function wholeAnswer(octets: Uint8Array, zone: Name): WholeAnswer | null | "malformed" {
  const message = decoded(octets);
  if (message === null) return "malformed";
  const [question] = message.question;
  if (question === undefined) return null;
  // Aliases are not followed here, so how many there may be does not matter.
  const judged = step({ question, zone, recursionDesired: false, aliasesMax: 1 }, message);
  const query = { question, recursionDesired: true, dnssecOk: false, checkingDisabled: false };
  const { step: said } = judged;
  if (said.kind === "negative") return { question, judged, resolved: resolvedBy(query, said) };
  if (said.kind !== "answer" || said.aliases.length > 0) return null;
  return { question, judged, resolved: resolvedBy(query, { kind: "answer", sets: said.found }) };
}

function decoded(octets: Uint8Array): Message | null {
  try {
    return decodeMessage(octets);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
