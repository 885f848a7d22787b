/** RRsets as values, copied out of the arena: for tools and tests, and nothing that is hot. */
import { CLASS, Name, type Rrset } from "../dns/index.ts";
import type { ArenaViews } from "./arena.ts";
import { firstRecord, nextRecord, nodeName, recordLength, rrsetCount, rrsetTtl, rrsetType } from "./rrset-view.ts";

export function readName({ octets }: ArenaViews, offset: number): Name {
  return Name.fromWire(octets, offset);
}

export function readNodeName(views: ArenaViews, node: number): Name {
  return Name.fromWire(views.octets, nodeName(views, node));
}

export function readRrset(views: ArenaViews, owner: Name, rrset: number): Rrset {
  const rdatas: Uint8Array[] = [];
  let record = firstRecord(views, rrset);
  for (let left = rrsetCount(views, rrset); left > 0; left--) {
    const length = recordLength(views, record);
    // A plain copy: what leaves the arena must not be shared memory.
    const rdata = new Uint8Array(length);
    rdata.set(views.octets.subarray(record + 2, record + 2 + length));
    rdatas.push(rdata);
    record = nextRecord(views, record);
  }
  return { owner, type: rrsetType(views, rrset), class: CLASS.IN, ttlSeconds: rrsetTtl(views, rrset), rdatas };
}
