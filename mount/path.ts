/**
 * Path names of the local name space: absolute, "/" between components, at most 4096 octets. ".." is kept, because what it means depends on the way walked
 * (`walk.ts`); "." and empty components mean nothing and go.
 */
import { fileNameLength, nameFault } from "./file-name.ts";
import { type Status } from "./status.ts";

export const PATH_OCTETS_MAX = 4096;

/** The components of an absolute path, or what is wrong with it: INVAL (not absolute, a NUL in it), NAMETOOLONG. */
export function parsePath(path: string): readonly string[] | Status {
  if (!path.startsWith("/")) return "INVAL";
  return parseComponents(path);
}

/** The components of a path that may be relative, as in a symbolic link. */
export function parseComponents(path: string): readonly string[] | Status {
  if (path.length > PATH_OCTETS_MAX || fileNameLength(path) > PATH_OCTETS_MAX) return "NAMETOOLONG";
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  for (const name of names) {
    const fault = nameFault(name);
    if (fault !== null) return fault;
  }
  return names;
}

/** "/" and the components between which it stands. */
export function formatPath(names: readonly string[]): string {
  return `/${names.join("/")}`;
}

/** Whether a path is the other one or stands below it. Both without "..". */
export function isPathWithin(path: string, above: string): boolean {
  return above === "/" || path === above || path.startsWith(`${above}/`);
}
