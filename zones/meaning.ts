/** What a change means to those who use the zone, in sentences: what an operator should hear before it is made. */
import { isNewerSerial, type Name, nextSerial, type Rr, TYPE } from "../dns/index.ts";
import { type ChangeSet, fromSerial, toSerial } from "./change-set.ts";
import { forgettingOf } from "./forgetting.ts";

/** What a version has at a name, before the change and after it. */
export interface Versions {
  readonly before: (owner: Name, type: number) => boolean;
  readonly after: (owner: Name, type: number) => boolean;
}

/** Names that a sentence lists; the others are counted. */
const NAMES_LISTED = 3;
/** TTLs above this are worth a warning. */
const LONG_SECONDS = 3600;

export function meaningOf(change: ChangeSet, versions: Versions): string[] {
  return [
    `${serialText(change)}: ${count(change.removed, "record")} less, ${count(change.added, "record")} more`,
    ...addressTexts(change, versions),
    ...delegationTexts(change),
    ...ttlTexts(change),
  ];
}

/** A serial that is not newer is made so when the change is (RFC 1982). */
function serialText(change: ChangeSet): string {
  const [from, to] = [fromSerial(change), toSerial(change)];
  const isNewer = isNewerSerial(to, from);
  return isNewer
    ? `serial ${from} becomes ${to}`
    : `serial ${from} becomes ${nextSerial(from)}, for ${to} is not newer`;
}

function addressTexts({ removed, added }: ChangeSet, { before, after }: Versions): string[] {
  const hasAddress = (has: Versions["before"], owner: Name): boolean => has(owner, TYPE.A) || has(owner, TYPE.AAAA);
  const isAddress = ({ type }: Rr): boolean => type === TYPE.A || type === TYPE.AAAA;
  const lost = ownersOf(removed.filter(isAddress)).filter((owner) => !hasAddress(after, owner));
  const won = ownersOf(added.filter(isAddress)).filter((owner) => !hasAddress(before, owner));
  return [
    ...(lost.length === 0 ? [] : [`${names(lost)} ${lost.length === 1 ? "loses its" : "lose their"} last address`]),
    ...(won.length === 0 ? [] : [`${names(won)} ${won.length === 1 ? "gets its" : "get their"} first address`]),
  ];
}

function delegationTexts({ apex, removed, added }: ChangeSet): string[] {
  const cuts = ownersOf([...removed, ...added].filter(({ type }) => type === TYPE.NS));
  const below = cuts.filter((owner) => !owner.equals(apex));
  return [
    ...(cuts.length > below.length
      ? ["the zone's own servers change: its parent must say the same (RFC 1034 §4.2.2)"]
      : []),
    ...(below.length === 0 ? [] : [`the delegation of ${names(below)} changes`]),
  ];
}

function ttlTexts(change: ChangeSet): string[] {
  const { oldSeconds, newSeconds } = forgettingOf(change);
  const texts: string[] = [];
  if (oldSeconds !== null) {
    const advice = oldSeconds > LONG_SECONDS ? `, lower the TTL first and wait ${duration(oldSeconds)}` : "";
    texts.push(`old TTL ${oldSeconds}: visible everywhere after ${duration(oldSeconds)}${advice}`);
  }
  if (newSeconds !== null) texts.push(`what is new may be thought not to be there for ${duration(newSeconds)}`);
  return texts;
}

function ownersOf(records: readonly Rr[]): Name[] {
  return [...new Map(records.map(({ owner }) => [owner.key, owner])).values()];
}

function names(owners: readonly Name[]): string {
  const listed = owners.slice(0, NAMES_LISTED).map((owner) => owner.toString());
  const rest = owners.length - listed.length;
  return rest === 0 ? listed.join(", ") : `${owners.length} names (${listed.join(", ")} and ${rest} more)`;
}

const count = ({ length }: readonly unknown[], what: string): string => `${length} ${what}${length === 1 ? "" : "s"}`;

function duration(seconds: number): string {
  if (seconds >= 2 * 3600) return `${Math.round(seconds / 3600)} h`;
  return seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${seconds} s`;
}
