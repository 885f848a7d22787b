/** `strata resolve` against servers that are dead, silent or not there, and with words that are wrong. */
import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Scratch, strata } from "../support/strata.ts";

/** A server that hears everything and says nothing. */
async function silentServer(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

test("a silent server ends with 2 when the time is over", async () => {
  const socket = await silentServer();
  const server = `127.0.0.1:${socket.address().port}`;
  const { status, stdout, stderr } = await strata(["resolve", "www.vu.nl", "--server", server, "--timeout", "1"]);
  socket.close();
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("could not find out www.vu.nl. A");
});

test("a dead server ends with 2 at once, and its address is named", async () => {
  const socket = await silentServer();
  const server = `127.0.0.1:${socket.address().port}`;
  await new Promise<void>((closed) => socket.close(closed));
  const { status, stderr } = await strata(["resolve", "www.vu.nl", "--server", server]);
  expect(status).toBe(2);
  expect(stderr).toContain(server);
});

test("^C in the middle ends it without a word", async () => {
  const socket = await silentServer();
  const asked = once(socket, "message");
  const launcher = fileURLToPath(new URL("../../bin/strata", import.meta.url));
  const child = spawn(launcher, ["resolve", "www.vu.nl", "--server", `127.0.0.1:${socket.address().port}`]);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await asked;
  child.kill("SIGINT");
  const [status, signal] = await once(child, "close");
  socket.close();
  expect([status, signal, said]).toEqual([null, "SIGINT", ""]);
});

test("a failure as JSON is one document, and still ends with 2", async () => {
  const { status, stdout } = await strata(["resolve", "www.vu.nl", "--server", "127.0.0.1:1", "--json"]);
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ name: "www.vu.nl.", rcode: "SERVFAIL", answers: [] });
});

test.each([
  ["a name that is none", ["www..nl"], '"www..nl" is no domain name: a label cannot be empty'],
  ["a type that is none", ["www.vu.nl", "AAA"], "AAA is no record type; did you mean AAAA?"],
  ["a server that is none", ["www.vu.nl", "--server", "nowhere"], "--server nowhere: "],
  ["a port that is none", ["www.vu.nl", "--port", "0"], "--port 0: a port is a whole number"],
  ["hints that are missing", ["www.vu.nl", "--hints", "/nowhere/hints"], "/nowhere/hints: there is no such file"],
])("%s ends with 64", async (_situation, words, message) => {
  const { status, stdout, stderr } = await strata(["resolve", ...words]);
  expect([status, stdout]).toEqual([64, ""]);
  expect(stderr).toContain(message);
});

test("hints with a mistake are told with their place", async () => {
  using scratch = new Scratch();
  writeFileSync(scratch.file("hints"), ". 60 NS a.\na. 60 A 127.0.0\n");
  const { status, stderr } = await strata(["resolve", "www.vu.nl", "--hints", scratch.file("hints")]);
  expect(status).toBe(64);
  expect(stderr).toMatch(/hints:2:\d+: /);
});
