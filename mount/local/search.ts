/** Looks for a file that somebody else moved, by its identity, entry by entry: depth first below a directory, and no further than the budget reaches. */
import { type FileKey } from "../file-key.ts";
import { fileNameText } from "../file-name.ts";
import { type Status } from "../status.ts";
import type { Directory, Identity } from "./held-files.ts";
import * as system from "./system-calls.ts";

export interface Step {
  readonly key: FileKey;
  readonly name: string;
}

export interface SearchParts {
  readonly budget: { entries: number };
  readonly identify: (directory: Directory, name: string, facts: system.Facts) => Identity | Status;
}

/** A directory tree deeper than that is not followed: each level holds a descriptor. */
const DEPTH_MAX = 100;
const BUFFER_ENTRIES = 256;

/** The steps from this directory down to the file, or null. */
export function search(from: Directory, key: FileKey, parts: SearchParts): Promise<readonly Step[] | null> {
  return searchBelow(from, { key, depth: 0, ...parts });
}

interface Quest extends SearchParts {
  readonly key: FileKey;
  readonly depth: number;
}

async function searchBelow(directory: Directory, quest: Quest): Promise<readonly Step[] | null> {
  const inner = await searchIn(directory, quest);
  if (!Array.isArray(inner)) return [inner];
  if (quest.depth === DEPTH_MAX) return null;
  for (const step of inner) {
    const descriptor = await system.hold({ directory: directory.descriptor, name: step.name });
    if (typeof descriptor === "string") continue;
    try {
      const way = await searchHeld(directory, { step, descriptor }, quest);
      if (way !== null) return [step, ...way];
    } finally {
      system.close(descriptor);
    }
  }
  return null;
}

async function searchHeld(
  above: Directory,
  { step, descriptor }: { readonly step: Step; readonly descriptor: number },
  quest: Quest,
): Promise<readonly Step[] | null> {
  const facts = await system.facts(descriptor);
  if (typeof facts === "string") return null;
  const who = quest.identify(above, step.name, facts);
  if (typeof who === "string" || who.key !== step.key) return null;
  const directory = { key: step.key, descriptor, device: facts.device, fileSystem: who.fileSystem };
  return searchBelow(directory, { ...quest, depth: quest.depth + 1 });
}

/** The file if it stands in this directory, else the directories in it. */
async function searchIn(directory: Directory, { key, budget, identify }: Quest): Promise<Step | Step[]> {
  const inner: Step[] = [];
  const listing = await system.openListing(directory.descriptor, BUFFER_ENTRIES);
  if (typeof listing === "string") return inner;
  try {
    while (budget.entries-- > 0) {
      const listed = await listing.next();
      if (listed === null || typeof listed === "string") break;
      const name = fileNameText(listed.octets);
      const facts = await system.factsAt({ directory: directory.descriptor, name });
      if (typeof facts === "string") continue;
      const who = identify(directory, name, facts);
      if (typeof who === "string") continue;
      if (who.key === key) return { key, name };
      if (facts.attributes.kind === "directory") inner.push({ key: who.key, name });
    }
  } finally {
    listing.close();
  }
  return inner;
}
