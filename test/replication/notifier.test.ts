import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import { decodeMessage, encodeMessage, type Message, Name, OPCODE, RCODE, type Rr } from "../../dns/index.ts";
import { type Handler, MemoryNetwork } from "../../net/index.ts";
import { Notifier } from "../../replication/index.ts";
import { soaSerial } from "../../zones/index.ts";
import { rr } from "../support/messages.ts";

const apex = Name.parse("vu.nl.");
const secondary = { address: "192.0.2.2", port: 53 };

interface Wishes {
  readonly windowSeconds?: number;
  readonly answer?: number | null;
}

/** A primary that tells one secondary, which answers with this RCODE; null: not at all. */
function rig({ windowSeconds = 0, answer = RCODE.NOERROR }: Wishes = {}) {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock, new SeededRandom(1));
  const told: { readonly message: Message; readonly atSeconds: number }[] = [];
  const rules = { answer };
  const handler: Handler = {
    handle(request, response) {
      const message = decodeMessage(request);
      told.push({ message, atSeconds: Math.round(clock.now() / 1000) });
      if (rules.answer === null) return 0;
      const octets = encodeMessage({ ...message, response: true, rcode: rules.answer, answer: [] });
      response.set(octets);
      return octets.length;
    },
  };
  let attached = network.attach(secondary, handler);
  const stopListening = (): (() => void) => {
    attached[Symbol.dispose]();
    return () => void (attached = network.attach(secondary, handler));
  };
  const zone = { serial: 1 };
  const soaOf = (): Rr => rr(`vu.nl. 300 SOA ns. admin. ${zone.serial} 1 1 1 1`);
  const target = { endpoint: secondary, key: null };
  const warned: string[] = [];
  const log = { ...silentLog, warn: (_: unknown, words: string) => void warned.push(words) };
  const parts = { ask: network.ask("192.0.2.1"), clock, log, soaOf };
  const notifier = new Notifier([{ apex, targets: [target], windowSeconds }], parts);
  const change = (): void => {
    zone.serial++;
    notifier.changed(apex);
  };
  const serials = (): number[] => told.map(({ message }) => soaSerial(message.answer[0]!.rdata));
  return { clock, notifier, told, rules, change, serials, stopListening, warned };
}

describe("NOTIFY (RFC 1996)", () => {
  test("tells at once, with the zone's SOA (§3.7), and is done when it is answered", async () => {
    const { clock, notifier, told, change, serials } = rig();
    change();
    await clock.advance(100_000);
    expect(serials()).toEqual([2]);
    expect(told[0]!.message).toMatchObject({ opcode: OPCODE.NOTIFY, authoritative: true, response: false });
    expect(notifier.statusOf(apex)).toMatchObject([{ target: "192.0.2.2:53", serial: 2, answer: "NOERROR" }]);
  });

  test("gathers what happens within the window, counted from the first change", async () => {
    const { clock, change, told, serials } = rig({ windowSeconds: 60 });
    for (let i = 0; i < 1000; i++) {
      change();
      await clock.advance(50);
    }
    await clock.advance(11_000);
    expect(serials()).toEqual([1001]);
    expect(told[0]!.atSeconds).toBe(60);
    change();
    await clock.advance(61_000);
    expect(serials()).toEqual([1001, 1002]);
  });

  test("tells again and again with growing patience, and then says that it is not heard (§3.6)", async () => {
    const { clock, change, told, notifier } = rig({ answer: null });
    change();
    await clock.advance(600_000);
    expect(told.map(({ atSeconds }) => atSeconds)).toEqual([0, 2, 6, 14, 30]);
    expect(notifier.statusOf(apex)[0]!.answer).toMatch(/did not answer/);
  });

  test("what is newer takes the place of what is still being told", async () => {
    const { clock, change, rules, serials, notifier } = rig({ answer: null });
    change();
    await clock.advance(3000);
    rules.answer = RCODE.NOERROR;
    change();
    await clock.advance(100_000);
    expect(serials()).toEqual([2, 2, 3]);
    expect(notifier.statusOf(apex)).toMatchObject([{ serial: 3, answer: "NOERROR" }]);
  });

  test("where nobody listens yet it is told again later", async () => {
    const { clock, change, told, stopListening } = rig();
    const listenAgain = stopListening();
    change();
    await clock.advance(3000);
    listenAgain();
    await clock.advance(100_000);
    expect(told.map(({ atSeconds }) => atSeconds)).toEqual([6]);
  });

  test("a refusal is an answer", async () => {
    const { clock, change, serials, notifier } = rig({ answer: RCODE.NOTAUTH });
    change();
    await clock.advance(100_000);
    expect([serials().length, notifier.statusOf(apex)[0]!.answer]).toEqual([1, "NOTAUTH"]);
  });

  test("a refusal is said once, however many changes there are, and again after it was heeded meanwhile", async () => {
    const { clock, change, rules, warned } = rig({ answer: RCODE.REFUSED });
    for (const answer of [RCODE.REFUSED, RCODE.REFUSED, RCODE.NOERROR, RCODE.REFUSED]) {
      rules.answer = answer;
      change();
      await clock.advance(1000);
    }
    expect(warned).toHaveLength(2);
    expect(warned[0]).toMatch(/refuses NOTIFY/);
  });

  test("at a start all are told; closed, nobody is", async () => {
    const { clock, notifier, serials, change } = rig({ windowSeconds: 60 });
    notifier.start();
    await clock.advance(1000);
    expect(serials()).toEqual([1]);
    change();
    notifier.close();
    await clock.advance(100_000);
    expect(serials()).toEqual([1]);
  });
});
