/** Keeping records under a lease (RFC 9664 §5.2), by a simulated clock. */
import { expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { WorkError } from "../../cli/failure.ts";
import { Registration } from "../../cli/registration.ts";
import type { UpdateSender } from "../../cli/update-sender.ts";
import { query } from "../support/messages.ts";

/** A server that grants the lease given, and what it was sent when. */
async function registered(grantedSeconds: number) {
  const clock = new SimulatedClock();
  const sent: { readonly at: number; readonly lines: number }[] = [];
  const state = { address: "192.0.2.1", isDown: false, trouble: 0 };
  const sender: Pick<UpdateSender, "send"> = {
    send({ updates }) {
      sent.push({ at: clock.now(), lines: updates.length });
      if (state.isDown) return Promise.reject(new WorkError("no answer"));
      const lease = { seconds: grantedSeconds, keySeconds: null };
      return Promise.resolve({ message: query("vu.nl", "SOA"), lease } as Awaited<ReturnType<UpdateSender["send"]>>);
    },
  };
  const registration = await Registration.begin(
    { sender, leaseSeconds: 30, clock, random: new SeededRandom(1) },
    {
      lines: () => ["delete a.vu.nl A", `add a.vu.nl 30 A ${state.address}`],
      withdrawal: () => ["delete a.vu.nl A"],
      onMoved: () => undefined,
      onTrouble: () => void state.trouble++,
    },
  );
  const stopper = new AbortController();
  const kept = registration.keep(stopper.signal);
  return { clock, sent, state, stopper, kept };
}

test.each([1, 2, 5, 30, 3600])("a lease of %i s is renewed before it ends, however short", async (seconds) => {
  const { clock, sent, stopper, kept } = await registered(seconds);
  await clock.advance(10_000 * seconds);
  stopper.abort();
  await kept;
  const gaps = sent.slice(1, -1).map(({ at }, i) => at - sent[i]!.at);
  expect(gaps.length).toBeGreaterThanOrEqual(9);
  expect(Math.max(...gaps)).toBeLessThan(900 * seconds + 100);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(800 * seconds);
});

test("an address that is another is told at the next look", async () => {
  const { clock, sent, state, stopper, kept } = await registered(3600);
  await clock.advance(1500);
  state.address = "192.0.2.2";
  await clock.advance(1000);
  expect(sent.map(({ at }) => at)).toEqual([0, 2000]);
  stopper.abort();
  await kept;
});

test("a server that is away is tried again at each look, and the lease renewed when it is back", async () => {
  const { clock, sent, state, stopper, kept } = await registered(30);
  state.isDown = true;
  await clock.advance(29_000);
  expect(state.trouble).toBeGreaterThan(2);
  state.isDown = false;
  const before = sent.length;
  await clock.advance(2000);
  expect(sent.length).toBe(before + 1);
  stopper.abort();
  await kept;
});
