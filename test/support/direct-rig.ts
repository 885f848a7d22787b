/**
 * Query threads that ask by themselves, on the simulated network and in one thread: what `net/threads` does for them in turns, done here after
 * each thing that happens. Beside it the plain way, an engine without threads, for comparison.
 */
import { LATER, type BatchSender, type Endpoint, Prefix, type Sent } from "../../net/index.ts";
import { AnswerCache } from "../../resolver/answer-cache.ts";
import { AnswerCounts, AnswerServer } from "../../resolver/answer-server.ts";
import { Claims } from "../../resolver/claims.ts";
import { DirectAsker } from "../../resolver/direct.ts";
import { type Engine, StubServer } from "../../resolver/index.ts";
import type { World } from "../resolver/world.ts";

const ALLOW = [Prefix.parse("127.0.0.0/8")];
const CLIENT = { address: "127.0.0.1", port: 4000, transport: "udp" } as const;
const LOOK_MILLISECONDS = 10;

const onFault = (error: unknown): never => {
  throw error;
};

/** The plain way. */
export class PlainRig {
  readonly engine: Engine;
  readonly stub: StubServer;

  constructor(world: World) {
    this.engine = world.engine({ minimise: true, prime: true });
    this.stub = new StubServer({ engine: this.engine, allow: ALLOW, onFault });
  }

  ask(request: Uint8Array): Promise<Uint8Array> {
    return askStub(this.stub, request);
  }
}

export class DirectRig {
  readonly engine: Engine;
  readonly stub: StubServer;
  readonly claims: Claims;
  readonly threads: readonly RigThread[];

  /** @param keeps Whether threads find the answers that are kept; these count their seconds otherwise than the cache. */
  constructor(world: World, { count = 1, keeps = true }: { readonly count?: number; readonly keeps?: boolean } = {}) {
    const claims = Claims.create(world.seed);
    this.claims = claims;
    this.engine = world.engine({ minimise: true, prime: true, claims });
    const answers = AnswerCache.create(1 << 20, world.seed);
    this.stub = new StubServer({
      engine: this.engine,
      allow: ALLOW,
      onFault,
      keeping: { answers, clock: world.clock },
    });
    this.threads = Array.from(
      { length: count },
      (_, i) =>
        new RigThread(world, this, {
          answers: keeps ? answers : AnswerCache.create(1 << 16, world.seed),
          owner: i + 1,
        }),
    );
    this.engine.direct!.onRoute((route) => {
      for (const { asker } of this.threads) asker.learn(route);
    });
  }

  ask(request: Uint8Array, thread = 0): Promise<Uint8Array> {
    return this.threads[thread]!.ask(request);
  }

  /** Answers that threads asked for by themselves. */
  get answersAsked(): number {
    return this.stub.answersAsked;
  }
}

interface ThreadParts {
  readonly answers: AnswerCache;
  readonly owner: number;
}

class RigThread {
  readonly asker: DirectAsker;
  /** As when the control thread has too much to do. */
  losesRequests = false;
  readonly #world: World;
  readonly #rig: DirectRig;
  readonly #handler: AnswerServer;
  readonly #waiting: ((response: Uint8Array) => void)[] = [];
  readonly #handedOn: { readonly request: Uint8Array; readonly from: BatchSender }[] = [];
  readonly #response = new Uint8Array(1232);
  #open = 0;
  #isDead = false;

  constructor(world: World, rig: DirectRig, { answers, owner }: ThreadParts) {
    this.#world = world;
    this.#rig = rig;
    const counts = new AnswerCounts();
    rig.stub.include(counts);
    this.#handler = new AnswerServer({ answers: answers.shared, clock: world.clock, allow: ALLOW, counts });
    const { claims } = rig;
    const { key } = this.#handler;
    const { clock, random } = world;
    this.asker = new DirectAsker(
      { claims, owner, key, counts, clock, random, limits: rig.engine.cache.options },
      {
        upstream: {
          ask: (server, message, length, awaiting) =>
            this.#send(server, message.slice(0, length), { message, awaiting }),
        },
        response: () => this.#response,
        respond: (octets, from) => this.#waiting[from.name[0]!]!(this.#response.slice(0, octets)),
        handOn: (request, from) => this.#handedOn.push({ request: request.slice(), from }),
        tell: (octets) => rig.stub.hear(octets, owner),
      },
    );
    rig.engine.direct!.begin(owner);
  }

  ask(request: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const response = new Uint8Array(1232);
    const length = this.#handler.handle(request, response, CLIENT);
    if (length !== LATER) return Promise.resolve(response.slice(0, length));
    const from = { name: Uint8Array.of(this.#waiting.length), control: new Uint8Array(0) };
    this.#waiting.push(resolve);
    if (!this.asker.take(request, from, 0)) this.#handedOn.push({ request: request.slice(), from });
    this.#endTurn();
    return promise;
  }

  /** Nothing reaches it any more. */
  kill(): void {
    this.#isDead = true;
  }

  #endTurn(): void {
    if (this.#isDead) return;
    this.asker.endTurn(this.#world.clock.now());
    for (const { request, from } of this.#handedOn.splice(0)) {
      if (this.losesRequests) continue;
      void askStub(this.#rig.stub, request).then((response) => this.#waiting[from.name[0]!]!(response));
    }
  }

  #look(): void {
    this.#endTurn();
    if (this.#open > 0 && !this.#isDead) this.#world.clock.after(LOOK_MILLISECONDS, () => this.#look());
  }

  #send(to: Endpoint, octets: Uint8Array, { message, awaiting }: Sending): Sent {
    const { network, random, clock } = this.#world;
    const id = random.below(0x1_0000);
    message[0] = octets[0] = id >> 8;
    message[1] = octets[1] = id & 255;
    const from = { address: "192.0.2.250", port: 10_000 + random.below(50_000) };
    let isOpen = true;
    if (this.#open++ === 0) clock.after(LOOK_MILLISECONDS, () => this.#look());
    const arrived = (reply: Uint8Array): void => {
      if (!isOpen || this.#isDead) return;
      const isOurs = reply.length >= 2 && reply[0] === octets[0] && reply[1] === octets[1];
      if (!isOurs || !awaiting.received(reply, reply.length)) awaiting.suspected();
      this.#endTurn();
    };
    network.send({ from, to, transport: "udp", octets }, (request) =>
      network.deliver(from, to, "udp", request, (response) => {
        if (response !== null) network.send({ from: to, to: from, transport: "udp", octets: response }, arrived);
      }),
    );
    return {
      end: () => {
        if (isOpen) this.#open--;
        isOpen = false;
      },
    };
  }
}

interface Sending {
  readonly message: Uint8Array;
  readonly awaiting: { received(octets: Uint8Array, length: number): boolean; suspected(): void };
}

/** Asks the control thread. */
export function askStub(stub: StubServer, request: Uint8Array): Promise<Uint8Array> {
  const response = new Uint8Array(4096);
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const length = stub.handle(request, response, CLIENT, resolve);
  return length === LATER ? promise : Promise.resolve(response.slice(0, length));
}
