/** What the zone checker finds, and how many alike become a few lines. */
import type { Name } from "../../dns/index.ts";

export type Severity = "error" | "warning" | "note";

export interface Finding {
  /** A word for the kind of finding, the same for ever: scripts may rely on it. */
  readonly code: string;
  /** An error is against the protocol, a warning will hurt somebody, a note is worth a look. */
  readonly severity: Severity;
  /** The line of the zone's file, 0 when it belongs to none. */
  readonly line: number;
  /** That file: the zone's own or one it includes. Null for the zone as a whole. */
  readonly file: string | null;
  readonly owner: Name;
  readonly message: string;
  /** The rule, with its RFC section. */
  readonly reason: string;
  readonly fix: string;
}

/** Findings of one code: how many there are, and the first few of them. */
export interface FindingGroup {
  readonly code: string;
  readonly severity: Severity;
  readonly count: number;
  readonly shown: readonly Finding[];
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** Errors first, each code once, at most `shownMax` of each. */
export function groupFindings(findings: readonly Finding[], shownMax = 5): FindingGroup[] {
  const groups = new Map<string, { readonly first: Finding; count: number; readonly shown: Finding[] }>();
  for (const finding of findings) {
    const group = groups.get(finding.code) ?? { first: finding, count: 0, shown: [] };
    groups.set(finding.code, group);
    group.count++;
    if (group.shown.length < shownMax) group.shown.push(finding);
  }
  return [...groups.values()]
    .map(({ first, count, shown }) => ({ code: first.code, severity: first.severity, count, shown }))
    .sort((a, b) => RANK[a.severity] - RANK[b.severity] || (a.shown[0]?.line ?? 0) - (b.shown[0]?.line ?? 0));
}

/**
 * `file:line: severity: owner: message (reason); fix [code]`; `file` is for findings that have none.
 */
export function formatFinding(file: string, finding: Finding): string {
  const { line, severity, owner, message, reason, fix, code } = finding;
  return `${finding.file ?? file}:${line}: ${severity}: ${owner.toString()} ${message} (${reason}); ${fix} [${code}]`;
}
