/** A caching resolver at work: an engine, its Handler, the threads that give again what is known, and the listeners in front of it. */
import { availableParallelism } from "node:os";
import { type Log, systemClock, systemRandom } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { type Endpoint, type HttpListener, type Prefix, type QueryThreads, systemAsk } from "../net/index.ts";
import {
  ANSWER_OCTETS_DEFAULT,
  AnswerCache,
  Claims,
  createEngine,
  metricSamples,
  metricsText,
  startResolverThreads,
  StubServer,
  type ZoneServers,
} from "../resolver/index.ts";
import { listen, listenForMetrics, type Listening } from "./listening.ts";

export interface StubPlan {
  readonly listen: readonly Endpoint[];
  readonly hints: ZoneServers;
  /** Of the authoritative servers it asks. */
  readonly port: number;
  readonly allow: readonly Prefix[];
  readonly metrics: Endpoint | null;
  readonly layerOf: (zone: Name) => string | null;
  /** That answer over UDP what is known; with none this thread answers everything. */
  readonly threads: number | "auto";
  readonly log: Log;
}

export interface RunningStub {
  close(): Promise<void>;
}

/** Throws ListenError. */
export async function startStub(plan: StubPlan): Promise<RunningStub> {
  const { log } = plan;
  const count = plan.threads === "auto" ? availableParallelism() : plan.threads;
  const engine = createEngine(
    { ask: systemAsk({ clock: systemClock, random: systemRandom }), clock: systemClock, random: systemRandom },
    {
      hints: plan.hints,
      mode: "iterative",
      port: plan.port,
      prime: true,
      minimise: true,
      own: plan.listen,
      layerOf: plan.layerOf,
      ...(count === 0 ? {} : { claims: Claims.create(systemRandom.uint32() | 0) }),
    },
  );
  const answers = count === 0 ? null : AnswerCache.create(ANSWER_OCTETS_DEFAULT, systemRandom.uint32() | 0);
  const stub = new StubServer({
    engine,
    allow: plan.allow,
    authoritativePort: plan.port,
    onFault: (error) => log.error({ err: error }, "a bug ended a request"),
    ...(answers === null ? {} : { keeping: { answers, clock: systemClock } }),
  });
  const threads =
    answers === null
      ? null
      : await startResolverThreads({
          server: stub,
          answers,
          allow: plan.allow,
          clock: systemClock,
          log,
          threads: count,
        });
  const listening = await listenWith(threads, { plan, stub });
  const metrics = await openMetrics(plan, stub, listening);
  return {
    async close() {
      stub.stop();
      await Promise.all([listening.close(), metrics?.close()]);
    },
  };
}

interface Opening {
  readonly plan: StubPlan;
  readonly stub: StubServer;
}

/** UDP in the threads where there are any. Throws ListenError. */
async function listenWith(threads: QueryThreads | null, { plan, stub }: Opening): Promise<Listening> {
  const work = { endpoints: plan.listen, handler: stub, log: plan.log };
  if (threads === null) return listen(work);
  try {
    const listening = await listen({ ...work, elsewhere: ["udp"] });
    try {
      await threads.listen(plan.listen);
    } catch (error) {
      await listening.close();
      throw error;
    }
    const close = async (): Promise<void> => {
      await Promise.all([listening.close(), threads.close()]);
    };
    return { close };
  } catch (error) {
    await threads.close();
    throw error;
  }
}

async function openMetrics(plan: StubPlan, stub: StubServer, listening: Listening): Promise<HttpListener | null> {
  try {
    return await listenForMetrics(plan.metrics, () => metricsText(metricSamples(stub)), plan.log);
  } catch (error) {
    await listening.close();
    throw error;
  }
}
