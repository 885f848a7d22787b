/** The simulated network's weather; that it asks like the real one is held in ask.test.ts. */
import { expect, test } from "vitest";
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import { decodeMessage, encodeMessage } from "../../dns/index.ts";
import { type Handler, MemoryNetwork, type Transport, type Weather } from "../../net/index.ts";
import { query } from "../support/messages.ts";

const server = { address: "192.0.2.53", port: 53 };
const answering: Handler = {
  handle(request, response) {
    const octets = encodeMessage({ ...decodeMessage(request), response: true });
    response.set(octets);
    return octets.length;
  },
};

function world(weather: Partial<Weather> = {}, seed = 1) {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock, new SeededRandom(seed), weather);
  network.attach(server, answering);
  const ask = network.ask("192.0.2.1");
  const signal = new AbortController().signal;
  const once = (transport: Transport = "udp"): Promise<string> => {
    const answer = ask(server, query("a.example.", "A"), { transport, timeoutMilliseconds: 1000, signal });
    return answer.then(
      (reply) => String(reply.roundTripMilliseconds),
      (error: { code: string }) => error.code,
    );
  };
  return { clock, network, once };
}

test.each([
  ["udp", "20"],
  ["tcp", "40"],
] as const)("%s takes %s ms at 10 ms a way", async (transport, roundTrip) => {
  const { clock, once } = world();
  expect(await clock.run(once(transport))).toBe(roundTrip);
});

test("half of the datagrams lost: about a quarter come back, the same ones for the same seed", async () => {
  const results = async (seed: number): Promise<string[]> => {
    const { clock, once } = world({ loss: 0.5 }, seed);
    return clock.run(Promise.all(Array.from({ length: 200 }, () => once())));
  };
  const first = await results(5);
  const answered = first.filter((result) => result === "20").length;
  expect(answered).toBeGreaterThan(25);
  expect(answered).toBeLessThan(75);
  expect(await results(5)).toEqual(first);
  expect(await results(6)).not.toEqual(first);
});

test("TCP gets through what loses datagrams", async () => {
  const { clock, once } = world({ loss: 1 });
  expect(await clock.run(Promise.all([once("udp"), once("tcp")]))).toEqual(["TIMEOUT", "40"]);
});

test("jitter lets a later datagram overtake", async () => {
  const { clock, network, once } = world({ jitterMilliseconds: 50 });
  const sent: number[] = [];
  const arrived: number[] = [];
  network.attach(server, {
    handle(request, response) {
      arrived.push(request[0]! * 256 + request[1]!);
      return answering.handle(request, response, { ...server, transport: "udp" }, () => undefined);
    },
  });
  network.watch = ({ to, octets }) => void (to === server && sent.push(octets[0]! * 256 + octets[1]!));
  await clock.run(Promise.all(Array.from({ length: 20 }, () => once())));
  expect(arrived).not.toEqual(sent);
  expect([...arrived].sort()).toEqual([...sent].sort());
});

test("every datagram twice does no harm", async () => {
  const { clock, network, once } = world({ duplication: 1 });
  let handled = 0;
  network.attach(server, {
    handle(request, response, peer, later) {
      handled++;
      return answering.handle(request, response, peer, later);
    },
  });
  expect(await clock.run(once())).toBe("20");
  expect(handled).toBe(2);
});

test("partitions and hosts without power, until healed", async () => {
  const { clock, network, once } = world();
  network.partition("192.0.2.1", "192.0.2.53");
  expect(await clock.run(Promise.all([once("udp"), once("tcp")]))).toEqual(["TIMEOUT", "TIMEOUT"]);
  network.heal();
  network.partition("192.0.2.2", "192.0.2.53");
  expect(await clock.run(once())).toBe("20");
  network.silence("192.0.2.53");
  expect(await clock.run(once())).toBe("TIMEOUT");
  network.heal();
  expect(await clock.run(once())).toBe("20");
});

test("what is detached is unreachable", async () => {
  const { clock, network, once } = world();
  {
    using _attached = network.host("192.0.2.54").attach(53, answering);
  }
  expect(await clock.run(once())).toBe("20");
  const gone = network.attach(server, answering);
  gone[Symbol.dispose]();
  expect(await clock.run(once())).toBe("UNREACHABLE");
});
