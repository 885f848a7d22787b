/**
 * `strata update`: reads what is to be changed, finds the zone, and sends each message to the primary (RFC 2136 §4). Over TCP: an update
 * that is sent again because its response was lost over UDP may come a second time after somebody else's.
 */
import { systemClock, systemFiles, systemRandom } from "../base/index.ts";
import {
  CLASS,
  decodeUpdateLease,
  EDE,
  edeToText,
  type EdnsOption,
  encodeMessage,
  encodeUpdateLease,
  extendedErrors,
  findOption,
  type Message,
  type Name,
  OPCODE,
  OPTION,
  plainEdns,
  RCODE,
  rcodeToText,
  secondsOf,
  type TsigKey,
  TYPE,
  type UpdateLease,
  WireError,
} from "../dns/index.ts";
import { type Ask, type Endpoint, ExchangeError, formatEndpoint, systemAsk } from "../net/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT, UsageError, WorkError } from "./failure.ts";
import { readKey } from "./keys.ts";
import { parseEndpoints, parseName } from "./options-read.ts";
import type { Output } from "./output.ts";
import { readUpdateLines, type UpdateLine, type UpdateWork } from "./update-lines.ts";

const NEVER = new AbortController().signal;
const STANDARD_INPUT = "/dev/stdin";

export async function update(given: Arguments, output: Output): Promise<number> {
  const works = readUpdateLines(linesOf(given), ttlOf(given));
  if (works.length === 0) throw new UsageError("there is nothing to be changed: no add, delete or prereq was given");
  const keyFile = given.text("key");
  const sender = new UpdateSender(given, keyFile === null ? null : await readKey(keyFile, systemFiles));
  const outcomes: Outcome[] = [];
  for (const work of works) {
    const outcome = await sender.send(work);
    outcomes.push(outcome);
    if (!given.flag("json")) tell(outcome, output);
    // What follows may build on it.
    if (outcome.message.rcode !== RCODE.NOERROR) break;
  }
  const unsent = works.length - outcomes.length;
  if (unsent > 0) output.note(`${output.notePaint.yellow("strata:")} not sent after that: ${unsent} more`);
  if (given.flag("json")) output.result(JSON.stringify(outcomes.map(jsonOf), null, 2));
  return exitCodeOf(outcomes.at(-1)!.message.rcode);
}

/** Commands of the command line are one message. */
function linesOf(given: Arguments): UpdateLine[] {
  const commands = given.positionals("COMMAND");
  const file = given.text("file");
  if (commands.length > 0) {
    if (file !== null) throw new UsageError("commands are given twice: on the command line and by --file");
    return commands.map((text, i) => ({ text: text.trim(), file: "argument", line: i + 1 }));
  }
  const path = file === null || file === "-" ? STANDARD_INPUT : file;
  const text = new TextDecoder().decode(systemFiles.read(path));
  return text.split("\n").map((line, i) => ({ text: line, file: path, line: i + 1 }));
}

function ttlOf(given: Arguments): number | null {
  const ttl = given.text("ttl");
  return ttl === null ? null : secondsIn("ttl", ttl);
}

function secondsIn(option: string, text: string): number {
  const seconds = secondsOf(new TextEncoder().encode(text));
  if (seconds >= 0) return seconds;
  throw new UsageError(`--${option} ${text}: a number of seconds is wanted, or such as 30s or 1h30m`);
}

function leaseOf(given: Arguments): UpdateLease | null {
  const lease = given.text("lease");
  const keyLease = given.text("key-lease");
  if (lease === null) {
    if (keyLease !== null) throw new UsageError("--key-lease is of the KEY records in a lease: give --lease too");
    return null;
  }
  return {
    seconds: secondsIn("lease", lease),
    keySeconds: keyLease === null ? null : secondsIn("key-lease", keyLease),
  };
}

interface Outcome {
  readonly zone: Name;
  readonly server: Endpoint;
  readonly message: Message;
  /** What was granted; null: nothing was, or none was asked for. */
  readonly lease: UpdateLease | null;
  readonly asked: UpdateLease | null;
  /** Of what is added. */
  readonly ttls: readonly number[];
}

/** Sends messages, one after another. */
class UpdateSender {
  readonly #ask: Ask = systemAsk({ clock: systemClock, random: systemRandom });
  readonly #server: Endpoint | null;
  readonly #zone: Name | null;
  readonly #lease: UpdateLease | null;
  readonly #key: TsigKey | null;
  readonly #timeoutMilliseconds: number;

  constructor(given: Arguments, key: TsigKey | null) {
    this.#key = key;
    const server = given.text("server");
    const zone = given.text("zone");
    this.#server = server === null ? null : parseEndpoints("server", [server])[0]!;
    this.#zone = zone === null ? null : parseName("zone", zone);
    this.#lease = leaseOf(given);
    this.#timeoutMilliseconds = Math.ceil((given.number("timeout") ?? 10) * 1000);
  }

  async send(work: UpdateWork): Promise<Outcome> {
    const server = work.server ?? this.#server;
    if (server === null) throw new UsageError("whom to send it to is missing: --server ADDR[:PORT]");
    const zone = work.zone ?? this.#zone ?? (await this.#findZone(server, firstName(work)));
    const asked = this.#lease;
    const options = asked === null ? [] : [encodeUpdateLease(asked)];
    const message = await this.#exchange(server, updateMessage(zone, work, options));
    const ttls = work.updates.map(({ ttlSeconds }) => ttlSeconds);
    return { zone, server, message, asked, ttls, lease: grantedLease(message) };
  }

  /** The zone that the server has the name in: who has authority for it names its SOA (RFC 2136 §4.1 leaves the way open). */
  async #findZone(server: Endpoint, owner: Name): Promise<Name> {
    for (let name: Name | null = owner; name !== null; name = name.parent()) {
      const { answer, authority, rcode } = await this.#exchange(server, soaQuery(name));
      const at = name;
      const soa = [...answer, ...authority].find((rr) => rr.type === TYPE.SOA && at.isAtOrBelow(rr.owner));
      if (soa !== undefined) return soa.owner;
      if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) break;
    }
    const where = formatEndpoint(server);
    throw new WorkError(`${where} does not say in which zone ${owner.toString()} is: give it with --zone NAME`);
  }

  async #exchange(server: Endpoint, message: Message): Promise<Message> {
    const timeoutMilliseconds = this.#timeoutMilliseconds;
    try {
      const way = { transport: "tcp", timeoutMilliseconds, signal: NEVER } as const;
      const reply = await this.#ask(server, message, this.#key === null ? way : { ...way, key: this.#key });
      return reply.message;
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      const isUnsure = message.opcode === OPCODE.UPDATE && error.code !== "UNREACHABLE" && error.code !== "SIGNATURE";
      throw new WorkError(`${error.message}${isUnsure ? "; whether the change was made is not known" : ""}`);
    }
  }
}

function firstName({ prerequisites, updates }: UpdateWork): Name {
  return [...updates, ...prerequisites][0]!.owner;
}

/** RFC 2136 §4.4. Throws UsageError when that is more than fits into a message. */
function updateMessage(zone: Name, work: UpdateWork, options: readonly EdnsOption[]): Message {
  const message: Message = {
    ...BARE,
    opcode: OPCODE.UPDATE,
    question: [{ name: zone, type: TYPE.SOA, class: CLASS.IN }],
    answer: work.prerequisites,
    authority: work.updates,
    edns: { ...plainEdns, options },
  };
  const isTruncated = (encodeMessage(message, { octetsMax: UPDATE_OCTETS_MAX })[2]! & 2) !== 0;
  if (!isTruncated) return message;
  throw new UsageError(`${work.updates.length} updates are more than fits into one message: say send in between`);
}

/** What is left of a message's 65,535 octets with room for a signature. */
const UPDATE_OCTETS_MAX = 65_000;

function soaQuery(name: Name): Message {
  return { ...BARE, question: [{ name, type: TYPE.SOA, class: CLASS.IN }] };
}

const BARE: Message = {
  id: 0,
  opcode: OPCODE.QUERY,
  rcode: RCODE.NOERROR,
  response: false,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  question: [],
  answer: [],
  authority: [],
  additional: [],
  edns: null,
};

function grantedLease({ edns }: Message): UpdateLease | null {
  const option = findOption(edns, OPTION.UPDATE_LEASE);
  try {
    return option === null ? null : decodeUpdateLease(option);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function tell({ zone, server, message, asked, lease, ttls }: Outcome, output: Output): void {
  const where = `${zone.toString()} at ${formatEndpoint(server)}`;
  if (message.rcode === RCODE.NOERROR) {
    const keySeconds = lease?.keySeconds ?? null;
    const forKeys = keySeconds === null ? "" : ` (KEY records ${keySeconds} s)`;
    output.result(`${where}: done${lease === null ? "" : `, for ${lease.seconds} s${forKeys}`}`);
    const longest = Math.max(0, ...ttls);
    if (lease !== null && longest > lease.seconds) {
      output.note(
        `${output.notePaint.yellow("strata:")} caches keep it for its TTL, ${longest} s, which is longer than its lease`,
      );
    }
    if (asked !== null && lease === null) {
      output.note(
        `${output.notePaint.yellow("strata:")} the server grants no leases: what was added stays until it is deleted`,
      );
    }
    return;
  }
  const why = extendedErrors(message.edns).map(({ infoCode, text }) =>
    [infoCode === EDE.OTHER ? "" : edeToText(infoCode), text].filter((part) => part !== "").join(": "),
  );
  const meaning = MEANINGS.get(message.rcode);
  const told = [rcodeToText(message.rcode), ...(why.length > 0 ? why : meaning === undefined ? [] : [meaning])];
  output.note(`${output.notePaint.yellow("strata:")} ${where}: ${told.join(", ")}; nothing was changed`);
}

/** For servers that say no more (RFC 2136 §2.2, §3). */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [RCODE.FORMERR, "the server could not make sense of it"],
  [RCODE.NOTIMP, "the server takes no updates"],
  [RCODE.REFUSED, "the server does not allow this"],
  [RCODE.YXDOMAIN, "a name is in use that must not be"],
  [RCODE.YXRRSET, "an RRset is there that must not be"],
  [RCODE.NXDOMAIN, "a name is not in use that has to be"],
  [RCODE.NXRRSET, "an RRset is not there, or not so, that has to be"],
  [RCODE.NOTAUTH, "the server is no authority for the zone, or does not know the key"],
  [RCODE.NOTZONE, "a name is not in the zone"],
]);

function jsonOf({ zone, server, message, lease }: Outcome): unknown {
  return {
    zone: zone.toString(),
    server: formatEndpoint(server),
    rcode: rcodeToText(message.rcode),
    errors: extendedErrors(message.edns),
    lease,
  };
}

/** A server that cannot now may another time, or another server may; the rest is a no. */
function exitCodeOf(rcode: number): number {
  if (rcode === RCODE.NOERROR) return EXIT.ok;
  return rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP ? EXIT.unknown : EXIT.no;
}
