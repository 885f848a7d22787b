/** The query threads of a resolver: they give answers that are kept, and hand the rest on to the thread of `serve.ts`. */
import type { Clock, Log } from "../base/index.ts";
import { type Prefix, QueryThreads, type QueryThreadsParts } from "../net/index.ts";
import type { AnswerCache } from "./answer-cache.ts";
import { THREADS_MAX } from "./claims.ts";
import { AnswerCounts } from "./answer-server.ts";
import type { StubServer } from "./serve.ts";
import type { DirectTask, ResolverTask } from "./thread.ts";

export interface ResolverThreadsParts {
  readonly server: StubServer;
  /** Where the server keeps answers. */
  readonly answers: AnswerCache;
  readonly allow: readonly Prefix[];
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: number;
  readonly transport?: NonNullable<QueryThreadsParts["transport"]>;
}

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** Starts the threads; they answer over UDP after `listen`. */
export async function startThreads({ server, answers, allow, ...parts }: ResolverThreadsParts): Promise<QueryThreads> {
  const counts: AnswerCounts[] = [];
  const countsAt = (index: number): AnswerCounts => {
    const known = counts[index];
    if (known !== undefined) return known;
    const made = new AnswerCounts();
    counts[index] = made;
    server.include(made);
    return made;
  };
  const { direct, cache } = server.engine;
  const directTask = (index: number): DirectTask | null => {
    if (direct === null || index >= THREADS_MAX) return null;
    direct.begin(index + 1);
    const { ttlSecondsMin, ttlSecondsMax } = cache.options;
    return { claims: direct.claims.shared, owner: index + 1, limits: { ttlSecondsMin, ttlSecondsMax } };
  };
  const threads = await QueryThreads.start({
    ...parts,
    entry: ENTRY,
    task: (index): ResolverTask => ({
      answers: answers.shared,
      allow: allow.map((prefix) => prefix.toString()),
      counts: countsAt(index).memory,
      direct: directTask(index),
    }),
    onTold: (octets, index) => server.hear(octets, index + 1),
    handler: server,
    handedOn: server,
    tcp: "elsewhere",
  });
  // Others would never read it.
  if (threads.transport === "batch") direct?.onRoute((route) => threads.tell(route));
  return threads;
}
