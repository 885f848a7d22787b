/**
 * The plain oracle of `zones/lookup.ts` and `zones/prove.ts`: a zone as a map of names, asked as the RFCs say it, label by
 * label (RFC 1034 §4.3.2, RFC 4592, RFC 6672 §3.2, RFC 2308 §2, RFC 4035 §3.1, RFC 5155 §7.2). Slow and short on purpose.
 */
import { createHash } from "node:crypto";
import { toBase32Hex } from "../../base/index.ts";
import { type Name, type Rr, TYPE } from "../../dns/index.ts";

/** What is told of a name and type, in words that both sides can be put into. */
export interface Told {
  readonly kind: "answer" | "alias" | "dname" | "referral" | "nodata" | "nxdomain" | "outside";
  /** `owner type`, in lower case, of what is told. */
  readonly rrsets: readonly string[];
  readonly wildcard: string | null;
  /** For nxdomain. */
  readonly encloser: string | null;
  /** Owners of the NSEC or NSEC3 that must be there. */
  readonly proofs: readonly string[];
}

/** How the zone proves what it does not have. */
export type Proof =
  | { readonly kind: "none" }
  | { readonly kind: "nsec" }
  | { readonly kind: "nsec3"; readonly iterations: number; readonly salt: Uint8Array };

interface Found {
  readonly kind: Told["kind"];
  readonly owner: Name | null;
  readonly types: readonly number[];
  readonly wildcard: Name | null;
  readonly encloser: Name | null;
}

export class PlainZone {
  readonly apex: Name;
  readonly proof: Proof;
  /** Owners with their types; owners of NSEC3 are no names (RFC 5155 §7.2.8). */
  readonly #owners = new Map<string, { readonly name: Name; readonly types: Set<number> }>();
  readonly #existing = new Map<string, Name>();
  /** Names that have NSEC, or NSEC3, in canonical order. */
  readonly #chain: readonly { readonly owner: Name; readonly order: string }[];
  readonly #inChain: ReadonlySet<string>;
  readonly #hashes = new Map<string, Name>();

  constructor(apex: Name, records: readonly Rr[], proof: Proof = { kind: "none" }) {
    this.apex = apex;
    this.proof = proof;
    const type = proof.kind === "nsec3" ? TYPE.NSEC3 : TYPE.NSEC;
    const chain = new Map(records.filter((record) => record.type === type).map(({ owner }) => [owner.key, owner]));
    this.#inChain = new Set(chain.keys());
    this.#chain = [...chain.values()]
      .map((owner) => ({ owner, order: orderOf(owner) }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    for (const { owner, type } of records) {
      if (type === TYPE.NSEC3) continue;
      const there = this.#owners.get(owner.key) ?? { name: owner, types: new Set<number>() };
      there.types.add(type);
      this.#owners.set(owner.key, there);
      // RFC 4592 §2.2.2: whatever stands above an owner exists.
      for (let labels = apex.labelCount; labels <= owner.labelCount; labels++) {
        const name = owner.ancestor(labels);
        this.#existing.set(name.key, name);
      }
    }
  }

  /** All names that exist, empty non-terminals too, in canonical order. */
  get names(): Name[] {
    return [...this.#existing.values()].sort((a, b) => a.compare(b));
  }

  typesOf(name: Name): readonly number[] {
    return [...(this.#owners.get(name.key)?.types ?? [])];
  }

  /** RFC 1034 §4.3.2, step 3: match down, label by label. */
  lookup(qname: Name, qtype: number): Told {
    const found = this.#find(qname, qtype);
    const owner = found.wildcard === null ? found.owner : qname;
    return {
      kind: found.kind,
      rrsets: found.types.map((type) => `${owner!.toLowerCase().toString()} ${type}`).sort(),
      wildcard: text(found.wildcard),
      encloser: found.kind === "nxdomain" ? text(found.encloser) : null,
      proofs: [...new Set(this.#prove(qname, found).map((name) => text(name)!))].sort(),
    };
  }

  #find(qname: Name, qtype: number): Found {
    const nothing = { owner: null, types: [], wildcard: null, encloser: null };
    if (!qname.isAtOrBelow(this.apex)) return { ...nothing, kind: "outside" };
    for (let labels = this.apex.labelCount; labels <= qname.labelCount; labels++) {
      const name = qname.ancestor(labels);
      if (!this.#existing.has(name.key)) {
        // Step 3c: the label does not exist, look for `*` (RFC 4592 §3.3.1: below the closest encloser only).
        const encloser = qname.ancestor(labels - 1);
        const wildcard = encloser.octets.length > 253 ? null : encloser.wildcard();
        if (wildcard === null || !this.#existing.has(wildcard.key)) return { ...nothing, kind: "nxdomain", encloser };
        return { ...this.#at(wildcard, qtype), wildcard, encloser };
      }
      const types = this.typesOf(name);
      const isLast = labels === qname.labelCount;
      // Step 3b: out of the authoritative data, except for DS, which is the parent's (RFC 4035 §3.1.4.1).
      const isCut = labels > this.apex.labelCount && types.includes(TYPE.NS);
      if (isCut && !(isLast && qtype === TYPE.DS))
        return { ...nothing, kind: "referral", owner: name, types: [TYPE.NS] };
      // RFC 6672 §2.3: a DNAME renames what is below it, not its own name.
      if (!isLast && types.includes(TYPE.DNAME)) return { ...nothing, kind: "dname", owner: name, types: [TYPE.DNAME] };
    }
    return { ...this.#at(qname, qtype), wildcard: null, encloser: qname };
  }

  /** Step 3a. NSEC and RRSIG may stand beside a CNAME (RFC 4035 §2.5). */
  #at(owner: Name, qtype: number): { kind: Told["kind"]; owner: Name; types: readonly number[] } {
    const types = this.typesOf(owner);
    if (qtype === TYPE.ANY && types.length > 0) return { kind: "answer", owner, types };
    if (types.includes(qtype)) return { kind: "answer", owner, types: [qtype] };
    if (types.includes(TYPE.CNAME) && qtype !== TYPE.NSEC && qtype !== TYPE.RRSIG) {
      return { kind: "alias", owner, types: [TYPE.CNAME] };
    }
    return { kind: "nodata", owner, types: [] };
  }

  #prove(qname: Name, found: Found): Name[] {
    const { kind, wildcard, owner } = found;
    if (this.proof.kind === "none" || this.#chain.length === 0) return [];
    if (kind === "outside" || kind === "dname" || ((kind === "answer" || kind === "alias") && wildcard === null))
      return [];
    if (kind === "referral" && this.typesOf(owner!).includes(TYPE.DS)) return [];
    return this.proof.kind === "nsec" ? this.#proveByNsec(qname, found) : this.#proveByNsec3(qname, found);
  }

  /** RFC 4035 §3.1.3. */
  #proveByNsec(qname: Name, { kind, wildcard, encloser, owner }: Found): Name[] {
    const own = (name: Name): Name[] => (this.#isInChain(name) ? [name] : []);
    if (kind === "referral") return own(owner!);
    // §3.1.3.2: no exact match, and no wildcard that could match.
    if (kind === "nxdomain") return [this.#before(qname), this.#before(encloser!.wildcard())];
    // §3.1.3.3: no closer match. §3.1.3.4: and the wildcard has no such type.
    if (wildcard !== null) return [this.#before(qname), ...(kind === "nodata" ? [this.#before(wildcard)] : [])];
    // §3.1.3.1: the name's own, or, for an empty non-terminal, the one that passes over it.
    return [this.#before(qname)];
  }

  /** RFC 5155 §7.2. */
  #proveByNsec3(qname: Name, { kind, wildcard, encloser, owner }: Found): Name[] {
    if (kind === "referral") return this.#matchOrEncloser(owner!); // §7.2.7
    if (kind === "nodata" && wildcard === null) return this.#matchOrEncloser(qname); // §7.2.3, §7.2.4
    const closest = this.#provableEncloser(encloser!);
    const proof = [this.#hashed(closest), this.#before(this.#hashed(qname.ancestor(closest.labelCount + 1)))];
    if (kind === "nxdomain") return [...proof, this.#before(this.#hashed(closest.wildcard()))]; // §7.2.2
    // §7.2.5. Opt-out leaves a wildcard without NSEC3 that only stands above unsigned delegations.
    if (kind === "nodata") return [...proof, ...[this.#hashed(wildcard!)].filter((name) => this.#isInChain(name))];
    return [this.#before(this.#hashed(qname.ancestor(encloser!.labelCount + 1)))]; // §7.2.6
  }

  #matchOrEncloser(name: Name): Name[] {
    const hashed = this.#hashed(name);
    if (this.#isInChain(hashed)) return [hashed];
    const closest = this.#provableEncloser(name.parent()!);
    return [this.#hashed(closest), this.#before(this.#hashed(name.ancestor(closest.labelCount + 1)))];
  }

  /** RFC 5155 §7.2.1: the longest ancestor with an NSEC3; opt-out may leave some without. */
  #provableEncloser(name: Name): Name {
    return this.#isInChain(this.#hashed(name)) ? name : this.#provableEncloser(name.parent()!);
  }

  #isInChain(name: Name): boolean {
    return this.#inChain.has(name.key);
  }

  /** The owner in the chain that is the name or comes right before it; the last one comes before the first. */
  #before(name: Name): Name {
    const order = orderOf(name);
    return (this.#chain.findLast((each) => each.order <= order) ?? this.#chain.at(-1)!).owner;
  }

  #hashed(name: Name): Name {
    const hashed = this.#hashes.get(name.key) ?? hashedOwner(name, this.apex, this.proof);
    this.#hashes.set(name.key, hashed);
    return hashed;
  }
}

/** A text that sorts as the name does in canonical order (RFC 4034 §6.1): labels from the root end, each ended by what sorts first. */
function orderOf(name: Name): string {
  const labels = name.toLowerCase().labels.reverse();
  return labels.map((label) => `${Array.from(label, (octet) => String.fromCharCode(octet + 1)).join("")}\0`).join("");
}

/** The owner of a name's NSEC3 (RFC 5155 §3, §5). */
export function hashedOwner(name: Name, apex: Name, proof: Proof): Name {
  if (proof.kind !== "nsec3") throw new Error("only NSEC3 has hashed owners");
  let digest: Uint8Array = name.toLowerCase().octets;
  for (let i = 0; i <= proof.iterations; i++) digest = createHash("sha1").update(digest).update(proof.salt).digest();
  return apex.child(new TextEncoder().encode(toBase32Hex(digest)));
}

function text(name: Name | null): string | null {
  return name === null ? null : name.toLowerCase().toString();
}
