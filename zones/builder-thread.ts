/** A builder's thread: builds zones and writes images as it is told. Started by `builder.ts`, and by nobody else. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, FileError, lowerHelperPriority, lowerThreadPriority, systemFiles } from "../base/index.ts";
import { buildZone, draftOf } from "./build.ts";
import { type FromBuilder, type PostedWish, type ToBuilder, unpackDraft, unpackWish } from "./builder-work.ts";
import { type ImageDraft, imageParts } from "./image.ts";
import { SourceFiles } from "./source-files.ts";

let sources = new SourceFiles(systemFiles);
/** Images of what was built since the last were written. */
let drafts: ImageDraft[] = [];

function build(posted: PostedWish, isAgain: boolean): FromBuilder {
  if (!isAgain) sources = new SourceFiles(systemFiles);
  // Not before: until a server is warm, query threads wait for what the helpers compile.
  if (isLow) lowerHelperPriority();
  const wish = unpackWish(posted);
  const building = buildZone(sources, wish);
  const draft = draftOf(building, wish, sources);
  if (draft !== null) drafts.push(draft);
  return { kind: "built", building };
}

function keep(kept: readonly ImageDraft[]): FromBuilder {
  lowerThreadPriority();
  const problems: string[] = [];
  for (const draft of kept) {
    try {
      systemFiles.writeSafely(draft.place.path, imageParts(draft));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      problems.push(error.message);
    }
  }
  return { kind: "kept", problem: problems.length === 0 ? null : problems.join("; ") };
}

/** Only what was published stays as it is in its region. */
function keepBuilt(paths: readonly string[]): FromBuilder {
  const published = drafts.filter(({ place }) => paths.includes(place.path));
  drafts = [];
  return keep(published);
}

function answerTo(message: ToBuilder): FromBuilder {
  switch (message.kind) {
    case "build":
      return build(message.wish, message.isAgain);
    case "keep":
      return keepBuilt(message.paths);
    case "keep-draft":
      return keep([unpackDraft(message.draft)]);
  }
}

const given: unknown = workerData;
const isOurs = typeof given === "object" && given !== null && "priority" in given;
assert(parentPort !== null && isOurs, "this file is for a thread of builder.ts");
const isLow = given.priority === "low";
if (isLow) lowerThreadPriority();
const port = parentPort;
port.on("message", (message: ToBuilder) => port.postMessage(answerTo(message)));
