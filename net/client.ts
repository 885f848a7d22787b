/**
 * Asking servers over the system's sockets: for each question over UDP a fresh socket, so a fresh port (RFC 5452 §9.2), for
 * each over TCP a connection. What to ask, whom, and whether again is the resolver's.
 */
import { askOver, type AskParts } from "./asking.ts";
import type { Ask } from "./exchange.ts";
import { TcpQuestion } from "./tcp-client.ts";
import { UdpQuestion } from "./udp-client.ts";

export function systemAsk(parts: AskParts): Ask {
  return askOver(
    (transport, server, asked, events) =>
      transport === "udp" ? new UdpQuestion(server, asked, events) : new TcpQuestion(server, asked, events),
    parts,
  );
}
