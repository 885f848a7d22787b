/** A name server for tests: zones from text, questions from text, responses as text. */
import { SeededRandom, SimulatedClock } from "../../base/index.ts";
import {
  decodeMessage,
  type Edns,
  encodeMessage,
  type Message,
  Name,
  rcodeToText,
  rdataType,
  type Rr,
  typeToText,
} from "../../dns/index.ts";
import { NameServer, type ServerParts, type ServerSettings } from "../../nameserver/index.ts";
import { LATER, type Peer, type Transport } from "../../net/index.ts";
import { ZoneStore } from "../../zones/index.ts";
import { edns, query, rrs } from "./messages.ts";

/** A store with one zone for each entry: apex and records in presentation format. */
export function storeOf(zones: Readonly<Record<string, string>>): ZoneStore {
  const store = ZoneStore.create({ capacityOctets: 1 << 24 });
  for (const [apex, text] of Object.entries(zones)) {
    const edit = store.replace(Name.parse(apex));
    for (const { owner, type, ttlSeconds, rdata } of rrs(text)) {
      edit.add(owner.octets, 0, type, ttlSeconds, rdata, 0, rdata.length);
    }
    edit.commit();
  }
  return store;
}

export interface TestServer {
  readonly server: NameServer;
  readonly clock: SimulatedClock;
}

export function serverOf(
  zones: Readonly<Record<string, string>>,
  settings: Partial<ServerSettings> = {},
  parts: Partial<ServerParts> = {},
): TestServer {
  const clock = new SimulatedClock();
  const store = storeOf(zones);
  const random = new SeededRandom(1);
  return { clock, server: new NameServer({ store, clock, random, recursion: null, settings, ...parts }) };
}

export interface Asking {
  readonly transport?: Transport;
  readonly from?: string;
  readonly message?: Partial<Message>;
  readonly edns?: Partial<Edns> | null;
}

/** A response in words: RCODE and flags, then the sections in presentation format. */
export interface Told {
  readonly head: string;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

const RESPONSE_OCTETS = { udp: 4096, tcp: 65_535 } as const;

/** The octets of the response, or null for silence or LATER. */
export function askOctets(
  server: NameServer,
  request: Uint8Array,
  { transport = "udp", from }: Asking = {},
): Uint8Array | null {
  const response = new Uint8Array(RESPONSE_OCTETS[transport]);
  const peer: Peer = { address: from ?? "127.0.0.1", port: 5353, transport };
  const length = server.handle(request, response, peer, () => undefined);
  return length > 0 ? response.slice(0, length) : null;
}

/** Asks `name type`; fails when there is no response at once. */
export function askMessage(server: NameServer, question: string, asking: Asking = {}): Message {
  const octets = askOctets(server, requestOf(question, asking), asking);
  if (octets === null) throw new Error("no response");
  return decodeMessage(octets);
}

/** As `askMessage`, for answers that come later. */
export function askLater(server: NameServer, question: string, asking: Asking = {}): Promise<Message> {
  const { promise, resolve } = Promise.withResolvers<Message>();
  const response = new Uint8Array(RESPONSE_OCTETS[asking.transport ?? "udp"]);
  const peer: Peer = { address: asking.from ?? "127.0.0.1", port: 5353, transport: asking.transport ?? "udp" };
  const length = server.handle(requestOf(question, asking), response, peer, (octets) => resolve(decodeMessage(octets)));
  if (length !== LATER) resolve(decodeMessage(response.slice(0, length)));
  return promise;
}

export function requestOf(question: string, { message = {}, edns: wanted }: Asking = {}): Uint8Array {
  const [name = "", type = "A"] = question.split(" ");
  const asked = query(name, type, wanted === undefined || wanted === null ? {} : { edns: { ...edns, ...wanted } });
  return encodeMessage({ ...asked, ...message });
}

export function ask(server: NameServer, question: string, asking: Asking = {}): Told {
  return told(askMessage(server, question, asking));
}

export function told(message: Message): Told {
  const flags = [
    message.authoritative ? "aa" : "",
    message.truncated ? "tc" : "",
    message.recursionAvailable ? "ra" : "",
    message.authenticData ? "ad" : "",
  ];
  return {
    head: [rcodeToText(message.rcode), ...flags.filter((flag) => flag !== "")].join(" "),
    answer: message.answer.map(rrText),
    authority: message.authority.map(rrText),
    additional: message.additional.map(rrText),
  };
}

export function rrText({ owner, type, ttlSeconds, rdata }: Rr): string {
  return `${owner.toString()} ${ttlSeconds} ${typeToText(type)} ${rdataType(type).format(rdata)}`;
}
