/** Where an automount learns what stands behind a name: the one interface of files, programs and the network itself. */
import type { Status } from "../status.ts";
import type { MapMount } from "./map-entry.ts";

export type MapAnswer =
  | { readonly kind: "mounts"; readonly mounts: readonly MapMount[] }
  /** There is no such name; the reason is a sentence for people. */
  | { readonly kind: "none"; readonly reason: string }
  /** Nobody can say, or what is said is wrong. */
  | { readonly kind: "failed"; readonly status: Status; readonly reason: string };

export interface AutomountMap {
  /** The keys that are shown without being asked for. Nothing is mounted for that. */
  names(): readonly string[];
  /** What is wrong in it, for people. */
  faults(): readonly string[];
  find(key: string, signal: AbortSignal): Promise<MapAnswer>;
}
