/**
 * The entry of a name server's query thread: the one road of `respond.ts` on the control thread's zones. Started by way of
 * `threads.ts`, and by nobody else.
 */
import { assert, collectGarbage, systemClock, systemRandom } from "../base/index.ts";
import { type NextNews, runQueryThread, type ThreadServer } from "../net/index.ts";
import { type SharedStore, ZoneStore } from "../zones/index.ts";
import { NameServerCounters } from "./counters.ts";
import type { RateAccounts } from "./limiter.ts";
import { type PostedSettings, unpackSettings } from "./posted-settings.ts";
import { NameServer } from "./server.ts";

/** What a thread is given. */
export interface NameServerTask {
  readonly store: SharedStore;
  readonly settings: PostedSettings;
  /** Whether questions that lead out of the zones are answered by the control thread. */
  readonly hasRecursion: boolean;
  /** Whether transfers, NOTIFY and UPDATE are. */
  readonly hasControl: boolean;
  readonly rateAccounts: RateAccounts | null;
  readonly counters: SharedArrayBuffer;
}

/** A thread that never rests lets go of an arena after so many batches all the same. */
const BUSY_TURNS_MAX = 4096;

class NameServerThread implements ThreadServer {
  readonly handler: NameServer;
  readonly #store: ZoneStore;
  readonly #nextNews: NextNews;
  /** An arena was left and is still in memory. */
  #hasLeftArena = false;
  #turnsSinceLeft = 0;

  constructor(task: NameServerTask, nextNews: NextNews) {
    this.#nextNews = nextNews;
    this.#store = ZoneStore.attach(task.store);
    this.#store.nextShared = () => this.#nextShared();
    this.handler = new NameServer({
      store: this.#store,
      clock: systemClock,
      random: systemRandom,
      recursion: task.hasRecursion ? "elsewhere" : null,
      control: task.hasControl ? "elsewhere" : null,
      counters: new NameServerCounters(task.counters),
      settings: unpackSettings(task.settings),
      ...(task.rateAccounts === null ? {} : { rateAccounts: task.rateAccounts }),
    });
  }

  readonly afterTurn = (count: number): void => {
    if (count === 0) this.onNews();
    else if (this.#hasLeftArena && ++this.#turnsSinceLeft > BUSY_TURNS_MAX) this.onNews();
  };

  /** Lets go of an arena that the zones have left, also when nobody asks. It takes milliseconds, so it waits for a rest between batches. */
  readonly onNews = (): void => {
    this.#store.refresh();
    if (!this.#hasLeftArena) return;
    this.#hasLeftArena = false;
    collectGarbage();
  };

  /** Sent before the old arena said that it was left, so it is there. */
  #nextShared(): SharedStore {
    const news = this.#nextNews();
    assert(isShared(news), "the writer says where it moved before it says that it did");
    this.#hasLeftArena = true;
    this.#turnsSinceLeft = 0;
    return news;
  }
}

/** `threads.ts` tells nothing else. */
function isShared(news: unknown): news is SharedStore {
  return typeof news === "object" && news !== null && "arena" in news && "control" in news;
}

/** `threads.ts` gives nothing else. */
function isTask(task: unknown): task is NameServerTask {
  return typeof task === "object" && task !== null && "store" in task && "settings" in task;
}

runQueryThread((task, nextNews) => {
  assert(isTask(task), "this is the entry of a name server's threads");
  return new NameServerThread(task, nextNews);
});
