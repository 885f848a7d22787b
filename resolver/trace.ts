/**
 * The steps of one resolution as data: whom was asked what, what came back, what of it was believed and kept for how
 * long, which bound fired. Plain values throughout, so that it can be printed as JSON and sent from server to server.
 * Drawing it as a tree is `trace-text.ts`'s.
 */
import { type Question, rdataType, type Rrset, typeToText } from "../dns/index.ts";
import type { Transport } from "../net/index.ts";
import type { Bound } from "./budget.ts";

/** Something kept in a cache, and for how long; 0 seconds when it is used this once only. */
export interface Kept {
  readonly what: string;
  readonly seconds: number;
}

export interface AskStep {
  readonly kind: "ask";
  readonly question: string;
  /** The zone whose server is asked. */
  readonly zone: string;
  /** global, administrational, managerial; null when nobody said. */
  readonly layer: string | null;
  /** Its name, or null for a server known by its address only. */
  readonly server: string | null;
  readonly address: string;
  readonly transport: Transport;
  readonly recursionDesired: boolean;
  readonly edns: boolean;
  /** Round trip; null when nothing came. */
  readonly milliseconds: number | null;
  readonly octets: number | null;
  /** answer, alias, nodata, nxdomain, referral, truncated, no-edns, no-recursion, lame, garbage, silent, unreachable. */
  readonly outcome: string;
  /** In words: where the referral leads, why it is lame. */
  readonly detail: string;
  readonly believed: readonly string[];
  readonly ignored: readonly string[];
  readonly kept: Kept[];
  /** Of the servers that the question was handed down to. */
  readonly reports: readonly Report[];
}

export type TraceStep =
  | AskStep
  | {
      readonly kind: "cache";
      readonly question: string;
      /** answer, alias, nodata, nxdomain, failed. */
      readonly outcome: string;
      readonly records: readonly string[];
      readonly secondsLeft: number;
    }
  /** What the cache knows saves the way from the root to this zone. */
  | { readonly kind: "start"; readonly zone: string; readonly from: "hints" | "cache" | "zone data" | "configuration" }
  | { readonly kind: "alias"; readonly from: string; readonly to: string; readonly by: "CNAME" | "DNAME" }
  | { readonly kind: "bound"; readonly bound: Bound; readonly text: string }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "lookup"; readonly why: string; readonly question: string; readonly steps: readonly TraceStep[] };

/** What a server on the way tells of its part. */
export interface Report {
  readonly server: string;
  readonly messages: number;
  readonly octets: number;
  readonly steps: readonly TraceStep[];
}

/** Collects steps. One for each client query; a lookup for the sake of a lookup has one of its own inside. */
export class Trace {
  readonly #steps: TraceStep[] = [];

  get steps(): readonly TraceStep[] {
    return this.#steps;
  }

  add(step: TraceStep): void {
    this.#steps.push(step);
  }

  /** A trace inside this one. */
  inner(why: string, question: Question): Trace {
    const inner = new Trace();
    this.add({ kind: "lookup", why, question: questionText(question), steps: inner.steps });
    return inner;
  }
}

/** `www.vu.nl. A`. */
export function questionText(question: Question): string {
  return `${question.name.toString()} ${typeToText(question.type)}`;
}

/** The records in presentation format. */
export function recordTexts(rrset: Rrset): string[] {
  const head = `${rrset.owner.toString()} ${rrset.ttlSeconds} ${typeToText(rrset.type)}`;
  return rrset.rdatas.map((rdata) => `${head} ${rdataType(rrset.type).format(rdata)}`);
}

const REPORT_TEXT_MAX = 32_768;

/** A server's report as it came over the wire, or null when it is no report. It is others' text: nothing is trusted. */
export function readReport(text: string): Report | null {
  if (text.length > REPORT_TEXT_MAX) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isReport(value, 0) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const DEPTH_MAX = 24;

function isReport(value: unknown, depth: number): value is Report {
  if (!isObject(value) || depth > DEPTH_MAX) return false;
  const { server, messages, octets, steps } = value;
  return (
    typeof server === "string" &&
    isCount(messages) &&
    isCount(octets) &&
    Array.isArray(steps) &&
    steps.every((each: unknown) => isStep(each, depth + 1))
  );
}

function isStep(value: unknown, depth: number): boolean {
  if (!isObject(value) || depth > DEPTH_MAX) return false;
  switch (value["kind"]) {
    case "ask":
      return isAskStep(value, depth);
    case "cache":
      return hasTexts(value, ["question", "outcome"]) && isTexts(value["records"]) && isCount(value["secondsLeft"]);
    case "start":
      return hasTexts(value, ["zone", "from"]);
    case "alias":
      return hasTexts(value, ["from", "to", "by"]);
    case "bound":
      return hasTexts(value, ["bound", "text"]);
    case "note":
      return hasTexts(value, ["text"]);
    case "lookup": {
      const { steps } = value;
      const isWhole = hasTexts(value, ["why", "question"]);
      return isWhole && Array.isArray(steps) && steps.every((each: unknown) => isStep(each, depth + 1));
    }
    default:
      return false;
  }
}

function isAskStep(value: Readonly<Record<string, unknown>>, depth: number): boolean {
  const { layer, server, milliseconds, octets, kept, reports } = value;
  return (
    hasTexts(value, ["question", "zone", "address", "transport", "outcome", "detail"]) &&
    (layer === null || typeof layer === "string") &&
    (server === null || typeof server === "string") &&
    (milliseconds === null || isCount(milliseconds)) &&
    (octets === null || isCount(octets)) &&
    typeof value["recursionDesired"] === "boolean" &&
    typeof value["edns"] === "boolean" &&
    isTexts(value["believed"]) &&
    isTexts(value["ignored"]) &&
    Array.isArray(kept) &&
    kept.every((each: unknown) => isObject(each) && hasTexts(each, ["what"]) && isCount(each["seconds"])) &&
    Array.isArray(reports) &&
    reports.every((each: unknown) => isReport(each, depth + 1))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function hasTexts(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === "string");
}
