/** The sender of a request as the system tells it (sockaddr). One object serves all requests of a socket; text is made only when asked for. */
import { addressText } from "./address.ts";
import type { Peer } from "./exchange.ts";

const IPV4_AT = 4;
const IPV6_AT = 8;

export class BatchPeer implements Peer {
  readonly transport = "udp";
  port = 0;
  readonly addressOctets: Uint8Array;
  readonly #at: number;

  constructor(isIpv6: boolean) {
    this.addressOctets = new Uint8Array(isIpv6 ? 16 : 4);
    this.#at = isIpv6 ? IPV6_AT : IPV4_AT;
  }

  get address(): string {
    return addressText(this.addressOctets);
  }

  read(name: Uint8Array): void {
    const { addressOctets } = this;
    this.port = (name[2]! << 8) | name[3]!;
    for (let i = 0; i < addressOctets.length; i++) addressOctets[i] = name[this.#at + i]!;
  }
}
