/** An ATM's screen, key by key: where each leads, what is drawn at any size, and what is never drawn. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../cli/failure.ts";
import type { AtmOutcome } from "../../../cli/atm/outcome.ts";
import {
  answered,
  firstScreen,
  type Key,
  loggedIn,
  presented,
  press,
  type ScreenState,
} from "../../../cli/atm/screen.ts";
import { render } from "../../../cli/atm/screen-view.ts";
import { keysIn } from "../../../cli/atm/terminal.ts";
import { paintFor } from "../../../cli/output.ts";

const PLAIN = paintFor(false, {});
const COLOURS = paintFor(true, {});
const CARD = "9376538947825358";

const typed = (state: ScreenState, text: string): ScreenState =>
  keysIn(text).reduce((at, key) => (key === "interrupt" ? at : press(at, key)), state);

const atMenu = loggedIn(typed(firstScreen("firstbank.com", "atm7"), `${CARD}\r1234\r`));
const outcome = (status: string, message = status): AtmOutcome => ({
  ...{ status, message, key: "k1", balance: null, currency: "USD" },
  exitCode: status === "ok" ? EXIT.ok : EXIT.no,
});

describe("keys lead to requests", () => {
  test.each([
    [
      "card and PIN",
      firstScreen("firstbank.com", "atm7"),
      `${CARD}\r1234\r`,
      { kind: "login", card: CARD, pin: "1234" },
    ],
    [
      "letters are not taken",
      firstScreen("firstbank.com", "atm7"),
      `9a37653894782535x8\r12x34\r`,
      { kind: "login", card: CARD, pin: "1234" },
    ],
    [
      "a digit taken back",
      firstScreen("firstbank.com", "atm7"),
      `${CARD}\r12\u007f234\r`,
      { kind: "login", card: CARD, pin: "1234" },
    ],
    ["balance", atMenu, "1", { kind: "balance" }],
    ["balance by Enter", atMenu, "\r", { kind: "balance" }],
    ["withdraw by arrows", atMenu, "\u001b[B\r\u001b[B\r", { kind: "withdraw", amount: "50" }],
    ["the last by an arrow up", atMenu, "2\u001b[A\r30\r", { kind: "withdraw", amount: "30" }],
    ["withdraw an amount that is typed at once", atMenu, "212.50\r", { kind: "withdraw", amount: "12.50" }],
    ["fifty, typed", atMenu, "250\r", { kind: "withdraw", amount: "50" }],
    ["deposit", atMenu, "335\r", { kind: "deposit", amount: "35" }],
    ["transfer", atMenu, "41234567897\r5.05\r", { kind: "transfer", to: "1234567897", amount: "5.05" }],
    ["statement", atMenu, "5", { kind: "statement" }],
    ["PIN", atMenu, "61234\r2222\r2222\r", { kind: "pin", old: "1234", new: "2222" }],
    ["PIN, mistyped once", atMenu, "61234\r2222\r2223\r3333\r3333\r", { kind: "pin", old: "1234", new: "3333" }],
    ["after a way back", atMenu, "2\u001b", null],
  ] as const)("%s", (_what, from, keys, request) => {
    const { page } = typed(from, keys);
    expect(page).toMatchObject(request === null ? { kind: "menu" } : { kind: "asking", request });
  });

  test.each([
    ["half a card number", firstScreen("firstbank.com", "atm7"), "1234\r", "16 digits"],
    ["a short PIN", firstScreen("firstbank.com", "atm7"), `${CARD}\r123\r`, "4 to 12 digits"],
    ["no amount", atMenu, "2\u001b[A\r\r", "an amount is wanted"],
    ["nothing at all", atMenu, "20\r", "an amount is wanted"],
    ["half an account number", atMenu, "4123\r", "10 digits"],
  ])("%s is complained about", (_what, from, keys, complaint) => {
    expect(typed(from, keys).complaint).toContain(complaint);
  });

  test("while the bank is asked none counts, and the card is not forgotten", () => {
    const asking = typed(atMenu, "1");
    expect(typed(asking, "\r123\u001b\u001b[A")).toEqual(asking);
  });

  test("the card comes back from the menu, and takes the session with it", () => {
    expect(typed(atMenu, "7")).toEqual(firstScreen("firstbank.com", "atm7"));
    expect(typed(atMenu, "\u001b")).toEqual(firstScreen("firstbank.com", "atm7"));
    expect(typed(firstScreen("firstbank.com", "atm7"), "\u001b").isOver).toBe(true);
  });
});

describe("what the bank said", () => {
  test("who is not let in gets the card back", () => {
    const request = { kind: "login", card: CARD, pin: "1234" } as const;
    const told = answered(typed(firstScreen("firstbank.com", "atm7"), `${CARD}\r1234\r`), request, outcome("login"));
    expect(told.card).toBeNull();
    expect(typed(told, "\r")).toEqual(firstScreen("firstbank.com", "atm7"));
  });

  test("an outcome that is not known can be asked again, the same request", () => {
    const request = { kind: "withdraw", amount: "50" } as const;
    const told = answered(atMenu, request, outcome("unknown"));
    const { page } = typed(told, "\r");
    expect(page.kind === "asking" && page.request).toBe(request);
    expect(typed(told, "\u001b").page).toEqual({ kind: "menu", at: 0 });
    expect(typed(answered(atMenu, request, outcome("ok")), "\r").page).toEqual({ kind: "menu", at: 0 });
  });
});

describe("drawn", () => {
  const screens = [
    firstScreen("firstbank.com", "atm7"),
    typed(firstScreen("firstbank.com", "atm7"), `${CARD}\r98765`),
    ...["", "1", "2", "25", "2\u001b[A\r", "3", "4", "41234567897\r", "6", "61111\r98765"].map((keys) =>
      typed(atMenu, keys),
    ),
    presented(atMenu, ["1 × 50.00 USD", "2 × 20.00 USD"]),
    answered(
      atMenu,
      { kind: "statement" },
      outcome("ok", Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n")),
    ),
    answered(atMenu, { kind: "balance" }, outcome("unreached", "a very long reason ".repeat(40))),
  ];

  test.each([
    [1, 1],
    [20, 5],
    [43, 13],
    [44, 14],
    [80, 24],
    [300, 100],
  ])("at %d × %d it fits and fills", (columns, rows) => {
    for (const screen of screens) {
      const lines = render(screen, { columns, rows }, PLAIN);
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  test("a PIN is never to be read", () => {
    for (const screen of screens) {
      const text = render(screen, { columns: 80, rows: 24 }, COLOURS).join("\n");
      expect(text).not.toMatch(/98765|1111/);
    }
    expect(render(screens[1]!, { columns: 80, rows: 24 }, PLAIN).join("\n")).toContain("*****_");
  });

  test("colour adds nothing that is not there without it", () => {
    for (const screen of screens) {
      const strip = (line: string): string => line.replace(/\u001b\[\d+m/g, "");
      const size = { columns: 80, rows: 24 };
      expect(render(screen, size, COLOURS).map(strip)).toEqual(render(screen, size, PLAIN));
    }
  });

  test("the end of a long statement is what is seen", () => {
    expect(render(screens.at(-2)!, { columns: 80, rows: 24 }, PLAIN).join("\n")).toContain("line 39");
  });
});

test.each<[string, readonly (Key | "interrupt")[]]>([
  [
    "12",
    [
      { kind: "text", text: "1" },
      { kind: "text", text: "2" },
    ],
  ],
  ["\u001b[A\u001bOB", [{ kind: "up" }, { kind: "down" }]],
  ["\u001b[1;5C\u001b[200~", []],
  ["\u001b", [{ kind: "escape" }]],
  ["\u0003", ["interrupt"]],
  ["\r\b\u0000", [{ kind: "enter" }, { kind: "backspace" }]],
])("a terminal's %j", (text, keys) => expect(keysIn(text)).toEqual(keys));
