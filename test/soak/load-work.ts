/** What the soak's parent and its load generator tell each other. */
import type { Endpoint } from "../../net/index.ts";

/** Names of hosts; each host's address says its number and the version of the zone. */
export const HOSTS = 50_000;
export const ZONE = "soak.test.";

export interface LoadWork {
  readonly at: Endpoint;
  readonly seed: number;
  readonly sockets: number;
  /** Requests of one socket that wait for their response. */
  readonly window: number;
  readonly version: number;
}

export type ToLoad =
  | { readonly kind: "start"; readonly work: LoadWork }
  /** From now on answers may be of that version too. */
  | { readonly kind: "coming"; readonly version: number }
  /** Requests sent from now on get that version. */
  | { readonly kind: "served"; readonly version: number }
  | { readonly kind: "stop" };

export interface LoadCounts {
  readonly udpAnswered: number;
  readonly udpLost: number;
  readonly tcpAnswered: number;
  readonly tcpConnections: number;
  readonly tcpErrors: number;
  readonly wrong: number;
  /** The first few, in words. */
  readonly faults: readonly string[];
}

/** The address of a host: 10, the version's last octet, the host's number. */
export function hostAddress(host: number, version: number): string {
  return `10.${version & 0xff}.${host >> 8}.${host & 0xff}`;
}

export function zoneText(version: number): string {
  const lines = [`$ORIGIN ${ZONE}`, "$TTL 300", `@ SOA ns hostmaster ${version} 3600 900 604800 300`, "@ NS ns"];
  lines.push("ns A 127.0.0.1");
  for (let host = 0; host < HOSTS; host++) lines.push(`h${host} A ${hostAddress(host, version)}`);
  return `${lines.join("\n")}\n`;
}
