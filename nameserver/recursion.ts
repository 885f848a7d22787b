/**
 * Recursion by handing down (DESIGN §2): a question that leads out of our zones is given to a Recursion, from the zone cut
 * that was found, and answered later. Off the hot path, so it works with whole messages. Whether the client may ask so
 * was decided before; what is here are the bounds: questions in flight, clients waiting, and circles.
 */
import { assert, type Clock } from "../base/index.ts";
import {
  decodeMessage,
  type Edns,
  EDE,
  type EdnsOption,
  encodeCookie,
  encodeExtendedError,
  encodeMessage,
  type ExtendedError,
  FLAG,
  groupRrsets,
  type Message,
  MESSAGE_OCTETS_MAX,
  MessageWriter,
  Name,
  OPTION,
  PAYLOAD_OCTETS_MAX,
  plainEdns,
  type Question,
  RCODE,
  type Rr,
  TYPE,
} from "../dns/index.ts";
import {
  type Chain,
  CHAIN_OPTION,
  decodeChain,
  type Delegation,
  encodeReport,
  ExchangeError,
  type HandedDown,
  type Later,
  type Recursion,
} from "../net/index.ts";
import type { AccessList } from "./access.ts";
import { EVENT, type NameServerCounters } from "./counters.ts";
import type { Desk } from "./desk.ts";

export interface RecursionLimits {
  /** Different questions being resolved at once. */
  readonly questions: number;
  /** Clients waiting for them. */
  readonly clients: number;
  /** What a client query that brings no chain may cost (DESIGN §8). */
  readonly messages: number;
  readonly octets: number;
  readonly milliseconds: number;
}

export const RECURSION_LIMITS: RecursionLimits = {
  questions: 1000,
  clients: 10_000,
  messages: 128,
  octets: 100_000,
  milliseconds: 10_000,
};

export interface HandingDownParts {
  readonly recursion: Recursion;
  readonly allowed: AccessList;
  readonly identity: string;
  readonly limits: RecursionLimits;
  readonly clock: Clock;
  readonly counters: NameServerCounters;
  /** Answers the question on the desk from our zones alone, with a whole message's room. */
  readonly answerFromZones: (desk: Desk) => void;
}

/** A client that waits: its request's header and question, and how long its response may be. */
interface Waiter {
  readonly id: number;
  readonly flags: number;
  readonly question: Question;
  readonly edns: Edns | null;
  readonly octetsMax: number;
  readonly transport: number;
  readonly later: Later;
}

/** What our zones say, and where the rest is to be had. */
interface Beginning {
  /** CNAMEs and DNAMEs that lead out. */
  readonly answer: readonly Rr[];
  readonly question: Question;
  readonly start: Delegation | null;
}

interface Flight {
  readonly waiters: Waiter[];
}

/** What becomes of a flight: the rest of the answer, or why there is none. */
type Outcome =
  | { readonly kind: "answered"; readonly handedDown: HandedDown }
  | { readonly kind: "failed"; readonly error: ExtendedError };

export class HandingDown {
  readonly allowed: AccessList;
  readonly #parts: HandingDownParts;
  readonly #flights = new Map<string, Flight>();
  readonly #scratch = new MessageWriter(new Uint8Array(MESSAGE_OCTETS_MAX));
  #waiting = 0;

  constructor(parts: HandingDownParts) {
    this.#parts = parts;
    this.allowed = parts.allowed;
  }

  /**
   * Takes the question on the desk; the response comes through `later`.
   * False when a bound says no: then the desk holds a SERVFAIL, to be sent at once.
   */
  handDown(desk: Desk, later: Later): boolean {
    const chain = this.#chainOf(desk);
    if (chain.passed.includes(this.#parts.identity)) return this.#refuse(desk, EVENT.RECURSION_LOOP);
    const key = flightKey(desk, chain);
    const known = this.#flights.get(key);
    const { limits, counters } = this.#parts;
    const isFull = this.#waiting >= limits.clients || (known === undefined && this.#flights.size >= limits.questions);
    if (isFull) return this.#refuse(desk, EVENT.RECURSION_BOUND);
    // What can fail comes first, so that nothing is counted as waiting that is not.
    const waiter = waiterOf(desk, later);
    const beginning = known === undefined ? this.#beginningOf(desk) : null;
    this.#waiting++;
    if (known !== undefined) {
      known.waiters.push(waiter);
      counters.event(EVENT.RECURSION_SHARED);
      return true;
    }
    assert(beginning !== null, "a new flight has a beginning");
    counters.event(EVENT.RECURSION_STARTED);
    const flight: Flight = { waiters: [waiter] };
    this.#flights.set(key, flight);
    void this.#fly(key, flight, beginning, queryOf(desk, chain));
    return true;
  }

  #refuse(desk: Desk, event: number): false {
    this.#parts.counters.event(event);
    desk.refuse(RCODE.SERVFAIL, event === EVENT.RECURSION_LOOP ? EDE.NO_REACHABLE_AUTHORITY : EDE.OTHER);
    return false;
  }

  /** What the client's chain option says, or a fresh budget. Only allowed clients come this far. */
  #chainOf({ view }: Desk): Chain {
    const { messages, octets, milliseconds } = this.#parts.limits;
    const fresh: Chain = {
      passed: [],
      messagesLeft: messages,
      octetsLeft: octets,
      millisecondsLeft: milliseconds,
      trace: false,
    };
    const at = view.findOption(CHAIN_OPTION);
    const given = at < 0 ? null : decodeChain(view.octets.slice(at, at + view.optionLength(at)));
    if (given === null) return fresh;
    return {
      ...given,
      messagesLeft: Math.min(given.messagesLeft, messages),
      octetsLeft: Math.min(given.octetsLeft, octets),
      millisecondsLeft: Math.min(given.millisecondsLeft, milliseconds),
    };
  }

  /**
   * The answer without recursion says all that is needed: aliases in the answer section, the cut in the authority section, its
   * glue in the additional one. So it is written once more, with room for all of it, and read.
   */
  #beginningOf(desk: Desk): Beginning {
    const own = desk.writer;
    desk.clear();
    desk.beginIn(this.#scratch);
    this.#parts.answerFromZones(desk);
    const message = decodeMessage(this.#scratch.octets.slice(0, desk.finish()));
    desk.writer = own;
    const { answer, authority, additional } = message;
    const question = message.question[0]!;
    const alias = answer.findLast(({ type }) => type === TYPE.CNAME);
    const name = alias === undefined ? question.name : Name.fromWire(alias.rdata);
    const ns = groupRrsets(authority).find(({ type }) => type === TYPE.NS);
    const glue = groupRrsets(additional.filter(({ type }) => type === TYPE.A || type === TYPE.AAAA));
    return {
      answer,
      question: { ...question, name },
      start: ns === undefined ? null : { zone: ns.owner, ns, glue },
    };
  }

  async #fly(key: string, flight: Flight, beginning: Beginning, asked: Asked): Promise<void> {
    const outcome = await this.#resolve(beginning, asked);
    this.#flights.delete(key);
    this.#waiting -= flight.waiters.length;
    if (outcome.kind === "failed") this.#parts.counters.event(EVENT.RECURSION_FAILED);
    for (const waiter of flight.waiters) {
      const { octets, rcode } = responseTo(waiter, beginning, outcome);
      this.#parts.counters.response(waiter.transport, rcode, octets.length);
      waiter.later(octets);
    }
  }

  /** The boundary of the folder: what is thrown below becomes a SERVFAIL here (STYLE, Errors). */
  async #resolve(beginning: Beginning, { chain, dnssecOk, checkingDisabled }: Asked): Promise<Outcome> {
    const controller = new AbortController();
    const timer = this.#parts.clock.after(chain.millisecondsLeft, () => {
      controller.abort(new ExchangeError("TIMEOUT", "the time for this question is over"));
    });
    const query = { question: beginning.question, recursionDesired: true, dnssecOk, checkingDisabled };
    try {
      const handedDown = await this.#parts.recursion(query, beginning.start, chain, controller.signal);
      return { kind: "answered", handedDown };
    } catch (error) {
      return { kind: "failed", error: extendedErrorOf(error) };
    } finally {
      timer.cancel();
    }
  }
}

interface Asked {
  readonly chain: Chain;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
}

function queryOf({ view }: Desk, chain: Chain): Asked {
  return { chain, dnssecOk: view.dnssecOk, checkingDisabled: view.checkingDisabled };
}

/** Questions are the same when their answers would be, for everyone who waits: a chain is one query's own. */
function flightKey(desk: Desk, chain: Chain): string {
  const { view } = desk;
  const name = Name.fromWire(view.octets, 12).key;
  const flags = (view.dnssecOk ? 1 : 0) | (view.checkingDisabled ? 2 : 0) | (chain.trace ? 4 : 0);
  return `${view.qtype} ${flags} ${chain.passed.length === 0 ? "" : JSON.stringify(chain)} ${name}`;
}

function waiterOf(desk: Desk, later: Later): Waiter {
  const { view } = desk;
  return {
    id: view.id,
    flags: view.flags,
    question: { name: Name.fromWire(view.octets, 12), type: view.qtype, class: view.qclass },
    edns: view.hasEdns ? ednsOf(desk) : null,
    octetsMax: desk.octetsMax,
    transport: desk.transport,
    later,
  };
}

function ednsOf({ view, cookie, cookies, nsid }: Desk): Edns {
  const options: EdnsOption[] = [];
  if (view.asksNsid && nsid.length > 0) options.push({ code: OPTION.NSID, data: nsid });
  if (cookie !== "none") {
    options.push(encodeCookie({ client: cookies.cookie.slice(0, 8), server: cookies.cookie.slice(8) }));
  }
  return { ...plainEdns, payloadOctets: PAYLOAD_OCTETS_MAX, dnssecOk: view.dnssecOk, options };
}

function extendedErrorOf(error: unknown): ExtendedError {
  if (!(error instanceof ExchangeError)) return { infoCode: EDE.OTHER, text: "the server made a mistake" };
  switch (error.code) {
    case "TIMEOUT":
    case "UNREACHABLE":
    case "CLOSED":
      return { infoCode: EDE.NO_REACHABLE_AUTHORITY, text: error.message };
    case "MALFORMED":
    case "SIGNATURE":
      return { infoCode: EDE.INVALID_DATA, text: error.message };
    case "BUDGET":
      return { infoCode: EDE.OTHER, text: error.message };
  }
}

function responseTo(waiter: Waiter, beginning: Beginning, outcome: Outcome): { octets: Uint8Array; rcode: number } {
  const rest = outcome.kind === "answered" ? outcome.handedDown.message : null;
  const head = {
    id: waiter.id,
    opcode: 0,
    rcode: rest === null ? RCODE.SERVFAIL : rest.rcode & 15,
    response: true,
    authoritative: false,
    truncated: rest?.truncated ?? false,
    recursionDesired: (waiter.flags & FLAG.RECURSION_DESIRED) !== 0,
    recursionAvailable: true,
    authenticData: false,
    checkingDisabled: (waiter.flags & FLAG.CHECKING_DISABLED) !== 0,
    question: [waiter.question],
  };
  const message: Message = {
    ...head,
    answer: rest === null ? [] : [...beginning.answer, ...rest.answer],
    authority: rest?.authority ?? [],
    additional: rest?.additional ?? [],
    edns: waiter.edns === null ? null : withOutcome(waiter.edns, outcome, waiter.octetsMax),
  };
  return { octets: encodeMessage(message, { octetsMax: waiter.octetsMax }), rcode: message.rcode };
}

/** Room that is kept for header, question and the other options when a report is added. */
const REPORT_MARGIN_OCTETS = 512;

function withOutcome(edns: Edns, outcome: Outcome, octetsMax: number): Edns {
  const options = [...edns.options];
  if (outcome.kind === "failed") {
    // Short enough for 512 octets with the longest name in front; what is cut off is words.
    options.push(encodeExtendedError({ ...outcome.error, text: outcome.error.text.slice(0, 60) }));
    return { ...edns, options };
  }
  const { message, report } = outcome.handedDown;
  const told = message.edns?.options.find(({ code, data }) => code === OPTION.EDE && data.length <= 64);
  if (told !== undefined) options.push(told);
  if (report !== null) {
    const option = encodeReport(report);
    // Who wants reports asks over TCP; over UDP one that is too long is left out rather than the answer cut.
    if (option.data.length + REPORT_MARGIN_OCTETS <= octetsMax / 2) options.push(option);
  }
  return { ...edns, options };
}
