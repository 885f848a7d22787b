/**
 * Updates of zones that this server is a secondary of, passed on to a primary as they came (RFC 2136 §6). Only those that are signed: who
 * signed is the primary's to find out, whose key need not be known here (RFC 8945 §5.5), while an unsigned one would borrow
 * this server's address.
 */
import type { Log } from "../base/index.ts";
import { FLAG, HEADER_OCTETS, Name, OPCODE, RCODE } from "../dns/index.ts";
import { type Endpoint, ExchangeError, LATER, type Later, type Relay } from "../net/index.ts";
import type { NameServerCounters } from "./counters.ts";
import type { Desk } from "./desk.ts";

export interface ForwardParts {
  /** Of a zone that others are primary of: those, in the order in which they are asked. Null: it is no such zone. */
  readonly primariesOf: (apex: Name) => readonly Endpoint[] | null;
  readonly relay: Relay;
  readonly log: Log;
}

/** Updates on their way at once; each holds a connection. */
const FORWARDS_MAX = 100;
const TIMEOUT_MILLISECONDS = 10_000;

export class UpdateForwarder {
  readonly #parts: ForwardParts;
  #count = 0;

  constructor(parts: ForwardParts) {
    this.#parts = parts;
  }

  /** The primaries of the zone that the request on the desk is to change; null when it is not to be passed on. */
  primariesFor({ view }: Desk): readonly Endpoint[] | null {
    if (view.opcode !== OPCODE.UPDATE || view.tsigOffset < 0 || view.questionCount !== 1) return null;
    return this.#parts.primariesOf(Name.fromWire(view.octets, HEADER_OCTETS));
  }

  /** The response comes through `later`. */
  pass(primaries: readonly Endpoint[], desk: Desk, counters: NameServerCounters, later: Later): number {
    const { view, transport } = desk;
    const octets = new Uint8Array(view.octets.subarray(0, view.length));
    void this.#response(primaries, octets).then((response) => {
      counters.response(transport, response[3]! & 15, response.length);
      later(response);
    });
    return LATER;
  }

  async #response(primaries: readonly Endpoint[], octets: Uint8Array): Promise<Uint8Array> {
    if (this.#count >= FORWARDS_MAX) return failureOf(octets);
    this.#count++;
    try {
      return await this.#relayed(primaries, octets);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      this.#parts.log.warn({ reason: error.message }, "an update could not be passed on to a primary");
      return failureOf(octets);
    } finally {
      this.#count--;
    }
  }

  /** One after another, as long as they have not got it: an update that may have been made is not sent again. */
  async #relayed([first, ...others]: readonly Endpoint[], octets: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#parts.relay(first!, octets, TIMEOUT_MILLISECONDS);
    } catch (error) {
      const isUnreachable = error instanceof ExchangeError && error.code === "UNREACHABLE";
      if (!isUnreachable || others.length === 0) throw error;
      return this.#relayed(others, octets);
    }
  }
}

/** SERVFAIL without any section (RFC 2136 §3.8) and without a signature, for which the key would be wanted. */
function failureOf(request: Uint8Array): Uint8Array {
  const response = new Uint8Array(HEADER_OCTETS);
  response.set(request.subarray(0, 2));
  response[2] = (FLAG.RESPONSE >> 8) | (OPCODE.UPDATE << 3);
  response[3] = RCODE.SERVFAIL;
  return response;
}
