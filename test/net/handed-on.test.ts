import { expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { type HandedOn, HandingOn, readHandedOn } from "../../net/threads/handed-on.ts";

const SEED = Number(process.env["SEED"] ?? 2026);

const read = (octets: Uint8Array): HandedOn[] => {
  const all: HandedOn[] = [];
  readHandedOn(octets, (handed) => all.push(handed));
  return all;
};

test(`what is handed on comes out as it went in, turn by turn (SEED=${SEED})`, () => {
  const random = new SeededRandom(SEED);
  const handingOn = new HandingOn();
  const turns: { readonly sent: readonly HandedOn[]; readonly taken: Uint8Array }[] = [];
  for (let turn = 0; turn < 60; turn++) {
    const sent = Array.from({ length: random.below(65) }, () => ({
      request: random.octets(random.below(random.below(20) === 0 ? 65_536 : 200)),
      socket: random.below(1 << 16),
      from: { name: random.octets(random.pick([16, 28])), control: random.octets(random.pick([0, 0, 24, 64])) },
    }));
    for (const { request, from, socket } of sent) handingOn.add(request, from, socket);
    expect(handingOn.count).toBe(sent.length);
    turns.push({ sent, taken: handingOn.take() });
  }
  // Only now, because later turns must not change what earlier ones gave.
  for (const { sent, taken } of turns) expect(read(taken)).toEqual(sent);
  expect(read(handingOn.take())).toEqual([]);
}, 60_000);
