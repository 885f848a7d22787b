/** `strata mount`, `umount`, `mounts`, `export`, `why`: what the daemon is asked, and its answers in words. */
import { systemFiles } from "../../base/index.ts";
import { directoriesOf, parseSource, SourceError } from "../../mount/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError } from "../failure.ts";
import { parsePrefixes } from "../options-read.ts";
import type { Output, Paint } from "../output.ts";
import { askDaemon, RefusedError } from "./asking.ts";
import { attachToSystem } from "./attaching.ts";
import type { ExportsAnswer, MountAnswer, WhyAnswer, WhyEnd } from "./daemon-commands.ts";
import { octetsText, shownName } from "./file-text.ts";
import { exitCodeOf } from "./reaching.ts";

export async function mount(given: Arguments, output: Output): Promise<number> {
  const words = [given.positional("SOURCE") ?? "", ...given.positionals("TARGET")].filter((word) => word !== "");
  const directory = given.text("os");
  if (directory !== null) {
    if (words.length > 0)
      throw new UsageError("--os attaches the whole name space: it goes without a source and a target");
    return told(output, () => attachToSystem(given, output, directory));
  }
  const target = words.at(-1);
  if (target === undefined || words.length < 2) {
    throw new UsageError("a source and a target are wanted: strata mount nfs://files.cs.vu.nl/home /remote/vu");
  }
  const sources = words.slice(0, -1).join("\n");
  const options = given.texts("o").join(",");
  return told(output, async () => {
    for (const request of requestsFor({ sources, target, options })) {
      const answer = asMount(await askDaemon(given, { command: "mount", ...request }));
      if (given.flag("json")) output.result(JSON.stringify(answer));
      else output.result(`${shownName(answer.target)} is ${answer.sources.join(", ")} (mount #${answer.id})`);
    }
  });
}

interface MountWords {
  readonly sources: string;
  readonly target: string;
  readonly options: string;
}

function directMapOf(text: string): string {
  try {
    const source = parseSource(text);
    if (source.kind === "auto" && source.map.kind === "direct") return source.map.path;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new UsageError(error.message);
  }
  throw new UsageError("/- stands for the paths of a direct map: strata mount auto:direct:/etc/auto.direct /-");
}

/** A direct map says itself where: it is mounted at each directory of its paths, after what is there. "/-" stands for all of them, as with autofs. */
function requestsFor({ sources, target, options }: MountWords): readonly MountWords[] {
  if (target !== "/-") return [{ sources, target, options }];
  const path = directMapOf(sources);
  const all = [options, "after"].filter((word) => word !== "").join(",");
  const directories = directoriesOf(path, systemFiles);
  return directories.map((directory) => ({ sources, target: directory, options: all }));
}

export async function umount(given: Arguments, output: Output): Promise<number> {
  return told(output, async () => {
    const answer = await askDaemon(given, {
      command: "umount",
      target: given.required("TARGET"),
      lazy: given.flag("lazy") ? "yes" : "no",
      recursive: given.flag("recursive") ? "yes" : "no",
    });
    if (given.flag("json")) output.result(JSON.stringify(answer));
    else
      for (const { id, target } of asList(answer))
        output.result(`${shownName(String(target))} (mount #${String(id)}) is undone`);
  });
}

export async function mounts(given: Arguments, output: Output): Promise<number> {
  const rows = asList(await askDaemon(given, { command: "mounts" })).map(asMount);
  if (given.flag("json")) {
    output.result(JSON.stringify(rows, null, 2));
    return EXIT.ok;
  }
  if (rows.length === 0) output.note("nothing is mounted; strata mount --help shows how");
  const width = Math.max(0, ...rows.map(({ target }) => target.length));
  for (const row of rows) {
    const { id, target, sources, options, automatic, operations, readOctets, writtenOctets } = row;
    const from = sources.join(", ");
    const counts = `${operations} operations, ${octetsText(readOctets)} read, ${octetsText(writtenOctets)} written`;
    const kinds = [options, ...(automatic ? ["automatic"] : [])].filter((word) => word !== "").join(",");
    output.result(
      `#${String(id).padEnd(4)} ${shownName(target).padEnd(width)}  ${stateText(row, output.paint)}  ${from}${kinds === "" ? "" : ` (${kinds})`}`,
    );
    output.result(output.paint.dim(`      ${counts}`));
  }
  return EXIT.ok;
}

export async function exportPath(given: Arguments, output: Output): Promise<number> {
  const path = given.positional("TARGET");
  return told(output, async () => {
    if (path === null) return showExports(given, output);
    if (given.flag("remove")) {
      await askDaemon(given, { command: "unexport", path });
      if (!given.flag("json")) output.result(`${shownName(path)} is no longer exported`);
      return;
    }
    const networks = given.texts("allow");
    parsePrefixes("allow", networks);
    const answer = await askDaemon(given, {
      command: "export",
      path,
      networks: networks.join(" "),
      writable: given.flag("writable") ? "yes" : "no",
    });
    if (given.flag("json")) output.result(JSON.stringify(answer));
    else await showExports(given, output);
  });
}

export async function why(given: Arguments, output: Output): Promise<number> {
  const { steps, fault } = asWhy(await askDaemon(given, { command: "why", path: given.required("PATH") }));
  if (given.flag("json")) output.result(JSON.stringify({ steps, fault }, null, 2));
  else {
    for (const step of steps) showStep(step, output);
    if (fault !== null)
      output.result(`${shownName(fault.path)}  ${output.paint.red(`${fault.meaning} (${fault.status})`)}`);
  }
  return fault === null ? EXIT.ok : exitCodeOf(fault.status);
}

function showStep({ path, kind, link, mount: begun, lifeSeconds }: WhyAnswer, output: Output): void {
  const { paint } = output;
  const life = lifeSeconds === null ? "" : paint.dim(` for ${lifeSeconds} s`);
  const led = link === null ? "" : paint.dim(` by a symbolic link to ${shownName(link)}`);
  output.result(`${paint.bold(shownName(path))}  ${kind}${life}${led}`);
  if (begun === null) return;
  output.result(`  mount #${begun.id}: ${begun.sources.join(", ")}  ${stateText(begun, paint)}`);
  for (const fact of begun.facts) output.result(paint.dim(`    ${fact}`));
}

function stateText({ state, reason }: MountAnswer, paint: Paint): string {
  const text = reason === "" ? state : `${state}: ${reason}`;
  if (state === "up") return paint.green(text);
  return state === "configured" || state === "mounting" ? paint.dim(text) : paint.red(text);
}

async function showExports(given: Arguments, output: Output): Promise<void> {
  const { listen, exports } = asExports(await askDaemon(given, { command: "exports" }));
  if (given.flag("json")) {
    output.result(JSON.stringify({ listen, exports }, null, 2));
    return;
  }
  if (exports.length === 0) output.note("nothing is exported; strata export PATH publishes a path");
  for (const { path, networks, isWritable } of exports) {
    output.result(
      `${shownName(path)}  to ${networks.join(" ")}${isWritable ? ", writable" : ""}, over NFS at ${listen}`,
    );
  }
}

/** What the daemon refuses is a definite no. */
async function told(output: Output, act: () => Promise<number | void>): Promise<number> {
  try {
    return (await act()) ?? EXIT.ok;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    output.note(error.message);
    return EXIT.no;
  }
}

// The daemon is of the same version and gives what `daemon-commands.ts` makes.
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
const isMount = (value: unknown): value is MountAnswer => isRecord(value) && Array.isArray(value["sources"]);
const isWhy = (value: unknown): value is WhyEnd => isRecord(value) && Array.isArray(value["steps"]);
const isExports = (value: unknown): value is ExportsAnswer => isRecord(value) && Array.isArray(value["exports"]);

const asMount = (value: unknown): MountAnswer => checked(value, isMount);
const asWhy = (value: unknown): WhyEnd => checked(value, isWhy);
const asExports = (value: unknown): ExportsAnswer => checked(value, isExports);
const asList = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

function checked<T>(value: unknown, is: (value: unknown) => value is T): T {
  if (is(value)) return value;
  throw new RefusedError("strata mountd is of another version: stop it and start it again");
}
