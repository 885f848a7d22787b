/** The chain option: what comes back is what was written, and no more servers than a chain may have passed. */
import { expect, test } from "vitest";
import { type Chain, decodeChain, encodeChain } from "../../net/index.ts";

const chainOf = (servers: number): Chain => ({
  passed: Array.from({ length: servers }, (_, i) => `s${i}`),
  messagesLeft: 5,
  octetsLeft: 6_000,
  millisecondsLeft: 700,
  trace: true,
});

test("a chain is written and read", () => {
  expect(decodeChain(encodeChain(chainOf(16)).data)).toEqual(chainOf(16));
  expect(decodeChain(encodeChain(chainOf(17)).data)!.passed[0]).toBe("s1");
});

test("more than 16 servers, and every piece of a chain, are none", () => {
  const { data } = encodeChain(chainOf(16));
  for (let end = 0; end < data.length; end++) expect(decodeChain(data.slice(0, end))).toBeNull();
  const longer = Uint8Array.of(...data, 1, 0x61);
  longer[10] = 17;
  expect(decodeChain(longer)).toBeNull();
});
