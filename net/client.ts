/**
 * Asking servers over the system's sockets: over UDP on one of the server's sockets (`udp-client.ts`), over TCP on a connection
 * for each question. What to ask, whom, and whether again is the resolver's.
 */
import { askOver, type AskParts } from "./asking.ts";
import { askManyOver } from "./asking-many.ts";
import type { Ask, AskMany } from "./exchange.ts";
import { type Relay, relayOver, type RelayParts } from "./relay.ts";
import { TcpQuestion } from "./tcp-client.ts";
import { UpstreamSockets } from "./udp-client.ts";

export function systemAsk(parts: AskParts): Ask {
  const sockets = new UpstreamSockets(parts);
  return askOver(
    (transport, server, asked, events) =>
      transport === "udp" ? sockets.ask(server, asked, events) : new TcpQuestion(server, asked, events),
    parts,
  );
}

/** Each on a connection of its own. */
export function systemAskMany(parts: AskParts): AskMany {
  return askManyOver((_transport, server, asked, events) => new TcpQuestion(server, asked, events), parts);
}

/** Likewise. */
export function systemRelay(parts: RelayParts): Relay {
  return relayOver((_transport, server, asked, events) => new TcpQuestion(server, asked, events), parts);
}
