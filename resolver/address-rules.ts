/**
 * Which addresses a resolver lets itself be sent to (DESIGN §8, RFC 6890): never "this network", unspecified, multicast,
 * reserved, broadcast or our own listen address; private and loopback ones only where the name space is private itself.
 */
import { type Rr, rdataType, TYPE } from "../dns/index.ts";
import type { Endpoint } from "../net/index.ts";

export type AddressKind = "global" | "private" | "never";

export interface AddressRules {
  readonly allowPrivate: boolean;
  /** Where we listen ourselves: asking there is asking in a circle. */
  readonly own: readonly Endpoint[];
}

/** Why a server at this address is not to be asked, or null when it may be. */
export function refusal(octets: Uint8Array, endpoint: Endpoint, rules: AddressRules): string | null {
  const kind = addressKind(octets);
  if (kind === "never") return "no server can have this address";
  if (kind === "private" && !rules.allowPrivate) return "a private address, and this name space is a public one";
  if (rules.own.some((own) => own.address === endpoint.address && own.port === endpoint.port)) return "our own address";
  return null;
}

/** What an address in wire format is. Addresses that embed IPv4 ones (RFC 4291 §2.5.5) are never servers' addresses. */
export function addressKind(octets: Uint8Array): AddressKind {
  return octets.length === 4 ? kindOfIpv4(octets[0]!, octets[1]!) : kindOfIpv6(octets);
}

function kindOfIpv4(first: number, second: number): AddressKind {
  if (first === 0 || first >= 224) return "never";
  if (first === 10 || first === 127) return "private";
  if (first === 172 && second >= 16 && second <= 31) return "private";
  if (first === 192 && second === 168) return "private";
  if (first === 169 && second === 254) return "private";
  if (first === 100 && second >= 64 && second <= 127) return "private";
  return "global";
}

function kindOfIpv6(octets: Uint8Array): AddressKind {
  const first = octets[0]!;
  if (first === 0xff) return "never";
  if (octets.subarray(0, 10).every((octet) => octet === 0)) {
    const isLoopback = octets.subarray(10, 15).every((octet) => octet === 0) && octets[15] === 1;
    return isLoopback ? "private" : "never";
  }
  if ((first & 0xfe) === 0xfc) return "private";
  if (first === 0xfe && (octets[1]! & 0xc0) === 0x80) return "private";
  return "global";
}

/** The address of an A or AAAA record as text. */
export function addressOf(rr: Pick<Rr, "type" | "rdata">): string {
  return rdataType(rr.type).format(rr.rdata);
}

export function isAddressType(type: number): boolean {
  return type === TYPE.A || type === TYPE.AAAA;
}
