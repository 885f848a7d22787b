/** Where the images of zones stand, if there are to be any. */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import type { ImagePlace, ZoneFileToLoad } from "../zones/index.ts";
import { strataVersion } from "./version.ts";

export interface ImageSettings {
  /** Null: each beside its zone file. */
  readonly folder: string | null;
}

/** `FILE.strata`; in a folder of their own with a digest of the whole path, since files of other folders have the same names. */
export function imagePlaces(settings: ImageSettings | null): ((zone: ZoneFileToLoad) => ImagePlace) | null {
  if (settings === null) return null;
  const { folder } = settings;
  const program = `Strata ${strataVersion()}`;
  return ({ file }) => {
    const path = folder === null ? `${file}.strata` : join(folder, `${basename(file)}.${digest(resolve(file))}.strata`);
    return { path, program };
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
