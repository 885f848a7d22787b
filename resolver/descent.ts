/**
 * What goes along when a question is handed down with RD set, and what comes back: the chain option with a share of the
 * budget, and the reports of the servers below.
 *
 * A server below is given half of what is left. If it is not heard of again, that half counts as spent; otherwise a chain
 * of n servers that each try r others could cost r^n messages for one client query.
 */
import { type EdnsOption, type Message } from "../dns/index.ts";
import { decodeReport, encodeChain, REPORT_OPTION } from "../net/index.ts";
import type { Budget } from "./budget.ts";
import type { Job } from "./lookup.ts";
import { readReport, type Report } from "./trace.ts";

export interface Allowance {
  readonly messages: number;
  readonly octets: number;
}

export function childAllowance(job: Job): Allowance {
  return { messages: Math.floor(job.budget.messagesLeft / 2), octets: Math.floor(job.budget.octetsLeft / 2) };
}

/** The options of a request that hands the question down; none when its server knows no chains. */
export function chainOption(job: Job, timeoutMilliseconds: number): readonly EdnsOption[] {
  const chain = job.descent?.chain ?? null;
  if (chain === null) return [];
  const { messages, octets } = childAllowance(job);
  // The server below must give up before we do, or its answer finds nobody waiting.
  const millisecondsLeft = Math.max(1, timeoutMilliseconds - 100);
  return [encodeChain({ ...chain, messagesLeft: messages, octetsLeft: octets, millisecondsLeft })];
}

/** The reports a response brings. What is no report is passed over: it only informs. */
export function reportsOf(response: Message): Report[] {
  const reports: Report[] = [];
  for (const { code, data } of response.edns?.options ?? []) {
    const report = code === REPORT_OPTION ? readReport(decodeReport(data)) : null;
    if (report !== null) reports.push(report);
  }
  return reports;
}

/** A report says what was spent, which then counts; without one only our own message does. */
export function chargeReports(budget: Budget, reports: readonly Report[]): void {
  for (const { messages, octets } of reports) budget.charge(messages, octets);
}
