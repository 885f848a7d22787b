/**
 * `strata resolve`: one name, three ways. From process start to answer it may take 150 ms, so this file and what it
 * imports load no schema library, no zone store and no HTTP.
 */
import { suggestion, systemClock, systemRandom } from "../base/index.ts";
import {
  CLASS,
  Name,
  NameError,
  RCODE,
  rcodeToText,
  rdataType,
  type Rrset,
  toPacketAnswer,
  TYPE,
  typeFromText,
  typeToText,
} from "../dns/index.ts";
import { AddressError, type Endpoint, parseEndpoint, type Query, systemAsk } from "../net/index.ts";
import {
  createEngine,
  drawTrace,
  type Engine,
  type Resolved,
  serversAt,
  Trace,
  type ZoneServers,
} from "../resolver/index.ts";
import type { Arguments } from "./arguments.ts";
import { findState, readHintsFile } from "./beginning.ts";
import { EXIT, UsageError } from "./failure.ts";
import type { Output } from "./output.ts";
import type { StateFolder } from "./state.ts";

type Mode = "iterative" | "recursive" | "resolver";

/** Whom to ask first, and how. */
interface Way {
  readonly mode: Mode;
  readonly hints: ZoneServers;
  readonly port: number;
  readonly layerOf: (zone: Name) => string | null;
}

const DNS_PORT = 53;
/** The budget ends a resolution in time; ^C ends the process. */
const NEVER = new AbortController().signal;

export async function resolve(given: Arguments, output: Output): Promise<number> {
  const at = given.text("at");
  if (at !== null) return (await import("./control/zone-changes.ts")).resolveAt(given, at, output);
  const query = readQuery(given);
  const way = findWay(given);
  if (given.flag("compare")) return resolveCompared({ given, query, way }, output);
  const engine = engineFor(way, given);
  const trace = given.flag("trace") ? new Trace() : null;
  const resolved = await engine.resolve(query, { signal: NEVER, trace });
  if (given.flag("json")) printJson(resolved, trace, way, output);
  else printText(resolved, trace, output);
  return exitCodeOf(resolved);
}

interface Asked {
  readonly given: Arguments;
  readonly query: Query;
  readonly way: Way;
}

async function resolveCompared({ given, query, way }: Asked, output: Output): Promise<number> {
  const { compareWays } = await import("./compare.ts");
  const iterative = engineFor({ ...way, mode: "iterative" }, given);
  const recursive = engineFor({ ...way, mode: "recursive" }, given);
  const resolved = await compareWays({ query, iterative, recursive, json: given.flag("json"), signal: NEVER }, output);
  const complaint = complaintOf(resolved);
  if (complaint !== null) output.note(`${output.notePaint.yellow("strata:")} ${complaint}`);
  return exitCodeOf(resolved);
}

function engineFor(way: Way, given: Arguments): Engine {
  const timeout = timeoutMilliseconds(given);
  return createEngine(
    { ask: systemAsk({ clock: systemClock, random: systemRandom }), clock: systemClock, random: systemRandom },
    {
      hints: way.hints,
      mode: way.mode,
      port: way.port,
      limits: { milliseconds: timeout },
      tcpOnly: given.flag("tcp"),
      layerOf: way.layerOf,
    },
  );
}

const timeoutMilliseconds = (given: Arguments): number => Math.ceil((given.number("timeout") ?? 10) * 1000);

function readQuery(given: Arguments): Query {
  const typeText = given.positional("TYPE") ?? "A";
  const type = typeFromText(typeText.toUpperCase());
  if (type === null) {
    throw new UsageError(
      `${typeText} is no record type${suggestion(typeText, Object.keys(TYPE))}; any type is TYPE with its number, such as TYPE731`,
    );
  }
  return {
    question: { name: readName(given.required("NAME")), type, class: CLASS.IN },
    recursionDesired: true,
    dnssecOk: false,
    checkingDisabled: false,
  };
}

function readName(text: string): Name {
  try {
    return Name.parse(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new UsageError(`"${text}" is no domain name: ${error.message}`);
  }
}

/** Where to begin: what the command line says, else what `strata up` left in its state folder. */
function findWay(given: Arguments): Way {
  // A comparison begins at the root, whichever way it then goes.
  const mode = given.flag("compare") ? "iterative" : modeOf(given.text("mode"));
  const server = given.text("server");
  const hints = given.text("hints");
  const port = given.number("port");
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new UsageError(`--port ${port}: a port is a whole number from 1 to 65535`);
  }
  if (server !== null) {
    const endpoint = readServer(server, port ?? DNS_PORT);
    return { mode: mode ?? "resolver", hints: serversAt([endpoint]), port: port ?? endpoint.port, layerOf: noLayer };
  }
  if (hints !== null) {
    if (mode === "resolver") throw new UsageError("--mode resolver asks one server: name it with --server ADDR[:PORT]");
    return { mode: mode ?? "iterative", hints: readHintsFile(hints), port: port ?? DNS_PORT, layerOf: noLayer };
  }
  return wayBeside(findState(given.text("state") ?? "", INSTEAD), mode ?? "resolver", port);
}

function wayBeside({ state, hintsFile }: StateFolder, mode: Mode, port: number | null): Way {
  const layers = new Map(
    state.servers.flatMap(({ zones, layer }) => zones.map((zone) => [Name.parse(zone).key, layer] as const)),
  );
  const hints = mode === "resolver" ? serversAt([parseEndpoint(state.resolver)]) : readHintsFile(hintsFile);
  return { mode, hints, port: port ?? state.port, layerOf: (zone) => layers.get(zone.key) ?? null };
}

const INSTEAD =
  "start it, or say where to begin: --server ADDR[:PORT] asks a resolver, --hints FILE begins at the root";

function readServer(text: string, port: number): Endpoint {
  try {
    return parseEndpoint(text, port);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new UsageError(`--server ${text}: ${error.message}`);
  }
}

const modeOf = (text: string | null): Mode | null =>
  text === "iterative" || text === "recursive" || text === "resolver" ? text : null;

const noLayer = (): null => null;

function exitCodeOf(resolved: Resolved): number {
  if (resolved.failure !== null) return EXIT.unknown;
  if (resolved.rcode !== RCODE.NOERROR && resolved.rcode !== RCODE.NXDOMAIN) return EXIT.unknown;
  return hasRecords(resolved) ? EXIT.ok : EXIT.no;
}

/** Aliases alone are no answer, unless aliases were asked for. */
function hasRecords({ query, rcode, answer }: Resolved): boolean {
  const { type } = query.question;
  return rcode === RCODE.NOERROR && answer.some((rrset) => rrset.type === type || type === TYPE.ANY);
}

function printText(resolved: Resolved, trace: Trace | null, output: Output): void {
  if (trace !== null) {
    output.result(drawTrace(trace.steps, output.paint));
    if (resolved.answer.length > 0) output.result("");
  }
  for (const rrset of resolved.answer) for (const line of recordLines(rrset)) output.result(line);
  const complaint = complaintOf(resolved);
  if (complaint !== null) output.note(`${output.notePaint.yellow("strata:")} ${complaint}`);
}

function recordLines({ owner, ttlSeconds, class: rrclass, type, rdatas }: Rrset): string[] {
  const head = `${owner.toString()} ${ttlSeconds} ${rrclass === CLASS.IN ? "IN" : `CLASS${rrclass}`} ${typeToText(type)}`;
  return rdatas.map((rdata) => `${head} ${rdataType(type).format(rdata)}`);
}

/** Why there are no records, in words; null when there are. */
function complaintOf(resolved: Resolved): string | null {
  const { query, rcode, failure, errors } = resolved;
  const name = query.question.name.toString();
  const type = typeToText(query.question.type);
  const told = errors.map(({ infoCode, text }) => text || `extended error ${infoCode}`).join("; ");
  if (failure !== null) return `could not find out ${name} ${type}: ${failure.text}`;
  if (rcode === RCODE.NXDOMAIN) return `${name} does not exist`;
  if (rcode !== RCODE.NOERROR) return `could not find out ${name} ${type}: ${rcodeToText(rcode)}${told && `, ${told}`}`;
  return hasRecords(resolved) ? null : `${name} has no ${type} record`;
}

function printJson(resolved: Resolved, trace: Trace | null, way: Way, output: Output): void {
  const { query, rcode, answer, authority, failure, errors } = resolved;
  const flat = (rrsets: readonly Rrset[]): unknown[] =>
    rrsets.flatMap(({ rdatas, ...rest }) => rdatas.map((rdata) => toPacketAnswer({ ...rest, rdata })));
  const document = {
    name: query.question.name.toString(),
    type: typeToText(query.question.type),
    mode: way.mode,
    rcode: rcodeToText(rcode),
    answers: flat(answer),
    authorities: flat(authority),
    errors,
    failure,
    ...(trace === null ? {} : { trace: trace.steps }),
  };
  output.result(JSON.stringify(document, null, 2));
}
