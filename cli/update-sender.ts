/** Sends updates to the primary of a zone, each as one message over TCP, and finds out which zone a name is in. */
import { systemClock, systemFiles, systemRandom } from "../base/index.ts";
import {
  CLASS,
  decodeUpdateLease,
  type EdnsOption,
  emptyMessage,
  encodeMessage,
  encodeUpdateLease,
  findOption,
  type Message,
  type Name,
  OPCODE,
  OPTION,
  plainEdns,
  RCODE,
  type TsigKey,
  TYPE,
  type UpdateLease,
  WireError,
} from "../dns/index.ts";
import { type Ask, type Endpoint, ExchangeError, formatEndpoint, systemAsk } from "../net/index.ts";
import type { Arguments } from "./arguments.ts";
import { UsageError, WorkError } from "./failure.ts";
import { parseEndpoints, parseName } from "./options-read.ts";
import { plainName, primaryInState, runningState, STATE_FOLDER, updateKeyFileOf } from "./state.ts";
import type { UpdateWork } from "./update-lines.ts";

const NEVER = new AbortController().signal;

export interface UpdateSenderParts {
  /** Null: each piece of work says itself, or `primaryOf` knows. */
  readonly server: Endpoint | null;
  /** Where a running name space has the zone of a name; null: it does not. */
  readonly primaryOf?: (name: Name) => Endpoint | null;
  /** The key that it has for that zone, where none is given. */
  readonly keyOf?: (zone: Name) => Promise<TsigKey | null>;
  /** Null: the server is asked. */
  readonly zone: Name | null;
  readonly lease: UpdateLease | null;
  readonly key: TsigKey | null;
  readonly timeoutMilliseconds: number;
}

/** What --server and --zone say; beside a running `strata up` no server needs to be said (DESIGN §10). */
export function targetOf(given: Arguments): Pick<UpdateSenderParts, "server" | "zone" | "primaryOf" | "keyOf"> {
  const server = given.text("server");
  const zone = given.text("zone");
  const folder = given.text("state") ?? STATE_FOLDER;
  return {
    server: server === null ? null : parseEndpoints("server", [server])[0]!,
    zone: zone === null ? null : parseName("zone", zone),
    primaryOf: (name) => {
      const state = runningState(folder);
      return state === null ? null : primaryInState(name, state);
    },
    keyOf: async (name) => {
      const file = updateKeyFileOf(folder, plainName(name.toString()));
      if (server !== null || !systemFiles.exists(file)) return null;
      return (await import("./keys.ts")).readKey(file, systemFiles);
    },
  };
}

export interface UpdateOutcome {
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
export class UpdateSender {
  readonly #ask: Ask = systemAsk({ clock: systemClock, random: systemRandom });
  readonly #parts: UpdateSenderParts;

  constructor(parts: UpdateSenderParts) {
    this.#parts = parts;
  }

  async send(work: UpdateWork): Promise<UpdateOutcome> {
    const server = work.server ?? this.#parts.server ?? this.#parts.primaryOf?.(firstName(work)) ?? null;
    if (server === null)
      throw new UsageError(
        'whom to send it to is missing: --server ADDR[:PORT] (no "strata up" runs here that has the zone)',
      );
    const zone = work.zone ?? this.#parts.zone ?? (await this.#findZone(server, firstName(work)));
    const asked = this.#parts.lease;
    const options = asked === null ? [] : [encodeUpdateLease(asked)];
    const key = this.#parts.key ?? (await this.#parts.keyOf?.(zone)) ?? null;
    const message = await this.#exchange(server, updateMessage(zone, work, options), key);
    const ttls = work.updates.map(({ ttlSeconds }) => ttlSeconds);
    return { zone, server, message, asked, ttls, lease: grantedLease(message) };
  }

  /**
   * The zone that the server has the name in: who has authority for it names its SOA (RFC 2136 §4.1 leaves the way open). Asked without
   * the key: a secondary that passes updates on need not know it, and a wrong zone is refused by who does.
   */
  async #findZone(server: Endpoint, owner: Name): Promise<Name> {
    for (let name: Name | null = owner; name !== null; name = name.parent()) {
      const { answer, authority, rcode } = await this.#exchange(server, soaQuery(name), null);
      const at = name;
      const soa = [...answer, ...authority].find((rr) => rr.type === TYPE.SOA && at.isAtOrBelow(rr.owner));
      if (soa !== undefined) return soa.owner;
      if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) break;
    }
    const where = formatEndpoint(server);
    throw new WorkError(`${where} does not say in which zone ${owner.toString()} is: give it with --zone NAME`);
  }

  async #exchange(server: Endpoint, message: Message, key: TsigKey | null): Promise<Message> {
    const { timeoutMilliseconds } = this.#parts;
    try {
      const way = { transport: "tcp", timeoutMilliseconds, signal: NEVER } as const;
      const reply = await this.#ask(server, message, key === null ? way : { ...way, key });
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
    ...emptyMessage,
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
  return { ...emptyMessage, question: [{ name, type: TYPE.SOA, class: CLASS.IN }] };
}

function grantedLease({ edns }: Message): UpdateLease | null {
  const option = findOption(edns, OPTION.UPDATE_LEASE);
  try {
    return option === null ? null : decodeUpdateLease(option);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
