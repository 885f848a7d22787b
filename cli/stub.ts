/** A caching resolver at work: an engine, its Handler, and the listeners in front of it. */
import { type Log, systemClock, systemRandom } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { type Endpoint, type HttpListener, type Prefix, systemAsk } from "../net/index.ts";
import { createEngine, metricSamples, metricsText, StubServer, type ZoneServers } from "../resolver/index.ts";
import { listen, listenForMetrics, type Listening } from "./listening.ts";

export interface StubPlan {
  readonly listen: readonly Endpoint[];
  readonly hints: ZoneServers;
  /** Of the authoritative servers it asks. */
  readonly port: number;
  readonly allow: readonly Prefix[];
  readonly metrics: Endpoint | null;
  readonly layerOf: (zone: Name) => string | null;
  readonly log: Log;
}

export interface RunningStub {
  close(): Promise<void>;
}

/** Throws ListenError. */
export async function startStub(plan: StubPlan): Promise<RunningStub> {
  const { log } = plan;
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
    },
  );
  const stub = new StubServer({
    engine,
    allow: plan.allow,
    onFault: (error) => log.error({ err: error }, "a bug ended a request"),
  });
  const listening = await listen({ endpoints: plan.listen, handler: stub, log });
  const metrics = await openMetrics(plan, stub, listening);
  return {
    async close() {
      stub.stop();
      await Promise.all([listening.close(), metrics?.close()]);
    },
  };
}

async function openMetrics(plan: StubPlan, stub: StubServer, listening: Listening): Promise<HttpListener | null> {
  try {
    return await listenForMetrics(plan.metrics, () => metricsText(metricSamples(stub)), plan.log);
  } catch (error) {
    await listening.close();
    throw error;
  }
}
