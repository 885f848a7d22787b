/**
 * A bank's server over HTTPS with keep-alive: withdrawals a second from 64 clients, each with a card at a signed ATM, on the server's own
 * two threads with the clients on the same machine; and what it holds of memory with 1,000 ATMs connected at once.
 */
import { spawn } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { sealed, signedText } from "../bank/index.ts";
import type { Sample } from "./alternate.ts";
import { spreads } from "./alternate.ts";
import type { Effort } from "./effort.ts";
import type { Result } from "./history.ts";
import { strata } from "./package.ts";
import { cpuMicroseconds, residentOctets } from "./process.ts";
import { Scratch } from "./scratch.ts";
import { percentile } from "./statistics.ts";

const CLIENTS = 64;
const ATMS_CONNECTED = 1000;
const ROUNDS = 3;
const SECONDS = 5;
const START_LIMIT_MILLISECONDS = 60_000;
const PIN = "1234";
const MIB = 2 ** 20;

export async function bankHttps({ rounds = ROUNDS, seconds = SECONDS }: Effort): Promise<Result> {
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    using scratch = new Scratch("bank-https");
    await using server = await Server.start(scratch.folder);
    samples.push({ ...(await withdrawals(server, seconds)), ...(await connected(server)) });
  }
  return { bench: `withdrawals over HTTPS, ${CLIENTS} clients beside the server`, rows: { strata: spreads(samples) } };
}

class Server implements AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly #end: () => Promise<void>;

  private constructor(pid: number, port: number, end: () => Promise<void>) {
    this.pid = pid;
    this.port = port;
    this.#end = end;
  }

  static async start(folder: string): Promise<Server> {
    const words = [
      "bank",
      "serve",
      "--name",
      "bench.example",
      "--listen",
      "127.0.0.1:0",
      "--threads",
      "2",
      "--state",
      folder,
    ];
    const child = spawn(strata(), words, { stdio: ["ignore", "pipe", "inherit"] });
    const end = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const impatient = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(impatient);
    };
    const late = setTimeout(() => child.kill("SIGKILL"), START_LIMIT_MILLISECONDS);
    let shown = "";
    for await (const chunk of child.stdout) {
      shown += String(chunk);
      const port = /https:\/\/127\.0\.0\.1:(\d+)\//.exec(shown)?.[1];
      if (port === undefined || !shown.includes("ready")) continue;
      clearTimeout(late);
      return new Server(child.pid!, Number(port), end);
    }
    clearTimeout(late);
    throw new Error(`the bank's server did not start: ${shown}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

async function withdrawals(server: Server, seconds: number): Promise<Sample> {
  const clients: Client[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await Client.open(server.port, i));
  const waited: number[] = [];
  const cpuBefore = cpuMicroseconds(server.pid);
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) {
        const asked = performance.now();
        await client.withdraw();
        waited.push(performance.now() - asked);
      }
    }),
  );
  const took = (performance.now() - began) / 1000;
  for (const client of clients) client.close();
  const sorted = Float64Array.from(waited).sort();
  return {
    "requests/s": waited.length / took,
    "p50 ms": percentile(sorted, 0.5),
    "p99 ms": percentile(sorted, 0.99),
    "CPU µs/request": (cpuMicroseconds(server.pid) - cpuBefore) / waited.length,
  };
}

/** Each with a connection that it keeps, after a request on it. */
async function connected(server: Server): Promise<Sample> {
  const agents: Agent[] = [];
  const before = residentOctets(server.pid);
  try {
    for (let i = 0; i < ATMS_CONNECTED; i++) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
      agents.push(agent);
      await ask({ agent, port: server.port, address: addressOf(i), method: "GET", path: "/v1/bank" });
    }
    const after = residentOctets(server.pid);
    return { [`MiB that ${ATMS_CONNECTED} ATMs hold`]: (after - before) / MIB, "MiB with all of them": after / MIB };
  } finally {
    for (const agent of agents) agent.destroy();
  }
}

/** Of a client: addresses are counted, when nobody has logged in. */
const addressOf = (index: number): string => `127.0.${1 + (index >> 8)}.${1 + (index & 0x7f)}`;

/** One card at an ATM of its own. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  readonly #port: number;
  readonly #atm: string;
  readonly #key: KeyObject;
  #token = "";
  /** What requests of the session are sealed with. */
  #seal: string | null = null;
  #count = 0;

  private constructor(port: number, atm: string, key: KeyObject) {
    this.#port = port;
    this.#atm = atm;
    this.#key = key;
  }

  static async open(port: number, index: number): Promise<Client> {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const client = new Client(port, `a${index}`, privateKey);
    const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64");
    await client.#post("/v1/atms", { id: client.#atm, publicKey: spki });
    const holder = { holder: `Holder ${index}`, currency: "USD", pin: PIN, deposit: "5000" };
    const { card } = await client.#post("/v1/holders", holder);
    const { token, seal } = await client.#post("/v1/login", { card, pin: PIN });
    client.#token = String(token);
    client.#seal = String(seal);
    return client;
  }

  async withdraw(): Promise<void> {
    await this.#post("/v1/withdrawals", { amount: "0.01" });
  }

  close(): void {
    this.#agent.destroy();
  }

  #proof(text: string): Readonly<Record<string, string>> {
    if (this.#seal !== null) return { "strata-seal": sealed(text, this.#seal) };
    return { "strata-signature": sign(null, Buffer.from(text), this.#key).toString("base64") };
  }

  async #post(path: string, given: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const key = `${this.#atm}-${++this.#count}`;
    const body = JSON.stringify(given);
    const seconds = Math.floor(Date.now() / 1000);
    const text = signedText({ method: "POST", path, seconds, key, body });
    const headers = {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      "idempotency-key": key,
      "strata-atm": this.#atm,
      "strata-time": String(seconds),
      ...this.#proof(text),
      ...(this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    return ask({ agent: this.#agent, port: this.#port, address: "127.0.0.1", method: "POST", path, headers, body });
  }
}

interface Asked {
  readonly agent: Agent;
  readonly port: number;
  /** Of the client. */
  readonly address: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Throws unless it is answered 200. */
async function ask({ agent, port, address, method, path, headers = {}, body }: Asked) {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const options = { agent, host: "127.0.0.1", port, localAddress: address, method, path, headers, timeout: 20_000 };
  const asked = request(options, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const answer: unknown = JSON.parse(text);
      if (response.statusCode === 200 && isWords(answer)) resolve(answer);
      else reject(new Error(`${method} ${path} was answered ${response.statusCode}: ${text}`));
    });
    response.on("error", reject);
  });
  asked.on("timeout", () => asked.destroy(new Error(`${path} was not answered in time`)));
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

const isWords = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null;
