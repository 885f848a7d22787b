/** What one server of files allows its clients, and what it counts. */

export interface NfsServerLimits {
  readonly connections: number;
  /** Of one connection, waiting for the file system. Reading pauses there. */
  readonly callsInFlight: number;
  /** What these calls and their answers may hold. */
  readonly octetsInFlight: number;
  /** A slow answer is held so long before the client is asked to come again: the Linux kernel then sleeps for 5 s, so it is better to wait a little. */
  readonly holdMilliseconds: number;
  /** A client that sends half a record, or does not take its replies, for so long is let go. */
  readonly owingMilliseconds: number;
  /** One that says nothing for so long may be let go when others want in. */
  readonly idleMilliseconds: number;
}

export const NFS_SERVER_LIMITS: NfsServerLimits = {
  connections: 256,
  callsInFlight: 128,
  octetsInFlight: 8 * 1024 * 1024,
  holdMilliseconds: 4000,
  owingMilliseconds: 30_000,
  idleMilliseconds: 60_000,
};

export class NfsServerCounters {
  connections = 0;
  open = 0;
  /** Turned away: too many connections. */
  refused = 0;
  /** Let go for what the client owed, or to make room. */
  dropped = 0;
  calls = 0;
  /** Ended: what came was no RPC. */
  unreadable = 0;
  garbage = 0;
  denied = 0;
  /** Answered with JUKEBOX because the file system took too long. */
  late = 0;
  /** Answered again from what was kept. */
  replayed = 0;
  /** Bugs. */
  failed = 0;
}
