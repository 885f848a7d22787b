/** The two networks that every Ask and AskMany is held to one contract on, and a handler made from a function. */
import { type Clock, SeededRandom, silentLog, SimulatedClock, systemClock } from "../../base/index.ts";
import { decodeMessage, encodeMessage, type Message } from "../../dns/index.ts";
import {
  type Ask,
  AskCounters,
  type AskMany,
  type Endpoint,
  type Handler,
  LATER,
  type Listener,
  listenTcp,
  listenUdp,
  MemoryNetwork,
  NetCounters,
  systemAsk,
  systemAskMany,
  type Transport,
} from "../../net/index.ts";

export interface AskWorld {
  readonly clock: Clock;
  readonly ask: Ask;
  readonly askMany: AskMany;
  readonly counters: AskCounters;
  listen(handler: Handler, transports?: readonly Transport[]): Promise<Endpoint>;
  run<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function memoryWorld(): AskWorld {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock, new SeededRandom(7));
  const server = { address: "192.0.2.53", port: 53 };
  return {
    clock,
    ask: network.ask("192.0.2.1"),
    askMany: network.askMany("192.0.2.1"),
    counters: network.counters,
    listen: async (handler, transports) => {
      network.attach(server, handler, transports);
      return server;
    },
    run: (promise) => clock.run(promise),
    close: async () => undefined,
  };
}

export function systemWorld(): AskWorld {
  const counters = new AskCounters();
  const asking = { clock: systemClock, random: new SeededRandom(7), counters };
  const listeners: Listener[] = [];
  const parts = { clock: systemClock, log: silentLog, counters: new NetCounters() };
  return {
    clock: systemClock,
    ask: systemAsk(asking),
    askMany: systemAskMany(asking),
    counters,
    listen: async (handler, transports = ["udp", "tcp"]) => {
      let endpoint: Endpoint = { address: "127.0.0.1", port: 0 };
      for (const transport of [...transports].reverse()) {
        const listener = await (transport === "tcp" ? listenTcp : listenUdp)(endpoint, handler, parts);
        listeners.push(listener);
        endpoint = listener.endpoint;
      }
      return endpoint;
    },
    run: (promise) => promise,
    close: async () => {
      for (const listener of listeners) await listener.close();
    },
  };
}

/** A handler from a function of messages; several responses go out one after another. */
export function answering(
  respond: (request: Message, transport: Transport) => readonly (Message | Uint8Array)[],
): Handler {
  return {
    handle(request, _response, peer, later) {
      for (const response of respond(decodeMessage(request), peer.transport)) {
        later(response instanceof Uint8Array ? response : encodeMessage(response), "more");
      }
      later(new Uint8Array(0));
      return LATER;
    },
  };
}
