/**
 * A trace drawn as a tree that a person can read. A pure function from steps to lines; each line says what kind it is, so
 * that a command line can colour it. Texts come from the network: what is not printable is shown as an escape.
 */
import type { AskStep, Report, TraceStep } from "./trace.ts";

export interface TraceLine {
  /** How the line is meant: asked, good news, bad news, or a remark. */
  readonly tone: "ask" | "good" | "bad" | "note";
  readonly text: string;
}

/** The whole tree as text, one line after another. */
export function formatTrace(steps: readonly TraceStep[]): string {
  return traceLines(steps)
    .map(({ text }) => text)
    .join("\n");
}

export function traceLines(steps: readonly TraceStep[]): TraceLine[] {
  return nodesOf(steps).flatMap((node, i, all) => drawn(node, "", i === all.length - 1));
}

/** Colours, when there are any; the command line's. */
export interface Paint {
  green(text: string): string;
  red(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** The tree in colours. */
export function drawTrace(steps: readonly TraceStep[], paint: Paint): string {
  const colour: Readonly<Record<TraceLine["tone"], (text: string) => string>> = {
    ask: (text) => paint.bold(text),
    good: (text) => paint.green(text),
    bad: (text) => paint.red(text),
    note: (text) => paint.dim(text),
  };
  return traceLines(steps)
    .map(({ tone, text }) => colour[tone](text))
    .join("\n");
}

interface Node {
  readonly tone: TraceLine["tone"];
  readonly text: string;
  /** Lines that belong to it and are no steps. */
  readonly details: readonly TraceLine[];
  readonly inner: readonly Node[];
}

function drawn(node: Node, indent: string, isLast: boolean): TraceLine[] {
  const below = `${indent}${isLast ? "   " : "│  "}`;
  const rail = node.inner.length > 0 ? "│  " : "   ";
  return [
    { tone: node.tone, text: clean(`${indent}${isLast ? "└─ " : "├─ "}${node.text}`) },
    ...node.details.map(({ tone, text }) => ({ tone, text: clean(`${below}${rail}${text}`) })),
    ...node.inner.flatMap((inner, i) => drawn(inner, below, i === node.inner.length - 1)),
  ];
}

function nodesOf(steps: readonly TraceStep[]): Node[] {
  return steps.map(nodeOf);
}

function nodeOf(step: TraceStep): Node {
  switch (step.kind) {
    case "ask":
      return askNode(step);
    case "cache": {
      const details = step.records.map((text) => ({ tone: "good", text }) as const);
      const isBad = step.outcome === "failed";
      const text = `cache: ${step.question} ${step.outcome}${isBad ? "" : `, ${duration(step.secondsLeft)} left`}`;
      return { tone: isBad ? "bad" : "good", text, details, inner: [] };
    }
    case "start":
      return plain("note", `begin at ${step.zone === "." ? "the root" : step.zone} (${step.from})`);
    case "alias":
      return plain("note", `${step.by}: ${step.from} is an alias of ${step.to}`);
    case "bound":
      return plain("bad", `bound ${step.bound}: ${step.text}`);
    case "note":
      return plain("note", step.text);
    case "lookup":
      return { tone: "note", text: `${step.why}: ${step.question}`, details: [], inner: nodesOf(step.steps) };
  }
}

function plain(tone: TraceLine["tone"], text: string): Node {
  return { tone, text, details: [], inner: [] };
}

function askNode(step: AskStep): Node {
  const who = step.server === null ? step.address : `${step.server} ${step.address}`;
  const layer = step.layer === null ? "" : ` [${step.layer}]`;
  const manner = [step.transport.toUpperCase(), step.recursionDesired ? "RD" : "", step.edns ? "" : "no EDNS"];
  const cost = step.milliseconds === null ? "" : `, ${milliseconds(step.milliseconds)}, ${step.octets ?? 0} octets`;
  const text = `${step.zone}${layer} ${who} (${manner.filter((word) => word !== "").join(" ")}${cost}): ${step.question}?`;
  return { tone: "ask", text, details: askDetails(step), inner: step.reports.map(reportNode) };
}

const GOOD = new Set(["answer", "alias", "nodata", "nxdomain", "referral"]);

function askDetails(step: AskStep): TraceLine[] {
  const isGood = GOOD.has(step.outcome);
  const detail = step.detail === "" ? "" : ` ${step.detail}`;
  const kept = step.kept.map(({ what, seconds }) => `${what} ${seconds === 0 ? "not kept" : duration(seconds)}`);
  const lines: TraceLine[] = [{ tone: isGood ? "good" : "bad", text: `→ ${step.outcome}${detail}` }];
  // A referral's records repeat what its detail says.
  if (step.outcome !== "referral") for (const text of step.believed) lines.push({ tone: "good", text: `  ${text}` });
  if (kept.length > 0) lines.push({ tone: "note", text: `  kept: ${kept.join("; ")}` });
  for (const text of step.ignored) lines.push({ tone: "bad", text: `  not believed: ${text}` });
  return lines;
}

function reportNode(report: Report): Node {
  const { server, messages, octets } = report;
  const text = `${server} reports: ${messages} ${messages === 1 ? "message" : "messages"} from there on, ${octets} octets`;
  return { tone: "note", text, details: [], inner: nodesOf(report.steps) };
}

function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** `86400` is a day; people read that faster. */
function duration(seconds: number): string {
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "m"],
  ] as const;
  for (const [size, unit] of units) if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  return `${seconds}s`;
}

function clean(text: string): string {
  let shown = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x202e);
    shown += isControl ? `\\u{${code.toString(16)}}` : character;
  }
  return shown;
}
