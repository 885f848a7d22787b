/** The two ways `strata up` starts its servers: all in this process, or each in one of its own. */
import { resolve } from "node:path";
import { type Log, systemClock, systemFiles } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import { parseEndpoint, Prefix } from "../net/index.ts";
import { readHints } from "../resolver/index.ts";
import { stringify } from "yaml";
import { configuration } from "./configuration.ts";
import { type RunningNameServer, startNameServer } from "./name-server.ts";
import type { Output } from "./output.ts";
import type { NamespacePlan, ServerPlan } from "./plan.ts";
import { settingsOf } from "./settings.ts";
import { hintsFileOf, journalFileOf, serverFolderOf } from "./state.ts";
import { type RunningStub, startStub } from "./stub.ts";
import { type ChildPlan, Supervisor } from "./supervisor.ts";

export interface UpWork {
  readonly plan: NamespacePlan;
  readonly stateFolder: string;
  readonly log: Log;
  readonly output: Output;
  readonly stop: AbortSignal;
}

export interface RunningNamespace {
  /** How many records the zone has, or null where another process knows. */
  records(zone: Name): number | null;
  reload(): void;
  close(): Promise<void>;
}

export async function startInProcess(work: UpWork): Promise<RunningNamespace> {
  const { plan, log, output } = work;
  const parts = { files: systemFiles, log, note: (text: string) => output.note(text) };
  removeCopies(plan, work.stateFolder);
  const start = async ({ configuration: content }: ServerPlan): Promise<RunningNameServer> =>
    startNameServer(await settingsOf(configuration.parse(content), ".", systemFiles), parts);
  const [primaries, secondaries] = inTurn(plan);
  const started: PromiseSettledResult<RunningNameServer | RunningStub>[] = await Promise.allSettled([
    ...primaries.map(start),
    startResolver(work),
  ]);
  if (!started.some(isRejected)) started.push(...(await Promise.allSettled(secondaries.map(start))));
  const running = started.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const close = async (): Promise<void> => void (await Promise.all(running.map((one) => one.close())));
  const failed = started.find(isRejected);
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const keepers = running.flatMap((one) => ("zones" in one ? [one.zones] : []));
  return {
    close,
    records: (zone) => keepers.map((keeper) => keeper.records(zone)).find((count) => count !== null) ?? null,
    reload: () => keepers.forEach((keeper) => void keeper.reload()),
  };
}

/** Who fetches zones starts when those run who have them, or it would have to ask twice. */
function inTurn({
  servers,
}: NamespacePlan): readonly [primaries: readonly ServerPlan[], secondaries: readonly ServerPlan[]] {
  return [servers.filter(({ isSecondary }) => !isSecondary), servers.filter(({ isSecondary }) => isSecondary)];
}

const isRejected = (outcome: PromiseSettledResult<unknown>): outcome is PromiseRejectedResult =>
  outcome.status === "rejected";

/**
 * A copy of a zone that an older name space has left here could be newer than what its primary reads now, by its serial, and would
 * be served on. All start together here, so nothing is lost without it.
 */
function removeCopies({ servers }: NamespacePlan, stateFolder: string): void {
  for (const { name, isSecondary } of servers) {
    if (!isSecondary) continue;
    const journal = journalFileOf(serverFolderOf(stateFolder, name));
    for (const ending of ["", "-wal", "-shm"]) {
      if (systemFiles.exists(journal + ending)) systemFiles.remove(journal + ending);
    }
  }
}

function startResolver({ plan, stateFolder, log }: UpWork): Promise<RunningStub> {
  const hintsFile = hintsFileOf(stateFolder);
  const layers = new Map(plan.namespace.zones.map(({ name, layer }) => [Name.parse(name).key, layer]));
  return startStub({
    threads: 0,
    listen: [parseEndpoint(plan.state.resolver)],
    hints: readHints(systemFiles.read(hintsFile), hintsFile),
    port: plan.port,
    allow: [Prefix.parse("127.0.0.0/8"), Prefix.parse("::1/128")],
    metrics: null,
    layerOf: (zone) => layers.get(zone.key) ?? null,
    log,
  });
}

/** Each server reads a configuration file of its own, written here, so that it can also be started by hand. */
export async function startProcesses(work: UpWork): Promise<RunningNamespace> {
  const { plan, stateFolder, output, stop } = work;
  const supervisor = new Supervisor({
    clock: systemClock,
    mainFile: process.argv[1]!,
    note: (text) => output.note(text),
    changed: (processes) => {
      systemFiles.write(
        `${stateFolder}/processes.json`,
        `${JSON.stringify({ processes: Object.fromEntries(processes) }, null, 2)}\n`,
      );
    },
  });
  const close = async (): Promise<void> => {
    await supervisor.stop();
    systemFiles.remove(`${stateFolder}/processes.json`);
  };
  const onStop = (): void => void supervisor.stop();
  stop.addEventListener("abort", onStop, { once: true });
  removeCopies(plan, stateFolder);
  const start = (server: ServerPlan): Promise<void> => supervisor.start(serverChild(server, stateFolder));
  const [primaries, secondaries] = inTurn(plan);
  const started = await Promise.allSettled([...primaries.map(start), supervisor.start(resolverChild(work))]);
  if (!started.some(isRejected)) started.push(...(await Promise.allSettled(secondaries.map(start))));
  const failed = started.find(isRejected);
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { close, records: () => null, reload: () => supervisor.reload() };
}

function serverChild({ name, configuration: content }: ServerPlan, stateFolder: string): ChildPlan {
  const file = `${stateFolder}/servers/${name}.yaml`;
  const head = `# The name server ${name}; written by strata up. Alone: strata serve --config ${file}\n`;
  systemFiles.write(file, head + stringify(content));
  return { name, words: ["serve", "--config", file] };
}

function resolverChild({ plan, stateFolder }: UpWork): ChildPlan {
  const words = [
    "--listen",
    plan.state.resolver,
    "--hints",
    resolve(hintsFileOf(stateFolder)),
    "--port",
    String(plan.port),
  ];
  return { name: "resolver", words: ["resolver", ...words] };
}
