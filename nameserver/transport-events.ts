/** What happened to datagrams and connections, by name: for the metrics. Requests and responses are counted on the road itself. */
import { BATCH_COUNT, type NetCounters } from "../net/index.ts";

export type TransportEvents = Readonly<Record<string, number>>;

/** What several threads counted, those of the query threads apart (BATCH_COUNT). */
export function transportEvents(counters: readonly NetCounters[], batches: readonly Float64Array[]): TransportEvents {
  const net = (name: keyof NetCounters): number => counters.reduce((total, each) => total + each[name], 0);
  const batch = (place: number): number => batches.reduce((total, counts) => total + counts[place]!, 0);
  return {
    udp_batches: batch(BATCH_COUNT.BATCHES),
    udp_batched_requests: batch(BATCH_COUNT.REQUESTS),
    udp_unsent: net("udpUnsentDropped") + batch(BATCH_COUNT.UNSENT),
    udp_receive_errors: net("udpReceiveErrors") + batch(BATCH_COUNT.RECEIVE_ERRORS),
    handler_faults: net("handlerErrors") + batch(BATCH_COUNT.FAULTS),
    tcp_connections: net("tcpConnections"),
    tcp_errors: net("tcpErrors"),
    tcp_refused: net("tcpRefused"),
    tcp_refused_client: net("tcpRefusedClient"),
    tcp_header_timeouts: net("tcpHeaderTimeouts"),
    tcp_idle_timeouts: net("tcpIdleTimeouts"),
    tcp_pipelined_pauses: net("tcpPipelinedPauses"),
    tcp_unsent_closed: net("tcpUnsentClosed"),
    tcp_malformed: net("tcpMalformed"),
  };
}
