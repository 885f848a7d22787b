/**
 * A bank server in the name space: where it registers, what it says of itself under the bank's name, and which of several servers is the
 * primary (an epoch, changed with a prerequisite, so that of two that want it one gets it).
 */
import { systemClock, systemRandom, toHex } from "../../base/index.ts";
import {
  CLASS,
  emptyMessage,
  type Message,
  Name,
  plainEdns,
  type Question,
  rdataType,
  type Rr,
  type TsigKey,
  TYPE,
} from "../../dns/index.ts";
import {
  type Ask,
  DNS_PORT,
  type Endpoint,
  ExchangeError,
  formatEndpoint,
  parseEndpoint,
  systemAsk,
} from "../../net/index.ts";
import { UsageError, WorkError } from "../failure.ts";
import { sendLines } from "../registration.ts";
import { primaryInState, type State } from "../state.ts";
import { UpdateSender } from "../update-sender.ts";

const NEVER = new AbortController().signal;
const TIMEOUT_MILLISECONDS = 3000;
/** Of what a server registers: as long as an ATM may go on knocking where nobody is. */
const TTL_SECONDS = 5;

/** For a resolver, or for a server that is asked itself. */
export const queryMessage = (question: Question): Message => ({
  ...emptyMessage,
  recursionDesired: true,
  question: [question],
  edns: plainEdns,
});

/** Asks one server. */
export class NameAsker {
  readonly endpoint: Endpoint;
  readonly #ask: Ask = systemAsk({ clock: systemClock, random: systemRandom });

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** Throws WorkError when it does not answer. */
  async ask(name: string, type: number, recordClass: number = CLASS.IN): Promise<Message> {
    const message = queryMessage({ name: Name.parse(name), type, class: recordClass });
    try {
      const way = { transport: "udp", timeoutMilliseconds: TIMEOUT_MILLISECONDS, signal: NEVER } as const;
      return (await this.#ask(this.endpoint, message, way)).message;
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      throw new WorkError(`${formatEndpoint(this.endpoint)}: ${error.message}`);
    }
  }

  /** RDATA in presentation form, one for each record of that type at that name. */
  async texts(name: string, type: number, recordClass: number = CLASS.IN): Promise<string[]> {
    const { answer } = await this.ask(name, type, recordClass);
    return answer.filter((rr) => rr.type === type).map(rdataText);
  }
}

export const rdataText = ({ type, rdata }: Rr): string => rdataType(type).format(rdata);

/** The resolver that is told, or that a running `strata up` has; null: neither. */
export function resolverOf(server: string | null, state: State | null): Endpoint | null {
  if (server !== null) return parseEndpoint(server);
  return state === null ? null : parseEndpoint(state.resolver);
}

/** The server that takes updates of the zone that the name is in. Throws UsageError when nothing leads there. */
export async function primaryOf(
  name: string,
  given: { readonly primary: string | null; readonly server: string | null; readonly state: State | null },
): Promise<Endpoint> {
  if (given.primary !== null) return parseEndpoint(given.primary);
  const fromState = given.state === null ? null : primaryInState(Name.parse(name), given.state);
  if (fromState !== null) return fromState;
  const resolver = resolverOf(given.server, given.state);
  if (resolver === null)
    throw new UsageError(
      "where names are registered is missing: --server ADDR:PORT of a resolver, or --primary ADDR:PORT",
    );
  return findPrimary(name, resolver);
}

/** By the SOA's MNAME; whoever answers with authority is asked itself. */
async function findPrimary(name: string, resolver: Endpoint): Promise<Endpoint> {
  const asker = new NameAsker(resolver);
  const { answer, authority, authoritative } = await asker.ask(name, TYPE.SOA);
  if (authoritative) return resolver;
  const soa = [...answer, ...authority].find(({ type }) => type === TYPE.SOA);
  const primary = soa === undefined ? null : rdataText(soa).split(" ")[0]!;
  const [address] = primary === null ? [] : await asker.texts(primary, TYPE.A);
  if (address === undefined)
    throw new WorkError(`nothing says which server is the primary of ${name}: give it with --primary ADDR:PORT`);
  for (const port of [...(await portsOf(asker)), resolver.port, DNS_PORT]) {
    const endpoint = { address, port };
    try {
      if ((await new NameAsker(endpoint).ask(name, TYPE.SOA)).authoritative) return endpoint;
    } catch (error) {
      if (!(error instanceof WorkError)) throw error;
    }
  }
  throw new WorkError(
    `the primary of ${name} is ${address}, and does not answer where names are resolved: give it with --primary ADDR:PORT`,
  );
}

/** Where the servers listen that a resolver asks, which one of ours tells; others say nothing of it. */
async function portsOf(asker: NameAsker): Promise<number[]> {
  const [text = ""] = await asker.texts("port.resolver.", TYPE.TXT, CLASS.CH).catch(() => []);
  const port = Number(text.replaceAll('"', ""));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? [port] : [];
}

export interface BankName {
  readonly bank: string;
  /** Of this server, in the bank's zone. */
  readonly host: string;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  /** Of its public key. */
  readonly keyDigest: Uint8Array;
}

const serviceOf = (bank: string): string => `_bank._tcp.${bank}`;
const epochOf = (bank: string): string => `_epoch.${bank}`;

/** What stands under the bank's name while the server runs; removals first, so that what a former run has left goes. */
export function registeredLines(
  name: BankName,
  head: { readonly entries: number; readonly link: Uint8Array } | null,
): string[] {
  const { bank, host, addresses, port, priority, weight, keyDigest } = name;
  const addressLines = addresses.map(
    (address) => `add ${host} ${TTL_SECONDS} ${address.includes(":") ? "AAAA" : "A"} ${address}`,
  );
  return [
    ...withdrawalLines(name),
    ...addressLines,
    `add ${serviceOf(bank)} ${TTL_SECONDS} SRV ${priority} ${weight} ${port} ${host}`,
    // DANE-EE, the public key, SHA-256 (RFC 6698 §2.1, RFC 7671).
    `add _${port}._tcp.${host} ${TTL_SECONDS} TLSA 3 1 1 ${toHex(keyDigest)}`,
    ...(head === null
      ? []
      : [`add _books.${bank} ${TTL_SECONDS} TXT "entries=${head.entries} head=${toHex(head.link)}"`]),
  ];
}

export function withdrawalLines({ bank, host, port, priority, weight }: BankName): string[] {
  return [
    `delete ${host} A`,
    `delete ${host} AAAA`,
    `delete _${port}._tcp.${host} TLSA`,
    `delete ${serviceOf(bank)} SRV ${priority} ${weight} ${port} ${host}`,
    `delete _books.${bank} TXT`,
  ];
}

/** Which server is the bank's primary, by the epoch that stands in the zone. */
export class Epoch {
  readonly #bank: string;
  readonly #host: string;
  readonly #primary: NameAsker;
  readonly #sender: UpdateSender;
  /** Ours; 0: none yet. */
  number = 0;

  constructor(bank: string, host: string, parts: { readonly primary: Endpoint; readonly key: TsigKey | null }) {
    this.#bank = bank;
    this.#host = host;
    this.#primary = new NameAsker(parts.primary);
    this.#sender = new UpdateSender({
      server: parts.primary,
      zone: null,
      lease: null,
      key: parts.key,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    });
  }

  /** Whether the zone takes our updates, by one that changes nothing: a server that waits is to be able to take over. Throws WorkError. */
  async check(): Promise<void> {
    await sendLines(this.#sender, [`delete ${epochOf(this.#bank)} TXT "nobody has this"`]);
  }

  /** Takes the next one, and one that is later than that; false when another server took it at the same moment. Throws WorkError. */
  async take(later: number): Promise<boolean> {
    const [before] = await this.#primary.texts(epochOf(this.#bank), TYPE.TXT);
    const number = Math.max(numberIn(before), later) + 1;
    const owner = epochOf(this.#bank);
    const lines = [
      before === undefined ? `prereq nxrrset ${owner} TXT` : `prereq yxrrset ${owner} TXT ${before}`,
      `delete ${owner} TXT`,
      `add ${owner} ${TTL_SECONDS} TXT "epoch=${number} host=${this.#host}"`,
    ];
    try {
      await sendLines(this.#sender, lines);
    } catch (error) {
      if (error instanceof WorkError && /[NY]XRRSET/.test(error.message)) return false;
      throw error;
    }
    this.number = number;
    return true;
  }

  /** Whether another server has taken a later one. Throws WorkError when that cannot be found out. */
  async isOver(): Promise<boolean> {
    const [now] = await this.#primary.texts(epochOf(this.#bank), TYPE.TXT);
    return numberIn(now) > this.number;
  }

  /** Another server of the bank that is registered now, by its host name; null: none. */
  async otherServer(): Promise<string | null> {
    const targets = (await this.#primary.texts(serviceOf(this.#bank), TYPE.SRV)).map((text) => text.split(" ")[3]!);
    return targets.find((target) => !Name.parse(target).equals(Name.parse(this.#host))) ?? null;
  }
}

const numberIn = (text: string | undefined): number => Number(/epoch=(\d+)/.exec(text ?? "")?.[1] ?? 0);
