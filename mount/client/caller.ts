/**
 * A call to the mounted file system, with the patience that its mount has: `soft` gives up after 1 + retrans tries of timeo each, `hard` never. A repeated call keeps its xid,
 * so that a server with a duplicate-request cache does not do it twice; "it takes longer" (JUKEBOX, RFC 1813 §2.6) is asked again as a new call, later each time.
 */
import { type Clock, sleep } from "../../base/index.ts";
import { type Procedure, type Result } from "../nfs/procedure.ts";
import { type Status } from "../status.ts";
import { type Answer, ask } from "./ask.ts";
import { type Connection } from "./connection.ts";
import { type ClientCounters } from "./counters.ts";
import { type ServerLink } from "./link.ts";

export interface CallerParts {
  readonly clock: Clock;
  readonly link: ServerLink;
  readonly counters: ClientCounters;
  readonly nextXid: () => number;
  /** Null: for ever (`hard`). */
  readonly patienceMilliseconds: number | null;
  readonly retries: number;
  readonly ended: AbortSignal;
}

const JUKEBOX_MILLISECONDS_MIN = 100;
const JUKEBOX_MILLISECONDS_MAX = 5000;

export class Caller {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /**
   * The result, with the server's own status in it, or the status that says why there is none. The arguments are asked for before each try, because handles change when the server
   * moves; null: there are none any more, which is STALE.
   */
  async call<A, Good, Bad>(
    procedure: Procedure<A, Result<Good, Bad>>,
    argumentsFor: () => A | null,
  ): Promise<Result<Good, Bad> | Status> {
    const { clock, patienceMilliseconds } = this.#parts;
    const deadline = patienceMilliseconds === null ? Infinity : clock.now() + patienceMilliseconds;
    let wait = JUKEBOX_MILLISECONDS_MIN;
    for (;;) {
      const result = await this.#tries(procedure, argumentsFor, deadline);
      if (typeof result === "string" || result.status !== "JUKEBOX" || clock.now() + wait > deadline) return result;
      this.#parts.counters.jukebox++;
      try {
        await sleep(clock, wait, this.#parts.ended);
      } catch {
        return "TIMEDOUT"; // Unmounted meanwhile.
      }
      wait = Math.min(JUKEBOX_MILLISECONDS_MAX, wait * 2);
    }
  }

  /** The same call until it is answered or there is no more time. */
  async #tries<A, Good, Bad>(
    procedure: Procedure<A, Result<Good, Bad>>,
    argumentsFor: () => A | null,
    deadline: number,
  ): Promise<Result<Good, Bad> | Status> {
    const { link, counters, retries, patienceMilliseconds } = this.#parts;
    const xid = this.#parts.nextXid();
    for (let unanswered = 0; ;) {
      const connection = link.current ?? (await link.ready(deadline));
      if (connection === null) return this.#noWay();
      const given = argumentsFor();
      if (given === null) return "STALE";
      counters.calls++;
      const answer = await this.#ask(connection, xid, procedure, given);
      if (answer.kind === "result") return answer.result;
      if (answer.kind === "refused") return answer.status;
      counters.repeats++;
      if (answer.kind === "silent") counters.timeouts++;
      if (answer.kind === "garbage") counters.garbage++;
      // A lost connection is made again for as long as there is time; the way there has its own back-off.
      if (answer.kind === "lost") continue;
      if (++unanswered > retries && patienceMilliseconds !== null) {
        return answer.kind === "garbage" ? "SERVERFAULT" : "TIMEDOUT";
      }
    }
  }

  #ask<A, R>(connection: Connection, xid: number, procedure: Procedure<A, R>, given: A): Promise<Answer<R>> {
    const credential = this.#parts.link.root?.credential ?? { flavor: "none" };
    return ask(connection, { xid, credential }, { program: "nfs", procedure }, given);
  }

  /** What the server said when it refused us as a whole; else that nothing is heard of it. */
  #noWay(): Status {
    return this.#parts.link.failure?.status ?? "TIMEDOUT";
  }
}
