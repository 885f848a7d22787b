/** What BIND and Knot are told so that they take updates with a key. */
import type { PeerWords } from "./peer-transfers.ts";

export interface PeerKey {
  readonly name: string;
  /** In base64. */
  readonly secret: string;
}

export function updateWords(peer: "named" | "knotd", { name, secret }: PeerKey): PeerWords {
  if (peer === "named") {
    return {
      first: `key "${name}" { algorithm hmac-sha256; secret "${secret}"; };\n`,
      more: `allow-update { key "${name}"; };`,
    };
  }
  return {
    first: `key:
  - id: ${name}
    algorithm: hmac-sha256
    secret: ${secret}
acl:
  - id: updates
    address: 127.0.0.1
    key: ${name}
    action: update
`,
    more: `    acl: updates
    journal-content: changes
    zonefile-load: difference
`,
  };
}
