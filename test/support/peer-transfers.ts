/** What each peer is told so that it gives a zone away by AXFR and IXFR and tells us of its changes by NOTIFY, or takes it so from us. */
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
  const id = knotId(key);
  return {
    first: `${knotKey(key)}${knotRemote(port, key)}acl:
  - id: to-${id}
    address: 127.0.0.1
    action: transfer
${knotSigned(key)}`,
    more: `    journal-content: changes
    zonefile-load: difference
    notify: ${id}
    acl: to-${id}
`,
  };
}

/** What a peer is told so that it has a zone of ours; everybody here may have it from there, which is how it is compared. */
export function copyWords(name: ServerPeer, { port, key }: GivenAway): PeerWords {
  const by = key?.name ?? "NOKEY";
  switch (name) {
    case "named": {
      const [told, signed] = key === null ? ["127.0.0.1", ""] : [`key "${key.name}"`, ` key "${key.name}"`];
      return {
        first: key === null ? "" : bindKey(key),
        more: `primaries { 127.0.0.1 port ${port}${signed}; }; allow-notify { ${told}; }; allow-transfer { 127.0.0.1; };`,
      };
    }
    case "nsd":
      return {
        first: nsd(port, key).first,
        more: `  request-xfr: 127.0.0.1@${port} ${by}
  allow-notify: 127.0.0.1 ${by}
  provide-xfr: 127.0.0.1 NOKEY
`,
      };
    case "knotd":
      return {
        first: `${knotKey(key)}${knotRemote(port, key)}acl:
  - id: from-${knotId(key)}
    address: 127.0.0.1
    action: notify
${knotSigned(key)}  - id: compared-${knotId(key)}
    address: 127.0.0.1
    action: transfer
`,
        more: `    master: ${knotId(key)}
    acl: [from-${knotId(key)}, compared-${knotId(key)}]
`,
      };
  }
}

const knotId = (key: PeerKey | null): string => (key === null ? "us" : "us-signed");
const knotSigned = (key: PeerKey | null): string => (key === null ? "" : `    key: ${key.name}\n`);

function knotKey(key: PeerKey | null): string {
  if (key === null) return "";
  return `key:\n  - id: ${key.name}\n    algorithm: ${key.algorithm}\n    secret: ${key.secret}\n`;
}

function knotRemote(port: number, key: PeerKey | null): string {
  return `remote:\n  - id: ${knotId(key)}\n    address: 127.0.0.1@${port}\n${knotSigned(key)}`;
}
