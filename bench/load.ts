/** Loading: from starting the process to the first answer, and memory then, for a zone of a million records. */
import { alternate } from "./alternate.ts";
import { contenders, EVERY_CORE, start } from "./contender.ts";
import { delegationLabel, delegationZone } from "./data.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { residentOctets } from "./process.ts";
import { Scratch } from "./scratch.ts";

const RECORDS = 1_000_000;
const ROUNDS = 3;

export async function load({ rounds = ROUNDS }: Effort): Promise<Result> {
  const text = delegationZone(RECORDS);
  const probe = `www.${delegationLabel(RECORDS / 2 - 1)}.example`;
  const rows = await alternate(contenders(), rounds, async (contender) => {
    // A file of its own, so that nothing is found beside it that another start has kept.
    using scratch = new Scratch("load");
    const zones = [{ apex: "example", file: scratch.write("example.zone", text) }];
    await using running = await start(contender, { zones, probe, cores: EVERY_CORE });
    const octets = residentOctets(running.pid);
    return {
      "seconds to first answer": running.readyMilliseconds / 1000,
      "MiB resident": octets / 2 ** 20,
      "octets/record": octets / RECORDS,
    };
  });
  return { bench: `load ${RECORDS} records`, rows };
}
