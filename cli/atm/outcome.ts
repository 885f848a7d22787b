/** What became of an operation at an ATM, as exit code, JSON and words (DESIGN §9). */
import { EXIT } from "../failure.ts";
import type { Output } from "../output.ts";

export interface AtmOutcome {
  readonly exitCode: number;
  /** `ok`, a status of the bank's, `unknown`, or `unreached`: nothing was done. */
  readonly status: string;
  readonly balance: string | null;
  readonly key: string;
  readonly currency: string | null;
  /** For the person. */
  readonly message: string;
  /** Beside the above, in JSON. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Statuses by which the bank says that the words are wrong. */
const WRONG_WORDS: ReadonlySet<string> = new Set(["bad-request", "too-large", "not-json"]);

export function refusedOutcome(
  key: string,
  refusal: { readonly status: string; readonly message: string | null; readonly balance: string | null },
  currency: string | null,
): AtmOutcome {
  const { status, message, balance } = refusal;
  const exitCode = WRONG_WORDS.has(status) ? EXIT.usage : EXIT.no;
  return { exitCode, status, balance, key, currency, message: `refused: ${(message ?? status).replaceAll("-", " ")}` };
}

/** Exit code 2: it may have been done, or it was not; the same key may be asked again in either case. */
export function openOutcome(
  key: string,
  { kind, why }: { readonly kind: "unknown" | "unreached"; readonly why: string },
): AtmOutcome {
  const what = kind === "unknown" ? "whether it was done is not known" : "nothing was done";
  const message = `${what} (${why}): ask again with --key ${key}`;
  return { exitCode: EXIT.unknown, status: kind, balance: null, key, currency: null, message };
}

export function tell(outcome: AtmOutcome, isJson: boolean, output: Output): number {
  const { exitCode, status, balance, key, currency, message, more = {} } = outcome;
  if (isJson) {
    const note = exitCode === EXIT.ok ? {} : { message };
    output.result(JSON.stringify({ status, balance, key, currency, ...more, ...note }, null, 2));
  } else if (exitCode === EXIT.ok) output.result(message);
  if (exitCode !== EXIT.ok) output.note(`${output.notePaint.yellow("strata:")} ${message}`);
  return exitCode;
}
