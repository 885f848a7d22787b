/** The dearest messages a decoder can be sent, against the bound of a millisecond each (DESIGN §8). Run by hand. */
import { CLASS, decodeMessage, emptyMessage, encodeMessage, Name, TYPE } from "../dns/index.ts";
import { pointerBomb } from "../test/support/bomb.ts";

const ROUNDS = 300;

function measure(what: string, octets: Uint8Array): void {
  let best = Infinity;
  const samples: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now();
    try {
      decodeMessage(octets);
    } catch {
      // Refused is fine; how long it took is the question.
    }
    samples.push(performance.now() - began);
    best = Math.min(best, samples.at(-1)!);
  }
  samples.sort((a, b) => a - b);
  process.stdout.write(
    `${what}: ${octets.length} octets, median ${samples[ROUNDS / 2]!.toFixed(3)} ms, best ${best.toFixed(3)} ms\n`,
  );
}

for (const octets of [1232, 4096, 16_384, 65_503]) {
  for (const chains of [1, 4]) measure(`bomb of ${chains} chains`, pointerBomb(octets, octets < 8000 ? 1 : chains));
}
const owner = Name.parse("host.example.");
const answer = Array.from({ length: 4000 }, (_, i) => ({
  owner,
  type: TYPE.A,
  class: CLASS.IN,
  ttlSeconds: 1,
  rdata: Uint8Array.of(10, 0, i >> 8, i & 255),
}));
const query = {
  ...emptyMessage,
  id: 1,
  response: true,
  authoritative: true,
  answer,
};
measure("4000 addresses", encodeMessage(query));
