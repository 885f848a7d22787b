/** What crosses between a thread that wants books verified and the one that does it. */
import type { Verdict } from "../store.ts";
import type { Failed } from "./writer-work.ts";

export interface VerifierTask {
  /** A file, or a URL. */
  readonly database: string;
}

export const isVerifierTask = (given: unknown): given is VerifierTask =>
  typeof given === "object" && given !== null && "database" in given;

export type FromVerifier =
  { readonly kind: "verdict"; readonly verdict: Verdict } | { readonly kind: "failed"; readonly failed: Failed };
