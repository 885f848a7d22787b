/** A generated zone in the making: what the features of `zone-features.ts` write their records into. */
import { type SeededRandom } from "../../base/index.ts";

/** What features write their records into. */
export class ZoneDraft {
  readonly apex: string;
  readonly random: SeededRandom;
  readonly #lines: string[] = [];
  readonly #names = new Map<string, string[]>();

  constructor(apex: string, random: SeededRandom) {
    this.apex = apex;
    this.random = random;
  }

  /** Adds one record; the owner is relative to the apex, "@" is the apex, and one with a last dot is absolute. */
  add(owner: string, type: string, rdata: string, ttlSeconds = 300): void {
    this.#lines.push(`${owner} ${ttlSeconds} IN ${type} ${rdata}`);
    this.ask(owner, type);
  }

  /** A name worth asking for although nothing may stand there. */
  ask(owner: string, ...types: string[]): void {
    const name = this.absolute(owner);
    this.#names.set(name, [...(this.#names.get(name) ?? []), ...types]);
  }

  absolute(owner: string): string {
    if (owner === "@") return this.apex;
    return owner.endsWith(".") && !owner.endsWith("\\.") ? owner : `${owner}.${this.apex}`;
  }

  finish(features: readonly string[], signing: Signing): GeneratedZone {
    return {
      apex: this.apex,
      text: `$ORIGIN ${this.apex}\n$TTL 300\n${this.#lines.join("\n")}\n`,
      features,
      names: this.#names,
      signing,
    };
  }
}

export interface GeneratedZone {
  readonly apex: string;
  readonly text: string;
  readonly features: readonly string[];
  /** Names worth asking for, absolute, with the types that stand there as far as the generator knows. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly signing: Signing;
}

export type Signing = "none" | "nsec" | "nsec3" | "nsec3-opt-out" | "ldns-nsec" | "ldns-nsec3";
