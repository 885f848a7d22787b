/**
 * A message passed on to a server as it came, octet by octet, and its response brought back likewise: so that a signature holds on both
 * ways though it is not ours (RFC 2136 §6, RFC 8945 §5.5). Over TCP, on a connection of its own; so it keeps its id, which a
 * forwarder would have to change where responses to several could be mixed up.
 */
import type { Clock, Random } from "../base/index.ts";
import { emptyMessage, FLAG, HEADER_OCTETS, type Message, OPCODE } from "../dns/index.ts";
import { formatEndpoint } from "./address.ts";
import { Asked, type Judged } from "./asked.ts";
import type { Attempt, StartAttempt } from "./asking.ts";
import { type Endpoint, ExchangeError } from "./exchange.ts";

/** Gives the octets of the response. Rejects with ExchangeError; UNREACHABLE says that the server has not got it. */
export type Relay = (server: Endpoint, octets: Uint8Array, timeoutMilliseconds: number) => Promise<Uint8Array>;

export interface RelayParts {
  readonly clock: Clock;
  readonly random: Random;
}

/** A Relay over whatever network `start` knows. */
export function relayOver(start: StartAttempt, { clock, random }: RelayParts): Relay {
  return (server, octets, timeoutMilliseconds) =>
    new Promise((resolve, reject) => {
      const relayed = new Relayed(octets, random);
      let attempt: Attempt | null = null;
      let isSettled = false;
      const settle = (): boolean => {
        if (isSettled) return false;
        isSettled = true;
        timer.cancel();
        attempt?.close();
        return true;
      };
      const fail = (error: ExchangeError): void => {
        if (settle()) reject(error);
      };
      const where = `${formatEndpoint(server)} (tcp)`;
      const timer = clock.after(timeoutMilliseconds, () =>
        fail(new ExchangeError("TIMEOUT", `${where} did not answer in ${timeoutMilliseconds} ms`)),
      );
      attempt = start("tcp", server, relayed, {
        reply: () => {
          if (settle()) resolve(relayed.response);
        },
        stray: () => fail(new ExchangeError("MALFORMED", `${where} sent what answers something else`)),
        failed: fail,
      });
      if (isSettled) attempt.close();
    });
}

/** What an `Asked` begins with; it is somebody else's message that is sent. */
const SOME_MESSAGE: Message = {
  ...emptyMessage,
  opcode: OPCODE.UPDATE,
};

class Relayed extends Asked {
  response: Uint8Array = new Uint8Array(0);

  constructor(octets: Uint8Array, random: Random) {
    super(SOME_MESSAGE, random, false);
    this.octets = new Uint8Array(octets);
  }

  /** Whoever asked will look into it; here it only has to be a response to that id. */
  override judge(octets: Uint8Array): Judged {
    const [first, second] = this.octets;
    const isResponse = octets.length >= HEADER_OCTETS && (octets[2]! & (FLAG.RESPONSE >> 8)) !== 0;
    if (!isResponse || octets[0] !== first || octets[1] !== second) return { kind: "stray" };
    this.response = new Uint8Array(octets);
    return { kind: "reply", message: SOME_MESSAGE };
  }
}
