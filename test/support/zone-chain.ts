/** Chains of NSEC (RFC 4034 §4, RFC 4035 §2.3) and NSEC3 (RFC 5155 §7.1) for zones in tests. Nothing is signed. */
import { fromBase32Hex } from "../../base/index.ts";
import { CLASS, type Name, type Rr, TYPE } from "../../dns/index.ts";
import { hashedOwner, PlainZone, type Proof } from "./plain-zone.ts";

export interface ChainOptions {
  /** Unsigned delegations have no NSEC3 (RFC 5155 §6). */
  readonly hasOptOut: boolean;
}

/** The records that a signer adds to a zone's own. */
export function chainOf(
  apex: Name,
  records: readonly Rr[],
  proof: Proof,
  { hasOptOut }: ChainOptions = { hasOptOut: false },
): Rr[] {
  if (proof.kind === "none") return [];
  const zone = new PlainZone(apex, records);
  const owners = zone.names.filter((name) => zone.typesOf(name).length > 0 && isAuthoritative(zone, name));
  if (proof.kind === "nsec") {
    return link(owners).map(([owner, next]) =>
      record(owner, TYPE.NSEC, [...next.octets, ...bitmap([...zone.typesOf(owner), TYPE.NSEC])]),
    );
  }
  const kept = hasOptOut ? owners.filter((owner) => !isUnsignedDelegation(zone, owner)) : owners;
  const withEmpty = new Map<string, Name>();
  for (const owner of kept) {
    for (let labels = apex.labelCount; labels <= owner.labelCount; labels++) {
      const name = owner.ancestor(labels);
      withEmpty.set(name.key, name);
    }
  }
  const types = new Map<string, readonly number[]>();
  const hashes = [...withEmpty.values()].map((name) => {
    const hashed = hashedOwner(name, apex, proof);
    types.set(hashed.key, zone.typesOf(name));
    return hashed;
  });
  hashes.sort((a, b) => a.compare(b));
  const parameters = [proof.iterations >> 8, proof.iterations & 0xff, proof.salt.length, ...proof.salt];
  return [
    record(apex, TYPE.NSEC3PARAM, [1, 0, ...parameters]),
    ...link(hashes).map(([owner, next]) => {
      const digest = fromBase32Hex(new TextDecoder().decode(next.labels[0]))!;
      const flags = hasOptOut ? 1 : 0;
      return record(owner, TYPE.NSEC3, [1, flags, ...parameters, 20, ...digest, ...bitmap(types.get(owner.key)!)]);
    }),
  ];
}

function isAuthoritative(zone: PlainZone, name: Name): boolean {
  for (let labels = zone.apex.labelCount; labels < name.labelCount; labels++) {
    const types = zone.typesOf(name.ancestor(labels));
    if (types.includes(TYPE.DNAME) || (labels > zone.apex.labelCount && types.includes(TYPE.NS))) return false;
  }
  return true;
}

function isUnsignedDelegation(zone: PlainZone, name: Name): boolean {
  const types = zone.typesOf(name);
  return !name.equals(zone.apex) && types.includes(TYPE.NS) && !types.includes(TYPE.DS);
}

function link(owners: readonly Name[]): [Name, Name][] {
  return owners.map((owner, i) => [owner, owners[(i + 1) % owners.length]!]);
}

/** Types below 256 only (RFC 4034 §4.1.2). */
function bitmap(types: readonly number[]): number[] {
  const bits = new Array<number>(32).fill(0);
  for (const type of types) bits[type >> 3]! |= 0x80 >> (type & 7);
  return [0, 32, ...bits];
}

function record(owner: Name, type: number, rdata: readonly number[]): Rr {
  return { owner, type, class: CLASS.IN, ttlSeconds: 300, rdata: Uint8Array.from(rdata) };
}
