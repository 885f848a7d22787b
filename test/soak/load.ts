/**
 * The load generator of the soak, a process of its own: as many queries in flight over UDP as it is told, a few pipelined TCP
 * connections, and a new one now and then. Every answer is checked. `serve.ts` starts it.
 */
import { createSocket, type Socket } from "node:dgram";
import { createConnection } from "node:net";
import { SeededRandom, systemClock } from "../../base/index.ts";
import type { LoadCounts, LoadWork, ToLoad } from "./load-work.ts";
import { complaint, makeQuestions, type Question } from "./questions.ts";

const LOST_AFTER_MILLISECONDS = 3000;
const SWEEP_MILLISECONDS = 500;
const REPORT_MILLISECONDS = 1000;
const PIPELINED_CONNECTIONS = 4;
const PIPELINED = 16;
const FRESH_MILLISECONDS = 100;
const FAULTS_TOLD = 5;

class Load {
  readonly work: LoadWork;
  readonly questions: readonly Question[];
  served: number;
  coming: number;
  isStopped = false;
  udpAnswered = 0;
  udpLost = 0;
  tcpAnswered = 0;
  tcpConnections = 0;
  tcpErrors = 0;
  wrong = 0;
  readonly faults: string[] = [];
  readonly #random: SeededRandom;

  constructor(work: LoadWork) {
    this.work = work;
    this.#random = new SeededRandom(work.seed);
    this.questions = makeQuestions(this.#random);
    this.served = work.version;
    this.coming = work.version;
  }

  pick(): number {
    return this.#random.below(this.questions.length);
  }

  check(question: number, response: Buffer, servedThen: number): void {
    const asked = this.questions[question]!;
    const what = complaint(asked, response, servedThen, this.coming);
    if (what === null) return;
    this.wrong++;
    if (this.faults.length < FAULTS_TOLD) this.faults.push(`${asked.text}: ${what}: ${response.toString("hex")}`);
  }

  get counts(): LoadCounts {
    const { udpAnswered, udpLost, tcpAnswered, tcpConnections, tcpErrors, wrong, faults } = this;
    return { udpAnswered, udpLost, tcpAnswered, tcpConnections, tcpErrors, wrong, faults };
  }
}

/** One socket with its window of questions, by id. */
class UdpLane {
  readonly #load: Load;
  readonly #socket: Socket;
  readonly #question = new Int32Array(65_536).fill(-1);
  readonly #servedThen = new Int32Array(65_536);
  readonly #sentAt = new Float64Array(65_536);
  readonly #request = Buffer.alloc(512);
  #id = 0;

  constructor(load: Load) {
    this.#load = load;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (response) => this.#receive(response));
    this.#socket.on("error", () => undefined);
    this.#socket.connect(load.work.at.port, load.work.at.address, () => {
      for (let i = 0; i < load.work.window; i++) this.#send();
    });
  }

  /** Gives up those that were not answered in time, and asks others instead. */
  sweep(now: number): void {
    for (let id = 0; id < 65_536; id++) {
      if (this.#question[id]! < 0 || now - this.#sentAt[id]! < LOST_AFTER_MILLISECONDS) continue;
      this.#question[id] = -1;
      this.#load.udpLost++;
      this.#send();
    }
  }

  close(): void {
    this.#socket.close();
  }

  #send(): void {
    if (this.#load.isStopped) return;
    do this.#id = (this.#id + 1) & 0xffff;
    while (this.#question[this.#id]! >= 0);
    const question = this.#load.pick();
    this.#question[this.#id] = question;
    this.#servedThen[this.#id] = this.#load.served;
    this.#sentAt[this.#id] = systemClock.now();
    const { octets } = this.#load.questions[question]!;
    // The system has taken the datagram when `send` returns, unless its buffer is full; then the copy is what keeps it whole.
    const request =
      this.#socket.getSendQueueCount() > 0 ? Buffer.from(octets) : this.#request.subarray(0, octets.length);
    octets.copy(request);
    request.writeUInt16BE(this.#id, 0);
    this.#socket.send(request);
  }

  #receive(response: Buffer): void {
    const id = response.readUInt16BE(0);
    const question = this.#question[id]!;
    if (question < 0) return;
    this.#question[id] = -1;
    this.#load.udpAnswered++;
    this.#load.check(question, response, this.#servedThen[id]!);
    this.#send();
  }
}

/** `left` queries over one connection, some in flight; what follows the last answer is `onEnd`'s business. */
function openTcp(load: Load, wanted: { readonly queries: number; readonly inFlight: number }, onEnd: () => void): void {
  const socket = createConnection({ host: load.work.at.address, port: load.work.at.port, noDelay: true });
  const waiting = new Map<number, readonly [question: number, served: number]>();
  let buffered = Buffer.alloc(0);
  let left = wanted.queries;
  let id = 0;
  load.tcpConnections++;
  const send = (): void => {
    if (left === 0 || load.isStopped) return void (waiting.size === 0 && socket.end());
    left--;
    id = (id + 1) & 0xffff;
    const question = load.pick();
    const { octets } = load.questions[question]!;
    const framed = Buffer.alloc(octets.length + 2);
    framed.writeUInt16BE(octets.length, 0);
    octets.copy(framed, 2);
    framed.writeUInt16BE(id, 2);
    waiting.set(id, [question, load.served]);
    socket.write(framed);
  };
  socket.on("connect", () => {
    for (let i = 0; i < wanted.inFlight; i++) send();
  });
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const response = buffered.subarray(2, 2 + buffered.readUInt16BE(0));
      buffered = buffered.subarray(2 + response.length);
      const asked = waiting.get(response.readUInt16BE(0));
      if (asked === undefined) load.tcpErrors++;
      else {
        waiting.delete(response.readUInt16BE(0));
        load.tcpAnswered++;
        load.check(asked[0], response, asked[1]);
      }
      send();
    }
  });
  socket.on("error", () => load.tcpErrors++);
  socket.on("close", () => {
    // A connection that ends before its answers came has lost them.
    load.tcpErrors += waiting.size;
    onEnd();
  });
}

function startTcp(load: Load): NodeJS.Timeout {
  const keepOpen = (): void => {
    if (!load.isStopped) openTcp(load, { queries: 5000, inFlight: PIPELINED }, keepOpen);
  };
  for (let i = 0; i < PIPELINED_CONNECTIONS; i++) keepOpen();
  return setInterval(() => openTcp(load, { queries: 1, inFlight: 1 }, () => undefined), FRESH_MILLISECONDS);
}

function start(work: LoadWork): { readonly load: Load; readonly stop: () => void } {
  const load = new Load(work);
  const lanes = Array.from({ length: work.sockets }, () => new UdpLane(load));
  const report = (): void => void process.send?.(load.counts);
  const timers = [
    setInterval(() => lanes.forEach((lane) => lane.sweep(systemClock.now())), SWEEP_MILLISECONDS),
    setInterval(report, REPORT_MILLISECONDS),
    startTcp(load),
  ];
  const stop = (): void => {
    load.isStopped = true;
    // What is on its way still counts.
    setTimeout(() => {
      timers.forEach((timer) => clearInterval(timer));
      lanes.forEach((lane) => lane.close());
      report();
      process.disconnect?.();
    }, LOST_AFTER_MILLISECONDS + SWEEP_MILLISECONDS);
  };
  return { load, stop };
}

let running: ReturnType<typeof start> | null = null;
process.on("message", (message: ToLoad) => {
  switch (message.kind) {
    case "start":
      running = start(message.work);
      break;
    case "coming":
      running!.load.coming = message.version;
      break;
    case "served":
      running!.load.served = message.version;
      break;
    case "stop":
      running!.stop();
  }
});
