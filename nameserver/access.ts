/**
 * Access lists: who may ask, and who may have names resolved for them. A list is address prefixes (RFC 4632), put
 * together from configuration; asking it allocates nothing.
 */
import type { Prefix } from "../net/index.ts";
import type { ClientAddress } from "./client.ts";

export class AccessList {
  readonly #prefixes: readonly Prefix[];

  constructor(prefixes: readonly Prefix[]) {
    this.#prefixes = prefixes;
  }

  /** Whether anybody is on the list at all. */
  get isEmpty(): boolean {
    return this.#prefixes.length === 0;
  }

  includes(client: ClientAddress): boolean {
    const prefixes = this.#prefixes;
    for (let i = 0; i < prefixes.length; i++) if (prefixes[i]!.containsOctets(client.octets)) return true;
    return false;
  }
}
