/**
 * Zones from a seed, for the differential test: each has a few of the features below, so that together they have all.
 * The text is what every server gets to read; TTLs are always explicit, because servers differ in what they suppose.
 */
import { SeededRandom } from "../../base/index.ts";
import { type GeneratedZone, type Signing, ZoneDraft } from "./zone-draft.ts";
import { FEATURES } from "./zone-features.ts";
import { HOSTILE } from "./zone-mistakes.ts";

const SIGNINGS: readonly Signing[] = ["nsec", "nsec3", "nsec3-opt-out", "ldns-nsec", "ldns-nsec3"];

/** `count` zones; the same seed gives the same zones. */
export function generateZones(seed: number, count: number): GeneratedZone[] {
  return Array.from({ length: count }, (_, index) => generateZone(seed + index * 7919, index)).flat();
}

function generateZone(seed: number, index: number): GeneratedZone {
  const random = new SeededRandom(seed);
  const apex = apexOf(index, random);
  const draft = new ZoneDraft(apex, random);
  // One zone in ten is of the kind that somebody's script makes by mistake; signers refuse those.
  const isHostile = index % 10 === 9;
  const wanted = !isHostile && index % 3 === 1 ? SIGNINGS[Math.floor(index / 3) % SIGNINGS.length]! : "none";
  const chosen = new Set<string>();
  addApex(draft);
  // Each feature comes round in turn, beside some drawn at random.
  const names = Object.keys(FEATURES);
  chosen.add(names[index % names.length]!);
  for (let i = random.below(6) + 3; i > 0; i--) chosen.add(random.pick(names));
  for (const name of chosen) FEATURES[name]!(draft);
  if (isHostile) {
    const hostile = Object.keys(HOSTILE);
    const name = hostile[Math.floor(index / 10) % hostile.length]!;
    HOSTILE[name]!(draft);
    chosen.add(`hostile: ${name}`);
  }
  return draft.finish([...chosen], signable(wanted, chosen));
}

/** ldns writes quotation marks in names without a backslash, and BIND hashes the wildcard of names that have no room for it. */
function signable(wanted: Signing, features: ReadonlySet<string>): Signing {
  if (wanted.startsWith("ldns") && features.has("odd octets")) return "nsec";
  return wanted.includes("nsec3") && features.has("long names") ? "nsec" : wanted;
}

/** Most zones stand apart; some are single labels, some deep, some have another of these zones as their child. */
function apexOf(index: number, random: SeededRandom): string {
  if (index % 25 === 7) return `tld${index}.`;
  if (index % 12 === 5) return `child.z${index - 1}.test.`;
  if (index % 40 === 11) return `a.b.c.d.deep${index}.test.`;
  return random.below(4) === 0 ? `Z${index}.Test.` : `z${index}.test.`;
}

function addApex(draft: ZoneDraft): void {
  const { random } = draft;
  const minimum = random.pick([0, 30, 300, 86_400]);
  draft.add("@", "SOA", `ns1 hostmaster 2026112301 3600 900 1209600 ${minimum}`, random.pick([0, 60, 3600]));
  draft.add("@", "NS", "ns1", 3600);
  draft.add("ns1", "A", "192.0.2.1");
  if (random.below(2) === 0) draft.add("ns1", "AAAA", "2001:db8::1");
  if (random.below(2) === 0) draft.add("@", "NS", "ns.elsewhere.invalid.", 3600);
  if (random.below(3) === 0) {
    draft.add("@", "MX", "10 mail");
    draft.add("mail", "A", "192.0.2.25");
  }
  if (random.below(3) === 0) draft.add("@", "TXT", '"v=spf1 -all"');
  draft.ask("nothing-here");
  draft.ask("below.nothing-here");
}
