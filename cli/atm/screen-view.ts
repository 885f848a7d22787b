/** Draws an ATM's screen for a terminal of any size; everything can be read without colour. */
import type { Paint } from "../output.ts";
import { AMOUNTS, MENU, type Page, type ScreenState, textOf } from "./screen.ts";

const WIDTH = 56;
/** At least, and where the terminal has room. */
const HEIGHT_MIN = 14;
const HEIGHT_MAX = 20;
/** Of a frame: its rules, head, title, complaint and keys. */
const ROWS_AROUND = 8;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface Drawn {
  readonly title: string;
  readonly lines: readonly string[];
  /** What the keys do. */
  readonly keys: string;
}

/** Exactly as many lines as there are rows, each at most as wide as the terminal. */
export function render(state: ScreenState, { columns, rows }: Size, paint: Paint): string[] {
  const isFramed = columns >= 44 && rows >= HEIGHT_MIN;
  const lines = isFramed
    ? framed(state, { columns: Math.min(columns - 2, WIDTH), rows: Math.min(rows, HEIGHT_MAX) }, paint)
    : bare(state, columns);
  const left = isFramed ? " ".repeat(Math.floor((columns - Math.min(columns - 2, WIDTH)) / 2)) : "";
  const above = isFramed ? Math.floor(Math.max(0, rows - lines.length) / 2) : 0;
  const whole = [...Array.from({ length: above }, () => ""), ...lines.map((line) => left + line)].slice(0, rows);
  return [...whole, ...Array.from({ length: Math.max(0, rows - whole.length) }, () => "")];
}

/** Where there is little room, what is most needed stands first. */
function bare(state: ScreenState, columns: number): string[] {
  const { title, lines, keys } = drawn(state);
  return [title, ...lines.filter((line) => line !== ""), state.complaint, keys].map((line) => line.slice(0, columns));
}

function framed(state: ScreenState, { columns: width, rows }: Size, paint: Paint): string[] {
  const inside = width - 4;
  const { title, lines, keys } = drawn(state);
  const row = (text: string, colour = (shown: string) => shown): string => `│ ${colour(fitted(text, inside))} │`;
  const rule = (left: string, right: string): string => `${left}${"─".repeat(width - 2)}${right}`;
  const place = `ATM ${state.id}${state.card === null ? "" : `   card …${state.card}`}`;
  const head = `${fitted(state.bank, inside - place.length - 1)} ${place}`;
  const body = lines.flatMap((line) => wrapped(line, inside));
  const room = rows - ROWS_AROUND;
  // The end of a statement is what counts.
  const shown = [...body.slice(-room), ...Array.from({ length: Math.max(0, room - body.length) }, () => "")];
  return [
    rule("┌", "┐"),
    row(head, paint.bold),
    rule("├", "┤"),
    row(title, paint.bold),
    ...shown.map((line) => row(line, line.startsWith("> ") ? paint.cyan : undefined)),
    row(state.complaint, paint.yellow),
    rule("├", "┤"),
    row(keys, paint.dim),
    rule("└", "┘"),
  ];
}

const fitted = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text.padEnd(width);

function wrapped(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const at = text.lastIndexOf(" ", width);
  const end = at > 0 ? at : width;
  return [text.slice(0, end), ...wrapped(text.slice(end).trimStart(), width)];
}

const ENTER_BACK = "Enter: go on   Esc: back";

function drawn({ page }: ScreenState): Drawn {
  switch (page.kind) {
    case "card":
      return field("Welcome", "Card number", spaced(textOf(page)), "Enter: go on   Esc: leave");
    case "pin":
      return field("Your PIN", "PIN", hidden(textOf(page)), "Enter: go on   Esc: card back");
    case "menu":
      return menu(
        "What would you like?",
        MENU.map(([, text]) => text),
        page.at,
      );
    case "amounts":
      return {
        title: "How much?",
        lines: [...AMOUNTS, "Another amount"].map((text, i) => `${i === page.at ? ">" : " "} ${text}`),
        keys: "Type it, or arrows and Enter   Esc: back",
      };
    case "amount": {
      const what = page.of === "withdraw" ? "Withdraw cash" : "Put your notes in, and say how much it is";
      return field(what, "Amount", textOf(page), ENTER_BACK);
    }
    case "payee":
      return field("Transfer", "To account", textOf(page), ENTER_BACK);
    case "sum":
      return field(`Transfer to ${page.to}`, "Amount", textOf(page), ENTER_BACK);
    case "new-pin":
      return field("Change PIN", PIN_STEPS[page.given.length]!, hidden(textOf(page)), ENTER_BACK);
    case "asking":
      return { title: "One moment, please", lines: ["", "The bank is asked."], keys: "" };
    case "notes":
      return { title: "Take your notes", lines: ["", ...page.notes], keys: "Enter: take them" };
    case "told":
      return told(page);
  }
}

const PIN_STEPS: readonly string[] = ["The PIN it has", "The new PIN", "The new PIN again"];

function told({ title, lines, again }: Extract<Page, { kind: "told" }>): Drawn {
  return { title, lines: ["", ...lines], keys: again === null ? "Enter: go on" : "Enter: ask again   Esc: leave it" };
}

const field = (title: string, name: string, text: string, keys: string): Drawn => ({
  title,
  lines: ["", `${name}:`, `${text}_`],
  keys,
});

const menu = (title: string, texts: readonly string[], at: number): Drawn => ({
  title,
  lines: texts.map((text, i) => `${i === at ? ">" : " "} ${i + 1}  ${text}`),
  keys: "1 to 9, or arrows and Enter   Esc: back",
});

const spaced = (digits: string): string => digits.replace(/(.{4})(?=.)/g, "$1 ");
const hidden = (digits: string): string => "*".repeat(digits.length);
