/** What each peer is told so that it gives a zone away by AXFR and IXFR and tells us of its changes by NOTIFY. */
import type { ServerPeer } from "./peer-configuration.ts";

export interface GivenAway {
  /** Where we listen, on 127.0.0.1. */
  readonly port: number;
}

/** What the configuration begins with, and what it says of the zone. */
export interface PeerWords {
  readonly first: string;
  readonly more: string;
}

export function transferWords(name: ServerPeer, { port }: GivenAway): PeerWords {
  switch (name) {
    case "named":
      return {
        first: "",
        more: `allow-transfer { 127.0.0.1; }; notify explicit; notify-delay 0; also-notify { 127.0.0.1 port ${port}; }; ixfr-from-differences yes;`,
      };
    case "nsd":
      return {
        first: "",
        more: `  provide-xfr: 127.0.0.1 NOKEY
  notify: 127.0.0.1@${port} NOKEY
  store-ixfr: yes
  create-ixfr: yes
`,
      };
    case "knotd":
      return {
        first: `remote:
  - id: us
    address: 127.0.0.1@${port}
acl:
  - id: ours
    address: 127.0.0.1
    action: transfer
`,
        more: `    journal-content: changes
    zonefile-load: difference
    notify: us
    acl: ours
`,
      };
  }
}
