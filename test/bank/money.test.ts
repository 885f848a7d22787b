import { describe, expect, test } from "vitest";
import { formatAmount, parseAmount } from "../../bank/index.ts";

describe("amounts as text (ISO 4217 minor units)", () => {
  test.each([
    ["50", "USD", 5000n, "50.00"],
    ["12.3", "USD", 1230n, "12.30"],
    ["0.01", "EUR", 1n, "0.01"],
    ["7", "JPY", 7n, "7"],
    ["1.234", "KWD", 1234n, "1.234"],
  ])("%s %s is %s minor units, shown as %s", (text, currency, amount, shown) => {
    expect(parseAmount(text, currency)).toBe(amount);
    expect(formatAmount(amount, currency)).toBe(shown);
  });

  test("what is owed has a sign", () => {
    expect(formatAmount(-5n, "USD")).toBe("-0.05");
  });

  test.each(["", "-1", "1,5", "1.234", "1e3", " 1", "1.", ".5", "9999999999999999", "0x10", "Infinity"])(
    "%j is no amount of USD",
    (text) => {
      expect(() => parseAmount(text, "USD")).toThrow(expect.objectContaining({ code: "AMOUNT" }) as Error);
    },
  );

  test("a currency that nobody knows", () => {
    expect(() => parseAmount("1", "XYZ")).toThrow(/no currency of this bank/);
  });
});
