/** What the tests use of dns-packet, which brings no types of its own. */
declare module "dns-packet" {
  interface PacketRecord {
    readonly name: string;
    readonly type: string;
    readonly class?: string | number;
    readonly ttl?: number;
    readonly data?: unknown;
  }
  interface Packet {
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
  const dnsPacket: {
    encode(packet: Packet): Buffer;
    decode(octets: Uint8Array): Packet;
  };
  export default dnsPacket;
}
