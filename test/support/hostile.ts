/** Messages to spoil, ways to spoil them, and what must hold whatever was done to them. */
import type { Random } from "../../base/index.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  nsidRequest,
  OPTION,
  RequestView,
  toPacket,
  WireError,
} from "../../dns/index.ts";
import { edns, query, rrs } from "./messages.ts";

/** One message of each kind that matters, in octets. */
export function sampleMessages(): [string, Uint8Array][] {
  const cookie = { code: OPTION.COOKIE, data: new Uint8Array(16).fill(5) };
  const messages: [string, Message][] = [
    [
      "a query with EDNS",
      query("www.cs.vu.nl.", "A", { edns: { ...edns, dnssecOk: true, options: [nsidRequest, cookie] } }),
    ],
    [
      "an answer of many types",
      query("cs.vu.nl.", "ANY", {
        response: true,
        answer: rrs(`
          cs.vu.nl. 30 A 192.0.2.1
          cs.vu.nl. 30 AAAA 2001:db8::1
          cs.vu.nl. 30 SOA ns.cs.vu.nl. admin.cs.vu.nl. 1 2 3 4 5
          cs.vu.nl. 30 MX 10 mail.cs.vu.nl.
          cs.vu.nl. 30 TXT "one" "two"
          _sip._udp.cs.vu.nl. 30 SRV 1 2 3 sip.cs.vu.nl.
          cs.vu.nl. 30 NAPTR 1 2 "s" "sip" "" sip.cs.vu.nl.
          cs.vu.nl. 30 CAA 0 issue "ca.example"
          cs.vu.nl. 30 TYPE731 \\# 3 010203
        `),
        edns,
      }),
    ],
    [
      "a signed referral",
      query("www.vu.nl.", "A", {
        response: true,
        authority: rrs(`
          vu.nl. 3600 NS ns1.vu.nl.
          vu.nl. 3600 NS ns2.VU.nl.
          vu.nl. 3600 DS 12345 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
          vu.nl. 3600 RRSIG DS 13 2 3600 20300101000000 20200101000000 54321 nl. AAECAwQFBgc=
          vu.nl. 3600 NSEC a.vu.nl. NS DS RRSIG NSEC
        `),
        additional: rrs(`
          ns1.vu.nl. 3600 A 192.0.2.1
          ns2.VU.nl. 3600 A 192.0.2.2
        `),
        edns: { ...edns, dnssecOk: true, flags: 0x8000 },
      }),
    ],
    [
      "a name error at the root",
      query("nope.", "SVCB", { response: true, rcode: 3, authority: rrs(". 5 SOA a. b. 1 2 3 4 5") }),
    ],
  ];
  // Through the decoder once, so that what is derived (the flags of OPT) is as it comes from the wire.
  return messages.map(([what, message]) => [what, encodeMessage(decodeMessage(encodeMessage(message)))]);
}

const view = new RequestView();
const OUTCOMES = new Set(["ok", "formerr", "notimp", "silent"]);

/** Throws unless every decoder takes these octets or refuses them as it should; returns whether they were a message. */
export function survives(octets: Uint8Array): boolean {
  const outcome = view.parse(octets, octets.length);
  if (!OUTCOMES.has(outcome)) throw new Error(`no outcome: ${outcome}`);
  if (outcome === "ok") view.findOption(65_001);
  let message: Message;
  try {
    message = decodeMessage(octets);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
  if (!message.response && outcome === "formerr" && !hasTsig(message) && !hasOddCookie(message)) {
    throw new Error(`the view refuses what the decoder reads: ${view.fault}`);
  }
  toPacket(message);
  // What was read can be written, and reads back the same, unless it is longer without the sender's own compression.
  const again = encodeMessage(message);
  if (again.length <= octets.length && !message.truncated) decodeMessage(again);
  return true;
}

/** The view also knows where TSIG may stand, which to the decoder is a record like others. */
function hasTsig(message: Message): boolean {
  return [...message.answer, ...message.authority, ...message.additional].some(({ type }) => type === 250);
}

function hasOddCookie(message: Message): boolean {
  return message.edns?.options.some(({ code }) => code === OPTION.COOKIE) ?? false;
}

/** One to four changes of kinds that have broken decoders. */
export function mutate(octets: Uint8Array, random: Random): Uint8Array {
  let mutated = octets.slice();
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(mutated.length);
    switch (random.below(7)) {
      case 0:
        mutated[at]! ^= 1 << random.below(8);
        break;
      case 1:
        mutated[at] = random.below(256);
        break;
      case 2:
        mutated[at] = 0xc0; // A pointer to somewhere in the first 256 octets.
        break;
      case 3:
        mutated = mutated.slice(0, Math.max(1, at));
        break;
      case 4:
        mutated[4 + random.below(8)] = random.below(4); // A count.
        break;
      case 5: {
        const length = random.below(Math.min(40, mutated.length - at) + 1);
        mutated.copyWithin(random.below(mutated.length), at, at + length);
        break;
      }
      default: {
        const longer = new Uint8Array(mutated.length + 1 + random.below(8));
        longer.set(mutated.subarray(0, at));
        longer.set(mutated.subarray(at), at + longer.length - mutated.length);
        mutated = longer;
      }
    }
    if (mutated.length < 12) return mutated;
  }
  return mutated;
}
