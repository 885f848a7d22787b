/** How a client comes to a bank: found by name, believed by its key, asked with the same key until it is known what became of a request. */
import { createServer, type Server } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { SeededRandom, SimulatedClock, systemClock, systemRandom, toHex } from "../../base/index.ts";
import {
  BankClient,
  BankFinder,
  type BankPlace,
  CallError,
  createAuthority,
  type HttpReply,
  httpsSender,
  issueCertificate,
  publicKeyDigest,
} from "../../bank/index.ts";
import { KnownNames } from "../support/known-names.ts";

const NEVER = new AbortController().signal;

const finderOver = (names: KnownNames, clock = new SimulatedClock(), seed = 1): BankFinder =>
  new BankFinder({ bank: "firstbank.com", resolve: names.resolve, clock, random: new SeededRandom(seed) });

const hostsOf = async (finder: BankFinder): Promise<string[]> => (await finder.places(NEVER)).map(({ host }) => host);

const TWO = [
  "_bank._tcp.firstbank.com 60 SRV 0 0 443 one.firstbank.com.",
  "_bank._tcp.firstbank.com 60 SRV 10 0 444 two.firstbank.com.",
  "one.firstbank.com 30 A 192.0.2.1",
  "two.firstbank.com 60 A 192.0.2.2",
  "two.firstbank.com 60 AAAA 2001:db8::2",
  `_443._tcp.one.firstbank.com 60 TLSA 3 1 1 ${"ab".repeat(32)}`,
];

describe("a bank's servers by its name", () => {
  test("with their addresses and keys, by priority (RFC 2782)", async () => {
    const names = new KnownNames();
    names.records = TWO;
    expect(await finderOver(names).places(NEVER)).toEqual([
      { host: "one.firstbank.com", address: "192.0.2.1", port: 443, keyDigests: ["ab".repeat(32)] },
      { host: "two.firstbank.com", address: "192.0.2.2", port: 444, keyDigests: [] },
      { host: "two.firstbank.com", address: "2001:db8::2", port: 444, keyDigests: [] },
    ]);
  });

  test("are kept until the first TTL ends", async () => {
    const names = new KnownNames();
    names.records = TWO;
    const clock = new SimulatedClock();
    const finder = finderOver(names, clock);
    await finder.places(NEVER);
    const { asked } = names;
    await clock.advance(29_000);
    await finder.places(NEVER);
    expect(names.asked).toBe(asked);
    await clock.advance(1000);
    await Promise.all([finder.places(NEVER), finder.places(NEVER)]);
    expect(names.asked).toBe(2 * asked);
  });

  test("after a failure are looked up again, and the one that failed comes last for a while", async () => {
    const names = new KnownNames();
    names.records = TWO;
    const clock = new SimulatedClock();
    const finder = finderOver(names, clock);
    const [one] = await finder.places(NEVER);
    const { asked } = names;
    finder.failed(one!);
    expect(await hostsOf(finder)).toEqual(["two.firstbank.com", "two.firstbank.com", "one.firstbank.com"]);
    expect(names.asked).toBe(2 * asked);
    await clock.advance(30_000);
    expect((await hostsOf(finder))[0]).toBe("one.firstbank.com");
  });

  test("are remembered while the resolver is silent, and forgotten when it says that there are none", async () => {
    const names = new KnownNames();
    names.records = TWO;
    const clock = new SimulatedClock();
    const finder = finderOver(names, clock);
    await finder.places(NEVER);
    await clock.advance(3_600_000);
    names.isSilent = true;
    expect(await hostsOf(finder)).toHaveLength(3);
    names.isSilent = false;
    names.records = [];
    await expect(finder.places(NEVER)).rejects.toMatchObject({ code: "STORE" });
    names.isSilent = true;
    await expect(finderOver(names).places(NEVER)).rejects.toMatchObject({ code: "UNKNOWN" });
  });

  test('a target of "." says that there is no such service', async () => {
    const names = new KnownNames();
    names.records = ["_bank._tcp.firstbank.com 60 SRV 0 0 0 ."];
    await expect(finderOver(names).places(NEVER)).rejects.toMatchObject({ code: "STORE" });
  });
});

type Way = HttpReply | "unreached" | "lost" | ((place: BankPlace) => HttpReply);

const said = (code: number, body: unknown = {}): HttpReply => ({ code, text: JSON.stringify(body) });

/** Asks through servers that do as told, in order; the last way stays. Says which were asked with which key. */
async function askedOf(ways: readonly Way[], records = TWO) {
  const names = new KnownNames();
  names.records = records;
  const clock = new SimulatedClock();
  const asked: string[] = [];
  let next = 0;
  const client = new BankClient({
    finder: finderOver(names, clock),
    ...{ clock, random: new SeededRandom(1), tryMilliseconds: 1000, totalMilliseconds: 5000, absentMilliseconds: 2000 },
    send: (place, { headers }) => {
      asked.push(`${place.host.split(".")[0]!} ${headers["idempotency-key"] ?? ""}`);
      const way = ways[Math.min(next++, ways.length - 1)]!;
      if (way === "unreached" || way === "lost") return Promise.reject(new CallError(way, way === "lost"));
      return Promise.resolve(typeof way === "function" ? way(place) : way);
    },
  });
  const call = { method: "POST", path: "/v1/withdrawals", body: { amount: "5" }, key: "k1" } as const;
  const outcome = await clock.run(client.call(call, NEVER));
  return { outcome, asked, milliseconds: clock.now() };
}

describe("the same key is asked", () => {
  test("of the next server when the first is not reached", async () => {
    const { outcome, asked } = await askedOf(["unreached", said(200, { status: "ok" })]);
    expect(outcome).toMatchObject({ kind: "answered", code: 200 });
    expect(asked).toEqual(["one k1", "two k1"]);
  });

  test.each([
    ["an answer that is lost", "lost" as const],
    ["504", said(504)],
    ["503", said(503)],
    ["429", said(429)],
    ["500", said(500)],
  ])("again after %s, and what the ledger then says counts", async (_what, way) => {
    const { outcome, asked } = await askedOf([way, said(409, { status: "insufficient-funds" })]);
    expect(outcome).toMatchObject({ kind: "answered", code: 409 });
    expect(asked).toHaveLength(2);
  });

  test.each([401, 403, 400, 404])("a %d after an answer that was lost leaves it unknown", async (code) => {
    expect((await askedOf(["lost", said(code)])).outcome).toMatchObject({ kind: "unknown" });
    expect((await askedOf(["unreached", said(code)])).outcome).toMatchObject({ kind: "answered", code });
  });

  test.each([
    ["nobody is reached", ["unreached"], "unreached", 2000],
    ["every server says 503", [said(503)], "unreached", 5000],
    ["one that says 503 is gone then", [said(503), "unreached"], "unreached", 5000],
    ["one answer of many is lost", ["unreached", "lost", "unreached"], "unknown", 5000],
    ["a server says 504", [said(503), said(504), said(503)], "unknown", 5000],
  ] as const)("for so long and no longer when %s", async (_what, ways, kind, most) => {
    const { outcome, asked, milliseconds } = await askedOf(ways);
    expect(outcome.kind).toBe(kind);
    expect(asked.length).toBeGreaterThan(6);
    expect(new Set(asked.map((line) => line.split(" ")[1]))).toEqual(new Set(["k1"]));
    expect(milliseconds).toBeLessThanOrEqual(most);
    expect(milliseconds).toBeGreaterThan(most / 2);
  });

  test("where the name leads nowhere it is unreached", async () => {
    const { outcome } = await askedOf(["unreached"], []);
    expect(outcome).toMatchObject({ kind: "unreached" });
    expect(outcome.kind === "unreached" && outcome.reason).toContain("no server of firstbank.com is registered");
  });
});

describe("over HTTPS", () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  const parts = { nowSeconds: systemClock.wallSeconds(), random: systemRandom };

  async function bank() {
    const authority = await createAuthority("firstbank.com", parts);
    const wish = { names: ["one.firstbank.com"], addresses: [], days: 1 };
    const { certificate, key } = await issueCertificate(authority, wish, parts);
    const requests: string[] = [];
    const server: Server = createServer({ cert: certificate, key }, (request, response) => {
      requests.push(request.url ?? "");
      if (request.url === "/hangs") return;
      response.end('{"status":"ok"}');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(() => (server.closeAllConnections(), server.close()));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const keyDigests = [toHex(publicKeyDigest(certificate))];
    return { authority: authority.certificate, requests, place: placeAt(port, keyDigests) };
  }

  const placeAt = (port: number, keyDigests: readonly string[]): BankPlace => ({
    ...{ host: "one.firstbank.com", address: "127.0.0.1", port, keyDigests },
  });
  const get = (path = "/v1/bank") => ({ method: "GET", path, headers: {}, body: null }) as const;

  function sender(authority: string | null, clock = systemClock) {
    const send = httpsSender(authority, clock);
    closing.push(() => send.close());
    return send;
  }

  test("the bank's authority, or the key that its TLSA record names, says whom to believe (RFC 6698, RFC 7671)", async () => {
    const { authority, place } = await bank();
    expect(await sender(authority)({ ...place, keyDigests: [] }, get(), 5000)).toMatchObject({ code: 200 });
    expect(await sender(null)(place, get(), 5000)).toMatchObject({ code: 200 });
  });

  test("whoever has another key, another authority, or another name gets not one octet", async () => {
    const { authority, place, requests } = await bank();
    const other = await createAuthority("firstbank.com", parts);
    for (const call of [
      sender(null)({ ...place, keyDigests: ["00".repeat(32)] }, get(), 5000),
      sender(null)({ ...place, keyDigests: [] }, get(), 5000),
      sender(other.certificate)(place, get(), 5000),
      sender(authority)({ ...place, host: "two.firstbank.com" }, get(), 5000),
    ]) {
      await expect(call).rejects.toMatchObject({ wasSent: false });
    }
    expect(requests).toEqual([]);
  });

  test("a server that takes the connection and says nothing costs two seconds, and nothing was sent", async () => {
    const server = createTcpServer(() => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(() => server.close());
    const address = server.address();
    const clock = new SimulatedClock();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const call = sender(null, clock)(placeAt(port, []), get(), 5000);
    const judged = expect(call).rejects.toMatchObject({ wasSent: false });
    await clock.advance(2000);
    await judged;
  });

  test("one that takes the request and never answers costs the time it was given", async () => {
    const { authority, place, requests } = await bank();
    const clock = new SimulatedClock();
    const send = sender(authority, clock);
    await send(place, get(), 5000);
    const call = send(place, get("/hangs"), 5000);
    const judged = expect(call).rejects.toMatchObject({ wasSent: true });
    while (!requests.includes("/hangs")) await clock.advance(0);
    await clock.advance(5000);
    await judged;
  });

  test("nobody there is known at once", async () => {
    const { place } = await bank();
    closing.splice(0).forEach((close) => close());
    await expect(sender(null)(place, get(), 5000)).rejects.toMatchObject({ wasSent: false });
  });
});
