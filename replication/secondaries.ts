/** All zones that a server keeps as others have them, and what it makes of a NOTIFY (RFC 1996 §3). */
import { CLASS, type Message, type Name, RCODE, TYPE } from "../dns/index.ts";
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
    // Whom we ask with a key is heeded unsigned as well, as other servers do: it only makes us ask, with that key.
    const primary = zone.primaries.find((one) => one.endpoint.address === from && (key === null || isKeyOf(one, key)));
    if (primary === undefined) {
      const signed = key === null ? "" : ` with the key ${key.toString()}`;
      return { rcode: RCODE.REFUSED, reason: `${from}${signed} is no primary of ${question.name.toString()}` };
    }
    zone.notify(primary, toldSerial(message, question.name));
    return { rcode: RCODE.NOERROR, reason: null };
  }
}

function isKeyOf(primary: Primary, key: Name): boolean {
  return primary.key?.name.equals(key) ?? false;
}

/** The SOA in a NOTIFY is a hint, never an answer (RFC 1996 §3.7). */
function toldSerial({ answer }: Message, apex: Name): number | null {
  const soa = answer.find(({ owner, type, class: c }) => type === TYPE.SOA && c === CLASS.IN && owner.equals(apex));
  return soa === undefined ? null : soaSerial(soa.rdata);
}
