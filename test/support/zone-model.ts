/** A zone under change as plain maps, beside an edit of the store: what `zones/zone-edit.ts` must do (RFC 2136 §3.4.2, RFC 2181 §5.2). */
import { equalOctets } from "../../base/index.ts";
import { type Name, type Rr, TYPE } from "../../dns/index.ts";
import type { ZoneView } from "../../zones/index.ts";

interface Set {
  ttlSeconds: number;
  rdatas: Uint8Array[];
}

const SINGLE: readonly number[] = [TYPE.SOA, TYPE.CNAME, TYPE.DNAME];

export class ZoneModel {
  readonly apex: Name;
  #names = new Map<string, { readonly owner: Name; readonly sets: Map<number, Set> }>();

  constructor(apex: Name) {
    this.apex = apex;
  }

  copy(): ZoneModel {
    const copy = new ZoneModel(this.apex);
    for (const [key, { owner, sets }] of this.#names) {
      const copied = [...sets].map(([type, set]): [number, Set] => [type, { ...set, rdatas: [...set.rdatas] }]);
      copy.#names.set(key, { owner, sets: new Map(copied) });
    }
    return copy;
  }

  add({ owner, type, ttlSeconds, rdata }: Rr): string {
    const name = this.#names.get(owner.key) ?? { owner, sets: new Map<number, Set>() };
    this.#names.set(owner.key, name);
    const set = name.sets.get(type);
    if (set === undefined) {
      name.sets.set(type, { ttlSeconds, rdatas: [rdata] });
      return "added";
    }
    if (set.rdatas.some((other) => equalOctets(other, rdata))) return "duplicate";
    if (SINGLE.includes(type)) return "only-one-allowed";
    set.rdatas.push(rdata);
    const isSame = set.ttlSeconds === ttlSeconds;
    set.ttlSeconds = Math.min(set.ttlSeconds, ttlSeconds);
    return isSame ? "added" : "ttl-differs";
  }

  removeRecord({ owner, type, rdata }: Rr): boolean {
    const set = this.#names.get(owner.key)?.sets.get(type);
    const at = set?.rdatas.findIndex((other) => equalOctets(other, rdata)) ?? -1;
    if (set === undefined || at < 0) return false;
    set.rdatas.splice(at, 1);
    if (set.rdatas.length === 0) this.removeRrset(owner, type);
    return true;
  }

  removeRrset(owner: Name, type: number): boolean {
    const sets = this.#names.get(owner.key)?.sets;
    const isRemoved = sets?.delete(type) ?? false;
    if (sets?.size === 0) this.#names.delete(owner.key);
    return isRemoved;
  }

  removeName(owner: Name): boolean {
    return this.#names.delete(owner.key);
  }

  setTtl(owner: Name, type: number, ttlSeconds: number): boolean {
    const set = this.#names.get(owner.key)?.sets.get(type);
    if (set === undefined) return false;
    set.ttlSeconds = ttlSeconds;
    return true;
  }

  /** What a view of it must tell: names that exist in canonical order, RRsets, how many records. */
  get told(): ZoneTold {
    const names = new Map<string, Name>();
    const rrsets: string[] = [];
    let records = 0;
    for (const { owner, sets } of this.#names.values()) {
      for (let labels = this.apex.labelCount; labels <= owner.labelCount; labels++) {
        names.set(owner.ancestor(labels).key, owner.ancestor(labels));
      }
      for (const [type, { ttlSeconds, rdatas }] of sets) {
        rrsets.push(line(owner, type, ttlSeconds, rdatas));
        records += rdatas.length;
      }
    }
    const sorted = [...names.values()].sort((a, b) => a.compare(b));
    return { names: sorted.map((name) => name.key), rrsets: rrsets.sort(), records };
  }
}

export interface ZoneTold {
  readonly names: readonly string[];
  readonly rrsets: readonly string[];
  readonly records: number;
}

export function toldBy(view: ZoneView): ZoneTold {
  return {
    names: Array.from(view.names(), (name) => name.key),
    rrsets: Array.from(view.rrsets(), ({ owner, type, ttlSeconds, rdatas }) =>
      line(owner, type, ttlSeconds, rdatas),
    ).sort(),
    records: view.recordCount,
  };
}

function line(owner: Name, type: number, ttlSeconds: number, rdatas: readonly Uint8Array[]): string {
  return `${owner.key} ${type} ${ttlSeconds} ${rdatas.map((rdata) => rdata.join()).join(" ")}`;
}
