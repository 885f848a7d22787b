/** What the store tells of itself and of its zones. */
import type { Name } from "../dns/index.ts";

/** What other threads need in order to read; can be posted to them. */
export interface SharedStore {
  readonly arena: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

export interface StoreOptions {
  /** Address space to set aside; memory is taken as it fills. At most 2 GiB, which is also what it is unless given. */
  readonly capacityOctets?: number;
  /** Zones of fewer names get no index of them; see `name-index.ts`. */
  readonly indexedNamesMin?: number;
}

export interface StoredZone {
  readonly apex: Name;
  /** The zone record: this version of the zone. */
  readonly zone: number;
  readonly serial: number;
  readonly records: number;
}

export interface StoreStats {
  readonly usedOctets: number;
  readonly garbageOctets: number;
  readonly capacityOctets: number;
  readonly versions: number;
  /** How often the zones moved to another arena. */
  readonly moves: number;
}
