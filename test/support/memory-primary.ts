/** A primary in the simulated network: versions of one zone, given away by AXFR and IXFR, or by whatever a test has it send instead. */
import {
  CLASS,
  decodeMessage,
  encodeExpire,
  encodeMessage,
  findTsig,
  type Message,
  Name,
  plainEdns,
  RCODE,
  readTsig,
  type Rr,
  TsigKey,
  TsigSigner,
  TYPE,
  withoutTsig,
} from "../../dns/index.ts";
import { type Endpoint, type Handler, LATER, type Later, type Peer } from "../../net/index.ts";
import { soaSerial } from "../../zones/index.ts";
import { query, rrs } from "./messages.ts";
import { rrText } from "./name-server.ts";

/** `example.` with that serial and those times, its NS, and more. */
export function version(serial: number, more = "", times = "3600 600 86400"): Rr[] {
  return rrs(`example. 300 SOA ns.example. admin.example. ${serial} ${times} 60
    example. 300 NS ns.example.
    ns.example. 300 A 192.0.2.53
    ${more}`);
}

export const KEY = new TsigKey(Name.parse("key.example."), "hmac-sha256", Uint8Array.of(1, 2, 3, 4));

/** About when simulated time begins. */
const SIGNED_AT = 1_700_000_100;

type SignResponse = (signer: TsigSigner, octets: Uint8Array, place: number) => Uint8Array;

/** A message of a transfer, or octets in its place, or null for a pause without end. */
export type Sent = Message | Uint8Array | null;

export class MemoryPrimary implements Handler {
  readonly endpoint: Endpoint;
  /** Oldest first; each begins with its SOA. */
  versions: readonly (readonly Rr[])[];
  /** What it says in place of a transfer; null: what is right. */
  instead: ((request: Message) => readonly Sent[]) | null = null;
  /** The SOA that it tells of, where that is another than the newest. */
  soa: Rr | null = null;
  /** For how long it says that its version is good (RFC 7314); null: it does not know the option, and sends the question back. */
  expireSeconds: number | null = null;
  /** From before EDNS: it refuses what it cannot read. */
  isOld = false;
  /** Signs responses, each with its place in its response, where the request is signed. */
  sign: SignResponse = (signer, octets) => signer.sign(octets, SIGNED_AT);
  key: TsigKey = KEY;
  /** Of the questions asked, in order: `UDP SOA`, `TCP IXFR`. */
  readonly asked: string[] = [];

  constructor(endpoint: Endpoint, ...versions: readonly (readonly Rr[])[]) {
    this.endpoint = endpoint;
    this.versions = versions;
  }

  handle(octets: Uint8Array, response: Uint8Array, { transport }: Peer, unsigned: Later): number {
    const tsigAt = findTsig(octets);
    const tsig = tsigAt < 0 ? null : readTsig(octets, tsigAt);
    const received = decodeMessage(tsig === null ? octets : withoutTsig(octets, tsigAt, tsig.originalId));
    const request = this.#inReply(received);
    const { type } = request.question[0]!;
    this.asked.push(`${transport} ${TYPE_TEXT.get(type) ?? type}`);
    if (this.isOld && request.edns !== null) {
      const refusal = encodeMessage({ ...reply(request, []), edns: null, rcode: RCODE.FORMERR });
      response.set(refusal);
      return refusal.length;
    }
    const signer = tsig === null ? null : new TsigSigner(this.key, tsig.mac);
    let sentCount = 0;
    const later: Later = (one, expect) =>
      unsigned(signer === null || one.length === 0 ? one : this.sign(signer, one, sentCount++), expect);
    if (type === TYPE.SOA) {
      const answer = encodeMessage(reply(request, [this.soa ?? this.versions.at(-1)![0]!]));
      const signed = signer === null ? answer : signer.sign(answer, SIGNED_AT);
      response.set(signed);
      return signed.length;
    }
    for (const sent of this.instead?.(request) ?? [reply(request, this.transfer(request))]) {
      if (sent === null) return LATER;
      later(sent instanceof Uint8Array ? sent : encodeMessage(sent), "more");
    }
    later(new Uint8Array(0));
    return LATER;
  }

  /** What its responses are made from. */
  #inReply(request: Message): Message {
    const { expireSeconds } = this;
    if (request.edns === null || expireSeconds === null) return request;
    return { ...request, edns: { ...plainEdns, options: [encodeExpire(expireSeconds)] } };
  }

  /** What is right. */
  transfer({ question, authority }: Message): Rr[] {
    const newest = this.versions.at(-1)!;
    const soa = newest[0]!;
    const ours = authority[0] === undefined ? null : soaSerial(authority[0].rdata);
    if (ours === soaSerial(soa.rdata)) return [soa];
    const from = this.versions.findIndex(([first]) => soaSerial(first!.rdata) === ours);
    if (question[0]!.type === TYPE.AXFR || from < 0) return [...newest, soa];
    const steps = this.versions.slice(from + 1).flatMap((after, i) => step(this.versions[from + i]!, after));
    return [soa, ...steps, soa];
  }
}

const TYPE_TEXT = new Map<number, string>([
  [TYPE.SOA, "SOA"],
  [TYPE.AXFR, "AXFR"],
  [TYPE.IXFR, "IXFR"],
]);

/** One difference sequence (RFC 1995 §4). */
function step(before: readonly Rr[], after: readonly Rr[]): Rr[] {
  const lacks = (records: readonly Rr[], wanted: Rr): boolean => !records.some((one) => rrText(one) === rrText(wanted));
  const [soaBefore, ...was] = before;
  const [soaAfter, ...is] = after;
  const removed = was.filter((record) => lacks(is, record));
  const added = is.filter((record) => lacks(was, record));
  return [soaBefore!, ...removed, soaAfter!, ...added];
}

export function reply(request: Message, answer: readonly Rr[], parts: Partial<Message> = {}): Message {
  return { ...request, response: true, authoritative: true, authority: [], answer, ...parts };
}

/** NOTIFY for `example.` (RFC 1996 §3.7), with the serial where it tells one. */
export function notifyOf(serial: number | null): Message {
  return query("example.", "SOA", {
    opcode: 4,
    authoritative: true,
    question: [{ name: Name.parse("example."), type: TYPE.SOA, class: CLASS.IN }],
    answer: serial === null ? [] : [version(serial)[0]!],
  });
}
