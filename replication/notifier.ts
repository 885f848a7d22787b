/**
 * Telling secondaries that a zone has changed (RFC 1996): each is told of the newest version, again and again with growing patience until
 * it answers, and one telling of several changes is enough. How long changes are gathered first is the layer's promise (DESIGN §2).
 */
import { type Clock, type Log, Stopper, type Timer } from "../base/index.ts";
import {
  CLASS,
  emptyMessage,
  type Message,
  type Name,
  OPCODE,
  plainEdns,
  rcodeToText,
  type Rr,
  type TsigKey,
  TYPE,
} from "../dns/index.ts";
import { type Ask, type Endpoint, ExchangeError, formatEndpoint } from "../net/index.ts";
import { soaSerial } from "../zones/index.ts";

/** Who is told. */
export interface NotifyTarget {
  readonly endpoint: Endpoint;
  /** Signs what it is told (RFC 8945); null: unsigned. */
  readonly key: TsigKey | null;
}

/** A zone whose changes are told. */
export interface NotifiedZone {
  readonly apex: Name;
  readonly targets: readonly NotifyTarget[];
  /** For how long changes are gathered, from the first on. */
  readonly windowSeconds: number;
}

/** How the last telling of one target went. */
export interface NotifyStatus {
  readonly target: string;
  readonly serial: number;
  /** By the wall clock. */
  readonly atSeconds: number;
  /** The RCODE of its answer, or why there was none; null while it is waited for. */
  readonly answer: string | null;
}

export interface NotifierParts {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly log: Log;
  /** The SOA of the version that is served; null: none is. */
  readonly soaOf: (apex: Name) => Rr | null;
}

/** RFC 1996 §3.6 leaves it to us; RFC 1035 §4.2.1 recommends 2 to 5 seconds to begin with. */
const PATIENCE_MILLISECONDS = [2000, 4000, 8000, 16_000, 32_000] as const;

export class Notifier {
  readonly #zones = new Map<string, ZoneNotifier>();

  constructor(zones: readonly NotifiedZone[], parts: NotifierParts) {
    for (const zone of zones) this.#zones.set(zone.apex.key, new ZoneNotifier(zone, parts));
  }

  /** The zone has a new version. */
  readonly changed = (apex: Name): void => this.#zones.get(apex.key)?.changed();

  /** Tells all of all zones now: they may have missed what was told while we did not run. */
  start(): void {
    for (const zone of this.#zones.values()) zone.tell();
  }

  statusOf(apex: Name): readonly NotifyStatus[] {
    return this.#zones.get(apex.key)?.status ?? [];
  }

  close(): void {
    for (const zone of this.#zones.values()) zone.close();
  }
}

class ZoneNotifier {
  readonly #zone: NotifiedZone;
  readonly #parts: NotifierParts;
  readonly #targets: readonly TargetNotifier[];
  #window: Timer | null = null;

  constructor(zone: NotifiedZone, parts: NotifierParts) {
    this.#zone = zone;
    this.#parts = parts;
    this.#targets = zone.targets.map((target) => new TargetNotifier(target, parts));
  }

  get status(): NotifyStatus[] {
    return this.#targets.flatMap(({ status }) => (status === null ? [] : [status]));
  }

  changed(): void {
    const { windowSeconds } = this.#zone;
    if (windowSeconds === 0) this.tell();
    else this.#window ??= this.#parts.clock.after(1000 * windowSeconds, () => this.tell());
  }

  tell(): void {
    this.#window?.cancel();
    this.#window = null;
    const soa = this.#parts.soaOf(this.#zone.apex);
    if (soa !== null) for (const target of this.#targets) target.tell(soa);
  }

  close(): void {
    this.#window?.cancel();
    for (const target of this.#targets) target.close();
  }
}

/** One target of one zone: what it is being told gives way to what is newer. */
class TargetNotifier {
  status: NotifyStatus | null = null;
  readonly #target: NotifyTarget;
  readonly #parts: NotifierParts;
  #telling: Stopper | null = null;
  /** What it answered last, where that was a refusal. */
  #refusal: string | null = null;

  constructor(target: NotifyTarget, parts: NotifierParts) {
    this.#target = target;
    this.#parts = parts;
  }

  tell(soa: Rr): void {
    this.close();
    const telling = new Stopper();
    this.#telling = telling;
    void this.#tellUntilAnswered(soa, telling);
  }

  close(): void {
    this.#telling?.abort(new ExchangeError("CLOSED", "there is something newer to tell"));
    this.#telling = null;
  }

  async #tellUntilAnswered(soa: Rr, telling: Stopper): Promise<void> {
    this.#note(soa, null);
    let answer = "";
    for (const timeoutMilliseconds of PATIENCE_MILLISECONDS) {
      const patienceEnds = this.#parts.clock.now() + timeoutMilliseconds;
      const outcome = await this.#tellOnce(soa, timeoutMilliseconds, telling);
      if (telling.aborted) return;
      answer = outcome.answer;
      this.#note(soa, answer);
      if (outcome.isAnswered) {
        this.#answered(soa, answer);
        return;
      }
      // Who refuses at once, because it is just being started, is given as long as who is silent.
      await this.#wait(patienceEnds - this.#parts.clock.now(), telling);
      if (telling.aborted) return;
    }
    this.#parts.log.warn({ ...this.#about(soa), reason: answer }, "a secondary does not answer NOTIFY");
  }

  /** Who refuses is not told again (RFC 1996 §4.8), so that its operator or ours has to do something; said once, not at each change. */
  #answered(soa: Rr, answer: string): void {
    const about = { ...this.#about(soa), answer };
    if (answer === "NOERROR" || answer === this.#refusal) this.#parts.log.info(about, "a secondary was told");
    else
      this.#parts.log.warn(
        about,
        "a secondary refuses NOTIFY: is this server one of its primaries there, with this key?",
      );
    this.#refusal = answer === "NOERROR" ? null : answer;
  }

  #about(soa: Rr): Readonly<Record<string, unknown>> {
    const { endpoint, key } = this.#target;
    const zone = soa.owner.toString();
    return { zone, serial: soaSerial(soa.rdata), target: formatEndpoint(endpoint), key: key?.name.toString() };
  }

  async #tellOnce(
    soa: Rr,
    timeoutMilliseconds: number,
    telling: Stopper,
  ): Promise<{ isAnswered: boolean; answer: string }> {
    const { endpoint, key } = this.#target;
    try {
      const options = {
        transport: "udp",
        timeoutMilliseconds,
        signal: telling,
        ...(key === null ? {} : { key }),
      } as const;
      const { message } = await this.#parts.ask(endpoint, notifyOf(soa), options);
      return { isAnswered: true, answer: rcodeToText(message.rcode) };
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      return { isAnswered: false, answer: error.message };
    }
  }

  #wait(milliseconds: number, telling: Stopper): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (milliseconds <= 0 || telling.aborted) resolve();
    const timer = this.#parts.clock.after(milliseconds, resolve);
    telling.addEventListener("abort", () => {
      timer.cancel();
      resolve();
    });
    return promise;
  }

  #note(soa: Rr, answer: string | null): void {
    this.status = {
      target: formatEndpoint(this.#target.endpoint),
      serial: soaSerial(soa.rdata),
      atSeconds: this.#parts.clock.wallSeconds(),
      answer,
    };
  }
}

/** RFC 1996 §3.7: the zone and its SOA as a hint. */
function notifyOf(soa: Rr): Message {
  return {
    ...emptyMessage,
    opcode: OPCODE.NOTIFY,
    authoritative: true,
    question: [{ name: soa.owner, type: TYPE.SOA, class: CLASS.IN }],
    answer: [soa],
    edns: plainEdns,
  };
}
