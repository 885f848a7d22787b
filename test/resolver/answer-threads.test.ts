import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { AnswerCache } from "../../resolver/answer-cache.ts";
import { AnswerKey } from "../../resolver/answer-key.ts";
import { type AnswerWriterTask, numberIn, requestFor, WRITER, WRITER_WORDS } from "../support/answer-writer.ts";

const SEED = Number(process.env["SEED"] ?? 4711);
const READINGS = 200_000;
const RECORDS = 20;

test.each([
  // More than fit: most readings find an entry that the writer is about to overwrite, or has.
  ["are overwritten by others", 200],
  // All in one set or two of the index.
  ["are kept again and again", 3],
])("answers that %s while they are read come out whole or not at all", { timeout: 60_000 }, async (_, names) => {
  const cache = AnswerCache.create(1 << 16, SEED);
  const signs = new SharedArrayBuffer(4 * WRITER_WORDS);
  const words = new Int32Array(signs);
  const task: AnswerWriterTask = { answers: cache.shared, signs, names, records: RECORDS };
  const worker = new Worker(new URL("../support/answer-writer.ts", import.meta.url), { workerData: task });
  const ended = once(worker, "exit");
  await once(worker, "online");
  // Until it is at work.
  Atomics.wait(words, WRITER.KEPT, 0, 10_000);
  const key = new AnswerKey(SEED);
  const requests = Array.from({ length: names }, (__, i) => requestFor(i));
  const response = new Uint8Array(1232);
  const numbers = new Set<number>();
  let found = 0;
  try {
    for (let i = 0; i < READINGS; i++) {
      key.read(requests[i % names]!);
      const length = cache.find(key, 1, response);
      if (length === 0) continue;
      found++;
      const number = numberIn(response, length, RECORDS);
      // Not by expect, which would take most of the time.
      if (number < 0 || number % names !== i % names) throw new Error(`reading ${i} (SEED=${SEED}) is torn: ${number}`);
      numbers.add(number);
    }
  } finally {
    Atomics.store(words, WRITER.STOP, 1);
    await ended;
  }
  expect(found).toBeGreaterThan(READINGS / 100);
  expect(numbers.size, "answers seen of those that were kept meanwhile").toBeGreaterThan(100);
});
