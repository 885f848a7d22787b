/** A stream of octets over the system's TCP: order, waiting, and who is told of its end. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLocalStream, openTcpStream, type OctetStream, type OctetStreamEvents } from "../../net/index.ts";

async function listening(each: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    each(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { server, port: address !== null && typeof address === "object" ? address.port : 0 };
}

function opened(port: number, received: (octets: Uint8Array) => void = () => undefined) {
  const { promise: open, resolve: isOpen } = Promise.withResolvers<void>();
  const { promise: closed, resolve: isClosed } = Promise.withResolvers<string>();
  const { promise: drained, resolve: isDrained } = Promise.withResolvers<void>();
  const events: OctetStreamEvents = { opened: isOpen, received, drained: isDrained, closed: isClosed };
  const stream: OctetStream = openTcpStream({ address: "127.0.0.1", port }, events);
  return { stream, open, closed, drained };
}

test("pieces arrive in order, also those written before it is open, and come back", async () => {
  const { server, port } = await listening((socket) => socket.pipe(socket));
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const { stream, open } = opened(port, (octets) => {
    text += Buffer.from(octets).toString();
    if (text.length === 12) resolve(text);
  });
  stream.write([Buffer.from("one "), Buffer.from("two ")]);
  await open;
  stream.write([Buffer.from("last")]);
  expect(await promise).toBe("one two last");
  stream.close();
  server.close();
});

test("what the other end does not take waits, and drained is told", async () => {
  const { server, port } = await listening((socket) => setImmediate(() => socket.resume()));
  const { stream, open, drained } = opened(port);
  await open;
  expect(stream.write([Buffer.alloc(32 << 20)])).toBe(false);
  await drained;
  stream.close();
  server.close();
});

test("the end by the other side is told, and a port where nobody listens", async () => {
  const { server, port } = await listening((socket) => socket.end());
  const { closed } = opened(port);
  expect(await closed).toBe("the other end closed it");
  server.close();
  await once(server, "close");
  expect(await opened(port).closed).toContain("ECONNREFUSED");
});

test("after close nothing is told", async () => {
  const { server, port } = await listening((socket) => socket.end("late"));
  let told = 0;
  const { stream, open, closed } = opened(port, () => told++);
  void closed.then(() => told++);
  await open;
  stream.close();
  server.close();
  await once(server, "close");
  expect(told).toBe(0);
});

test("a Unix socket does as well; a path too long for one is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-stream-"));
  const path = join(folder, "socket");
  const server = createServer((socket) => socket.end("hello")).listen(path);
  await once(server, "listening");
  const { promise: text, resolve } = Promise.withResolvers<string>();
  const events = { opened: () => undefined, drained: () => undefined, closed: () => undefined };
  openLocalStream(path, { ...events, received: (octets) => resolve(Buffer.from(octets).toString()) });
  expect(await text).toBe("hello");
  server.close();
  rmSync(folder, { recursive: true });
  expect(() => openLocalStream(`/${"x".repeat(200)}`, { ...events, received: () => undefined })).toThrow("at most 107");
});
