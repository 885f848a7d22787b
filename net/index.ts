export {
  AddressError,
  addressOctets,
  addressText,
  DNS_PORT,
  formatEndpoint,
  parseEndpoint,
  Prefix,
  unmapped,
} from "./address.ts";
export { CachedReader, type ReadRoom } from "./cached-read.ts";
export {
  CHAIN_OPTION,
  CHAIN_SERVERS_MAX,
  decodeChain,
  decodeReport,
  encodeChain,
  encodeReport,
  REPORT_OPTION,
} from "./chain.ts";
export { AskCounters, askOver, type AskParts, type Attempt, type AttemptEvents, type StartAttempt } from "./asking.ts";
export { mixCase } from "./asked.ts";
export { BATCH_COUNT, BATCH_COUNTS, type BatchParts, BatchServer } from "./batch.ts";
export {
  type BatchSender,
  type BatchSocket,
  type BatchSocketOptions,
  closeBatchSocket,
  DatagramSender,
  endpointIn,
  openBatchSocket,
  stopReceiving,
} from "./batch-socket.ts";
export {
  type BatchSystem,
  IOVEC_OCTETS,
  loadBatchSystem,
  MMSGHDR,
  MMSGHDR_OCTETS,
  MSG_DONTWAIT,
} from "./batch-system.ts";
export { systemAsk, systemAskMany, systemRelay } from "./client.ts";
export { type HttpBody, type HttpListener, type HttpPage, listenHttp } from "./http.ts";
export {
  type Ask,
  type AskMany,
  type AskManyOptions,
  type AskOptions,
  type Chain,
  type Delegation,
  type Endpoint,
  type Exchange,
  ExchangeError,
  type HandedDown,
  type Handler,
  LATER,
  type Later,
  type Peer,
  type Query,
  type Recursion,
  type Reply,
  type Taken,
  type Transport,
} from "./exchange.ts";
export {
  LISTEN_LIMITS,
  type Listener,
  ListenError,
  type ListenLimits,
  type ListenParts,
  NetCounters,
  SharedNetCounts,
} from "./listener.ts";
export { askLocal, LocalError, type LocalHandler, type LocalListener, listenLocal, type LocalParts } from "./local.ts";
export { MemoryHost, MemoryNetwork, type Passage, type Weather } from "./memory.ts";
export { closeLeft, openPlaces, StreamServer } from "./stream-server.ts";
export { closeStreamSocket, openStreamSocket, type StreamSocket } from "./stream-socket.ts";
export {
  EPOLL,
  Epoll,
  loadStreamSystem,
  MSG_NOSIGNAL,
  openWake,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  type StreamSystem,
  wake,
} from "./stream-system.ts";
export { listenLocalStreams, listenOctetStreams, type OctetListener } from "./octet-listener.ts";
export {
  type OctetStream,
  type OctetStreamEvents,
  openLocalStream,
  type OpenOctetStream,
  openTcpStream,
} from "./octet-stream.ts";
export { type Relay, relayOver } from "./relay.ts";
export { listenTcp } from "./tcp.ts";
export { listenUdp } from "./udp-listen.ts";
export { type AskerTools, type ThreadAsker } from "./threads/asking.ts";
export { type Awaiting, type Sent, ThreadUpstream } from "./thread-upstream.ts";
export { type NextNews, runQueryThread, type ThreadServer } from "./threads/query-thread.ts";
export { QueryThreads, type QueryThreadsParts } from "./threads/query-threads.ts";
