/** A mount daemon that is killed in the middle of mounts and writes. STRATA_KILLS=100 kills it so many times. */
import { expect, test } from "vitest";
import { killMountd } from "../support/mountd-kills.ts";
import { Scratch } from "../support/strata.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 7);
const KILLS = Number(process.env["STRATA_KILLS"] ?? 5);

test(
  `killed ${KILLS} times: the mount table is whole, handles are good, no acknowledged write is lost (seed ${SEED})`,
  async () => {
    using scratch = new Scratch();
    const outcome = await killMountd(scratch, KILLS, SEED);
    expect(outcome.faults).toEqual([]);
    expect(outcome.written).toBeGreaterThan(KILLS);
    expect(outcome.made).toBeGreaterThan(KILLS);
    expect(outcome.mounts).toBeGreaterThan(0);
  },
  60_000 + KILLS * 15_000,
);
