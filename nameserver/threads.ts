/** The query threads of a name server, which answer from the control thread's zones and share its accounts, secrets and counters. */
import type { Clock, Log } from "../base/index.ts";
import { type ListenLimits, type NetCounters, QueryThreads, type QueryThreadsParts } from "../net/index.ts";
import type { ZoneStore } from "../zones/index.ts";
import { NameServerCounters } from "./counters.ts";
import { packSettings } from "./posted-settings.ts";
import type { NameServer } from "./server.ts";
import type { NameServerTask } from "./thread.ts";

export interface NameServerThreadsParts {
  /** Answers what the threads hand on. */
  readonly server: NameServer;
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: number;
  readonly limits?: Partial<ListenLimits>;
  /** Takes what this thread counts of datagrams. */
  readonly netCounters?: NetCounters;
  readonly transport?: NonNullable<QueryThreadsParts["transport"]>;
}

/** The entry beside this file: a source in the repository, compiled in the package. */
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** Starts the threads; they answer after `listen`. */
export async function startThreads({ server, store, ...parts }: NameServerThreadsParts): Promise<QueryThreads> {
  const counters: NameServerCounters[] = [];
  const countersAt = (index: number): NameServerCounters => {
    const known = counters[index];
    if (known !== undefined) return known;
    const made = new NameServerCounters();
    counters[index] = made;
    server.counters.include(made);
    return made;
  };
  const threads = await QueryThreads.start({
    ...parts,
    entry: ENTRY,
    task: (index): NameServerTask => ({
      store: store.shared,
      settings: packSettings(server.settings),
      hasRecursion: server.hasRecursion,
      hasControl: server.hasControl,
      rateAccounts: server.rateAccounts,
      counters: countersAt(index).memory,
    }),
    handler: server,
    handedOn: { handle: (...request) => server.handleHandedOn(...request) },
    onClosed: () => {
      store.onMove = null;
    },
  });
  store.onMove = (shared) => threads.tell(shared);
  return threads;
}
