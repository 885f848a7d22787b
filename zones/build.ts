/**
 * Builds one zone in a region of the arena, from its image or else from its master file, on whichever thread. What comes of it
 * can be posted.
 */
import { FileError } from "../base/index.ts";
import { ArenaFullError, type ArenaRegion } from "./arena.ts";
import { type ImageDraft, type ImagePlace, readImage } from "./image.ts";
import { type LoadCounts, loadText, type LoadOutcome, refused, type ZoneFileToLoad } from "./load.ts";
import type { MasterProblem } from "./master/problem.ts";
import { type BuiltZone, RegionStore } from "./region.ts";
import type { SourceFiles } from "./source-files.ts";

/** Why an image that is there was not used. `isStale`: as is to be expected now and then. */
export interface UnfitImage {
  readonly reason: string;
  readonly isStale: boolean;
}

export interface Building {
  /** "too-small": the region is; all else is void then. */
  readonly kind: "loaded" | "refused" | "too-small";
  readonly counts: LoadCounts;
  readonly problems: readonly MasterProblem[];
  /** Null unless it is loaded. */
  readonly built: BuiltZone | null;
  readonly isFromImage: boolean;
  readonly unfitImage: UnfitImage | null;
  /** Stamps of every file that was read. */
  readonly stamps: ReadonlyMap<string, string | null>;
}

export interface BuildWish {
  readonly zone: ZoneFileToLoad;
  readonly region: ArenaRegion;
  /** Null: without one. */
  readonly image: ImagePlace | null;
}

/** Reads the files that `sources` has not read yet. */
export function buildZone(sources: SourceFiles, wish: BuildWish): Building {
  try {
    return build(sources, wish);
  } catch (error) {
    if (!(error instanceof ArenaFullError)) throw error;
    return { ...fromOutcome(refused(wish.zone, error.message)), kind: "too-small", stamps: sources.stamps };
  }
}

function build(sources: SourceFiles, { zone, region, image }: BuildWish): Building {
  const { stamps } = sources;
  const reading = image === null ? null : readImage({ place: image, zone, sources, region });
  const store = new RegionStore(region);
  if (reading?.kind === "read") {
    const { counts, problems } = reading;
    if (!reading.isInPlace) store.adopt(reading.arena, reading.built);
    const built = reading.isInPlace ? reading.built : store.built;
    return { kind: "loaded", counts, problems, built, isFromImage: true, unfitImage: null, stamps };
  }
  const unfitImage = reading?.kind === "unfit" ? reading : null;
  const building = fromOutcome(read(sources, zone, store));
  return { ...building, built: store.built, unfitImage, stamps };
}

/** Throws ArenaFullError. */
function read(sources: SourceFiles, zone: ZoneFileToLoad, store: RegionStore): LoadOutcome {
  try {
    return loadText({ store, files: sources }, zone, { name: zone.file, octets: sources.read(zone.file) });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return refused(zone, error.message);
  }
}

function fromOutcome({ kind, problems, records, duplicates, serial }: LoadOutcome): Omit<Building, "stamps"> {
  const counts = { records, duplicates, serial };
  return { kind, counts, problems, built: null, isFromImage: false, unfitImage: null };
}

/** The image to be written of a zone that was read from its text; null when it was not, or there is to be none. */
export function draftOf(
  building: Building,
  { zone, region, image }: BuildWish,
  sources: SourceFiles,
): ImageDraft | null {
  const { built, counts, problems, isFromImage } = building;
  if (built === null || image === null || isFromImage) return null;
  return { place: image, region, zone, built, counts, problems, sources: sources.all };
}
