/** The entry of a resolver's query thread: answers that are kept, see `answer-server.ts`. Started by way of `threads.ts`, and by nobody else. */
import { assert, systemClock, systemRandom } from "../base/index.ts";
import { Prefix, runQueryThread } from "../net/index.ts";
import type { SharedAnswers } from "./answer-cache.ts";
import { AnswerCounts, AnswerServer } from "./answer-server.ts";
import { Claims, type SharedClaims } from "./claims.ts";
import { DirectAsker } from "./direct.ts";
import type { PlainLimits } from "./plain-answer.ts";
import type { Route } from "./route.ts";

/** What a thread is given. */
export interface ResolverTask {
  readonly answers: SharedAnswers;
  /** Prefixes as text. */
  readonly allow: readonly string[];
  readonly counts: SharedArrayBuffer;
  /** For asking by itself; null where it is not to. */
  readonly direct: DirectTask | null;
}

export interface DirectTask {
  readonly claims: SharedClaims;
  readonly owner: number;
  readonly limits: PlainLimits;
}

/** `threads.ts` gives nothing else. */
function isTask(task: unknown): task is ResolverTask {
  return typeof task === "object" && task !== null && "answers" in task && "allow" in task;
}

const NEWS_MILLISECONDS = 20;

const nothing = (): void => undefined;

/** `threads.ts` tells nothing else. */
function isRoute(news: unknown): news is Route {
  return typeof news === "object" && news !== null && "zone" in news && "servers" in news;
}

runQueryThread((task, nextNews) => {
  assert(isTask(task), "this is the entry of a resolver's threads");
  const { answers, allow, counts: memory, direct } = task;
  const counts = new AnswerCounts(memory);
  const handler = new AnswerServer({
    answers,
    clock: systemClock,
    allow: allow.map((text) => Prefix.parse(text)),
    counts,
  });
  let asker: DirectAsker | null = null;
  let lookedAt = 0;
  // Looking costs more than a question does, and ways last longer than this.
  const afterTurn = (): void => {
    const now = systemClock.now();
    if (now - lookedAt < NEWS_MILLISECONDS) return;
    lookedAt = now;
    for (let news = nextNews(); news !== undefined; news = nextNews()) if (isRoute(news)) asker?.learn(news);
  };
  if (direct === null) return { handler, afterTurn, onNews: nothing };
  const { claims, ...rest } = direct;
  const parts = {
    ...rest,
    claims: new Claims(claims),
    key: handler.key,
    counts,
    clock: systemClock,
    random: systemRandom,
  };
  return {
    handler,
    asker: (tools) => (asker = new DirectAsker(parts, tools)),
    afterTurn,
    onNews: nothing,
  };
});
