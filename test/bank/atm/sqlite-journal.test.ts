/** An ATM's journal on a disk does what the one in memory does, keeps whole changes only, and serves several processes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom } from "../../../base/index.ts";
import {
  type AtmJournal,
  type CashOperation,
  forgetPin,
  judgePin,
  rememberPin,
  SqliteJournal,
} from "../../../bank/index.ts";
import { MemoryJournal } from "./memory-journal.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "strata-journal-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const operation = (key: string, more: Partial<CashOperation> = {}): CashOperation => ({
  ...{ key, kind: "withdrawal", card: "9000000000000009", currency: "USD", amount: 2n ** 62n, state: "intent" },
  ...{ notes: [{ denomination: 2000n, count: 2 }], cause: null, isOffline: false, wasBooked: false, isUnknown: false },
  ...{ owner: "1", atSeconds: 1_700_000_000, answer: null, ...more },
});

const advice = { kind: "withdrawal", card: "9", currency: "USD", amount: 5n, key: "k", of: "k", atSeconds: 1 } as const;

describe.each<[string, () => AtmJournal]>([
  ["in memory", () => new MemoryJournal()],
  ["on a disk", () => new SqliteJournal(join(folder, "journal.sqlite"))],
])("a journal %s", (_where, open) => {
  test("gives back what it was given", () => {
    const journal = open();
    journal.change((page) => {
      page.put(operation("a"));
      page.put(operation("b", { state: "taken", atSeconds: 1_700_000_100 }));
      page.put(operation("a", { state: "suspect", answer: { status: "ok", balance: "1.00", message: null } }));
      page.setCassettes([{ denomination: 5000n, count: 1 }]);
      page.setCassettes([
        { denomination: 2000n, count: 7 },
        { denomination: 1000n, count: 0 },
      ]);
      page.setBins({ retracted: 1n, deposited: 2n });
      page.setWord("x", "1");
      page.setWord("x", "2");
      for (let i = 0; i < 3; i++) page.addAdvice(advice);
      page.dropAdvice(3);
      page.addAdvice(advice);
    });
    expect(
      journal.change((page) => ({
        open: page.openOperations().map(({ key, state, amount }) => [key, state, amount]),
        ended: [0, 1_700_000_100, 1_700_000_101].map((from) => page.operationsSince(from).length),
        b: page.operation("b"),
        none: page.operation("c"),
        cassettes: page.cassettes(),
        bins: page.bins(),
        words: [page.word("x"), page.word("y")],
        sequences: page.advices().map(({ sequence }) => sequence),
      })),
    ).toEqual({
      open: [["a", "suspect", 2n ** 62n]],
      ended: [1, 1, 0],
      b: operation("b", { state: "taken", atSeconds: 1_700_000_100 }),
      none: null,
      cassettes: [
        { denomination: 2000n, count: 7 },
        { denomination: 1000n, count: 0 },
      ],
      bins: { retracted: 1n, deposited: 2n },
      words: ["2", null],
      // A number is never used again: the bank goes by it.
      sequences: [1, 2, 4],
    });
  });

  test("keeps nothing of a change that fails", () => {
    const journal = open();
    const failing = (): void =>
      journal.change((page) => {
        page.setWord("x", "1");
        throw new RangeError("no");
      });
    expect(failing).toThrow(RangeError);
    expect(journal.change((page) => page.word("x"))).toBeNull();
  });

  test("judges a PIN three times, and forgets it when told", () => {
    const journal = open();
    const judged = (pin: string) => judgePin(journal, "9", pin);
    expect(judged("1234")).toBe("not-known");
    rememberPin(journal, "9", "1234", new SeededRandom(1));
    expect(["1234", "0000", "1234", "0", "0", "0", "1234"].map(judged)).toEqual([
      ...["right", "wrong", "right", "wrong", "wrong", "wrong", "not-known"],
    ]);
    rememberPin(journal, "9", "1234", new SeededRandom(1));
    forgetPin(journal, "9");
    expect(judged("1234")).toBe("not-known");
  });
});

test("another process of the ATM sees what the first wrote, and what was open stays so", () => {
  const path = join(folder, "journal.sqlite");
  const [one, two] = [new SqliteJournal(path), new SqliteJournal(path)];
  one.change((page) => page.put(operation("a")));
  expect(two.change((page) => page.openOperations())).toEqual([operation("a")]);
  one.close();
  two.close();
  const again = new SqliteJournal(path);
  expect(again.change((page) => page.operation("a"))).toEqual(operation("a"));
  again.close();
});

test("a database of something else is refused, and left as it was", () => {
  const path = join(folder, "journal.sqlite");
  const other = new DatabaseSync(path);
  other.exec("PRAGMA user_version = 77; CREATE TABLE mine (x)");
  other.close();
  expect(() => new SqliteJournal(path)).toThrow(expect.objectContaining({ code: "STORE" }) as Error);
});
