/**
 * Paths: of MNT (RFC 1813 §5.2.1), and of LOOKUP below the public handle (RFC 2054 §6, RFC 2055 §6). Symbolic links on the way are followed, those that are absolute from the exports' root, as a client
 * would that had it mounted there. ".." goes the way back that was walked, and nothing leads out of the export.
 */
import { nameFault } from "../file-name.ts";
import { type Attributes, type Found } from "../file-system.ts";
import { PATH_OCTETS_MAX } from "../nfs/attributes.ts";
import { type LookedUp } from "../nfs/directory-procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { isStatus, type Status } from "../status.ts";
import { callerOf, EXECUTE, hasRights } from "./caller.ts";
import { type Client, type Desk, publicExport } from "./desk.ts";
import { components, type Published } from "./exports.ts";
import { type Answer, andThen } from "../soon.ts";

/** How many symbolic links a path may lead over. */
const CROSSINGS_MAX = 40;
const STEPS_MAX = 4096;

/** Where a path led, and through which export. */
export interface Reached {
  readonly published: Published;
  readonly found: Found;
  /** The directory it stands in; null where it is the export's own. */
  readonly directory: Attributes | null;
}

interface Walk {
  readonly desk: Desk;
  readonly client: Client;
  readonly published: Published;
  /** The directories from the export's root down to where it stands, and perhaps a last thing that is none. */
  readonly trail: Found[];
  readonly names: string[];
  /** Whether directories must be searchable for the caller. */
  readonly isChecked: boolean;
  readonly followsLast: boolean;
  crossingsLeft: number;
  stepsLeft: number;
}

/** The directory that MNT names. Who mounts need not be able to search what is above (the machine mounts for its users). */
export function mountPath(desk: Desk, client: Client, path: string): Answer<Reached | Status> {
  if (!path.startsWith("/")) return "NOENT";
  return begin({
    desk,
    client,
    path,
    isChecked: false,
    followsLast: true,
    crossingsLeft: CROSSINGS_MAX,
    stepsLeft: STEPS_MAX,
  });
}

/** LOOKUP below the public handle: a path, with "%" and two digits for octets. A last symbolic link is not followed; its reader does that (RFC 2055 §6.2). */
export function lookupPath(desk: Desk, client: Client, text: string): Answer<Result<LookedUp, Attributes | null>> {
  const path = canonicalPath(text);
  if (path === null) return { status: "INVAL", bad: null };
  const published = publicExport(desk, client);
  if (published === null) return { status: "ACCES", bad: null };
  const way = { desk, client, isChecked: true, followsLast: false, crossingsLeft: CROSSINGS_MAX, stepsLeft: STEPS_MAX };
  const reached = path.startsWith("/")
    ? begin({ ...way, path })
    : beginAt({ ...way, published, names: components(path) });
  return andThen(reached, (outcome) =>
    isStatus(outcome)
      ? { status: outcome, bad: null }
      : {
          status: "OK",
          good: {
            handle: desk.handles.handleOf(outcome.published.number, outcome.found.key),
            attributes: outcome.found.attributes,
            directory: outcome.directory,
          },
        },
  );
}

/** RFC 2054 §6: a path that begins with the octet 0x80 is the server's own form, which here is the same without escapes. */
function canonicalPath(text: string): string | null {
  if (text.startsWith("\udc80")) return text.slice(1);
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

type Way = Omit<Walk, "published" | "trail" | "names">;

function begin({ path, ...way }: Way & { readonly path: string }): Answer<Reached | Status> {
  if (path.length > PATH_OCTETS_MAX) return "NAMETOOLONG";
  const names = plainNames(path);
  const covering = way.desk.exports.covering(names);
  if (covering === null) return names.length === 0 ? "ACCES" : "NOENT";
  return beginAt({ ...way, published: covering.published, names: [...covering.below] });
}

/** An absolute path's names with "." and ".." taken away, where exports are concerned: those do not lead over links. */
function plainNames(path: string): string[] {
  const names: string[] = [];
  for (const name of components(path)) {
    if (name === "..") names.pop();
    else if (name !== ".") names.push(name);
  }
  return names;
}

function beginAt(way: Way & { readonly published: Published; readonly names: string[] }): Answer<Reached | Status> {
  if (!way.published.allows(way.client.address)) return "ACCES";
  return andThen(way.published.root(), (root) => (isStatus(root) ? root : goOn({ ...way, trail: [root] })));
}

/** Name by name. What comes at once is taken at once; a walk has at most 4096 steps, with those of all links on the way. */
function goOn(walk: Walk): Answer<Reached | Status> {
  for (;;) {
    const name = walk.names.shift();
    const here = walk.trail.at(-1)!;
    if (name === undefined)
      return { published: walk.published, found: here, directory: walk.trail.at(-2)?.attributes ?? null };
    const fault = stepFault(walk, here, name);
    if (fault !== null) return fault;
    if (name === ".") continue;
    if (name === "..") {
      if (walk.trail.length > 1) walk.trail.pop();
      continue;
    }
    const stepped = andThen(walk.desk.fileSystem.lookup(here.key, name), (found) => step(walk, found));
    if (stepped instanceof Promise) return stepped.then((end) => end ?? goOn(walk));
    if (stepped !== null) return stepped;
  }
}

/** What the walk ends with, or null when it goes on. */
function step(walk: Walk, found: Found | Status): Answer<Reached | Status | null> {
  if (isStatus(found)) return found;
  const isLast = walk.names.length === 0;
  if (found.attributes.kind === "link" && (!isLast || walk.followsLast)) return follow(walk, found);
  walk.trail.push(found);
  return null;
}

function stepFault(walk: Walk, here: Found, name: string): Status | null {
  if (here.attributes.kind !== "directory") return "NOTDIR";
  if (walk.stepsLeft-- === 0) return "NAMETOOLONG";
  if (walk.isChecked) {
    const caller = callerOf(walk.client.credential, walk.published.settings.squash);
    if (!hasRights(caller, here.attributes, EXECUTE)) return "ACCES";
  }
  return nameFault(name);
}

function follow(walk: Walk, link: Found): Answer<Reached | Status | null> {
  if (walk.crossingsLeft === 0) return "LOOP";
  walk.crossingsLeft--;
  return andThen(walk.desk.fileSystem.readlink(link.key), (outcome) => {
    if (isStatus(outcome)) return outcome;
    const { target } = outcome;
    const { desk, client, isChecked, followsLast, crossingsLeft, stepsLeft } = walk;
    const path = [target, ...walk.names].join("/");
    if (target.startsWith("/")) return begin({ desk, client, isChecked, followsLast, crossingsLeft, stepsLeft, path });
    if (path.length > PATH_OCTETS_MAX) return "NAMETOOLONG";
    walk.names.unshift(...components(target));
    return null;
  });
}
