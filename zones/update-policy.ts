/**
 * Who may change what in a zone, as data (RFC 2136 §3.3, RFC 3007 §3.1): a list of grants, each to a key or to clients by their
 * address, of some names and some types. What no grant allows is refused. That a request is signed by the key it names is
 * checked before.
 */
import { CLASS, EDE, type Name, RCODE, type Rr, TYPE, typeToText } from "../dns/index.ts";
import type { Prefix } from "../net/index.ts";
import { isKeptAtApex, type UpdatedZone, type UpdateRefusal } from "./update.ts";

/** The names a grant is of. */
export type GrantedNames =
  /** All of the zone. */
  | { readonly kind: "zone" }
  /** The name that is the key's. */
  | { readonly kind: "self" }
  | { readonly kind: "name"; readonly name: Name }
  /** That name and all below it. */
  | { readonly kind: "subdomain"; readonly name: Name }
  /** All names that the wildcard `name` can stand for: those below its parent (RFC 4592 §2.1.1). */
  | { readonly kind: "wildcard"; readonly name: Name };

export interface UpdateGrant {
  /** To whom: who signs with this key, or who asks from one of these addresses, signed or not. */
  readonly to: { readonly key: Name } | { readonly from: readonly Prefix[] };
  readonly names: GrantedNames;
  /** Null: every type where it is of the whole zone, else all but SOA and NS, which are the zone's own and its children's. */
  readonly types: readonly number[] | null;
}

export interface UpdateRequester {
  /** The key that the request is signed with; null: unsigned. */
  readonly key: Name | null;
  /** In network order, 4 or 16. */
  readonly addressOctets: Uint8Array;
}

export class UpdatePolicy {
  readonly #grants: readonly UpdateGrant[];

  constructor(grants: readonly UpdateGrant[]) {
    this.#grants = grants;
  }

  /** Why the requester may change nothing at all; null when there is something. Asked first, so that strangers learn nothing of a zone by prerequisites. */
  refusalOf(requester: UpdateRequester): UpdateRefusal | null {
    if (this.#grants.some((grant) => isTo(grant, requester))) return null;
    const { key } = requester;
    return key === null
      ? prohibited("updates have to be signed with a key that is allowed here")
      : prohibited(`the key ${key.toString()} may change nothing in this zone`);
  }

  /** Why one of the updates is not allowed; null when all are. They were prescanned. */
  refusalOfUpdates(zone: UpdatedZone, requester: UpdateRequester, updates: readonly Rr[]): UpdateRefusal | null {
    const mine = this.#grants.filter((grant) => isTo(grant, requester));
    const allows = (owner: Name, type: number): boolean =>
      mine.some(({ names, types }) => isOf(names, owner, requester) && isType(names, types, type));
    for (const { owner, type, class: rrClass } of updates) {
      const isAll = rrClass === CLASS.ANY && type === TYPE.ANY;
      const types = isAll ? removedTypes(zone, owner) : [type];
      const refused = types.find((one) => !allows(owner, one));
      if (refused !== undefined)
        return prohibited(`${told(requester)} may not change ${owner.toString()} ${typeToText(refused)}`);
      const isName = mine.some(({ names }) => isOf(names, owner, requester));
      if (!isName) return prohibited(`${told(requester)} may not change ${owner.toString()}`);
    }
    return null;
  }
}

/** What goes when all RRsets of a name are deleted (RFC 2136 §3.4.2.3). */
function removedTypes(zone: UpdatedZone, owner: Name): number[] {
  const types = zone.rrsetsOf(owner).map(({ type }) => type);
  return owner.equals(zone.apex) ? types.filter((type) => !isKeptAtApex(type)) : types;
}

function isTo({ to }: UpdateGrant, { key, addressOctets }: UpdateRequester): boolean {
  if ("key" in to) return key !== null && to.key.equals(key);
  return to.from.some((prefix) => prefix.containsOctets(addressOctets));
}

function isOf(names: GrantedNames, owner: Name, { key }: UpdateRequester): boolean {
  switch (names.kind) {
    case "zone":
      return true;
    case "self":
      return key !== null && owner.equals(key);
    case "name":
      return owner.equals(names.name);
    case "subdomain":
      return owner.isAtOrBelow(names.name);
    case "wildcard":
      return owner.isBelow(names.name.parent() ?? names.name);
  }
}

function isType({ kind }: GrantedNames, types: readonly number[] | null, type: number): boolean {
  if (types !== null) return types.includes(type);
  return kind === "zone" || !isKeptAtApex(type);
}

function told({ key }: UpdateRequester): string {
  return key === null ? "this client" : `the key ${key.toString()}`;
}

function prohibited(text: string): UpdateRefusal {
  return { rcode: RCODE.REFUSED, infoCode: EDE.PROHIBITED, text };
}
