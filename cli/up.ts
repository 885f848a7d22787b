/**
 * `strata up`: a whole name space and a caching resolver on this machine, in one process or one for each server. What
 * other commands need to find it stands in the state folder while it runs.
 */
import { createLog, type Files, systemFiles } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import type { Arguments } from "./arguments.ts";
import type { ExampleBank } from "./bank/example.ts";
import { EXIT, WorkError } from "./failure.ts";
import type { ExampleFiles } from "./mount/example.ts";
import { parsePort } from "./options-read.ts";
import type { Output } from "./output.ts";
import { drawPicture } from "./picture.ts";
import { type NamespacePlan, planNamespace } from "./plan.ts";
import { aborted, onHangUp, stopSignal } from "./signals.ts";
import { keepCompiledCode } from "./start-up.ts";
import { isRunning, readState, removeHints, removeState, STATE_FOLDER, writeHints, writeState } from "./state.ts";
import { type RunningNamespace, startInProcess, startProcesses } from "./up-start.ts";

export async function up(given: Arguments, output: Output): Promise<number> {
  const portText = given.text("port");
  const wishes = {
    file: given.positional("FILE"),
    stateFolder: given.text("state") ?? STATE_FOLDER,
    port: portText === null ? null : parsePort("port", portText),
    log: given.text("log") ?? "warn",
  };
  let running: RunningNamespace | null = null;
  onHangUp(() => running?.reload());
  const plan = planNamespace(wishes, systemFiles);
  claimState(systemFiles, wishes.stateFolder, output);
  const stop = stopSignal();
  const work = { plan, stateFolder: wishes.stateFolder, log: await createLog(wishes.log), output, stop };
  writeHints(systemFiles, wishes.stateFolder, plan.hints);
  const { makeUpdateKeys, startExampleBank } = await import("./bank/example.ts");
  makeUpdateKeys(plan.namespace, wishes.stateFolder);
  const { startExampleFiles } = await import("./mount/example.ts");
  let bank: ExampleBank | null = null;
  let files: ExampleFiles | null = null;
  try {
    running = given.flag("processes") ? await startProcesses(work) : await startInProcess(work);
    // From here on other commands find it, and so do the bank and its ATMs.
    writeState(systemFiles, wishes.stateFolder, plan.state);
    bank = await startExampleBank({ ...work, logLevel: wishes.log });
    files = await startExampleFiles(work);
  } catch (error) {
    await bank?.close();
    await running?.close();
    removeState(systemFiles, wishes.stateFolder, plan.state.pid);
    removeHints(systemFiles, wishes.stateFolder);
    if (stop.aborted) return EXIT.ok;
    throw error;
  }
  show({ plan, running, bank, files, stateFolder: wishes.stateFolder }, output);
  output.result("ready");
  keepCompiledCode();
  await aborted(stop);
  await files?.close();
  // While the name servers still run, or its name could not be withdrawn.
  await bank?.close();
  await running.close();
  removeState(systemFiles, wishes.stateFolder, plan.state.pid);
  return EXIT.ok;
}

/** Throws WorkError when another one runs with this state folder; says so when it takes over what a dead one left. */
function claimState(files: Files, folder: string, output: Output): void {
  const left = readLeft(files, folder, output);
  if (left === null) return;
  const { pid, port } = left.state;
  if (isRunning(files, left.state)) {
    throw new WorkError(
      `a strata up runs already with its state in ${folder}: process ${pid}, port ${port}. Stop it (kill ${pid}), ` +
        "or start this one beside it with --state DIR --port N and a FILE with addresses of its own",
    );
  }
  output.note(`the state in ${folder} was left by a strata up that is gone (process ${pid}); it is replaced`);
}

function readLeft(files: Files, folder: string, output: Output): ReturnType<typeof readState> {
  try {
    return readState(files, folder);
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    output.note(`the state in ${folder} cannot be understood; it is replaced`);
    return null;
  }
}

interface Shown {
  readonly plan: NamespacePlan;
  readonly running: RunningNamespace;
  readonly bank: ExampleBank | null;
  readonly files: ExampleFiles | null;
  readonly stateFolder: string;
}

function show({ plan, running, bank, files, stateFolder }: Shown, output: Output): void {
  const { namespace, port, state } = plan;
  const zones = namespace.zones.map(({ name, layer }) => ({
    name,
    layer,
    records: running.records(Name.parse(name)),
    servers: namespace.servers.filter((server) => server.zones.some((zone) => isSameName(zone, name))),
  }));
  const suggestions = namespace.try.map((text) => spell(text, port, stateFolder));
  drawPicture({ port, resolver: state.resolver, zones, bank, files: files?.server ?? null, suggestions }, output);
}

const isSameName = (one: string, other: string): boolean => Name.parse(one).equals(Name.parse(other));

/** A suggestion as it must be typed here: with our port, with the program's name, and with the state folder. */
function spell(text: string, port: number, stateFolder: string): string {
  const typed = text.replaceAll("{port}", String(port));
  if (!typed.startsWith("strata ")) return typed;
  const elsewhere = stateFolder === STATE_FOLDER ? "" : ` --state ${stateFolder}`;
  return `${programName()}${typed.slice("strata".length)}${elsewhere}`;
}

/** How this program was called, when the launcher says so. */
function programName(): string {
  const called = process.env["STRATA_CALLED"] ?? "strata";
  const folder = called.slice(0, Math.max(0, called.lastIndexOf("/")));
  const isOnPath = (process.env["PATH"] ?? "").split(":").includes(folder);
  return called.startsWith("/") && isOnPath ? "strata" : called;
}
