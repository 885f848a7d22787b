/** What the control thread and a builder's thread tell each other, in a form that can be posted. */
import { Name } from "../dns/index.ts";
import type { ArenaRegion } from "./arena.ts";
import type { Building, BuildWish } from "./build.ts";
import type { ImageDraft, ImagePlace } from "./image.ts";
import type { Layer } from "./layer.ts";
import type { ZoneFileToLoad } from "./load.ts";

/** Names are objects with private fields, so they travel as octets. */
interface PostedZone {
  readonly apex: Uint8Array;
  readonly file: string;
  readonly layer: Layer | null;
}

export interface PostedWish {
  readonly zone: PostedZone;
  readonly region: ArenaRegion;
  readonly image: ImagePlace | null;
}

export interface PostedDraft extends Omit<ImageDraft, "zone"> {
  readonly zone: PostedZone;
}

export type ToBuilder =
  /** `isAgain`: the files are those read last, and the region is another. */
  | { readonly kind: "build"; readonly wish: PostedWish; readonly isAgain: boolean }
  /** Write these images of what was built. */
  | { readonly kind: "keep"; readonly paths: readonly string[] }
  | { readonly kind: "keep-draft"; readonly draft: PostedDraft };

export type FromBuilder =
  | { readonly kind: "built"; readonly building: Building }
  /** `problem`: why there is no image now. */
  | { readonly kind: "kept"; readonly problem: string | null };

function packZone({ apex, file, layer }: ZoneFileToLoad): PostedZone {
  return { apex: apex.octets.slice(), file, layer: layer ?? null };
}

function unpackZone({ apex, file, layer }: PostedZone): ZoneFileToLoad {
  return { apex: Name.fromWire(apex), file, layer };
}

export const packWish = (wish: BuildWish): PostedWish => ({ ...wish, zone: packZone(wish.zone) });
export const unpackWish = (wish: PostedWish): BuildWish => ({ ...wish, zone: unpackZone(wish.zone) });
export const packDraft = (draft: ImageDraft): PostedDraft => ({ ...draft, zone: packZone(draft.zone) });
export const unpackDraft = (draft: PostedDraft): ImageDraft => ({ ...draft, zone: unpackZone(draft.zone) });
