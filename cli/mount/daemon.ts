/**
 * `strata mountd`: the local name space at work. The mount table is on disk, so that it is as it was after a restart; what is exported is served over NFS to others, and the whole tree to this
 * user's commands, on a socket of its own.
 */
import { createLog, type Log, systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import { DNS_PORT, type Endpoint, listenLocalStreams, listenOctetStreams, parseEndpoint } from "../../net/index.ts";
import {
  HandleStore,
  MountError,
  Mounting,
  MountTableStore,
  type NfsExport,
  NfsServer,
  parseMountOptions,
  parseSource,
  type Source,
} from "../../mount/index.ts";
import type { Arguments } from "../arguments.ts";
import { resolverOf } from "../bank/naming.ts";
import { ControlChannel } from "../control/channel.ts";
import { EXIT, UsageError } from "../failure.ts";
import { parsePort, parsePrefixes } from "../options-read.ts";
import type { Output } from "../output.ts";
import { aborted, stopSignal } from "../signals.ts";
import { runningState } from "../state.ts";
import { filesSocketOf, mountSocketOf, stateFolderOf } from "./asking.ts";
import { Attachments } from "./attachments.ts";
import { addDaemonCommands } from "./daemon-commands.ts";
import { sourceOpener } from "./opening.ts";

const IDLE_LOOK_MILLISECONDS = 30_000;
const NOWHERE = "-";

export async function mountd(given: Arguments, output: Output): Promise<number> {
  const stop = stopSignal();
  const folder = stateFolderOf(given);
  const port = given.text("port");
  const daemon = await MountDaemon.start({
    folder,
    listen: parseEndpoint(given.text("listen") ?? ""),
    resolver: resolverOf(given.text("server"), runningState(folder)),
    port: port === null ? (runningState(folder)?.port ?? DNS_PORT) : parsePort("port", port),
    net: given.text("net") ?? NOWHERE,
    log: await createLog(given.text("log") ?? "warn"),
  });
  output.result("ready");
  await aborted(stop);
  await daemon.close();
  return EXIT.ok;
}

export interface MountDaemonPlan {
  readonly folder: string;
  readonly listen: Endpoint;
  /** Null: names cannot be looked up. */
  readonly resolver: Endpoint | null;
  /** Of authoritative servers. */
  readonly port: number;
  /** Where servers and domains are mounted by themselves; "-": nowhere. */
  readonly net: string;
  readonly log: Log;
}

export class MountDaemon {
  readonly #mounting: Mounting;
  readonly #store: MountTableStore;
  readonly #forOthers: NfsServer;
  readonly #log: Log;
  readonly #opened: AsyncDisposableStack;

  private constructor(parts: {
    mounting: Mounting;
    store: MountTableStore;
    forOthers: NfsServer;
    log: Log;
    opened: AsyncDisposableStack;
  }) {
    this.#mounting = parts.mounting;
    this.#store = parts.store;
    this.#forOthers = parts.forOthers;
    this.#log = parts.log;
    this.#opened = parts.opened;
    this.#lookForIdle();
  }

  /** Throws ListenError, LocalError, FileError, HandleStoreError. */
  static async start({ folder, listen, resolver, port, net, log }: MountDaemonPlan): Promise<MountDaemon> {
    // What was opened is closed in the opposite order, also when the start fails half way.
    await using opened = new AsyncDisposableStack();
    systemFiles.makeFolder(folder);
    const channel = new ControlChannel();
    // Whoever has this socket is the only daemon of the folder; so it comes before the databases.
    const control = await channel.listen(mountSocketOf(folder), { files: systemFiles, log });
    opened.defer(() => control.close());
    const store = new MountTableStore(`${folder}/mounts.sqlite`);
    const handles = opened.use(new HandleStore(`${folder}/handles.sqlite`, systemRandom));
    const open = sourceOpener({ resolver, port, stateFolder: folder, log, mounting: () => mounting });
    const mounting: Mounting = new Mounting({ store, clock: systemClock, log, open });
    opened.defer(() => mounting.close());
    const parts = { fileSystem: mounting.nameSpace, store: handles, clock: systemClock, random: systemRandom, log };
    const [forOthers, forUs] = [new NfsServer(parts), new NfsServer(parts)];
    forUs.publish([{ path: "/", root: null, networks: [], isWritable: true, squash: "none" }]);
    forOthers.publish(exportsOf(store, log));
    await mountNet(mounting, net, log);
    const local = { files: systemFiles, log };
    const files = await listenLocalStreams(filesSocketOf(folder), (...given) => forUs.accept(...given), local);
    opened.defer(() => files.close());
    const tcp = await listenOctetStreams(listen, (...given) => forOthers.accept(...given), log);
    opened.defer(() => tcp.close());
    // A listener is closed when its last connection is, and those are the servers' to end.
    opened.defer(() => {
      for (const server of [forOthers, forUs]) server.close();
    });
    const attachments = new Attachments({ fileSystem: mounting.nameSpace, clock: systemClock, log });
    opened.defer(() => attachments.close());
    addDaemonCommands(channel, {
      mounting,
      store,
      attachments,
      onExports: () => forOthers.publish(exportsOf(store, log)),
      listening: () => tcp.endpoint ?? listen,
    });
    return new MountDaemon({ mounting, store, forOthers, log, opened: opened.move() });
  }

  /** Mounts it there unless something is mounted there already. Throws a MountError. */
  async mountOnce(source: Source, target: string): Promise<void> {
    if (this.#mounting.mounts().some(({ row }) => row.target === target)) return;
    await this.#mounting.mount({ sources: [source], target, options: parseMountOptions("") });
  }

  /** Lets those networks read it over NFS. */
  publish(path: string, networks: readonly string[]): void {
    this.#store.setExport({ path, networks, isWritable: false });
    this.#forOthers.publish(exportsOf(this.#store, this.#log));
  }

  async close(): Promise<void> {
    await this.#opened.disposeAsync();
  }

  #lookForIdle(): void {
    systemClock.after(IDLE_LOOK_MILLISECONDS, () => {
      if (this.#opened.disposed) return;
      void this.#mounting.restIdle();
      this.#lookForIdle();
    });
  }
}

/** Automounts of servers and domains, unless something is mounted there already. */
async function mountNet(mounting: Mounting, net: string, log: Log): Promise<void> {
  if (net === NOWHERE || mounting.mounts().some(({ row }) => row.target === net)) return;
  try {
    await mounting.mount({ sources: [parseSource("auto:net")], target: net, options: parseMountOptions("") });
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    log.error({ target: net, reason: error.message }, "servers are not mounted by themselves");
  }
}

/** A row that cannot be understood is told of and left out: the others are served. */
function exportsOf(store: MountTableStore, log: Log): NfsExport[] {
  return store.exports().flatMap(({ path, networks, isWritable }): NfsExport[] => {
    try {
      return [{ path, root: null, networks: parsePrefixes("allow", networks), isWritable, squash: "root" }];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      log.error({ path, reason: error.message }, "an export is left out; strata export PATH sets it again");
      return [];
    }
  });
}
