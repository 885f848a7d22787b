/** Commands as text and back: what a proposal keeps until a second person says yes. */
import { describe, expect, test } from "vitest";
import { type Command, decodeCommand, encodeCommand } from "../../bank/index.ts";
import { advice, card, change, hold, reverse } from "../support/bank-words.ts";

const order = { holder: "h1", from: "ada", to: "bob", amount: "1250", reference: "", every: "day" } as const;
const proposal = { by: "tess", state: "open", decidedBy: null, key: "approved:x", command: "{}", about: "x" } as const;

describe("a command that was written down is the same when it is read", () => {
  test.each<[string, Command]>([
    ["a movement's amount is a number", advice("ada", "bob", 12_345_678_901_234_567n)],
    ["a hold's too", hold("ada", "bob", 500n)],
    ["no amount stays none", reverse("k", null)],
    ["an account's limits are numbers", change("ada", { overdraft: 5n, withdrawalMax: 7n })],
    ["a card's are text, as everything in a document", card("active", 1)],
    [
      "a standing order's amount is text",
      {
        ...{ kind: "set", what: "standing-order", id: "h1:o", ifVersion: 0 },
        value: { ...order, nextDay: 20, dayOfMonth: 1, last: null },
      },
    ],
    ["a document in a document", { kind: "set", what: "proposal", id: "x", ifVersion: 0, value: proposal }],
    ["a removal", { kind: "set", what: "payee", id: "x", value: null, ifVersion: 3 }],
  ])("%s", (_situation, command) => {
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
  });
});
