/** The kinds of difference that docs/differences.md lists, as code: each says whether a difference is of its kind. */
import type { Difference } from "./peer-answers.ts";

export interface Kind {
  /** As in docs/differences.md. */
  readonly name: string;
  readonly matches: (difference: Difference) => boolean;
}

export const KINDS: readonly Kind[] = [];
