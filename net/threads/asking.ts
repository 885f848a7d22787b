/**
 * What lets a query thread ask servers itself, in place of handing a request on: sockets to servers beside those of its clients, responses
 * that leave together, and a way to tell the control thread what was learnt. Whom to ask, and what a reply means, is the entry's business.
 */
import { type Clock, systemClock, systemRandom } from "../../base/index.ts";
import { BATCH_COUNT } from "../batch.ts";
import type { BatchSender, BatchSocket } from "../batch-socket.ts";
import type { BatchSystem } from "../batch-system.ts";
import { MessageList } from "../message-list.ts";
import { loadStreamSystem } from "../stream-system.ts";
import { ThreadUpstream } from "../thread-upstream.ts";

/** Made by the entry, of what it is given. */
export interface ThreadAsker {
  /** Takes a request that the handler left for LATER; false to have it handed on. What it is given is valid only during the call. */
  take(request: Uint8Array, from: BatchSender, socket: number): boolean;
  /** A turn ends at that time: what is late is given up, and what is to be told is told. */
  endTurn(now: number): void;
  /** Hands on all that is not answered yet. */
  close(): void;
}

export interface AskerTools {
  readonly upstream: Pick<ThreadUpstream, "ask">;
  /** Room for the next response; `respond` sends it. */
  response(socket: number): Uint8Array;
  respond(octets: number, from: BatchSender): void;
  handOn(request: Uint8Array, from: BatchSender, socket: number): void;
  /** The control thread gets this before the requests that are handed on in the same turn. */
  tell(octets: Uint8Array): void;
}

export interface ThreadAskingParts {
  readonly batches: BatchSystem;
  readonly sockets: readonly BatchSocket[];
  readonly counts: Float64Array;
  readonly responseOctets: number;
  readonly open: Int32Array;
  readonly handOn: AskerTools["handOn"];
  readonly tell: AskerTools["tell"];
}

const RESPONSES = 64;
/** How long to wait for replies and clients before looking round. */
const WAIT_MILLISECONDS = 10;

export class ThreadAsking {
  readonly asker: ThreadAsker;
  readonly #upstream: ThreadUpstream;
  readonly #clock: Clock = systemClock;
  readonly #flush: () => void;

  private constructor(asker: ThreadAsker, upstream: ThreadUpstream, flush: () => void) {
    this.asker = asker;
    this.#upstream = upstream;
    this.#flush = flush;
  }

  /** Null where the system's calls are not to be had. */
  static async open(
    parts: ThreadAskingParts,
    askerOf: (tools: AskerTools) => ThreadAsker,
  ): Promise<ThreadAsking | null> {
    const { batches, sockets, open } = parts;
    const streams = await loadStreamSystem();
    if (typeof streams === "string") return null;
    const world = { clock: systemClock, random: systemRandom };
    const upstream = new ThreadUpstream({ batches, streams, clients: sockets, open, ...world });
    const responses = new Responses(parts);
    const asker = askerOf({
      upstream,
      response: (socket) => responses.next(socket),
      respond: (octets, from) => responses.add(octets, from),
      handOn: parts.handOn,
      tell: parts.tell,
    });
    return new ThreadAsking(asker, upstream, () => responses.flush());
  }

  get isWaiting(): boolean {
    return this.#upstream.waiting > 0;
  }

  /** Waits for clients and servers, and has the asker told of replies. True when clients have sent something. */
  wait(): boolean {
    return this.#upstream.wait(WAIT_MILLISECONDS);
  }

  endTurn(): void {
    const now = this.#clock.now();
    this.asker.endTurn(now);
    this.#upstream.endTurn(now);
    this.#flush();
  }

  close(): void {
    this.asker.close();
    this.#flush();
    this.#upstream.close();
  }
}

/** Responses of a turn, which leave together where their socket is the same. */
class Responses {
  readonly #parts: ThreadAskingParts;
  readonly #list: MessageList;
  #socket = 0;
  #count = 0;

  constructor(parts: ThreadAskingParts) {
    this.#parts = parts;
    this.#list = new MessageList(parts.batches, { messages: RESPONSES, octets: parts.responseOctets });
  }

  next(socket: number): Uint8Array {
    if (this.#count === RESPONSES || socket !== this.#socket) this.flush();
    this.#socket = socket;
    return this.#list.buffers[this.#count]!;
  }

  add(octets: number, from: BatchSender): void {
    this.#list.setTo(this.#count++, octets, from);
  }

  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    const { sockets, counts } = this.#parts;
    const unsent = this.#list.send(sockets[this.#socket]!.descriptor, count);
    counts[BATCH_COUNT.RESPONSES]! += count - unsent;
    counts[BATCH_COUNT.UNSENT]! += unsent;
  }
}
