/**
 * The part of asking that every transport shares: a message gets an id nobody can guess and, over UDP, letters of random
 * case (draft-vixie-dnsext-dns0x20), and whatever comes back is held to both (RFC 5452 §3, §9). Wrong or broken replies
 * are named, so that the caller goes on waiting; they never end the wait.
 */
import type { Random } from "../base/index.ts";
import {
  decodeMessage,
  decodeReplyTo,
  encodeMessage,
  FLAG,
  HEADER_OCTETS,
  type Message,
  OPCODE,
  type Question,
  WireError,
} from "../dns/index.ts";

/**
 * - `reply`: the response to what was asked.
 * - `stray`: something else; over UDP, where it comes from the right address and port, a near miss (DESIGN §8).
 * - `malformed`: it answers our id and is no message.
 * - `refused`: it is not signed as the question is.
 */
export type Judged =
  | { readonly kind: "reply"; readonly message: Message }
  | { readonly kind: "stray" }
  | { readonly kind: "malformed" }
  | { readonly kind: "refused"; readonly reason: string };

const STRAY: Judged = { kind: "stray" };
const MALFORMED: Judged = { kind: "malformed" };

export class Asked {
  /** What to send. */
  octets: Uint8Array;
  /** After the first message of a response that has several: the others need not repeat the question (RFC 5936 §2.2.2). */
  isContinued = false;
  readonly #original: Uint8Array;
  readonly #random: Random;
  readonly #question: Question | null;
  readonly #questionEnd: number;

  constructor(message: Message, random: Random, mixesCase: boolean) {
    this.#random = random;
    this.octets = encodeMessage(message);
    this.renumber();
    const [question] = message.question;
    this.#question = question ?? null;
    this.#questionEnd = question === undefined ? HEADER_OCTETS : HEADER_OCTETS + question.name.octets.length + 4;
    this.#original = this.octets.slice(HEADER_OCTETS, this.#questionEnd);
    if (mixesCase) mixCase(this.octets, HEADER_OCTETS, this.#questionEnd - 4, random);
  }

  get id(): number {
    return (this.octets[0]! << 8) | this.octets[1]!;
  }

  /** Another id, for a transport on which this one is taken. Only before the octets are sent. */
  renumber(): void {
    const id = this.#random.below(0x1_0000);
    this.octets[0] = id >> 8;
    this.octets[1] = id;
  }

  /** Whether what came so far may be all: of a signed response the end is signed. */
  get isComplete(): boolean {
    return true;
  }

  /** Says what came back. Puts the question in `octets` back into the case it was asked in, so the names there show it. */
  judge(octets: Uint8Array): Judged {
    if (octets.length < HEADER_OCTETS || octets[0] !== this.octets[0] || octets[1] !== this.octets[1]) return STRAY;
    const flags = (octets[2]! << 8) | octets[3]!;
    const opcodeBits = 0x7800;
    if ((flags & FLAG.RESPONSE) === 0 || ((flags ^ (this.octets[2]! << 8)) & opcodeBits) !== 0) return STRAY;
    if (!this.#repeatsQuestion(octets)) return STRAY;
    try {
      // What repeats no question is read for itself.
      const isRepeated = octets[4] !== 0 || octets[5] !== 0;
      const known = isRepeated ? this.#question : null;
      return { kind: "reply", message: known === null ? decodeMessage(octets) : decodeReplyTo(known, octets) };
    } catch (error) {
      if (error instanceof WireError) return MALFORMED;
      throw error;
    }
  }

  #repeatsQuestion(octets: Uint8Array): boolean {
    const counts = (octets[4]! << 8) | octets[5]!;
    // Servers that understood nothing may send the header alone (RFC 1035 §4.1.1: FORMERR, NOTIMP); that much is believed.
    // A response to UPDATE may leave its sections out (RFC 2136 §3.8).
    const isUpdate = ((octets[2]! >> 3) & 15) === OPCODE.UPDATE;
    const mayLeaveOut = isUpdate || this.isContinued;
    if (counts === 0) return mayLeaveOut || (octets.length === HEADER_OCTETS && (octets[3]! & 15) !== 0);
    if (counts !== 1 || octets.length < this.#questionEnd) return false;
    for (let at = HEADER_OCTETS; at < this.#questionEnd; at++) if (octets[at] !== this.octets[at]) return false;
    octets.set(this.#original, HEADER_OCTETS);
    return true;
  }
}

/** Flips each letter of the name at `start` with even odds: a bit a letter that a forger must guess. */
export function mixCase(octets: Uint8Array, start: number, end: number, random: Random): void {
  let bits = 0;
  let left = 0;
  for (let at = start; at < end; at++) {
    const lower = octets[at]! | 0x20;
    if (lower < 0x61 || lower > 0x7a) continue; // Length octets are below 64 with that bit set or not, so never letters.
    if (left === 0) {
      bits = random.uint32();
      left = 32;
    }
    if ((bits & 1) === 1) octets[at]! ^= 0x20;
    bits >>>= 1;
    left--;
  }
}
