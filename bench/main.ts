/** `npm run bench [-- name …]`: runs the benchmarks named, or all, prints a table with ratios, appends to the history and draws report.html. */
import { updatePages } from "./figures.ts";
import { type NamedResult, ratioToBest, record, type Result } from "./history.ts";
import { idle } from "./idle.ts";
import { latency } from "./latency.ts";
import { layers } from "./layers.ts";
import { load } from "./load.ts";
import { REPORT, writeReport } from "./report.ts";
import { reload, reloadShared } from "./reload.ts";
import { resolverHits, resolverMisses } from "./resolver.ts";
import { respond } from "./respond.ts";
import { restart } from "./restart.ts";
import { startUp } from "./start.ts";
import { formatSpread } from "./statistics.ts";
import { tcpLong, tcpShort } from "./tcp.ts";
import { udp, udpDelegations, udpSigned } from "./udp.ts";

const benches: Readonly<Record<string, () => Promise<Result>>> = {
  load,
  restart,
  reload,
  "reload-shared": reloadShared,
  udp,
  "udp-delegations": udpDelegations,
  "udp-signed": udpSigned,
  latency,
  "tcp-long": tcpLong,
  "tcp-short": tcpShort,
  "resolver-hits": resolverHits,
  "resolver-misses": resolverMisses,
  idle,
  layers,
  respond,
  start: startUp,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  process.stderr.write(`no benchmark is called ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}\n`);
  process.exit(64);
}

const results: NamedResult[] = [];
for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
  const result = await benches[name]!();
  results.push({ name, ...result });
  process.stdout.write(table(result));
}
record(results);
updatePages();
writeReport();
process.stderr.write(`with pictures: ${REPORT}\n`);

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
