/** A zone's name where nobody says it: the owner of the SOA in its file, else the file's name. */
import { basename } from "node:path";
import { Name, NameError } from "../dns/index.ts";
import { UsageError } from "./failure.ts";

/** Lines looked at: the SOA stands at the head of a file. */
const LINES_MAX = 1000;
const EXTENSIONS = [".zone", ".db", ".txt", ".master"];

/** Throws UsageError when neither says it. */
export function guessOrigin(file: string, text: string): Name {
  const found = ownerOfSoa(text) ?? parse(nameOfFile(file));
  if (found === null) throw new UsageError(`which zone ${file} is cannot be seen; say it with --origin NAME`);
  return found;
}

/** Follows $ORIGIN down to the first line with an SOA, and takes its owner when that is absolute by then. */
function ownerOfSoa(text: string): Name | null {
  let origin: string | null = null;
  for (const line of text.split("\n", LINES_MAX)) {
    const words = line.split(";", 1)[0]!.trim().split(/\s+/);
    if (words[0]?.toUpperCase() === "$ORIGIN") origin = words[1] ?? null;
    if (words.length > 1 && words.slice(0, 4).some((word) => word.toUpperCase() === "SOA")) {
      return absolute(line.startsWith(" ") || line.startsWith("\t") ? "@" : words[0]!, origin);
    }
  }
  return null;
}

function absolute(owner: string, origin: string | null): Name | null {
  if (owner.endsWith(".")) return parse(owner);
  if (origin === null || !origin.endsWith(".")) return null;
  if (owner === "@") return parse(origin);
  return parse(origin === "." ? `${owner}.` : `${owner}.${origin}`);
}

function nameOfFile(file: string): string {
  const base = basename(file);
  const extension = EXTENSIONS.find((ending) => base.endsWith(ending)) ?? "";
  return base.slice(0, base.length - extension.length);
}

function parse(text: string): Name | null {
  try {
    return Name.parse(text);
  } catch (error) {
    if (error instanceof NameError) return null;
    throw error;
  }
}
