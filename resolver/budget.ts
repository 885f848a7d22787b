/**
 * What one client query may cost (DESIGN §8, against NXNSAttack, CAMP and TsuNAME): one budget, inherited by every
 * sub-query, handed down to the servers of a chain, and never reset.
 */
import type { Clock } from "../base/index.ts";

export interface Limits {
  /** Messages sent upstream. */
  readonly messages: number;
  /** Octets sent and received upstream. */
  readonly octets: number;
  readonly milliseconds: number;
  /** Name servers of one delegation that are considered. */
  readonly nameServers: number;
  /** Names of servers without glue that are looked up, for one delegation. */
  readonly gluelessNames: number;
  /** CNAMEs and DNAMEs followed. */
  readonly aliases: number;
  /** Lookups for the sake of lookups: how deep they may nest. */
  readonly depth: number;
}

export const DEFAULT_LIMITS: Limits = {
  messages: 128,
  octets: 100_000,
  milliseconds: 10_000,
  nameServers: 13,
  gluelessNames: 5,
  aliases: 11,
  depth: 8,
};

export type Bound =
  "messages" | "octets" | "time" | "name-servers" | "glueless-names" | "aliases" | "cycle" | "depth" | "chain";

/** A bound that ended the work for a client query. */
export class BoundError extends Error {
  readonly code = "BOUND";
  readonly bound: Bound;

  constructor(bound: Bound, message: string) {
    super(message);
    this.bound = bound;
  }
}

/** What is left. Counting down is all it does; who asks for more than there is gets a BoundError. */
export class Budget {
  readonly limits: Limits;
  readonly #clock: Clock;
  readonly #end: number;
  #messagesLeft: number;
  #octetsLeft: number;

  constructor(limits: Limits, clock: Clock) {
    this.limits = limits;
    this.#clock = clock;
    this.#end = clock.now() + limits.milliseconds;
    this.#messagesLeft = limits.messages;
    this.#octetsLeft = limits.octets;
  }

  get messagesLeft(): number {
    return this.#messagesLeft;
  }

  get octetsLeft(): number {
    return this.#octetsLeft;
  }

  get millisecondsLeft(): number {
    return Math.max(0, this.#end - this.#clock.now());
  }

  get messagesSpent(): number {
    return this.limits.messages - this.#messagesLeft;
  }

  get octetsSpent(): number {
    return this.limits.octets - this.#octetsLeft;
  }

  /** Before a message is sent. Throws BoundError. */
  takeMessage(octets: number): void {
    if (this.#messagesLeft <= 0) throw new BoundError("messages", `${this.limits.messages} messages were sent`);
    if (this.#octetsLeft <= 0) throw new BoundError("octets", `${this.limits.octets} octets were sent and received`);
    if (this.millisecondsLeft === 0) throw new BoundError("time", `${this.limits.milliseconds} ms went by`);
    this.#messagesLeft--;
    this.#octetsLeft -= octets;
  }

  /** After a message came: what came is used, what would come next is not asked for. */
  takeOctets(octets: number): void {
    this.#octetsLeft -= octets;
  }

  /** What others spent on our behalf. */
  charge(messages: number, octets: number): void {
    this.#messagesLeft = Math.max(0, this.#messagesLeft - messages);
    this.#octetsLeft -= octets;
  }
}
