/** The entry of a resolver's query thread: answers that are kept, see `answer-server.ts`. Started by way of `threads.ts`, and by nobody else. */
import { assert, systemClock } from "../base/index.ts";
import { Prefix, runQueryThread } from "../net/index.ts";
import type { SharedAnswers } from "./answer-cache.ts";
import { AnswerCounts, AnswerServer } from "./answer-server.ts";

/** What a thread is given. */
export interface ResolverTask {
  readonly answers: SharedAnswers;
  /** Prefixes as text. */
  readonly allow: readonly string[];
  readonly counts: SharedArrayBuffer;
}

/** `threads.ts` gives nothing else. */
function isTask(task: unknown): task is ResolverTask {
  return typeof task === "object" && task !== null && "answers" in task && "allow" in task;
}

const nothing = (): void => undefined;

runQueryThread((task) => {
  assert(isTask(task), "this is the entry of a resolver's threads");
  const { answers, allow, counts } = task;
  const handler = new AnswerServer({
    answers,
    clock: systemClock,
    allow: allow.map((text) => Prefix.parse(text)),
    counts: new AnswerCounts(counts),
  });
  return { handler, afterTurn: nothing, onNews: nothing };
});
