/** The screen of an ATM at work: keys in, requests to the bank, notes into the hand. */
import { type Clock, sleep } from "../../base/index.ts";
import { type CashOperation, type Dispenser, formatAmount } from "../../bank/index.ts";
import type { Terminal } from "./terminal.ts";
import { type AtmOutcome } from "./outcome.ts";
import { render } from "./screen-view.ts";
import { answered, firstScreen, loggedIn, presented, press, type ScreenRequest, type ScreenState } from "./screen.ts";

/** What a screen asks of the ATM behind it. */
export interface Desk {
  readonly bank: string;
  readonly id: string;
  /** Remembers the session until the next one. */
  logIn(card: string, pin: string): Promise<AtmOutcome>;
  ask(request: Exclude<ScreenRequest, { kind: "login" }>, key: string): Promise<AtmOutcome>;
  logOut(): void;
  /** For a new request. */
  freshKey(): string;
}

export interface ScreenParts {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** Whoever does nothing for so long has gone; the card comes back. */
const IDLE_MILLISECONDS = 60_000;
/** Notes that nobody takes are drawn in again. */
const TAKING_MILLISECONDS = 30_000;

export class Screen implements Dispenser {
  readonly #parts: ScreenParts;
  #state: ScreenState | null = null;
  #lastKeyAt = 0;
  #changed = Promise.withResolvers<void>();
  #isLeaving = false;
  /** Of the request that is asked, or may be asked again. */
  #key: { readonly of: ScreenRequest; readonly key: string } | null = null;

  constructor(parts: ScreenParts) {
    this.#parts = parts;
  }

  /** Until whoever stands there leaves, or the signal. */
  async run(desk: Desk): Promise<void> {
    const { terminal, stop } = this.#parts;
    this.#set(firstScreen(desk.bank, desk.id));
    terminal.onResize(() => this.#draw());
    stop.addEventListener("abort", () => this.#leave(), { once: true });
    terminal.onKey((key) => {
      this.#lastKeyAt = this.#parts.clock.now();
      if (key === "interrupt") this.#leave();
      else if (this.#state !== null) this.#set(press(this.#state, key));
    });
    while (!this.#isLeaving && !this.#now().isOver) {
      const { page, card } = this.#now();
      if (card === null) desk.logOut();
      if (page.kind === "asking") await this.#ask(desk, page.request);
      else await this.#nextChange();
    }
    desk.logOut();
  }

  async #ask(desk: Desk, request: ScreenRequest): Promise<void> {
    if (request.kind === "login") {
      const outcome = await desk.logIn(request.card, request.pin);
      this.#set(outcome.status === "ok" ? loggedIn(this.#now()) : answered(this.#now(), request, outcome));
      return;
    }
    // The same request again is asked under the same key.
    const key = this.#key?.of === request ? this.#key.key : desk.freshKey();
    this.#key = { of: request, key };
    this.#set(answered(this.#now(), request, await desk.ask(request, key)));
    this.#lastKeyAt = this.#parts.clock.now();
  }

  present({ notes, currency }: CashOperation): Promise<"presented"> {
    const shown = notes.map(
      ({ denomination, count }) => `${count} × ${formatAmount(denomination, currency)} ${currency}`,
    );
    this.#set(presented(this.#now(), shown));
    return Promise.resolve("presented");
  }

  async awaitTaken(): Promise<"taken" | "retracted"> {
    const { clock } = this.#parts;
    const until = clock.now() + TAKING_MILLISECONDS;
    for (;;) {
      const { page } = this.#now();
      if (page.kind !== "notes" || page.areTaken) return "taken";
      if (this.#isLeaving || clock.now() >= until) return "retracted";
      await this.#nextChange();
    }
  }

  #now(): ScreenState {
    return this.#state!;
  }

  #set(state: ScreenState): void {
    this.#state = state;
    this.#draw();
    this.#wake();
  }

  #leave(): void {
    this.#isLeaving = true;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Or a second, for what goes by the clock. */
  async #nextChange(): Promise<void> {
    const { clock } = this.#parts;
    const over = new AbortController();
    await Promise.race([this.#changed.promise, sleep(clock, 1000, over.signal).catch(() => undefined)]);
    over.abort();
    const { bank, id, page } = this.#now();
    const isAtRest = page.kind === "card" && page.card === "";
    const isWaiting = !isAtRest && page.kind !== "asking" && page.kind !== "notes";
    if (isWaiting && clock.now() - this.#lastKeyAt > IDLE_MILLISECONDS) this.#set(firstScreen(bank, id));
  }

  #draw(): void {
    const { terminal } = this.#parts;
    if (this.#state !== null) terminal.draw(render(this.#state, terminal.size(), terminal.paint));
  }
}
