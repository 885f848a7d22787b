/**
 * Generated zones, signed and not, and 30,000 queries: our answers beside those of NSD, Knot and BIND that serve the same
 * files. Where fewer than two of the three agree with us, the difference must be of a kind that docs/differences.md lists.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Outcome, runDifferential } from "../support/differential.ts";
import { describeDifference } from "../support/peer-answers.ts";
import { KINDS, REFUSED } from "../support/peer-differences.ts";
import { describeWithPeers } from "../support/peers.ts";
import { generateZones } from "../support/zone-generator.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);
const ZONES = 310;
const QUERIES = 30_000;
const SHOWN_MAX = 12;

const programs = ["named", "nsd", "knotd", "dnssec-keygen", "dnssec-signzone", "ldns-keygen", "ldns-signzone"] as const;

describeWithPeers(`the answers of NSD, Knot and BIND (seed ${SEED})`, programs, () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runDifferential({ seed: SEED, zones: generateZones(SEED, ZONES), queries: QUERIES });
    const kinds = KINDS.map(({ name, matches }) => `${name} ${outcome.differences.filter(matches).length}`);
    const refused = [...outcome.refused].map(([name, apexes]) => `${name} ${apexes.length}`);
    process.stderr.write(
      `queries ${outcome.queries}; zones not served: ${refused.join(", ")}; differences: ${kinds.join(", ")}\n`,
    );
  }, 600_000);

  test("every query is answered with a message, the same in batches and by node:dgram", () =>
    expect(outcome.unanswered).toEqual([]));

  test("zones that two peers serve are served", () => {
    const refusals = [...outcome.refused];
    const listed = generateZones(SEED, ZONES).filter(({ features }) => features.some((name) => REFUSED.has(name)));
    const ours = (outcome.refused.get("strata") ?? []).filter((apex) => listed.every((zone) => zone.apex !== apex));
    const alone = ours.filter((apex) => refusals.filter(([, apexes]) => apexes.includes(apex)).length < 3);
    expect(alone).toEqual([]);
  });

  test("enough was compared", () => {
    const peersServing = (apex: string): number =>
      3 - [...outcome.refused].filter(([name, apexes]) => name !== "strata" && apexes.includes(apex)).length;
    expect(outcome.queries).toBeGreaterThanOrEqual(QUERIES);
    expect(generateZones(SEED, ZONES).filter(({ apex }) => peersServing(apex) >= 2).length).toBeGreaterThanOrEqual(290);
  });

  test("at least two of the three agree, or the difference is listed", () => {
    const unlisted = outcome.differences.filter((difference) => !KINDS.some(({ matches }) => matches(difference)));
    const shown = unlisted.slice(0, SHOWN_MAX).map(describeDifference);
    expect(unlisted.length, `${unlisted.length} differences, of which:\n${shown.join("\n\n")}`).toBe(0);
  });

  test("every kind is documented", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/differences.md"), "utf8");
    const listed = [...text.matchAll(/^\| ([^|]+) \|/gm)].map(([, name]) => name!.trim()).slice(1);
    expect(listed).toEqual(KINDS.map(({ name }) => name));
  });
});
