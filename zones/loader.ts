/**
 * How a server gets its zones: small ones in place, large ones so that nobody waits for them. While the server starts nobody asks yet, so one
 * large zone is read in place as well, and several by builders at the same time; a reload is left to a builder of low priority, and
 * the zone is published when it is whole. Large zones leave an image on disk, which the next start reads instead.
 */
import { availableParallelism } from "node:os";
import type { Clock, Files, Log } from "../base/index.ts";
import { ARENA_OCTETS_DEFAULT, ArenaFullError, type ArenaRegion } from "./arena.ts";
import { type Building, buildZone, type BuildWish, draftOf } from "./build.ts";
import { BuilderError, type BuilderPriority, ThreadBuilder, type ZoneBuilder } from "./builder.ts";
import type { ImageDraft, ImagePlace } from "./image.ts";
import { type LoadOutcome, loadZone, refused, type ZoneFileToLoad } from "./load.ts";
import { SourceFiles } from "./source-files.ts";
import type { ZoneStore } from "./store.ts";

export interface LoaderParts {
  readonly store: ZoneStore;
  readonly files: Files;
  readonly log: Log;
  readonly clock: Clock;
  /** Where a zone's image stands; null: there are none. */
  readonly imageOf: ((zone: ZoneFileToLoad) => ImagePlace) | null;
  /** For tests: the length of a large file, and what builds. */
  readonly largeOctets?: number;
  readonly startBuilder?: (priority: BuilderPriority) => ZoneBuilder;
}

export interface LoadedZone extends LoadOutcome {
  /** Stamps of every file that was read for it. */
  readonly stamps: ReadonlyMap<string, string | null>;
}

/** A file of a megabyte takes about 50 ms to read, a thread as long to start. */
const LARGE_OCTETS = 1 << 20;
/** Records take 3 to 6 times the room in the arena that they take in the file. What is not needed comes back. */
const ROOM_OCTETS_PER_FILE_OCTET = 6;
const ROOM_OCTETS_MIN = 1 << 16;
/** So long images wait after a load, so that they do not slow down what comes right after a start. */
const SETTLED_MILLISECONDS = 200;
/** So long the end waits for an image that is being written, which takes a third of a second for a million records. */
const WRITING_MILLISECONDS_MAX = 2000;

export class ZoneLoader {
  readonly #parts: LoaderParts;
  readonly #largeOctets: number;
  readonly #startBuilder: (priority: BuilderPriority) => ZoneBuilder;
  /** Those at work, so that they can be ended. */
  readonly #builders = new Set<ZoneBuilder>();
  #keeping: Promise<void> = Promise.resolve();
  #writing: ZoneBuilder | null = null;
  #isClosed = false;

  constructor(parts: LoaderParts) {
    this.#parts = parts;
    this.#largeOctets = parts.largeOctets ?? LARGE_OCTETS;
    this.#startBuilder = parts.startBuilder ?? ((priority) => new ThreadBuilder(priority));
  }

  /** Loads zones while nobody asks yet. The outcomes are in the order of the zones. */
  async start(zones: readonly ZoneFileToLoad[]): Promise<LoadedZone[]> {
    const outcomes = new Map<ZoneFileToLoad, LoadedZone>();
    const large = zones.filter((zone) => this.isLarge(zone));
    // Large ones first: what comes from an image need not be copied where it stands as it did then, whatever became of small ones.
    let building: Promise<unknown> = Promise.resolve();
    if (large.length > 1) building = this.#buildAll(large, outcomes);
    else for (const zone of large) outcomes.set(zone, this.#buildHere(zone));
    for (const zone of zones) if (!large.includes(zone)) outcomes.set(zone, this.#load(zone));
    await building;
    return zones.map((zone) => outcomes.get(zone)!);
  }

  /** Loads a zone while others are served and asked for. */
  async reload(zone: ZoneFileToLoad): Promise<LoadedZone> {
    if (!this.isLarge(zone)) return this.#load(zone);
    const builder = this.#start("low");
    const outcome = await this.#build(builder, zone);
    this.#keepBuilt(builder, [outcome]);
    return outcome;
  }

  /** Whether the zone is one to be left to a builder. */
  isLarge({ file }: ZoneFileToLoad): boolean {
    const status = this.#parts.files.status(file);
    return status !== null && status.octets >= this.#largeOctets;
  }

  /** Resolves when the images of all zones that have been loaded are written, as far as they can be. */
  async kept(): Promise<void> {
    await this.#keeping;
  }

  /** Ends what is being read; an image that is being written gets a little time, and others are not begun. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const writing = this.#writing;
    const others = [...this.#builders].filter((builder) => builder !== writing);
    await Promise.all(others.map((builder) => this.#end(builder)));
    if (writing === null) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.after(WRITING_MILLISECONDS_MAX, resolve);
    await Promise.race([this.#keeping, late]);
    timer.cancel();
    await this.#end(writing);
  }

  #load(zone: ZoneFileToLoad): LoadedZone {
    const sources = new SourceFiles(this.#parts.files);
    const outcome = loadZone({ store: this.#parts.store, files: sources }, zone);
    return { ...outcome, stamps: sources.stamps };
  }

  /** A large zone on this thread, which has nothing else to do. */
  #buildHere(zone: ZoneFileToLoad): LoadedZone {
    const sources = new SourceFiles(this.#parts.files);
    const region = this.#lend(ARENA_OCTETS_DEFAULT);
    if (region === null) return this.#full(zone);
    const wish = { zone, region, image: this.#imageOf(zone) };
    let building: Building;
    try {
      building = buildZone(sources, wish);
    } catch (error) {
      // What fails in the middle must leave no region lent: the store would never compact again.
      this.#parts.store.takeBack(region);
      throw error;
    }
    const outcome = this.#settle(wish, building);
    const draft = outcome.kind === "loaded" ? draftOf(building, wish, sources) : null;
    if (draft !== null) this.#keepDraft(draft);
    return outcome;
  }

  /** Several large zones at a time, as many as there are cores. */
  async #buildAll(zones: readonly ZoneFileToLoad[], outcomes: Map<ZoneFileToLoad, LoadedZone>): Promise<void> {
    const waiting = zones.values();
    const lane = async (): Promise<void> => {
      const builder = this.#start("normal");
      const built: LoadedZone[] = [];
      for (const zone of waiting) {
        const outcome = await this.#build(builder, zone);
        built.push(outcome);
        outcomes.set(zone, outcome);
      }
      this.#keepBuilt(builder, built);
    };
    const lanes = Math.min(availableParallelism(), zones.length);
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /** In a builder's thread. When the region turns out to be too small, the builder gets one twice as large. */
  async #build(builder: ZoneBuilder, zone: ZoneFileToLoad): Promise<LoadedZone> {
    const image = this.#imageOf(zone);
    let wanted = this.#roomFor(zone);
    for (let isAgain = false; ; isAgain = true) {
      const region = this.#lend(wanted);
      if (region === null) return this.#full(zone);
      const wish = { zone, region, image };
      let building: Building;
      try {
        building = await (isAgain ? builder.buildAgain(wish) : builder.build(wish));
      } catch (error) {
        this.#parts.store.takeBack(region);
        if (!(error instanceof BuilderError)) throw error;
        return this.#failed(zone, error.message);
      }
      const isAllThereIs = region.end - region.start < wanted - 4;
      if (building.kind !== "too-small" || isAllThereIs) return this.#settle(wish, building);
      this.#parts.store.takeBack(region);
      wanted *= 2;
    }
  }

  #full(zone: ZoneFileToLoad): LoadedZone {
    return this.#failed(zone, "no memory is left for it");
  }

  #failed(zone: ZoneFileToLoad, message: string): LoadedZone {
    const stamps = new Map([[zone.file, this.#parts.files.stamp(zone.file)]]);
    return { ...refused(zone, message), stamps };
  }

  #roomFor({ file }: ZoneFileToLoad): number {
    const octets = this.#parts.files.status(file)?.octets ?? 0;
    return (ROOM_OCTETS_MIN + octets * ROOM_OCTETS_PER_FILE_OCTET) & ~3;
  }

  #lend(octets: number): ArenaRegion | null {
    try {
      return this.#parts.store.lend(octets);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      return null;
    }
  }

  /** Publishes what was built, or takes the region back. */
  #settle({ zone, region, image }: BuildWish, building: Building): LoadedZone {
    const { counts, problems, built, stamps } = building;
    this.#tellOfImage(building, zone, image);
    if (building.kind !== "loaded" || built === null) {
      this.#parts.store.takeBack(region);
      return { kind: "refused", apex: zone.apex, file: zone.file, ...counts, problems, stamps };
    }
    try {
      this.#parts.store.settle(region, zone.apex, built);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      return this.#failed(zone, error.message);
    }
    return { kind: "loaded", apex: zone.apex, file: zone.file, ...counts, problems, stamps };
  }
  #imageOf(zone: ZoneFileToLoad): ImagePlace | null {
    return this.#parts.imageOf?.(zone) ?? null;
  }

  #tellOfImage({ isFromImage, unfitImage }: Building, zone: ZoneFileToLoad, image: ImagePlace | null): void {
    if (image === null) return;
    const { log } = this.#parts;
    const about = { zone: zone.apex.toString(), image: image.path };
    if (isFromImage) log.info(about, "a zone was loaded from its image");
    if (unfitImage === null) return;
    const tell = unfitImage.isStale ? log.info : log.warn;
    tell({ ...about, reason: unfitImage.reason }, "the image of a zone is not used; its master file is read");
  }

  #start(priority: BuilderPriority): ZoneBuilder {
    const builder = this.#startBuilder(priority);
    this.#builders.add(builder);
    return builder;
  }

  async #end(builder: ZoneBuilder): Promise<void> {
    this.#builders.delete(builder);
    await builder.close();
  }

  /** Lets the builder write, some time after, what of its work has been published, and ends it. */
  #keepBuilt(builder: ZoneBuilder, built: readonly LoadedZone[]): void {
    const { imageOf } = this.#parts;
    const loaded = built.filter(({ kind }) => kind === "loaded");
    if (imageOf === null || loaded.length === 0) void this.#end(builder);
    else {
      const paths = loaded.map((zone) => imageOf(zone).path);
      this.#keepLater(() => this.#keep(builder, paths, () => builder.keep(paths)));
    }
  }

  #keepDraft(draft: ImageDraft): void {
    this.#keepLater(() => {
      const builder = this.#start("low");
      return this.#keep(builder, [draft.place.path], () => builder.keepDraft(draft));
    });
  }

  #keepLater(work: () => Promise<void>): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#parts.clock.after(SETTLED_MILLISECONDS, resolve);
    const before = this.#keeping;
    this.#keeping = (async () => {
      await before;
      await promise;
      if (!this.#isClosed) await work();
    })();
  }

  /** One line in the log is all that comes of it. */
  async #keep(builder: ZoneBuilder, paths: readonly string[], write: () => Promise<string | null>): Promise<void> {
    let problem: string | null;
    this.#writing = builder;
    try {
      problem = await write();
    } catch (error) {
      if (!(error instanceof BuilderError)) throw error;
      problem = error.message;
    }
    this.#writing = null;
    const { log } = this.#parts;
    if (problem === null) log.info({ images: paths }, "the images of zones are written");
    else if (!this.#isClosed) log.warn({ problem }, "a zone's image could not be written");
    await this.#end(builder);
  }
}
