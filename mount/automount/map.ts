/** Where an automount learns what stands behind a name: the one interface of files, programs and the network itself. */
import type { Status } from "../status.ts";
import type { MapMount } from "./map-entry.ts";

export type MapAnswer =
  | { readonly kind: "mounts"; readonly mounts: readonly MapMount[] }
  /** The map has no such key. */
  | { readonly kind: "none" }
  /** Nobody can say, or what is said is wrong; the reason is a sentence for people. */
  | { readonly kind: "failed"; readonly status: Status; readonly reason: string };

export interface AutomountMap {
  /** The keys that are shown without being asked for. Nothing is mounted for that. */
  names(): readonly string[];
  find(key: string, signal: AbortSignal): Promise<MapAnswer>;
}
