/** The terminal as a whole screen: keys one by one and unseen, and lines that are drawn over what was there; the terminal is left as it was found. */
import { type Paint, paintFor } from "../output.ts";
import type { Size } from "./screen-view.ts";
import type { Key } from "./screen.ts";

export interface Terminal {
  readonly paint: Paint;
  size(): Size;
  draw(lines: readonly string[]): void;
  /** Each key that is pressed; "interrupt" is ^C. */
  onKey(callback: (key: Key | "interrupt") => void): void;
  onResize(callback: () => void): void;
  close(): void;
}

/** The screen beside the one that shells write on, without a cursor (xterm's private modes 1049 and 25). */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_REST_OF_LINE = "\u001b[K";

/** Null where a person does not both see and type. */
export function systemTerminal(): Terminal | null {
  const { stdin, stdout, env } = process;
  if (!stdin.isTTY || !stdout.isTTY) return null;
  stdin.setRawMode(true);
  stdin.resume();
  stdout.write(ENTER);
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stdout.write(LEAVE);
    stdin.setRawMode(false);
    stdin.pause();
  };
  // Also when a bug ends the process.
  process.once("exit", close);
  return {
    paint: paintFor(true, env),
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    draw(lines) {
      stdout.write(HOME + lines.map((line) => line + CLEAR_REST_OF_LINE).join("\r\n"));
    },
    onKey(callback) {
      stdin.on("data", (octets: Buffer) => keysIn(octets.toString()).forEach(callback));
      // A terminal that is gone is like ^C.
      stdin.once("end", () => callback("interrupt"));
    },
    onResize(callback) {
      stdout.on("resize", callback);
    },
    close,
  };
}

const NAMED: Readonly<Record<string, Key | "interrupt">> = {
  "\r": { kind: "enter" },
  "\n": { kind: "enter" },
  "\u007f": { kind: "backspace" },
  "\b": { kind: "backspace" },
  "\u0003": "interrupt",
  "\u0004": "interrupt",
};

/** Of what a terminal sends; sequences that mean nothing here are left out whole. */
export function keysIn(text: string): (Key | "interrupt")[] {
  const keys: (Key | "interrupt")[] = [];
  for (const [part] of text.matchAll(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O.)|[\s\S]/gu)) {
    const named = NAMED[part];
    if (named !== undefined) keys.push(named);
    else if (part === "\u001b") keys.push({ kind: "escape" });
    else if (/^\u001b(\[|O)A$/.test(part)) keys.push({ kind: "up" });
    else if (/^\u001b(\[|O)B$/.test(part)) keys.push({ kind: "down" });
    else if (/^[^\p{C}]$/u.test(part)) keys.push({ kind: "text", text: part });
  }
  return keys;
}
