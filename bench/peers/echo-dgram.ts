/** The floor under every UDP server on Node's own sockets: node:dgram with nothing behind it. Run: echo-dgram.ts PORT */
import { createSocket } from "node:dgram";
import { echo } from "./echo.ts";

const socket = createSocket("udp4");
socket.on("message", (octets, { port, address }) => {
  echo(octets, octets.length);
  socket.send(octets, port, address);
});
socket.bind(Number(process.argv[2]), "127.0.0.1");
