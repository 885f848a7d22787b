/**
 * An NFSv3 and MOUNTv3 server for one file system (RFC 1813), on whatever gives it streams: both programs on one port, without a portmapper, so that clients are told the port.
 * What is published can change while it runs.
 */
import { type Clock, type Log, type Random, type Timer } from "../../base/index.ts";
import { type OctetStream, type OctetStreamEvents } from "../../net/index.ts";
import { type FileSystem } from "../file-system.ts";
import { type Desk } from "./desk.ts";
import { Exports, type NfsExport } from "./exports.ts";
import { FileHandles } from "./file-handles.ts";
import { type HandleStore } from "./handle-store.ts";
import { NFS_SERVER_LIMITS, NfsServerCounters, type NfsServerLimits } from "./limits.ts";
import { mountList } from "./mount-program.ts";
import { NfsConnection } from "./nfs-connection.ts";
import { Replays } from "./replays.ts";

export interface NfsServerParts {
  readonly fileSystem: FileSystem;
  /** Servers of one file system may share it, with exports of their own. */
  readonly store: HandleStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<NfsServerLimits>;
}

const SWEEP_MILLISECONDS = 5000;

export class NfsServer {
  readonly counters = new NfsServerCounters();
  readonly #parts: NfsServerParts;
  readonly #limits: NfsServerLimits;
  readonly #desk: Desk;
  readonly #replays: Replays;
  readonly #connections = new Set<NfsConnection>();
  #sweep: Timer | null = null;

  constructor(parts: NfsServerParts) {
    const { fileSystem, store, clock, random } = parts;
    this.#parts = parts;
    this.#limits = { ...NFS_SERVER_LIMITS, ...parts.limits };
    this.#replays = new Replays(clock);
    this.#desk = {
      fileSystem,
      exports: new Exports(fileSystem, store),
      handles: new FileHandles(store),
      mounts: mountList(),
      bootVerifier: Buffer.from(random.octets(8)).readBigUInt64BE(),
    };
  }

  /** What is published from now on. Throws a HandleStoreError. */
  publish(exports: readonly NfsExport[]): void {
    this.#desk.exports.replace(exports);
  }

  /** Who has mounted something, as far as clients say. */
  mounts(): readonly { readonly host: string; readonly path: string }[] {
    return this.#desk.mounts.entries();
  }

  /** Serves a stream that is open; null when there is no room for it, and it is closed then. */
  accept(stream: OctetStream, address: string): OctetStreamEvents | null {
    const { counters } = this;
    counters.connections++;
    if (this.#connections.size >= this.#limits.connections && !this.#makeRoom()) {
      counters.refused++;
      stream.close();
      return null;
    }
    const { clock, log } = this.#parts;
    const parts = { desk: this.#desk, replays: this.#replays, clock, log, limits: this.#limits, counters };
    const connection = new NfsConnection(stream, address, parts, () => {
      this.#connections.delete(connection);
      counters.open = this.#connections.size;
    });
    this.#connections.add(connection);
    counters.open = this.#connections.size;
    this.#sweep ??= clock.after(SWEEP_MILLISECONDS, () => this.#letGo());
    return connection;
  }

  /** Ends all connections. Calls under way go unanswered; clients ask again elsewhere or later. */
  close(): void {
    this.#sweep?.cancel();
    for (const connection of this.#connections) connection.close();
  }

  /** Lets the one go that has been idle for the longest time, if it is long enough. */
  #makeRoom(): boolean {
    const now = this.#parts.clock.now();
    let idlest: NfsConnection | null = null;
    for (const connection of this.#connections) {
      if (connection.isBusy) continue;
      if (idlest === null || connection.idleMilliseconds(now) > idlest.idleMilliseconds(now)) idlest = connection;
    }
    if (idlest === null || idlest.idleMilliseconds(now) < this.#limits.idleMilliseconds) return false;
    this.counters.dropped++;
    idlest.close();
    return true;
  }

  #letGo(): void {
    const now = this.#parts.clock.now();
    for (const connection of this.#connections) {
      if (!connection.isOwing || connection.idleMilliseconds(now) < this.#limits.owingMilliseconds) continue;
      this.counters.dropped++;
      connection.close();
    }
    this.#sweep =
      this.#connections.size === 0 ? null : this.#parts.clock.after(SWEEP_MILLISECONDS, () => this.#letGo());
  }
}
