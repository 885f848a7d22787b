/** All zones that a server keeps as others have them, and what it makes of a NOTIFY (RFC 1996 §3). */
import { assert } from "../base/index.ts";
import { CLASS, type Message, type Name, RCODE, TYPE } from "../dns/index.ts";
import { Prefix } from "../net/index.ts";
import { soaSerial } from "../zones/index.ts";
import type { Primary } from "./primary.ts";
import { Secondary, type SecondaryParts, type SecondarySettings, type SecondaryStatus } from "./secondary.ts";
import { ZoneCopy, type ZoneCopyParts } from "./zone-copy.ts";

/** What a NOTIFY is answered with, and why when it is not heeded. */
export interface NotifyAnswer {
  readonly rcode: number;
  readonly reason: string | null;
}

export class Secondaries {
  readonly #zones: ReadonlyMap<string, Secondary>;

  constructor(zones: readonly SecondarySettings[], parts: SecondaryParts & Omit<ZoneCopyParts, "clock">) {
    this.#zones = new Map(
      zones.map((zone) => [zone.apex.key, new Secondary(zone, new ZoneCopy(zone.apex, parts), parts)]),
    );
  }

  /** Serves what is on the shelf and begins to ask. */
  async start(): Promise<void> {
    for (const zone of this.#zones.values()) await zone.start();
  }

  /** Resolves when each zone is served, or was asked for in vain once. */
  async ready(): Promise<void> {
    await Promise.all(Array.from(this.#zones.values(), (zone) => zone.ready()));
  }

  has(apex: Name): boolean {
    return this.#zones.has(apex.key);
  }

  /** See `Secondary.retransfer`; the zone has to be one of these. */
  async retransfer(apex: Name): Promise<string | null> {
    const zone = this.#zones.get(apex.key);
    assert(zone !== undefined, "it is a zone that is fetched");
    return zone.retransfer();
  }

  /** Seconds for which our copy is still served without news; null: nothing is fetched of that name, or there is nothing that could expire. */
  expiresIn(apex: Name): number | null {
    return this.#zones.get(apex.key)?.status.expiresInSeconds ?? null;
  }

  get status(): readonly SecondaryStatus[] {
    return Array.from(this.#zones.values(), ({ status }) => status);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#zones.values(), (zone) => zone.close()));
  }

  /** `from` is the address that the request came from, `key` the one it is signed with. */
  notify(message: Message, from: string, key: Name | null): NotifyAnswer {
    const [question] = message.question;
    if (question?.type !== TYPE.SOA || question.class !== CLASS.IN) {
      return { rcode: RCODE.FORMERR, reason: "a NOTIFY asks about an SOA (RFC 1996 §3.7)" };
    }
    const zone = this.#zones.get(question.name.key);
    if (zone === undefined) {
      return { rcode: RCODE.NOTAUTH, reason: `this server is no secondary of ${question.name.toString()}` };
    }
    const primary = toldBy(zone.primaries, from, key);
    if (primary === null) {
      const signed = key === null ? "" : ` with the key ${key.toString()}`;
      return { rcode: RCODE.REFUSED, reason: `${from}${signed} is no primary of ${question.name.toString()}` };
    }
    zone.notify(primary, toldSerial(message, question.name));
    return { rcode: RCODE.NOERROR, reason: null };
  }
}

/**
 * Who of the primaries said so: whoever signs with a primary's key is that one, wherever it asks from. Unsigned, its address counts, also
 * where we ask it with a key, as other servers have it: NOTIFY only makes us ask, and then with the key. On a loopback the system
 * chooses from which address a server sends, so there all are one.
 */
function toldBy(primaries: readonly Primary[], from: string, key: Name | null): Primary | null {
  const having = key === null ? primaries : primaries.filter((primary) => primary.key?.name.equals(key));
  const there = having.find(({ endpoint }) => Prefix.parse(endpoint.address).contains(from));
  if (there !== undefined) return there;
  if (key !== null) return having[0] ?? null;
  if (!isLoopback(from)) return null;
  return primaries.find(({ endpoint }) => isLoopback(endpoint.address)) ?? null;
}

const LOOPBACK = ["127.0.0.0/8", "::1/128"].map((text) => Prefix.parse(text));

const isLoopback = (address: string): boolean => LOOPBACK.some((prefix) => prefix.contains(address));

/** The SOA in a NOTIFY is a hint, never an answer (RFC 1996 §3.7). */
export function toldSerial({ answer }: Message, apex: Name): number | null {
  const soa = answer.find(({ owner, type, class: c }) => type === TYPE.SOA && c === CLASS.IN && owner.equals(apex));
  return soa === undefined ? null : soaSerial(soa.rdata);
}
