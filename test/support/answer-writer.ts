/**
 * A thread that keeps answers without a pause, in memory that others read meanwhile. All records of an answer have the number under which
 * it was kept, so that an answer put together from two of them shows.
 */
import { workerData } from "node:worker_threads";
import { encodeMessage, Name } from "../../dns/index.ts";
import { AnswerCache, type SharedAnswers } from "../../resolver/answer-cache.ts";
import { AnswerKey } from "../../resolver/answer-key.ts";
import { query } from "./messages.ts";

export interface AnswerWriterTask {
  readonly answers: SharedAnswers;
  /** Words; see WRITER. */
  readonly signs: SharedArrayBuffer;
  readonly names: number;
  readonly records: number;
}

/** Places of the signs: not 0 when it is time to end, and how many answers were kept. */
export const WRITER = { STOP: 0, KEPT: 1 } as const;
export const WRITER_WORDS = 2;

/** More than a test waits for: a thread that nobody stops ends. */
const KEPT_MAX = 50_000_000;
/** A record whose owner is a pointer and whose RDATA is an address; the address stands last. */
const RECORD_OCTETS = 16;

const ownerOf = (name: number): string => `host${name}.example.`;

export function requestFor(name: number): Uint8Array {
  return encodeMessage(query(ownerOf(name), "A", { recursionDesired: true }));
}

/** The number that all records of the answer have; -1 when they differ, or are not as many as there should be. */
export function numberIn(response: Uint8Array, length: number, records: number): number {
  const view = new DataView(response.buffer, response.byteOffset, length);
  const first = view.getUint32(length - 4);
  for (let i = 1; i < records; i++) if (view.getUint32(length - RECORD_OCTETS * i - 4) !== first) return -1;
  return view.getUint16(6) === records ? first : -1;
}

function write({ answers, signs, names, records }: AnswerWriterTask): void {
  const cache = new AnswerCache(answers);
  const words = new Int32Array(signs);
  const key = new AnswerKey(cache.seed);
  const requests = Array.from({ length: names }, (_, i) => requestFor(i));
  const responses = requests.map((_, i) => {
    const owner = Name.parse(ownerOf(i));
    const rr = { owner, type: 1, class: 1, ttlSeconds: 300, rdata: new Uint8Array(4) };
    const answer = Array.from({ length: records }, () => rr);
    return encodeMessage(query(ownerOf(i), "A", { response: true, answer }));
  });
  for (let number = 1; number < KEPT_MAX && Atomics.load(words, WRITER.STOP) === 0; number++) {
    const name = number % names;
    const response = responses[name]!;
    const view = new DataView(response.buffer, response.byteOffset);
    for (let i = 0; i < records; i++) view.setUint32(response.length - RECORD_OCTETS * i - 4, number);
    key.read(requests[name]!);
    cache.put(key, response, 0);
    if (Atomics.add(words, WRITER.KEPT, 1) === 0) Atomics.notify(words, WRITER.KEPT);
  }
}

function isTask(task: unknown): task is AnswerWriterTask {
  return typeof task === "object" && task !== null && "answers" in task && "names" in task;
}

const task: unknown = workerData;
if (isTask(task)) write(task);
