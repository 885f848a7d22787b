/** What the tests use of dns-packet, which brings no types of its own: these say what it takes and gives. */
import { createRequire } from "node:module";

export interface PacketRecord {
  readonly name: string;
  readonly type: string;
  readonly class?: string | number;
  readonly ttl?: number;
  readonly data?: unknown;
}

export interface Packet {
  readonly id?: number;
  readonly type?: string;
  readonly flags?: number;
  readonly rcode?: string;
  readonly opcode?: string;
  readonly questions?: readonly PacketRecord[];
  readonly answers?: readonly PacketRecord[];
  readonly authorities?: readonly PacketRecord[];
  readonly additionals?: readonly PacketRecord[];
}

interface PacketCodec {
  encode(packet: Packet): Buffer;
  decode(octets: Uint8Array): Packet;
}

export const dnsPacket: PacketCodec = createRequire(import.meta.url)("dns-packet");
