/**
 * The way to a file server, kept up: its name asked for an address (again when that answer's life is over or the way is lost), its addresses tried in order, with
 * back-off, and the file system there made sure of. One for each mount, so that a dead server slows nobody but itself: when it has been away for as long as a call waits at
 * most, calls fail at once (the breaker is open) while it goes on trying.
 */
import { type Clock, type Timer } from "../../base/index.ts";
import { type ServerAddress, type ServerFinder, ServerNotFound } from "../server-finder.ts";
import { type Status } from "../status.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import { enter, type EnterParts, type Entered, type MountedRoot } from "./entering.ts";
import { type ClientCounters } from "./counters.ts";
import { type Rooms } from "./rooms.ts";

/** Where the file system is: the same files below this path of that server. */
export interface Replica {
  readonly finder: ServerFinder;
  readonly path: string;
}

export type LinkState = "mounting" | "up" | "degraded" | "stale" | "failed";

export interface LinkParts extends Omit<EnterParts, "connection"> {
  readonly clock: Clock;
  /** In the order in which they are tried. */
  readonly replicas: readonly Replica[];
  readonly timeoutMilliseconds: number;
  /** How long a call waits at most; null: for ever. */
  readonly patienceMilliseconds: number | null;
  readonly counters: ClientCounters;
  readonly rooms: Rooms;
  readonly onState: (state: LinkState, reason: string) => void;
  /** The root is that of another file system now. */
  readonly onOther: () => void;
}

interface Way {
  readonly connection: Connection;
  readonly server: ServerAddress;
  readonly replica: Replica;
  readonly upSince: number;
}

interface Candidate {
  readonly server: ServerAddress;
  readonly replica: Replica;
}

export interface Failure {
  readonly status: Status;
  readonly reason: string;
}

const UNMOUNTED: Failure = { status: "TIMEDOUT", reason: "it was unmounted" };

const BACK_OFF_MILLISECONDS_MIN = 100;
const BACK_OFF_MILLISECONDS_MAX = 10_000;
/** A connection that lived shorter is no sign of a healthy server. */
const HEALTHY_MILLISECONDS = 1000;
const CONNECT_MILLISECONDS_MIN = 1000;
/** A name that cannot be found out is asked for again after this. */
const FIND_AGAIN_MILLISECONDS = 10_000;
/** An address without a life is still not asked for before each call. */
const LIFE_MILLISECONDS_MIN = 1000;

export class ServerLink {
  readonly #parts: LinkParts;
  readonly #ended = new AbortController();
  readonly #roundsAwaited = new Set<() => void>();
  readonly #waiting = new Set<(connection: Connection | null) => void>();
  #way: Way | null = null;
  #root: MountedRoot | null = null;
  #state: LinkState = "mounting";
  #toldReason = "";
  #failure: Failure | null = null;
  #isBringing = false;
  #isFinding = false;
  #backOff = BACK_OFF_MILLISECONDS_MIN;
  /** The last way was lost as soon as it was there. */
  #isUnsteady = false;
  /** Since when a way is looked for in vain; null while there is one, or nobody wants one. */
  #downSince: number | null = null;
  #isBreakerOpen = false;
  #foundUntil = Infinity;
  #origin = "";
  #wake: () => void = () => undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  get root(): MountedRoot | null {
    return this.#root;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why there is no way, or why the last one was lost. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** The connection for the next call, if there is one at hand. */
  get current(): Connection | null {
    const way = this.#way;
    if (way === null) return null;
    if (this.#parts.clock.now() >= this.#foundUntil && !this.#isFinding) void this.#findAgain();
    return way.connection;
  }

  /** A connection, waited for up to this moment; null when there is none by then, or the breaker is open. */
  async ready(deadline: number): Promise<Connection | null> {
    if (this.#ended.signal.aborted) return null;
    if (this.#way !== null) return this.#way.connection;
    this.#bring();
    if (this.#isBreakerOpen && deadline !== Infinity) return null;
    return new Promise((resolve) => {
      const wait = deadline - this.#parts.clock.now();
      const settle = (connection: Connection | null): void => {
        timer?.cancel();
        this.#waiting.delete(settle);
        resolve(connection);
      };
      const giveUp = (): void => {
        if (this.#way === null) this.#openBreaker();
        settle(null);
      };
      const timer: Timer | null = wait === Infinity ? null : this.#parts.clock.after(wait, giveUp);
      this.#waiting.add(settle);
    });
  }

  /** Tries now, and tells how that ends, for who mounts and wants to know why it does not go; it goes on trying afterwards. */
  async mount(): Promise<Failure | null> {
    while (this.#way === null) {
      if (this.#ended.signal.aborted) return UNMOUNTED;
      const round = new Promise<void>((resolve) => this.#roundsAwaited.add(resolve));
      this.#bring();
      this.#wake();
      await round;
      if (this.#way === null && this.#failure !== null) return this.#failure;
    }
    return null;
  }

  /** As `mount`, for who only uses it: what is known to fail fails at once until it is tried again. */
  async mounted(): Promise<Failure | null> {
    if (this.#root !== null) return null;
    if (this.#failure === null) return this.mount();
    this.#bring();
    return this.#failure;
  }

  /** The server no longer knows its own root's handle: everything is made sure of again, over a new connection. */
  makeSure(): void {
    const way = this.#way;
    if (way === null) return;
    way.connection.close("the root's handle has gone");
    this.#lost(way, "the root's handle has gone");
  }

  /** Nothing under way comes back. */
  close(): void {
    this.#ended.abort(new Error("unmounted"));
    this.#way?.connection.close("unmounted");
    this.#way = null;
    this.#settleAll(null);
    this.#wake();
    this.#tellRound();
  }

  /** For whoever asks why: name, address, and where that came from. */
  facts(): string[] {
    const { replicas, clock } = this.#parts;
    const way = this.#way;
    const left = Math.round((this.#foundUntil - clock.now()) / 1000);
    const life = Number.isFinite(left) ? `, ${Math.max(0, left)} s left` : "";
    return [
      `server ${(way?.replica ?? replicas[0]!).finder.name}`,
      ...(way === null
        ? [`no connection: ${this.#failure?.reason ?? "none was needed yet"}`]
        : [`address ${way.server.address}, port ${way.server.nfsPort} (${this.#origin}${life})`]),
      `state ${this.#state}`,
    ];
  }

  #bring(): void {
    if (this.#isBringing || this.#ended.signal.aborted) return;
    this.#isBringing = true;
    void this.#bringing().finally(() => (this.#isBringing = false));
  }

  /** Rounds over all replicas and addresses, until one is in. */
  async #bringing(): Promise<void> {
    this.#downSince ??= this.#parts.clock.now();
    if (this.#isUnsteady) await this.#pause();
    for (;;) {
      const failure = await this.#round();
      if (this.#ended.signal.aborted) return;
      if (failure === null) return;
      this.#failure = failure;
      this.#tellRound();
      const patience = this.#parts.patienceMilliseconds;
      if (patience !== null && this.#parts.clock.now() - this.#downSince >= patience) this.#openBreaker();
      else if (this.#root === null) this.#tell("failed", failure.reason);
      else if (!this.#isBreakerOpen) this.#tell("degraded", failure.reason);
      await this.#pause();
      if (this.#ended.signal.aborted) return;
    }
  }

  /** Each address once, in order; null when one is in. */
  async #round(): Promise<Failure | null> {
    let failure: Failure = { status: "TIMEDOUT", reason: "there is nobody to ask" };
    for (const replica of this.#parts.replicas) {
      const found = await this.#find(replica);
      if ("status" in found) {
        failure = found;
        continue;
      }
      for (const server of found) {
        const entered = await this.#enter({ server, replica }, found.length);
        if (this.#ended.signal.aborted || entered === null) return null;
        failure = entered;
      }
    }
    return failure;
  }

  async #find({ finder }: Replica): Promise<readonly ServerAddress[] | Failure> {
    const { clock } = this.#parts;
    try {
      const { servers, lifeSeconds, origin } = await finder.find(this.#ended.signal);
      this.#foundUntil = clock.now() + Math.max(LIFE_MILLISECONDS_MIN, lifeSeconds * 1000);
      this.#origin = origin;
      return servers;
    } catch (error) {
      if (this.#ended.signal.aborted) return UNMOUNTED;
      if (!(error instanceof ServerNotFound)) throw error;
      this.#foundUntil = clock.now() + FIND_AGAIN_MILLISECONDS;
      return { status: error.code === "unknown" ? "TIMEDOUT" : "NXIO", reason: error.message };
    }
  }

  /** Null when it is in. */
  async #enter(candidate: Candidate, addresses: number): Promise<Failure | null> {
    const { clock, open, timeoutMilliseconds, counters } = this.#parts;
    const { server, replica } = candidate;
    const where = `${server.address} port ${server.nfsPort}`;
    let way: Way | null = null;
    const parts: ConnectionParts = {
      clock,
      rooms: this.#parts.rooms,
      timeoutMilliseconds,
      ended: (reason) => {
        if (way !== null) this.#lost(way, `${where}: ${reason}`);
      },
      strayReply: () => counters.strayReplies++,
    };
    const connection = new Connection(parts);
    counters.connections++;
    // With several addresses a dead one must leave time for the others.
    const patience = Math.max(CONNECT_MILLISECONDS_MIN, timeoutMilliseconds / addresses);
    const fault = await connection.open(
      (events) => open({ address: server.address, port: server.nfsPort }, events),
      patience,
    );
    if (fault !== null) return { status: "TIMEDOUT", reason: `${where}: ${fault}` };
    const door = { server, path: replica.path, connection };
    const entered = await enter({ ...this.#parts, connection: parts }, door, this.#root);
    if (this.#ended.signal.aborted) {
      connection.close("unmounted");
      return null;
    }
    if (entered.kind === "failed" || !connection.isOpen) {
      connection.close("not entered");
      const { status, reason } =
        entered.kind === "failed" ? entered : ({ status: "TIMEDOUT", reason: "lost" } as const);
      return { status, reason: `${where}: ${reason}` };
    }
    way = { connection, server, replica, upSince: clock.now() };
    this.#up(way, entered);
    return null;
  }

  #up(way: Way, entered: Exclude<Entered, { kind: "failed" }>): void {
    const isFirst = this.#root === null;
    const before = this.#way;
    this.#root = entered.root;
    this.#way = way;
    this.#downSince = null;
    this.#isBreakerOpen = false;
    this.#failure = null;
    const where = `${way.server.address} port ${way.server.nfsPort}`;
    if (entered.kind === "other" && !isFirst) {
      this.#tell("stale", `${where} has another file system; paths are walked again`);
      this.#parts.onOther();
    }
    this.#tell("up", where);
    // Replies to what is under way may still come over the old one.
    if (before !== null)
      this.#parts.clock.after(this.#parts.timeoutMilliseconds, () => before.connection.close("moved"));
    this.#tellRound();
    this.#settleAll(way.connection);
  }

  #lost(way: Way, reason: string): void {
    if (this.#way !== way) return;
    const { clock } = this.#parts;
    this.#way = null;
    this.#failure = { status: "TIMEDOUT", reason };
    this.#foundUntil = 0;
    this.#isUnsteady = clock.now() - way.upSince < HEALTHY_MILLISECONDS;
    if (!this.#isUnsteady) this.#backOff = BACK_OFF_MILLISECONDS_MIN;
    this.#tell("degraded", reason);
    // An idle mount is brought up by its next call; where calls wait, that is now.
    if (this.#waiting.size > 0) this.#bring();
  }

  #openBreaker(): void {
    if (this.#isBreakerOpen || this.#parts.patienceMilliseconds === null) return;
    this.#isBreakerOpen = true;
    this.#tell("failed", this.#failure?.reason ?? "the server does not answer");
    this.#settleAll(null);
  }

  /** The answer about the name is over: asks again, and moves when the server is no longer where we are. */
  async #findAgain(): Promise<void> {
    const way = this.#way;
    if (way === null) return;
    this.#isFinding = true;
    try {
      const found = await this.#find(way.replica);
      if ("status" in found || this.#way !== way || this.#ended.signal.aborted) return;
      if (found.some((server) => isSameServer(server, way.server))) return;
      this.#parts.counters.moves++;
      await this.#round();
    } finally {
      this.#isFinding = false;
    }
  }

  /** Longer each time; `close` ends it. */
  #pause(): Promise<void> {
    const wait = this.#backOff;
    this.#backOff = Math.min(BACK_OFF_MILLISECONDS_MAX, wait * 2);
    return new Promise((resolve) => {
      const timer = this.#parts.clock.after(wait, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #tellRound(): void {
    const awaited = [...this.#roundsAwaited];
    this.#roundsAwaited.clear();
    for (const tell of awaited) tell();
  }

  #settleAll(connection: Connection | null): void {
    for (const settle of [...this.#waiting]) settle(connection);
  }

  #tell(state: LinkState, reason: string): void {
    // The same again is no news; another reason for failing is.
    if (state === this.#state && (state !== "failed" || reason === this.#toldReason)) return;
    this.#state = state;
    this.#toldReason = reason;
    this.#parts.onState(state, reason);
  }
}

function isSameServer(one: ServerAddress, other: ServerAddress): boolean {
  return one.address === other.address && one.nfsPort === other.nfsPort;
}
