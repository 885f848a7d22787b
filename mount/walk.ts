/**
 * Walking a path, as commands do, in the local name space or in any file system. ".." goes back along the way that was walked, also over mounts and symbolic links (the way of Plan 9: the directory that
 * the user named before), so a path means what it says. Links are followed from the directory they stand in, absolute ones from the root; 40 links and 40 mounts are enough for
 * one path (ELOOP).
 */
import type { FileSystem, Found } from "./file-system.ts";
import { formatPath, parseComponents, parsePath } from "./path.ts";
import { isStatus, type Status } from "./status.ts";

export const LINKS_MAX = 40;
export const CROSSINGS_MAX = 40;

/** One step of a way, for `strata why`. */
export interface WalkStep {
  readonly path: string;
  readonly found: Found;
  /** Where a symbolic link led here, its text. */
  readonly link: string | null;
}

/** A way from the root: each component and what it is. */
export interface Walked {
  readonly steps: readonly WalkStep[];
}

/** How a walk ended short of its end: at which path, and why. */
export interface WalkFault {
  readonly path: string;
  readonly status: Status;
}

/** Whether a symbolic link at the end is followed too. */
export type LastLink = "follow" | "keep";

export class Walker {
  readonly #nameSpace: FileSystem;
  #links = 0;
  #crossings = 0;

  constructor(nameSpace: FileSystem) {
    this.#nameSpace = nameSpace;
  }

  /** Walks an absolute path. A walker is good for one path. */
  async walk(path: string, last: LastLink = "follow"): Promise<Walked | WalkFault> {
    const names = parsePath(path);
    if (isStatus(names)) return { path, status: names };
    const root = await this.#root();
    if (isStatus(root)) return { path: "/", status: root };
    return this.#onward([root], names, last);
  }

  async #root(): Promise<WalkStep | Status> {
    const found = await this.#nameSpace.root();
    return isStatus(found) ? found : { path: "/", found, link: null };
  }

  async #onward(from: readonly WalkStep[], names: readonly string[], last: LastLink): Promise<Walked | WalkFault> {
    let steps = [...from];
    for (const [i, name] of names.entries()) {
      if (name === "..") {
        if (steps.length > 1) steps.pop();
        continue;
      }
      const here = steps.at(-1)!;
      const path = formatPath([...steps.slice(1).map((step) => lastName(step.path)), name]);
      const found = await this.#nameSpace.lookup(here.found.key, name);
      if (isStatus(found)) return { path, status: found };
      const step = this.#step(here.found, path, found);
      if (isStatus(step)) return { path, status: step };
      const isLast = i === names.length - 1;
      if (found.attributes.kind !== "link" || (isLast && last === "keep")) {
        steps.push(step);
        continue;
      }
      const end = await this.#through(steps, step);
      if ("status" in end) return end;
      // What is behind the link takes its place on the way, so that ".." undoes the link's name and not its target.
      steps = [...steps, end];
    }
    return { steps };
  }

  #step(from: Found, path: string, found: Found): WalkStep | Status {
    const isCrossing = found.attributes.fileSystemId !== from.attributes.fileSystemId;
    if (isCrossing && ++this.#crossings > CROSSINGS_MAX) return "LOOP";
    return { path, found, link: null };
  }

  async #through(steps: readonly WalkStep[], link: WalkStep): Promise<WalkStep | WalkFault> {
    if (++this.#links > LINKS_MAX) return { path: link.path, status: "LOOP" };
    const answer = await this.#nameSpace.readlink(link.found.key);
    if (isStatus(answer)) return { path: link.path, status: answer };
    const names = parseComponents(answer.target);
    if (isStatus(names)) return { path: link.path, status: names };
    const isAbsolute = answer.target.startsWith("/");
    const walked = await this.#onward(isAbsolute ? steps.slice(0, 1) : steps, names, "follow");
    if ("status" in walked) return { path: link.path, status: walked.status };
    const end = walked.steps.at(-1)!;
    return { path: link.path, found: end.found, link: answer.target };
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
