/** What each peer is told so that it gives a zone away by AXFR and IXFR and tells us of its changes by NOTIFY. */
import type { ServerPeer } from "./peer-configuration.ts";

export interface GivenAway {
  /** Where we listen, on 127.0.0.1. */
  readonly port: number;
  /** Asked and told with this key alone; null: with none. */
  readonly key: PeerKey | null;
}

export interface PeerKey {
  readonly name: string;
  readonly algorithm: string;
  /** Base64. */
  readonly secret: string;
}

/** In BIND's form, which our key files are in as well. */
export const bindKey = ({ name, algorithm, secret }: PeerKey): string =>
  `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };\n`;

/** What the configuration begins with, and what it says of the zone. */
export interface PeerWords {
  readonly first: string;
  readonly more: string;
}

export function transferWords(name: ServerPeer, { port, key }: GivenAway): PeerWords {
  switch (name) {
    case "named":
      return named(port, key);
    case "nsd":
      return nsd(port, key);
    case "knotd":
      return knot(port, key);
  }
}

function named(port: number, key: PeerKey | null): PeerWords {
  const [allowed, signed] = key === null ? ["127.0.0.1", ""] : [`key "${key.name}"`, ` key "${key.name}"`];
  return {
    first: key === null ? "" : bindKey(key),
    more: `allow-transfer { ${allowed}; }; notify explicit; notify-delay 0; also-notify { 127.0.0.1 port ${port}${signed}; };
  ixfr-from-differences yes;`,
  };
}

function nsd(port: number, key: PeerKey | null): PeerWords {
  const by = key?.name ?? "NOKEY";
  return {
    first:
      key === null ? "" : `key:\n  name: "${key.name}"\n  algorithm: ${key.algorithm}\n  secret: "${key.secret}"\n`,
    more: `  provide-xfr: 127.0.0.1 ${by}
  notify: 127.0.0.1@${port} ${by}
  store-ixfr: yes
  create-ixfr: yes
`,
  };
}

function knot(port: number, key: PeerKey | null): PeerWords {
  const declared =
    key === null ? "" : `key:\n  - id: ${key.name}\n    algorithm: ${key.algorithm}\n    secret: ${key.secret}\n`;
  const by = key === null ? "" : `    key: ${key.name}\n`;
  return {
    first: `${declared}remote:
  - id: us
    address: 127.0.0.1@${port}
${by}acl:
  - id: ours
    address: 127.0.0.1
    action: transfer
${by}`,
    more: `    journal-content: changes
    zonefile-load: difference
    notify: us
    acl: ours
`,
  };
}
