/** Listens for streams of octets: at a TCP port, or at a Unix socket for programs of the same user. What is spoken over them is whoever accepts them's. */
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { type Files, type Log } from "../base/index.ts";
import { type Endpoint } from "./exchange.ts";
import { ListenError } from "./listener.ts";
import { freeAddress } from "./local.ts";
import { type OctetStream, type OctetStreamEvents, streamOver } from "./octet-stream.ts";

/** Takes a stream that is open, and says to whom what happens on it is told; null when it takes it not and has closed it. */
export type AcceptOctetStream = (stream: OctetStream, address: string) => OctetStreamEvents | null;

export interface OctetListener {
  /** Where it really listens: port 0 has become a real one; null at a Unix socket. */
  readonly endpoint: Endpoint | null;
  /** Takes no more streams. Those that are open stay; whoever accepted them ends them. */
  close(): Promise<void>;
}

/** Throws a ListenError. */
export async function listenOctetStreams(
  endpoint: Endpoint,
  accept: AcceptOctetStream,
  log: Log,
): Promise<OctetListener> {
  const { address, port } = endpoint;
  const server = serverOf(accept, log);
  try {
    await opened(server, { host: address, port, ipv6Only: true, exclusive: true, backlog: 511 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ListenError(endpoint, "tcp", error);
  }
  const bound = server.address();
  const real = bound !== null && typeof bound === "object" ? bound.port : port;
  return { endpoint: { address, port: real }, close: () => closed(server) };
}

/** The permissions of the socket's file are the guard: only our user may open it. Throws a LocalError. */
export async function listenLocalStreams(
  path: string,
  accept: AcceptOctetStream,
  { files, log }: { readonly files: Pick<Files, "exists" | "remove" | "protect">; readonly log: Log },
): Promise<OctetListener> {
  const address = await freeAddress(path, files);
  const server = serverOf(accept, log);
  await opened(server, { path: address });
  files.protect(path);
  return { endpoint: null, close: () => closed(server) };
}

function serverOf(accept: AcceptOctetStream, log: Log): Server {
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    streamOver(socket, (stream) => accept(stream, socket.remoteAddress ?? ""));
  });
  // Accepting can fail for want of file descriptors; the next one may succeed.
  server.on("error", (error) => {
    if (server.listening) log.warn({ error: error.message }, "a connection could not be accepted");
  });
  return server;
}

function opened(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
