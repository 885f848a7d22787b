/**
 * Starting again with an unchanged file of a million records: each server is started, left until it rests, stopped, and started
 * again on the same files. Servers may use what they kept by themselves in between: Strata its compiled zones, NSD its
 * database; BIND keeps nothing, but may read its own form instead of text. Knot's journal may hold the whole zone as well, which
 * makes it slower, so here it reads the text.
 */
import { setTimeout as wait } from "node:timers/promises";
import { alternate } from "./alternate.ts";
import { type Contender, contenders, EVERY_CORE, keepers, launch, prepare } from "./contender.ts";
import { delegationLabel, delegationZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { cpuMicroseconds } from "./process.ts";
import { Scratch } from "./scratch.ts";

const RECORDS = 1_000_000;
const ROUNDS = 3;
/** What a server keeps it may keep a while after its start, so as not to slow that down. */
const LEFT_MILLISECONDS = 3000;
const RESTS_BELOW = 0.02;
const LOOK_MILLISECONDS = 500;
const LOOKS_MAX = 60;

export async function restart({ rounds = ROUNDS }: Effort): Promise<Result> {
  const text = delegationZone(RECORDS);
  const launching = { probe: `www.${delegationLabel(RECORDS / 2 - 1)}.example`, cores: EVERY_CORE };
  const measure = async (contender: Contender): Promise<Record<string, number>> => {
    // A file of its own for each start, because what was kept may stand beside it.
    using scratch = new Scratch("restart");
    using prepared = await prepare(contender, [{ apex: "example", file: scratch.write("example.zone", text) }]);
    const first = await launch(prepared, launching);
    await rest(first.pid);
    await first[Symbol.asyncDispose]();
    await using again = await launch(prepared, launching);
    return {
      "seconds to first answer, started again": again.readyMilliseconds / 1000,
      "seconds to first answer, at first": first.readyMilliseconds / 1000,
    };
  };
  const rows = await alternate([...contenders(), ...keepers()], rounds, measure);
  return { bench: `start again with an unchanged file of ${RECORDS} records`, rows };
}

/** Leaves the server alone until it uses next to no CPU: then it has kept what it keeps. */
async function rest(pid: number): Promise<void> {
  await wait(LEFT_MILLISECONDS);
  for (let look = 0; look < LOOKS_MAX; look++) {
    const before = cpuMicroseconds(pid);
    await wait(LOOK_MILLISECONDS);
    if (cpuMicroseconds(pid) - before < RESTS_BELOW * LOOK_MILLISECONDS * 1000) return;
  }
  throw new Error("the server does not come to rest");
}
