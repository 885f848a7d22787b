/** dnsperf(1), run on the core of the load: so many queries over UDP, and what it says came of them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { findProgram } from "../test/support/peer-configuration.ts";
import { CORE_OF_LOAD } from "./contender.ts";

export interface Load {
  /** dnsperf's file of queries. */
  readonly queries: string;
  /** For so long, the file again and again; or so many times through the file. */
  readonly until: { readonly seconds: number } | { readonly times: number };
  /** Sockets over which the outstanding queries are spread. */
  readonly clients: number;
  readonly outstanding: number;
  /** With EDNS and DO (RFC 3225). */
  readonly dnssecOk?: boolean;
}

export interface Told {
  readonly completed: number;
  readonly perSecond: number;
}

export async function dnsperf(port: number, load: Load): Promise<Told> {
  const program = findProgram("dnsperf");
  if (program === null) throw new Error("dnsperf is not installed; npm run peers installs it");
  const { queries, until, clients, outstanding } = load;
  const words = ["-c", CORE_OF_LOAD, program, "-s", "127.0.0.1", "-p", `${port}`, "-d", queries];
  const end = "seconds" in until ? ["-l", `${until.seconds}`] : ["-n", `${until.times}`];
  const edns = load.dnssecOk === true ? ["-e", "-D"] : [];
  const child = spawn("taskset", [...words, ...end, ...edns, "-c", `${clients}`, "-q", `${outstanding}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  const output = Buffer.concat(chunks).toString();
  const figure = (label: string): number => {
    const line = output.split("\n").find((candidate) => candidate.includes(label));
    const value = Number(line?.split(":")[1]?.trim().split(" ")[0] ?? NaN);
    if (Number.isNaN(value)) throw new Error(`dnsperf printed no "${label}":\n${output}`);
    return value;
  };
  const completed = figure("Queries completed");
  if (completed === 0) throw new Error(`dnsperf got no answer:\n${output}`);
  return { completed, perSecond: figure("Queries per second") };
}
