/**
 * A small HTTP server for what looks after a server from outside: metrics and the health check. Fastify is loaded only when
 * one is opened, because it costs more time than a whole resolution and most runs have no metrics.
 */
import type { Log } from "../base/index.ts";
import type { Endpoint } from "./exchange.ts";
import { ListenError } from "./listener.ts";

/** One path that can be fetched. */
export interface HttpPage {
  readonly path: string;
  /** Made anew for each request. */
  readonly body: () => HttpBody | Promise<HttpBody>;
}

export interface HttpBody {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface HttpListener {
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** Serves the pages over plain HTTP to GET and HEAD; anything else is 404. Throws ListenError. */
export async function listenHttp(
  endpoint: Endpoint,
  pages: readonly HttpPage[],
  parts: { readonly log: Log },
): Promise<HttpListener> {
  const { fastify } = await import("fastify");
  const app = fastify({ logger: false, requestTimeout: 10_000, bodyLimit: 1024, forceCloseConnections: true });
  for (const { path, body } of pages) {
    app.get(path, async (_request, reply) => {
      const { status, contentType, text } = await body();
      return reply.code(status).header("content-type", contentType).header("cache-control", "no-store").send(text);
    });
  }
  app.setErrorHandler((error, _request, reply) => {
    parts.log.error({ error: String(error) }, "a page could not be made");
    return reply.code(500).type("text/plain").send("internal error\n");
  });
  try {
    await app.listen({ host: endpoint.address, port: endpoint.port });
  } catch (error) {
    if (error instanceof Error) throw new ListenError(endpoint, "tcp", error);
    throw error;
  }
  const bound = app.server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : endpoint.port;
  return {
    endpoint: { address: endpoint.address, port },
    close: () => app.close(),
  };
}
