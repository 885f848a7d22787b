/** Zones built in lent regions, and what a builder's thread does done on this one, so that files may be those of a test. */
import type { Files } from "../../base/index.ts";
import type { Name, Rr } from "../../dns/index.ts";
import { type Building, buildZone, type BuildWish, draftOf } from "../../zones/build.ts";
import { BuilderError, type ZoneBuilder } from "../../zones/builder.ts";
import { type ImageDraft, imageParts } from "../../zones/image.ts";
import { RegionStore } from "../../zones/region.ts";
import { SourceFiles } from "../../zones/source-files.ts";
import type { ZoneStore } from "../../zones/index.ts";

/** Publishes these records as the zone, by way of a region. */
export function publishBuilt(store: ZoneStore, apex: Name, records: readonly Rr[], octets = 1 << 18): void {
  const region = store.lend(octets);
  const built = new RegionStore(region);
  const edit = built.replace(apex);
  for (const { owner, type, ttlSeconds, rdata } of records) {
    edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
  }
  edit.commit();
  if (built.built === null) throw new Error("the zone is built once it is committed");
  store.settle(region, apex, built.built);
}

/** Builds at its own time, as a thread would, and may be stopped on the way. */
export class LocalBuilder implements ZoneBuilder {
  readonly #files: Files;
  #sources: SourceFiles;
  #drafts: ImageDraft[] = [];
  #isClosed = false;
  /** What it waits for before it builds. */
  readonly #gate: Promise<unknown>;

  constructor(files: Files, gate: Promise<unknown> = Promise.resolve()) {
    this.#files = files;
    this.#sources = new SourceFiles(files);
    this.#gate = gate;
  }

  build(wish: BuildWish): Promise<Building> {
    this.#sources = new SourceFiles(this.#files);
    return this.buildAgain(wish);
  }

  async buildAgain(wish: BuildWish): Promise<Building> {
    await this.#gate;
    if (this.#isClosed) throw new BuilderError("the builder has ended");
    const building = buildZone(this.#sources, wish);
    const draft = draftOf(building, wish, this.#sources);
    if (draft !== null) this.#drafts.push(draft);
    return building;
  }

  keep(paths: readonly string[]): Promise<string | null> {
    for (const draft of this.#drafts.filter(({ place }) => paths.includes(place.path))) void this.keepDraft(draft);
    return Promise.resolve(null);
  }

  keepDraft(draft: ImageDraft): Promise<string | null> {
    this.#files.writeSafely(draft.place.path, imageParts(draft));
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }
}
