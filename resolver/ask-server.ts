/**
 * One server asked one question: over UDP, over TCP when the response was cut (RFC 7766 §5), without EDNS when the server
 * shows that it does not know it (RFC 6891 §7), without RD when it will not recurse. What it costs is taken from the
 * budget; what it teaches about the server goes to the table of servers. What a response means is `step.ts`'s to say.
 */
import type { StopSignal } from "../base/index.ts";
import { type EdnsOption, emptyMessage, type Message, type Name, plainEdns, type Question } from "../dns/index.ts";
import { type Endpoint, ExchangeError, formatEndpoint, type Reply, type Transport } from "../net/index.ts";
import { chainOption, chargeReports, childAllowance, reportsOf } from "./descent.ts";
import { flagsText, type Job, questionKey } from "./lookup.ts";
import type { Parts } from "./parts.ts";
import { type Asked, type Judged, step } from "./step.ts";
import { believed, detailOf } from "./step-text.ts";
import { type AskStep, questionText, type Report } from "./trace.ts";

/** Whom to ask, and as the server of which zone. */
export interface Target {
  readonly zone: Asked["zone"];
  readonly serverName: Name | null;
  readonly endpoint: Endpoint;
  /** How often this server was silent to this question already. */
  readonly silences: number;
}

/** What came of asking; `judged` is null when nothing came, in silence or because nobody is there. `traced` is the step as data, to which is added what was kept. */
export interface Asking {
  readonly judged: Judged | null;
  readonly isSilent: boolean;
  readonly why: string;
  readonly traced: AskStep | null;
}

/** How one message is sent. */
interface Manner {
  readonly transport: Transport;
  readonly edns: boolean;
  readonly recursionDesired: boolean;
}

/** A server gets UDP, then TCP or no EDNS or no RD, each at most once: four messages in all. */
export async function askServer(parts: Parts, target: Target, question: Question, job: Job): Promise<Asking> {
  let manner = firstManner(parts, target, job);
  for (;;) {
    const asking = await send(parts, { target, question, manner }, job);
    const next = asking.judged === null ? null : otherManner(asking.judged.step.kind, manner);
    if (next === null) {
      noteOutcome(parts, target, { asking, manner });
      return asking;
    }
    if (manner.edns && !next.edns) parts.counts.plainFallbacks++;
    manner = next;
  }
}

function firstManner(parts: Parts, target: Target, job: Job): Manner {
  const known = parts.servers.edns(target.endpoint);
  // A server of unknown manners that stays silent twice may be one that drops OPT: the last try goes without.
  // Reports of a chain are longer than a datagram may be.
  const reports = job.descent?.chain?.trace === true;
  const edns = known === "yes" || (known === "unknown" && target.silences < 2);
  return { transport: parts.settings.tcpOnly || reports ? "tcp" : "udp", edns, recursionDesired: job.descent !== null };
}

function otherManner(kind: Judged["step"]["kind"], manner: Manner): Manner | null {
  if (kind === "truncated" && manner.transport === "udp") return { ...manner, transport: "tcp" };
  if (kind === "no-edns" && manner.edns) return { ...manner, edns: false };
  if (kind === "no-recursion" && manner.recursionDesired) return { ...manner, recursionDesired: false };
  return null;
}

function noteOutcome(parts: Parts, target: Target, done: { readonly asking: Asking; readonly manner: Manner }): void {
  const { asking, manner } = done;
  if (asking.judged === null) return;
  const { kind } = asking.judged.step;
  const isAnswer = kind === "answer" || kind === "alias" || kind === "negative" || kind === "referral";
  if (isAnswer && !manner.edns) parts.servers.lacksEdns(target.endpoint);
  if (kind === "garbage" || kind === "truncated") parts.counts.garbage++;
  if (kind === "lame" || kind === "no-recursion" || kind === "no-edns") {
    parts.counts.lame++;
    // With RD the server may only have failed to recurse.
    if (!manner.recursionDesired) parts.servers.lame(target.endpoint, target.zone);
  }
}

interface Sending {
  readonly target: Target;
  readonly question: Question;
  readonly manner: Manner;
}

async function send(parts: Parts, sending: Sending, job: Job): Promise<Asking> {
  const { question, manner } = sending;
  job.signal.throwIfAborted();
  job.budget.takeMessage(12 + question.name.octets.length + 4 + 11);
  const timeoutMilliseconds = Math.min(timeout(parts, sending), job.budget.millisecondsLeft);
  const options = manner.edns && manner.recursionDesired ? chainOption(job, timeoutMilliseconds) : [];
  const message = requestMessage(question, { manner, job, options });
  parts.counts.upstreamMessages++;
  if (manner.transport === "tcp") parts.counts.upstreamTcp++;
  try {
    const asked = { transport: manner.transport, timeoutMilliseconds };
    const reply = await sendOnce(parts, { sending, message, asked }, job);
    return received(parts, { sending, reply }, job);
  } catch (error) {
    if (!(error instanceof ExchangeError) || job.signal.aborted) throw error;
    return nothingCame(parts, { sending, error }, job);
  }
}

/** A server that recurses takes as long as all those below it; one that does not, as long as it took before. */
function timeout(parts: Parts, { target, manner }: Sending): number {
  const own = parts.servers.timeoutMilliseconds(target.endpoint);
  return manner.recursionDesired ? Math.max(own, RECURSION_MILLISECONDS) : own;
}

const RECURSION_MILLISECONDS = 4_000;

function requestMessage(
  question: Question,
  how: { readonly manner: Manner; readonly job: Job; readonly options: readonly EdnsOption[] },
): Message {
  const { manner, job, options } = how;
  return {
    ...emptyMessage,
    recursionDesired: manner.recursionDesired,
    checkingDisabled: job.checkingDisabled,
    question: [question],
    edns: manner.edns ? { ...plainEdns, dnssecOk: job.dnssecOk, options } : null,
  };
}

interface Outgoing {
  readonly sending: Sending;
  readonly message: Message;
  readonly asked: { readonly transport: Transport; readonly timeoutMilliseconds: number };
}

/** The same message to the same server is under way once, unless it carries a chain, which is this query's own. */
function sendOnce(parts: Parts, { sending, message, asked }: Outgoing, job: Job): Promise<Reply> {
  const { endpoint } = sending.target;
  const start = (signal: StopSignal): Promise<Reply> => parts.ask(endpoint, message, { ...asked, signal });
  if (sending.manner.recursionDesired) return start(job.signal);
  const how = sending.manner.edns ? asked.transport : `plain ${asked.transport}`;
  const flags = flagsText(job.dnssecOk, job.checkingDisabled);
  const key = `${how} ${flags} ${endpoint.address} ${endpoint.port} ${questionKey(sending.question)}`;
  return parts.messages.join(key, job.signal, start);
}

function received(parts: Parts, came: { readonly sending: Sending; readonly reply: Reply }, job: Job): Asking {
  const { sending, reply } = came;
  const { endpoint, zone } = sending.target;
  const { recursionDesired } = sending.manner;
  job.budget.takeOctets(reply.octets);
  if (recursionDesired || sending.manner.transport === "tcp") parts.servers.alive(endpoint);
  else parts.servers.answered(endpoint, reply.roundTripMilliseconds);
  if (sending.manner.edns && reply.message.edns !== null) parts.servers.speaksEdns(endpoint);
  const aliasesMax = job.budget.limits.aliases;
  const judged = step({ question: sending.question, zone, recursionDesired, aliasesMax }, reply.message);
  parts.counts.ignoredRecords += judged.ignored.length;
  const reports = recursionDesired ? reportsOf(reply.message) : [];
  chargeReports(job.budget, reports);
  const traced = job.trace === null ? null : tracedReply(parts, { sending, reply, judged, reports });
  if (traced !== null) job.trace?.add(traced);
  return { judged, isSilent: false, why: judged.step.kind === "referral" ? "" : detailOf(judged), traced };
}

function nothingCame(
  parts: Parts,
  came: { readonly sending: Sending; readonly error: ExchangeError },
  job: Job,
): Asking {
  const { sending, error } = came;
  const isSilent = error.code === "TIMEOUT";
  parts.servers.timedOut(sending.target.endpoint);
  if (isSilent) parts.counts.timeouts++;
  // What was handed down and not heard of again may all have been spent.
  if (sending.manner.recursionDesired && isSilent) {
    const allowance = childAllowance(job);
    job.budget.charge(allowance.messages, allowance.octets);
  }
  const why = isSilent ? "no response in time" : error.message;
  job.trace?.add({
    ...tracedHead(parts, sending),
    milliseconds: null,
    octets: null,
    outcome: isSilent ? "silent" : "unreachable",
    detail: why,
    believed: [],
    ignored: [],
    kept: [],
    reports: [],
  });
  return { judged: null, isSilent, why, traced: null };
}

type TracedHead = Pick<
  AskStep,
  "kind" | "question" | "zone" | "layer" | "server" | "address" | "transport" | "recursionDesired" | "edns"
>;

function tracedHead(parts: Parts, { target, question, manner }: Sending): TracedHead {
  return {
    kind: "ask",
    question: questionText(question),
    zone: target.zone.toString(),
    layer: parts.settings.layerOf(target.zone),
    server: target.serverName === null ? null : target.serverName.toString(),
    address: formatEndpoint(target.endpoint),
    transport: manner.transport,
    recursionDesired: manner.recursionDesired,
    edns: manner.edns,
  };
}

interface ReceivedParts {
  readonly sending: Sending;
  readonly reply: Reply;
  readonly judged: Judged;
  readonly reports: readonly Report[];
}

function tracedReply(parts: Parts, { sending, reply, judged, reports }: ReceivedParts): AskStep {
  return {
    ...tracedHead(parts, sending),
    milliseconds: Math.round(reply.roundTripMilliseconds * 100) / 100,
    octets: reply.octets,
    outcome: judged.step.kind === "negative" ? judged.step.denial.kind : judged.step.kind,
    detail: detailOf(judged),
    believed: believed(judged),
    ignored: judged.ignored,
    kept: [],
    reports,
  };
}
