/** One name server at work: its zones, its recursion, and the listeners in front of it. */
import { availableParallelism } from "node:os";
import { collectGarbage, type Files, type Log, systemClock, systemRandom } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { type HttpListener, type ListenLimits, NetCounters, type QueryThreads, type Recursion } from "../net/index.ts";
import {
  NameServer,
  nameServerMetricsPage,
  RATE_LIMITS,
  type RateLimits,
  startThreads,
  type TransportEvents,
  transportEvents,
} from "../nameserver/index.ts";
import { Compactor, ZoneLoader, ZoneStore } from "../zones/index.ts";
import { type Changing, changingOf } from "./changing.ts";
import { FileJournal } from "./file-journal.ts";
import { ControlChannel } from "./control/channel.ts";
import { openControl } from "./control/opening.ts";
import { listen, listenForMetrics, type Listening } from "./listening.ts";
import type { RecursionContext } from "./recursion.ts";
import type { RecursionSettings, ServeSettings } from "./settings.ts";
import { imagePlaces } from "./zone-images.ts";
import { ZoneKeeper } from "./zone-keeper.ts";

export interface NameServerParts {
  readonly files: Files;
  readonly log: Log;
  readonly note: (text: string) => void;
}

export interface RunningNameServer {
  readonly zones: ZoneKeeper;
  close(): Promise<void>;
}

/** Loads every zone, then opens every listener. Throws UsageError for zones that cannot be served, and ListenError. */
export async function startNameServer(settings: ServeSettings, parts: NameServerParts): Promise<RunningNameServer> {
  const store = ZoneStore.create();
  const compactor = new Compactor({ store, clock: systemClock, collectGarbage });
  const { files, log, note } = parts;
  const loader = new ZoneLoader({ store, files, log, clock: systemClock, imageOf: imagePlaces(settings.images) });
  const changing = changingOf({ settings, store, files, log });
  const { changer, journaled } = changing;
  const replaced = (apex: Name): void => changing.notifier?.changed(apex);
  const journal = journaled === null ? null : new FileJournal({ store, journaled, changer, files, note, replaced });
  const zones = new ZoneKeeper(settings.zones, { loader, files, note, journal, replaced });
  const server = await createNameServer(settings, { ...parts, store, changing });
  // Before the zones, so that the threads start while they are read.
  const counters = new NetCounters();
  const threads = await threadsFor(settings, { server, store, counters, log });
  try {
    await zones.load();
    await changing.load();
    const listening = await openListeners(settings, { server, threads, counters, log });
    const events = (): TransportEvents => {
      const tcp = threads?.tcp?.counters;
      return transportEvents([counters, ...(tcp === undefined ? [] : [tcp])], threads?.batchCounts ?? []);
    };
    await changing.start();
    const channel = new ControlChannel();
    const control = await openControl(channel, { ...changing, settings, store, zones, files, log });
    const page = nameServerMetricsPage({ counters: server.counters, store, events });
    const metrics = await openMetrics(settings, { page, listening, log });
    return {
      zones,
      async close() {
        await Promise.all([zones.close(), listening.close(), metrics?.close(), control?.close()]);
        await changing.close();
        compactor.close();
      },
    };
  } catch (error) {
    await Promise.all([zones.close(), threads?.close(), changing.close()]);
    compactor.close();
    throw error;
  }
}

interface Threaded {
  readonly server: NameServer;
  readonly store: ZoneStore;
  readonly counters: NetCounters;
  readonly log: Log;
}

/** Null when this thread is to answer by itself. */
async function threadsFor(settings: ServeSettings, { counters, ...threaded }: Threaded): Promise<QueryThreads | null> {
  const threads = settings.threads === "auto" ? availableParallelism() : settings.threads;
  if (threads === 0) return null;
  return startThreads({
    ...threaded,
    clock: systemClock,
    threads,
    netCounters: counters,
    limits: limitsOf(settings),
  });
}

function limitsOf({ bounds }: ServeSettings): Partial<ListenLimits> {
  return {
    tcpConnections: bounds.tcpConnections,
    tcpConnectionsPerClient: bounds.tcpConnectionsPerClient,
    tcpIdleMilliseconds: bounds.tcpIdleSeconds * 1000,
    tcpHeaderMilliseconds: bounds.tcpHeaderSeconds * 1000,
    tcpPipelined: bounds.tcpPipelined,
    tcpUnsentOctets: bounds.tcpUnsentOctets,
  };
}

interface Opening {
  readonly server: NameServer;
  readonly threads: QueryThreads | null;
  readonly counters: NetCounters;
  readonly log: Log;
}

/** In the threads where there are any, which leave TCP to this one where they cannot wait for it in the system. */
async function openListeners(settings: ServeSettings, { server, threads, counters, log }: Opening): Promise<Listening> {
  const listening = await listen({
    endpoints: settings.listen,
    handler: server,
    log,
    counters,
    limits: limitsOf(settings),
    ...(threads === null ? {} : { elsewhere: threads.tcp === null ? ["udp"] : ["udp", "tcp"] }),
  });
  if (threads === null) return listening;
  try {
    await threads.listen(settings.listen);
  } catch (error) {
    await listening.close();
    throw error;
  }
  return {
    async close() {
      await Promise.all([listening.close(), threads.close()]);
    },
  };
}

interface Creating extends NameServerParts {
  readonly store: ZoneStore;
  readonly changing: Changing;
}

async function createNameServer(settings: ServeSettings, { store, changing, files }: Creating): Promise<NameServer> {
  const { recursion, rateLimit, identity } = settings;
  const name = identity.id || settings.listen.map(({ address }) => address).join(",");
  return new NameServer({
    store,
    clock: systemClock,
    random: systemRandom,
    recursion: recursion === null ? null : await loadRecursion(recursion, { settings, identity: name, files }),
    control: changing.control,
    settings: {
      // An empty text keeps it to ourselves.
      identity: identity.id === "" ? null : name,
      version: identity.version === "" ? null : (identity.version ?? "Strata"),
      allow: settings.allow,
      deny: settings.deny,
      recursionAllow: recursion?.allow ?? [],
      rateLimits: rateLimitsOf(rateLimit),
      unlimited: settings.exempt,
      cookieSecrets: settings.cookieSecrets,
      payloadOctets: settings.bounds.udpPayloadOctets,
      tcpIdleMilliseconds: settings.bounds.tcpIdleSeconds * 1000,
    },
  });
}

/** Most servers offer none, and start sooner without what it takes. */
async function loadRecursion(recursion: RecursionSettings, context: RecursionContext): Promise<Recursion> {
  const { recursionOf } = await import("./recursion.ts");
  return recursionOf(recursion, context);
}

function rateLimitsOf({ exempt: _exempt, ...limits }: ServeSettings["rateLimit"]): RateLimits {
  return { ...RATE_LIMITS, ...limits };
}

interface MetricsParts {
  readonly page: () => Promise<string>;
  readonly listening: Listening;
  readonly log: Log;
}

async function openMetrics(
  { metrics }: ServeSettings,
  { page, listening, log }: MetricsParts,
): Promise<HttpListener | null> {
  try {
    return await listenForMetrics(metrics, page, log);
  } catch (error) {
    await listening.close();
    throw error;
  }
}
