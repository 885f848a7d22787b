/**
 * A channel between programs of one user on one machine: a Unix socket on which each side writes lines of JSON. Whoever may open
 * the socket's file may ask, so its permissions are the guard. A request is one line; what comes back are lines that tell how it goes
 * on, then one with the outcome. What requests mean is others'.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { relative } from "node:path";
import type { Files, Log } from "../base/index.ts";

/** Gives the outcome, and may tell before how it goes on. Throws LocalError for what the asker is to be told. */
export type LocalHandler = (request: unknown, tell: (progress: unknown) => void) => Promise<unknown>;

export class LocalError extends Error {
  /** One of the asker's and the answerer's own, or: "ABSENT", nobody listens there; "BROKEN", the channel failed. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface LocalParts {
  readonly files: Pick<Files, "exists" | "remove" | "protect">;
  readonly log: Log;
}

export interface LocalListener {
  close(): Promise<void>;
}

/** Askers at once; each has a request at a time. */
const CONNECTIONS_MAX = 32;
/** A line may carry a master file. */
const LINE_CHARACTERS_MAX = 1 << 28;
/** What the system has room for in an address of a Unix socket, its final zero left out. */
const PATH_OCTETS_MAX = 107;

/** Throws LocalError "IN_USE" when somebody listens there already. What a dead process left there is removed. */
export async function listenLocal(path: string, handler: LocalHandler, parts: LocalParts): Promise<LocalListener> {
  const { files, log } = parts;
  const address = await freeAddress(path, files);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, handler, log);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await opened(server, address);
  files.protect(path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.end();
      }),
  };
}

/** Where to listen for this path. What a dead process left there is removed. Throws LocalError "IN_USE" when somebody listens there, or "TOO_LONG". */
export async function freeAddress(path: string, files: Pick<Files, "exists" | "remove">): Promise<string> {
  const address = localAddress(path);
  if (!files.exists(path)) return address;
  if (await isAnswered(address))
    throw new LocalError("IN_USE", `another server listens at ${path}: stop it, or choose another --state`);
  files.remove(path);
  return address;
}

/** What the system is told for this path: from where we are it may be shorter. Throws LocalError "TOO_LONG". */
export function localAddress(path: string): string {
  const fitting = [path, relative(".", path)].find((way) => Buffer.byteLength(way) <= PATH_OCTETS_MAX);
  if (fitting !== undefined) return fitting;
  throw new LocalError(
    "TOO_LONG",
    `the path of a local socket has at most ${PATH_OCTETS_MAX} octets, and ${path} is longer: choose a shorter --state`,
  );
}

function opened(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new LocalError("BROKEN", `cannot listen at ${path}: ${error.message}`)));
    server.listen(path, resolve);
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** One request after another, so that an asker cannot pile them up. */
function serve(socket: Socket, handler: LocalHandler, log: Log): void {
  let work = Promise.resolve();
  readLines(socket, (line) => {
    socket.pause();
    work = work.then(() => answer(socket, line, handler, log)).finally(() => socket.resume());
  });
  socket.on("error", () => socket.destroy());
}

async function answer(socket: Socket, line: string, handler: LocalHandler, log: Log): Promise<void> {
  try {
    const outcome = await handler(parse(line), (progress) => send(socket, { progress }));
    send(socket, { outcome: outcome ?? null });
  } catch (error) {
    if (error instanceof LocalError) {
      send(socket, { error: { code: error.code, message: error.message } });
      return;
    }
    log.error(
      { error: error instanceof Error ? error.stack : String(error) },
      "a request on the control socket failed",
    );
    send(socket, { error: { code: "FAULT", message: "the server made a mistake; its log says which" } });
  }
}

function parse(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value;
  } catch {
    throw new LocalError("MALFORMED", "a request is one line of JSON");
  }
}

function send(socket: Socket, value: unknown): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(value)}\n`);
}

function readLines(socket: Socket, each: (line: string) => void): void {
  let held = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    held += chunk.toString();
    if (held.length > LINE_CHARACTERS_MAX) socket.destroy();
    for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
      const line = held.slice(0, end);
      held = held.slice(end + 1);
      each(line);
    }
  });
}

/** Asks one thing. Rejects with LocalError: what the other side threw, "ABSENT" or "BROKEN". */
export function askLocal(
  path: string,
  request: unknown,
  told: (progress: unknown) => void = () => undefined,
): Promise<unknown> {
  const address = localAddress(path);
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const fail = (code: string, message: string): void => {
      socket.destroy();
      reject(new LocalError(code, message));
    };
    socket.once("connect", () => send(socket, request));
    socket.on("error", (error) => {
      const isAbsent = "code" in error && (error.code === "ENOENT" || error.code === "ECONNREFUSED");
      if (isAbsent) fail("ABSENT", `no server listens at ${path}`);
      else fail("BROKEN", `${path}: ${error.message}`);
    });
    socket.on("close", () => fail("BROKEN", `${path}: the server ended before it had answered`));
    readLines(socket, (line) => {
      const value = replyOf(line);
      if (value.kind === "progress") told(value.progress);
      else if (value.kind === "outcome") {
        resolve(value.outcome);
        socket.destroy();
      } else fail(value.code, value.message);
    });
  });
}

type LocalReply =
  | { readonly kind: "progress"; readonly progress: unknown }
  | { readonly kind: "outcome"; readonly outcome: unknown }
  | { readonly kind: "error"; readonly code: string; readonly message: string };

function replyOf(line: string): LocalReply {
  const strange: LocalReply = { kind: "error", code: "BROKEN", message: "what listens there is no strata server" };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return strange;
  }
  if (typeof value !== "object" || value === null) return strange;
  if ("progress" in value) return { kind: "progress", progress: value.progress };
  if ("outcome" in value) return { kind: "outcome", outcome: value.outcome };
  if (!("error" in value) || typeof value.error !== "object" || value.error === null) return strange;
  const { error } = value;
  if (!("code" in error && "message" in error)) return strange;
  return { kind: "error", code: String(error.code), message: String(error.message) };
}
