/**
 * `npm run bench [-- name …]`: runs the benchmarks named, or all, prints a table with ratios, appends to the history and draws report.html.
 * With `--rounds N` or `--seconds N` it is a try, which is printed and not kept. Ended early, it leaves nothing running.
 */
import { AIMS } from "./aims.ts";
import { bank } from "./bank.ts";
import { bankHttps } from "./bank-https.ts";
import { bankName } from "./bank-name.ts";
import { usage, type Wanted, wantedBy } from "./command-line.ts";
import type { Effort } from "./effort.ts";
import { describeAim, updatePages } from "./figures.ts";
import { type NamedResult, ratioToBest, record, type Result } from "./history.ts";
import { floor } from "./floor.ts";
import { endCleanly } from "./interrupt.ts";
import { idle } from "./idle.ts";
import { latency } from "./latency.ts";
import { layers } from "./layers.ts";
import { load } from "./load.ts";
import { mountClient } from "./mount-client.ts";
import { mountFuse } from "./mount-fuse.ts";
import { mountServer } from "./mount-server.ts";
import { REPORT, writeReport } from "./report.ts";
import { reload, reloadShared } from "./reload.ts";
import { resolverHits, resolverMisses } from "./resolver.ts";
import { respond } from "./respond.ts";
import { restart } from "./restart.ts";
import { startUp } from "./start.ts";
import { formatSpread } from "./statistics.ts";
import { tcpLong, tcpShort } from "./tcp.ts";
import { transfer } from "./transfer.ts";
import { udp, udpDelegations, udpSigned } from "./udp.ts";
import { updates } from "./update.ts";

const benches: Readonly<Record<string, (effort: Effort) => Promise<Result>>> = {
  load,
  restart,
  reload,
  "reload-shared": reloadShared,
  udp,
  "udp-delegations": udpDelegations,
  "udp-signed": udpSigned,
  floor,
  latency,
  "tcp-long": tcpLong,
  "tcp-short": tcpShort,
  "resolver-hits": resolverHits,
  "resolver-misses": resolverMisses,
  updates,
  transfer,
  bank,
  "bank-https": bankHttps,
  "bank-name": bankName,
  "mount-server": mountServer,
  "mount-fuse": mountFuse,
  "mount-client": mountClient,
  idle,
  layers,
  respond,
  start: startUp,
};

/** Without an aim, and long: only when they are named. */
const BY_HAND = ["reload-shared"];

const names = Object.keys(benches);
const wanted = wantedBy(process.argv.slice(2), names, BY_HAND);
if (typeof wanted === "string") {
  process.stderr.write(`${wanted}\n${usage(names)}\n`);
  process.exitCode = 64;
} else if (wanted.isList) {
  process.stdout.write(names.map(listed).join(""));
} else {
  const results: NamedResult[] = [];
  endCleanly(() => writeDown(results, wanted));
  await run(wanted, results);
  writeDown(results, wanted);
}

async function run({ names: chosen, effort }: Wanted, results: NamedResult[]): Promise<void> {
  for (const name of chosen) {
    process.stderr.write(`${name}\n`);
    const began = performance.now();
    try {
      const result = await benches[name]!(effort);
      // What is not there to be measured says so itself.
      if (Object.keys(result.rows).length > 0) results.push({ name, ...result });
      process.stdout.write(table(result));
    } catch (error) {
      // One benchmark that fails does not cost the results of the others.
      process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    }
    process.stderr.write(`  ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  }
}

function writeDown(results: readonly NamedResult[], { effort }: Wanted): void {
  if (effort.rounds !== undefined || effort.seconds !== undefined) {
    process.stderr.write("a try: nothing is written down\n");
  } else if (results.length > 0) {
    record(results);
    updatePages();
    writeReport();
    process.stderr.write(`with pictures: ${REPORT}\n`);
  }
}

function listed(name: string): string {
  const aims = AIMS.filter(({ bench }) => bench === name).map((aim) => `; ${aim.what} ${describeAim(aim)}`);
  return `${name.padEnd(18)}${AIMS.find(({ bench }) => bench === name)?.work ?? "without an aim"}${aims.join("")}\n`;
}

/** One line a contender; each figure is median (minimum–maximum), ours also as a ratio to the best peer's. */
function table({ bench, rows }: Result): string {
  const lines = Object.entries(rows).map(([name, values]) => {
    const cells = Object.entries(values).map(([what, value]) => {
      const ratio = name === "strata" ? ratioToBest(rows, what) : null;
      const beside = ratio === null ? "" : ` = ${ratio.toFixed(2)} × the best peer`;
      return `${what} ${formatSpread(value, value.median < 100 ? 2 : 0)}${beside}`;
    });
    return `  ${name.padEnd(16)} ${cells.join("   ")}`;
  });
  return `${bench}\n${lines.join("\n")}\n`;
}
