/** Queries with what their answers must be. Checking reads only the places that matter, because it is done for every answer. */
import type { SeededRandom } from "../../base/index.ts";
import { CLASS, emptyMessage, encodeMessage, Name, TYPE } from "../../dns/index.ts";
import { HOSTS, ZONE } from "./load-work.ts";

export interface Question {
  readonly octets: Buffer;
  /** Null: there is no such name. */
  readonly host: number | null;
  readonly text: string;
}

const QUESTIONS = 4096;
const HEADER_OCTETS = 12;
/** From the end of the question to the address of the first record: a pointer to the owner, type, class, TTL, RDLENGTH. */
const ADDRESS_AT = 12;

/** Nine in ten ask for a host, one in ten for what is not there; a third each plain, with EDNS, with DO. */
export function makeQuestions(random: SeededRandom): Question[] {
  return Array.from({ length: QUESTIONS }, (_, i) => {
    const host = i % 10 === 9 ? null : random.below(HOSTS);
    const text = host === null ? `x${random.below(HOSTS)}.${ZONE}` : `h${host}.${ZONE}`;
    return { octets: encode(text, i % 3), host, text };
  });
}

function encode(text: string, style: number): Buffer {
  const message = encodeMessage({
    ...emptyMessage,
    question: [{ name: Name.parse(text), type: TYPE.A, class: CLASS.IN }],
    edns: style === 0 ? null : { version: 0, payloadOctets: 1232, dnssecOk: style === 2, flags: 0, options: [] },
  });
  return Buffer.from(message);
}

/** What is wrong with a response; null when nothing is. A host's address must be of one of the versions from `from` to `to`. */
export function complaint(question: Question, response: Buffer, from: number, to: number): string | null {
  const { octets, host } = question;
  if (response.length < HEADER_OCTETS || (response[2]! & 0x86) !== 0x84) return "no authoritative answer";
  const rcode = response[3]! & 0xf;
  if (rcode !== (host === null ? 3 : 0)) return `RCODE ${rcode}`;
  let end = HEADER_OCTETS;
  while (octets[end] !== 0) end += octets[end]! + 1;
  end += 5;
  if (octets.compare(response, HEADER_OCTETS, end, HEADER_OCTETS, end) !== 0) return "another question";
  const answers = response.readUInt16BE(6);
  if (answers !== (host === null ? 0 : 1)) return `${answers} answers`;
  if (host === null) return null;
  const at = end + ADDRESS_AT;
  if (response[at] !== 10 || response.readUInt16BE(at + 2) !== host) return "the address of another host";
  const version = response[at + 1]!;
  for (let each = from; each <= to; each++) if ((each & 0xff) === version) return null;
  return `version ${version}, wanted ${from & 0xff} to ${to & 0xff}`;
}
