/**
 * How a question that is handed down takes its budget along, and how the servers on the way report their part: two EDNS
 * options from the local-use range (RFC 6891 §9), sent only by Strata and only minded by Strata for allowed clients.
 *
 * CHAIN (65301), in a request: version (1 octet, 1), flags (1 octet; 1 = report), messages left (2), octets left (4),
 * milliseconds left (2), how many servers it has passed (1), and for each its identity (1 octet of length, UTF-8).
 * REPORT (65302), in a response: JSON text in UTF-8.
 */
import type { EdnsOption } from "../dns/index.ts";
import type { Chain } from "./exchange.ts";

export const CHAIN_OPTION = 65_301;
export const REPORT_OPTION = 65_302;

/** Servers one question may pass. Names have few cuts; more is a circle. */
export const CHAIN_SERVERS_MAX = 16;

const VERSION = 1;
const HEAD_OCTETS = 11;
const FLAG_REPORT = 1;
const IDENTITY_OCTETS_MAX = 64;

/** Identities longer than 64 octets are cut. */
export function encodeChain(chain: Chain): EdnsOption {
  const identities = chain.passed
    .slice(-CHAIN_SERVERS_MAX)
    .map((identity) => new TextEncoder().encode(identity).subarray(0, IDENTITY_OCTETS_MAX));
  const length = identities.reduce((sum, identity) => sum + 1 + identity.length, HEAD_OCTETS);
  const data = new Uint8Array(length);
  const view = new DataView(data.buffer);
  data[0] = VERSION;
  data[1] = chain.trace ? FLAG_REPORT : 0;
  view.setUint16(2, bounded(chain.messagesLeft, 0xffff));
  view.setUint32(4, bounded(chain.octetsLeft, 0xffff_ffff));
  view.setUint16(8, bounded(chain.millisecondsLeft, 0xffff));
  data[10] = identities.length;
  let at = HEAD_OCTETS;
  for (const identity of identities) {
    data[at] = identity.length;
    data.set(identity, at + 1);
    at += 1 + identity.length;
  }
  return { code: CHAIN_OPTION, data };
}

/** Null when the octets are no chain of a version we know. */
export function decodeChain(data: Uint8Array): Chain | null {
  if (data.length < HEAD_OCTETS || data[0] !== VERSION) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const count = data[10]!;
  if (count > CHAIN_SERVERS_MAX) return null;
  const passed: string[] = [];
  let at = HEAD_OCTETS;
  for (let i = 0; i < count; i++) {
    const length = data[at];
    if (length === undefined || at + 1 + length > data.length) return null;
    passed.push(new TextDecoder().decode(data.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  if (at !== data.length) return null;
  return {
    passed,
    messagesLeft: view.getUint16(2),
    octetsLeft: view.getUint32(4),
    millisecondsLeft: view.getUint16(8),
    trace: (data[1]! & FLAG_REPORT) !== 0,
  };
}

export function encodeReport(text: string): EdnsOption {
  return { code: REPORT_OPTION, data: new TextEncoder().encode(text) };
}

export function decodeReport(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

function bounded(value: number, max: number): number {
  return Math.max(0, Math.min(max, Math.floor(value)));
}
