/** `strata atm` without an operation: the screen in the terminal, and the ATM behind it, registered for as long as somebody stands there. */
import { createLog, systemClock } from "../../base/index.ts";
import { PATIENCE_SECONDS } from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { freshKey } from "../bank/open.ts";
import { describeFailure, EXIT, UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { stopSignal } from "../signals.ts";
import { type OpenAtm, openAtm, readyAtm, settleAtm } from "./opening.ts";
import * as at from "./operations.ts";
import { type AtmOutcome, openOutcome, refusedOutcome } from "./outcome.ts";
import { registerAtm, type RegisteredAtm, wishOf } from "./registering.ts";
import { type Desk, Screen } from "./screen-run.ts";
import type { ScreenRequest } from "./screen.ts";
import { systemTerminal } from "./terminal.ts";

export async function atmScreen(given: Arguments, output: Output): Promise<number> {
  const stop = stopSignal();
  const terminal = systemTerminal();
  if (terminal === null) throw new UsageError("what to do is missing, such as balance: the screen wants a terminal");
  const over = new AbortController();
  const notes: string[] = [];
  try {
    const screen = new Screen({ terminal, clock: systemClock, stop });
    const open = openAtm(given, over.signal, screen);
    try {
      const registered = registeredWhile(given, open, { stop: over.signal, note: (text) => void notes.push(text) });
      await screen.run(new AtmDesk(open));
      over.abort(new Error("whoever stood there has gone"));
      await registered;
    } finally {
      open.close();
    }
  } finally {
    terminal.close();
  }
  for (const note of notes) output.note(note);
  return EXIT.ok;
}

/** An ATM that cannot be registered serves all the same. */
async function registeredWhile(
  given: Arguments,
  open: OpenAtm,
  { stop, note }: { readonly stop: AbortSignal; readonly note: (text: string) => void },
): Promise<void> {
  try {
    const wish = wishOf(given, open, { log: await createLog("silent"), onTrouble: note });
    const registered: RegisteredAtm = await registerAtm(wish);
    await registered.keep(stop);
  } catch (error) {
    note(`not registered: ${describeFailure(error).message}`);
  }
}

class AtmDesk implements Desk {
  readonly #open: OpenAtm;
  #inside: at.CardInside | null = null;

  constructor(open: OpenAtm) {
    this.#open = open;
  }

  get bank(): string {
    return this.#open.connection.bank;
  }

  get id(): string {
    return this.#open.id;
  }

  freshKey(): string {
    return freshKey();
  }

  logOut(): void {
    this.#inside = null;
  }

  logIn(card: string, pin: string): Promise<AtmOutcome> {
    return this.#guarded("", async () => {
      const currency = await readyAtm(this.#open);
      const session = await at.logIn(this.#open, card, pin);
      if (session.kind === "refused") return { ...refusedOutcome("", session, currency), message: session.message };
      if (session.kind !== "done") return openOutcome("", { kind: "unreached", why: session.why });
      this.#inside = { card, session: session.value, currency };
      return { exitCode: EXIT.ok, status: "ok", balance: null, key: "", currency, message: "" };
    });
  }

  ask(request: Exclude<ScreenRequest, { kind: "login" }>, key: string): Promise<AtmOutcome> {
    return this.#guarded(key, async () => {
      const inside = this.#inside;
      if (inside === null) return openOutcome(key, { kind: "unreached", why: "no card is in" });
      // A request before may have left something.
      if (inside.session !== null) await settleAtm(this.#open, PATIENCE_SECONDS, key);
      return operate(this.#open, inside, { request, key });
    });
  }

  /** What fails is shown, and the screen stays. */
  async #guarded(key: string, work: () => Promise<AtmOutcome>): Promise<AtmOutcome> {
    try {
      const outcome = await work();
      // The key is the screen's to remember.
      return { ...outcome, message: outcome.message.replace(/: ask again with --key .*/, "") };
    } catch (error) {
      const { message, exitCode } = describeFailure(error);
      return { exitCode, status: "failed", balance: null, key, currency: null, message };
    }
  }
}

function operate(
  open: OpenAtm,
  inside: at.CardInside,
  { request, key }: { readonly request: Exclude<ScreenRequest, { kind: "login" }>; readonly key: string },
): Promise<AtmOutcome> {
  switch (request.kind) {
    case "balance":
      return at.balance(open, inside, key);
    case "statement":
      return at.statement(open, inside, key);
    case "withdraw":
      return at.withdraw(open, inside, { amount: request.amount, key });
    case "deposit":
      return at.deposit(open, inside, { amount: request.amount, key });
    case "transfer":
      return at.transfer(open, inside, { amount: request.amount, to: request.to, key });
    case "pin":
      return at.changePin(open, inside, { old: request.old, new: request.new, key });
  }
}
