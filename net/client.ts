/**
 * Asking servers over the system's sockets: over UDP on one of the server's sockets (`udp-client.ts`), over TCP on a connection
 * for each question. What to ask, whom, and whether again is the resolver's.
 */
import { askOver, type AskParts } from "./asking.ts";
import type { Ask } from "./exchange.ts";
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
