import { connect } from "node:net";
import { fastify } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addGate } from "../../bank/http/gate.ts";
import { HttpBank } from "./http-bank.ts";
import { type Route, routesOf } from "./http-routes.ts";

let bank: HttpBank;
beforeEach(async () => {
  bank = await HttpBank.open();
});
afterEach(() => bank[Symbol.asyncDispose]());

/** Everything that comes back for these octets until the server hangs up. */
function talk(port: number, octets: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let heard = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(octets));
  socket.on("data", (chunk) => (heard += chunk.toString()));
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(heard));
  return promise;
}

describe("requests", () => {
  const listening = async (): Promise<number> => {
    const app = bank.anotherApp({ limits: { requestMillisecondsMax: 200 } });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const address = app.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  };

  test.each([
    ["half a header", "POST /v1/login HTTP/1.1\r\nHost: b"],
    [
      "half a body",
      'POST /v1/login HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"card"',
    ],
  ])("%s are given up after their time", async (_what, octets) => {
    expect(await talk(await listening(), octets)).toMatch(/^(HTTP\/1\.1 408|$)/);
  });

  test.each([
    ["no HTTP", "hello\r\n\r\n", 400],
    ["a header that is too large", `GET /v1/bank HTTP/1.1\r\nHost: b\r\nX: ${"x".repeat(9000)}\r\n\r\n`, 431],
    ["two lengths", "POST /v1/login HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400],
    [
      "a length and chunks",
      "POST /v1/login HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
  ])("%s are refused", async (_what, octets, code) => {
    expect(await talk(await listening(), octets)).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
  });

  test.each([
    ["a body of 17 KiB", JSON.stringify({ card: "9".repeat(17_000), pin: "1234" }), "application/json", 413],
    ["half of JSON", '{"card":"9', "application/json", 400],
    ["nothing", "", "application/json", 400],
    ["a list", "[]", "application/json", 400],
    ["a deep list", "[".repeat(8000), "application/json", 400],
    ["a prototype", '{"__proto__":{"role":"auditor"},"card":"9","pin":"1"}', "application/json", 400],
    ["a number for a text", '{"card":9000000000000000,"pin":1234}', "application/json", 400],
    ["one word too many", '{"card":"9000000000000000","pin":"1234","role":"auditor"}', "application/json", 400],
    ["a form", "card=9&pin=1", "application/x-www-form-urlencoded", 415],
    ["no type", "x", "text/plain", 415],
  ])("%s is refused", async (_what, payload, type, code) => {
    const options = { method: "POST", url: "/v1/login", payload, headers: { "content-type": type } } as const;
    const { code: found, body } = await bank.ask(options);
    expect(found).toBe(code);
    expect(Object.keys(body)).toEqual(["status", "message"]);
  });

  test.each([
    ["/v1/login", { card: "9000000000000000" }, "pin is missing"],
    ["/v1/login", { card: "9000000000000000", pin: "1" }, "pin: a PIN of 4 to 12 digits is wanted"],
    ["/v1/login", { card: 9, pin: "1234" }, "card: a card's number of 16 digits is wanted"],
    ["/v1/login", { card: "9000000000000000", pin: "1234", role: "auditor" }, "role is not known here"],
    ["/v1/holders", { holder: "", pin: "1234" }, "holder: a text of 1 to 100 characters in one line is wanted"],
    [
      "/v1/holders",
      { holder: "x", pin: "1234", deposit: "-5" },
      /^deposit: an amount in digits, such as 50 or 12.30, is/,
    ],
    ["/v1/holders", { holder: "x", pin: "1234", deposit: "12.345" }, /finer than USD goes: at most 2 digits/],
    ["/v1/holders", { holder: "x", pin: "1234", deposit: "999999999999999" }, /is more than one command may move/],
    ["/v1/holders", { holder: "x", pin: "1234", kind: "gold" }, "kind: one of current, savings is wanted"],
    ["/v1/holders", { holder: "x", pin: "1234", currency: "ABC" }, /keeps accounts in USD, EUR, not in ABC/],
  ])("%s with %j is told what is wrong", async (url, payload, message) => {
    const { code, body } = await bank.call({ url, payload, key: bank.key() });
    expect(code).toBe(400);
    expect(body["message"]).toMatch(typeof message === "string" ? new RegExp(`^${message}$`) : message);
  });

  test.each(["\u0000", "\u0085", "\u009b31m", "\u2028", "\u202e", "\u2067", "\ud800", "a\udc00b", "x".repeat(141)])(
    "a reference with %j in it is refused, and the books are right",
    async (reference) => {
      const [{ card }, { account }] = [await bank.opened(), await bank.opened("Bob")];
      const token = await bank.holder(card);
      const pay = (text: string) =>
        bank.call({
          url: "/v1/transfers",
          payload: { to: account, amount: "1", reference: text },
          token,
          key: bank.key(),
        });
      expect(await pay(reference)).toMatchObject({ code: 400, body: { status: "bad-request" } });
      expect(await pay("Ünal & Söhne, 家賃 🏦, שכר")).toMatchObject({ code: 200 });
      expect((await bank.reader.verify()).faults).toEqual([]);
    },
  );

  test.each(["/v1/accounts/%", "/v1/accounts/%ff", `/v1/accounts/${"9".repeat(200)}`])("%s is no path", async (url) => {
    const { code, body } = await bank.get(url);
    expect(code).toBeGreaterThanOrEqual(400);
    expect(body["status"]).toBe("bad-request");
  });

  test("too many at once are put off, of a session and of an address; made-up tokens do not help", async () => {
    const { card } = await bank.opened();
    const token = await bank.holder(card);
    const app = bank.anotherApp({ limits: { requestsPerSecondMax: 5 } });
    const ask = (headers: Record<string, string>) => bank.ask({ url: "/v1/accounts", headers }, app);
    const counted = async (headers: (i: number) => Record<string, string>): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(headers(i))));
      return answers.filter(({ code, body }) => code === 429 && body["status"] === "too-many").length;
    };
    expect(await counted(() => ({ authorization: `Bearer ${token}` }))).toBeGreaterThan(20);
    expect(await counted((i) => ({ authorization: `Bearer made-up-${i}` }))).toBeGreaterThan(20);
    await app.close();
  });
});

describe("the OpenAPI document", () => {
  test("has every route with a summary, what it asks for, and what it answers", async () => {
    const { code, body } = await bank.get("/openapi.json");
    expect(code).toBe(200);
    const paths = body["paths"] as Record<string, Record<string, Record<string, unknown>>>;
    // Pages are for people and are no part of it.
    const isDescribed = ({ url }: Route): boolean => url.startsWith("/v1/") || url === "/openapi.json";
    const routes = (await routesOf(bank.app)).filter(isDescribed);
    expect(routes.length).toBeGreaterThan(35);
    for (const { method, url } of routes) {
      const described = paths[url.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
      expect(described, `${method} ${url}`).toMatchObject({
        summary: expect.stringMatching(/.{10}/),
        security: expect.arrayContaining([expect.any(Object)]),
        responses: { 200: expect.any(Object) },
      });
      if (method === "POST" && !/logout|approve|decline|revocation/.test(url)) {
        expect(described, url).toHaveProperty("requestBody");
      }
    }
    expect(Object.keys(paths).length).toBe(new Set(routes.map(({ url }) => url)).size);
  });

  test("a route that does not say who may come in cannot be added", () => {
    const app = fastify();
    addGate(app);
    expect(() => app.get("/v1/open-to-all", () => "x")).toThrow(/does not say who may come in/);
  });
});
