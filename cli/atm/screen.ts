/**
 * What an ATM's screen shows and does with a key, without a terminal: `press` makes the next state of a key, `answered` of what the bank said.
 * What is to be asked stands in the state; whoever drives the screen (`screen-run.ts`) asks it. `screen-view.ts` draws it.
 */
import type { AtmOutcome } from "./outcome.ts";

export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "enter" | "backspace" | "escape" | "up" | "down" };

/** What is to be asked of the bank. */
export type ScreenRequest =
  | { readonly kind: "login"; readonly card: string; readonly pin: string }
  | { readonly kind: "balance" | "statement" }
  | { readonly kind: "withdraw" | "deposit"; readonly amount: string }
  | { readonly kind: "transfer"; readonly to: string; readonly amount: string }
  | { readonly kind: "pin"; readonly old: string; readonly new: string };

export type Choice = "balance" | "withdraw" | "deposit" | "transfer" | "statement" | "pin" | "card";

export const MENU: readonly (readonly [choice: Choice, text: string])[] = [
  ["balance", "Balance"],
  ["withdraw", "Withdraw cash"],
  ["deposit", "Deposit cash"],
  ["transfer", "Transfer"],
  ["statement", "Mini statement"],
  ["pin", "Change PIN"],
  ["card", "Take your card"],
];

export const AMOUNTS: readonly string[] = ["20", "50", "100", "200"];

export type Page =
  | { readonly kind: "card"; readonly card: string }
  | { readonly kind: "pin"; readonly card: string; readonly pin: string }
  | { readonly kind: "menu"; readonly at: number }
  /** One of AMOUNTS, or another. */
  | { readonly kind: "amounts"; readonly at: number }
  | { readonly kind: "amount"; readonly of: "withdraw" | "deposit"; readonly text: string }
  | { readonly kind: "payee"; readonly text: string }
  | { readonly kind: "sum"; readonly to: string; readonly text: string }
  /** Old, new, and new again. */
  | { readonly kind: "new-pin"; readonly given: readonly string[]; readonly text: string }
  | { readonly kind: "asking"; readonly request: ScreenRequest }
  /** Notes lie in the open shutter. */
  | { readonly kind: "notes"; readonly notes: readonly string[]; readonly areTaken: boolean }
  /** Null: it is not asked again. */
  | {
      readonly kind: "told";
      readonly title: string;
      readonly lines: readonly string[];
      readonly again: ScreenRequest | null;
    };

export interface ScreenState {
  readonly bank: string;
  readonly id: string;
  readonly page: Page;
  /** What was wrong with what was typed. */
  readonly complaint: string;
  /** The last digits of the card that is in. */
  readonly card: string | null;
  /** Nobody stands there any more. */
  readonly isOver: boolean;
}

export const firstScreen = (bank: string, id: string): ScreenState => ({
  ...{ bank, id, card: null, complaint: "", isOver: false },
  page: { kind: "card", card: "" },
});

const AMOUNT = /^\d{1,9}(\.\d{0,2})?$/;
const PIN = /^\d{4,12}$/;

export function press(state: ScreenState, key: Key): ScreenState {
  const { page } = state;
  switch (page.kind) {
    case "asking":
      return state;
    case "notes":
      return key.kind === "enter" ? { ...state, page: { ...page, areTaken: true } } : state;
    case "menu":
      return pressMenu(state, page.at, key);
    case "amounts":
      return pressAmounts(state, page.at, key);
    case "told":
      return pressTold(state, page.again, key);
    default:
      return pressField(state, page, key);
  }
}

type Field = Extract<Page, { kind: "card" | "pin" | "amount" | "payee" | "sum" | "new-pin" }>;

function pressField(state: ScreenState, page: Field, key: Key): ScreenState {
  switch (key.kind) {
    case "escape":
      if (page.kind === "card") return { ...state, isOver: true };
      return page.kind === "pin" ? firstScreen(state.bank, state.id) : menuOf(state);
    case "backspace":
      return withText(state, page, textOf(page).slice(0, -1));
    case "enter":
      return entered(state, page);
    case "text": {
      const text = textOf(page) + key.text;
      return isFitting(page, text) ? withText(state, page, text) : state;
    }
    default:
      return state;
  }
}

export function textOf(page: Field): string {
  if (page.kind === "card") return page.card;
  return page.kind === "pin" ? page.pin : page.text;
}

function withText(state: ScreenState, page: Field, text: string): ScreenState {
  const next: Page =
    page.kind === "card" ? { ...page, card: text } : page.kind === "pin" ? { ...page, pin: text } : { ...page, text };
  return { ...state, complaint: "", page: next };
}

/** Whatever else is typed is not taken. */
function isFitting(page: Field, text: string): boolean {
  switch (page.kind) {
    case "card":
      return /^\d{1,16}$/.test(text);
    case "payee":
      return /^\d{1,10}$/.test(text);
    case "pin":
    case "new-pin":
      return /^\d{1,12}$/.test(text);
    default:
      return AMOUNT.test(text);
  }
}

function entered(state: ScreenState, page: Field): ScreenState {
  const wrong = (complaint: string): ScreenState => ({ ...state, complaint });
  const text = textOf(page);
  switch (page.kind) {
    case "card":
      if (text.length !== 16) return wrong("a card's number has 16 digits");
      return { ...state, complaint: "", page: { kind: "pin", card: text, pin: "" } };
    case "pin":
      if (!PIN.test(text)) return wrong("a PIN has 4 to 12 digits");
      return asking({ ...state, card: page.card.slice(-4) }, { kind: "login", card: page.card, pin: text });
    case "amount":
      return isAmount(text)
        ? asking(state, { kind: page.of, amount: amountOf(text) })
        : wrong("an amount is wanted, such as 50");
    case "payee":
      if (text.length !== 10) return wrong("an account's number has 10 digits");
      return { ...state, complaint: "", page: { kind: "sum", to: text, text: "" } };
    case "sum":
      if (!isAmount(text)) return wrong("an amount is wanted, such as 50 or 12.30");
      return asking(state, { kind: "transfer", to: page.to, amount: amountOf(text) });
    case "new-pin":
      return enteredPin(state, page.given, text);
  }
}

function enteredPin(state: ScreenState, before: readonly string[], text: string): ScreenState {
  if (!PIN.test(text)) return { ...state, complaint: "a PIN has 4 to 12 digits" };
  const given = [...before, text];
  const [old = "", wanted, again] = given;
  if (again === undefined || wanted === undefined)
    return { ...state, complaint: "", page: { kind: "new-pin", given, text: "" } };
  if (wanted === again) return asking(state, { kind: "pin", old, new: wanted });
  return { ...state, complaint: "the two are not the same", page: { kind: "new-pin", given: [old], text: "" } };
}

const isAmount = (text: string): boolean => AMOUNT.test(text) && Number(text) > 0;
const amountOf = (text: string): string => text.replace(/\.$/, "");

function pressMenu(state: ScreenState, at: number, key: Key): ScreenState {
  if (key.kind === "escape") return firstScreen(state.bank, state.id);
  const chosen = chosenOf(at, MENU.length, key);
  if (chosen.kind === "at") return { ...state, page: { kind: "menu", at: chosen.at } };
  const [choice] = MENU[chosen.at]!;
  const into = (page: Page): ScreenState => ({ ...state, complaint: "", page });
  switch (choice) {
    case "balance":
    case "statement":
      return asking(state, { kind: choice });
    case "withdraw":
      return into({ kind: "amounts", at: 0 });
    case "deposit":
      return into({ kind: "amount", of: "deposit", text: "" });
    case "transfer":
      return into({ kind: "payee", text: "" });
    case "pin":
      return into({ kind: "new-pin", given: [], text: "" });
    case "card":
      return firstScreen(state.bank, state.id);
  }
}

function pressAmounts(state: ScreenState, at: number, key: Key): ScreenState {
  if (key.kind === "escape") return menuOf(state);
  // Here digits are an amount, not the number of a line.
  if (key.kind === "text") {
    const typed = { kind: "amount", of: "withdraw", text: "" } as const;
    return pressField({ ...state, page: typed }, typed, key);
  }
  const chosen = chosenOf(at, AMOUNTS.length + 1, key);
  if (chosen.kind === "at") return { ...state, page: { kind: "amounts", at: chosen.at } };
  const amount = AMOUNTS[chosen.at];
  if (amount !== undefined) return asking(state, { kind: "withdraw", amount });
  return { ...state, page: { kind: "amount", of: "withdraw", text: "" } };
}

/** By arrows and Enter, or by the number that stands before it. */
function chosenOf(at: number, count: number, key: Key): { readonly kind: "at" | "chosen"; readonly at: number } {
  if (key.kind === "enter") return { kind: "chosen", at };
  if (key.kind === "up") return { kind: "at", at: (at + count - 1) % count };
  if (key.kind === "down") return { kind: "at", at: (at + 1) % count };
  const number = key.kind === "text" && /^[1-9]$/.test(key.text) ? Number(key.text) : 0;
  return number >= 1 && number <= count ? { kind: "chosen", at: number - 1 } : { kind: "at", at };
}

function pressTold(state: ScreenState, again: ScreenRequest | null, key: Key): ScreenState {
  if (key.kind !== "enter" && key.kind !== "escape") return state;
  if (state.card === null) return firstScreen(state.bank, state.id);
  return again !== null && key.kind === "enter" ? asking(state, again) : menuOf(state);
}

const menuOf = (state: ScreenState): ScreenState => ({ ...state, complaint: "", page: { kind: "menu", at: 0 } });
const asking = (state: ScreenState, request: ScreenRequest): ScreenState => ({
  ...state,
  complaint: "",
  page: { kind: "asking", request },
});

/** The card's PIN was right. */
export const loggedIn = (state: ScreenState): ScreenState => menuOf(state);

/** The notes are there to be taken. */
export const presented = (state: ScreenState, notes: readonly string[]): ScreenState => ({
  ...state,
  page: { kind: "notes", notes, areTaken: false },
});

const DONE_TITLES: Readonly<Record<ScreenRequest["kind"], string>> = {
  login: "Welcome",
  balance: "Your balance",
  statement: "Mini statement",
  withdraw: "Thank you",
  deposit: "Thank you",
  transfer: "Thank you",
  pin: "Thank you",
};

const TITLES: Readonly<Record<string, string>> = {
  login: "The card comes back",
  "not-taken": "The notes were drawn in",
  unknown: "Not known yet",
  unreached: "The bank cannot be reached",
};

/** What became of the request. Where that is not known, Enter asks the same again, under the same key. */
export function answered(state: ScreenState, request: ScreenRequest, outcome: AtmOutcome): ScreenState {
  const { status, message } = outcome;
  const isDone = status === "ok";
  const isOpen = status === "unknown" || status === "unreached";
  const title = isDone ? DONE_TITLES[request.kind] : (TITLES[status] ?? "Not done");
  const page: Page = {
    kind: "told",
    title,
    lines: message.split("\n"),
    again: isOpen && request.kind !== "login" ? request : null,
  };
  // Whoever is not let in gets the card back.
  return { ...state, page, card: request.kind === "login" ? null : state.card };
}
