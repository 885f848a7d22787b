/**
 * Where a file server is now. Whoever mounts keeps its name, never its address, and asks again when what it was told is over, or when a connection
 * fails. How names are looked up is left to who hands this in.
 */

export interface ServerFinder {
  /** The name that is asked for, for messages. */
  readonly name: string;
  /** Throws a ServerNotFound when the name has no address, or when that cannot be found out. */
  find(signal: AbortSignal): Promise<FoundServers>;
}

export interface FoundServers {
  /** In the order in which they are to be tried (RFC 2782: by priority, then by weight); at least one. */
  readonly servers: readonly ServerAddress[];
  /** How long that holds: the least TTL on the way. */
  readonly lifeSeconds: number;
  /** Where it comes from, for `strata why`: "_nfs._tcp.files.cs.vu.nl. SRV → pc24.cs.vu.nl. A (cache, 12 s left)". */
  readonly origin: string;
}

export interface ServerAddress {
  readonly address: string;
  readonly nfsPort: number;
  readonly mountPort: number;
}

/** There is no such server ("no-name", "no-address": a definite no), or nobody says ("unknown": ask again later). */
export class ServerNotFound extends Error {
  readonly code: "no-name" | "no-address" | "unknown";

  constructor(code: "no-name" | "no-address" | "unknown", message: string) {
    super(message);
    this.code = code;
  }
}
