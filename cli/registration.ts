/**
 * Keeps records under a lease (RFC 9664) for as long as a program runs: renewed in time, changed as soon as they are to be others, and
 * withdrawn at the end. When the program dies, they go by themselves.
 */
import { type Clock, type Random, sleep } from "../base/index.ts";
import { EDE, edeToText, extendedErrors, RCODE, rcodeToText } from "../dns/index.ts";
import { WorkError } from "./failure.ts";
import { readUpdateLines, type UpdateWork } from "./update-lines.ts";
import type { UpdateSender } from "./update-sender.ts";

/** A renewal is due after this part of the lease, and up to 4 % later so that not all come at once (RFC 9664 §5.2). */
const RENEW_AFTER = 0.8;
const RENEW_SPREAD = 0.04;
/** From one look at what is to be registered to the next, and from a failure to the next try; sooner where a renewal is due. */
const LOOK_MILLISECONDS = 1000;

export interface RegistrationParts {
  /** With the lease that is wanted. */
  readonly sender: Pick<UpdateSender, "send">;
  readonly leaseSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** What is registered, in the words of `strata update`. Removals stand before additions. */
export interface Registered {
  /** As it is to be now. */
  readonly lines: () => readonly string[];
  readonly withdrawal: () => readonly string[];
  /** The lines have changed, and are registered. */
  readonly onMoved: () => void;
  /** A renewal failed; the lease goes on meanwhile, and the next look tries again. */
  readonly onTrouble: (message: string) => void;
}

export class Registration {
  readonly #parts: RegistrationParts;
  readonly #what: Registered;
  #told: string;
  #dueAt: number;
  /** As it was granted last. */
  leaseSeconds: number;

  private constructor(parts: RegistrationParts, what: Registered, told: string) {
    this.#parts = parts;
    this.#what = what;
    this.#told = told;
    this.leaseSeconds = parts.leaseSeconds;
    this.#dueAt = 0;
  }

  /** Registers for the first time. Throws WorkError. */
  static async begin(parts: RegistrationParts, what: Registered): Promise<Registration> {
    const lines = what.lines();
    const registration = new Registration(parts, what, lines.join("\n"));
    await registration.#send(lines);
    return registration;
  }

  /** Resolves when the signal has come and all is withdrawn. Throws WorkError when it cannot be withdrawn. */
  async keep(stop: AbortSignal): Promise<void> {
    while (!(await this.#isStopped(stop))) {
      const lines = this.#what.lines();
      const moved = lines.join("\n") !== this.#told;
      if (!moved && this.#parts.clock.now() < this.#dueAt) continue;
      try {
        await this.#send(lines);
        this.#told = lines.join("\n");
        if (moved) this.#what.onMoved();
      } catch (error) {
        if (!(error instanceof WorkError)) throw error;
        this.#what.onTrouble(error.message);
      }
    }
    await sendLines(this.#parts.sender, this.#what.withdrawal());
  }

  async #send(lines: readonly string[]): Promise<void> {
    const { sender, random, clock, leaseSeconds } = this.#parts;
    // The lease began when the server granted it, which is not before it was asked.
    const askedAt = clock.now();
    this.leaseSeconds = (await sendLines(sender, lines)) ?? leaseSeconds;
    const part = RENEW_AFTER + (RENEW_SPREAD * random.below(1000)) / 1000;
    this.#dueAt = askedAt + 1000 * this.leaseSeconds * part;
  }

  /** Waits a moment; true when it is to end. */
  async #isStopped(stop: AbortSignal): Promise<boolean> {
    const { clock } = this.#parts;
    const due = this.#dueAt - clock.now();
    try {
      // What is overdue because it failed waits for the next look.
      await sleep(clock, due > 0 ? Math.min(due, LOOK_MILLISECONDS) : LOOK_MILLISECONDS, stop);
      return false;
    } catch {
      return true; // Nothing but the signal ends the wait.
    }
  }
}

/** One update. Returns the lease that was granted, or null. Throws WorkError when it was not made. */
export async function sendLines(sender: Pick<UpdateSender, "send">, lines: readonly string[]): Promise<number | null> {
  const { message, lease } = await sender.send(workOf(lines));
  if (message.rcode === RCODE.NOERROR) return lease?.seconds ?? null;
  const why = extendedErrors(message.edns).map(({ infoCode, text }) =>
    [infoCode === EDE.OTHER ? "" : edeToText(infoCode), text].filter((part) => part !== "").join(": "),
  );
  throw new WorkError(`the server refuses: ${[rcodeToText(message.rcode), ...why].join(", ")}`);
}

export function workOf(lines: readonly string[]): UpdateWork {
  const numbered = lines.map((text, i) => ({ text, file: "registration", line: i + 1 }));
  return readUpdateLines(numbered, null)[0]!;
}
