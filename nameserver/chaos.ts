/**
 * What a server says of itself in class CHAOS: version.bind, version.server, hostname.bind and id.server TXT (RFC 4892).
 * Each can be kept to oneself; what is not told is REFUSED like any other name outside our zones.
 */
import { CLASS, LOWER_CASE, type MessageWriter, Name, type RequestView, SECTION, TYPE } from "../dns/index.ts";

export interface ChaosSettings {
  /** For version.bind and version.server. */
  readonly version: string | null;
  /** For id.server and hostname.bind, and for NSID (RFC 5001). */
  readonly identity: string | null;
}

interface ChaosRecord {
  readonly owner: Uint8Array;
  readonly rdata: Uint8Array;
}

export class Chaos {
  readonly #records: readonly ChaosRecord[];

  constructor({ version, identity }: ChaosSettings) {
    this.#records = [
      ...recordsFor(["version.bind.", "version.server."], version),
      ...recordsFor(["id.server.", "hostname.bind."], identity),
    ];
  }

  /** Writes the answer; false when we do not tell. A type other than TXT is NODATA: true, and nothing is written. */
  answer(request: RequestView, writer: MessageWriter): boolean {
    for (const { owner, rdata } of this.#records) {
      if (!isSameName(owner, request.octets, 12)) continue;
      if (request.qtype === TYPE.TXT || request.qtype === TYPE.ANY) {
        const fits = writer.writeRecordAt(12, TYPE.TXT, CLASS.CH, 0, rdata, 0, rdata.length);
        if (fits) writer.addCount(SECTION.ANSWER, 1);
      }
      return true;
    }
    return false;
  }
}

/** A character string has 255 octets at most (RFC 1035 §3.3); more is cut. */
function recordsFor(names: readonly string[], text: string | null): ChaosRecord[] {
  if (text === null) return [];
  const octets = new TextEncoder().encode(text).subarray(0, 255);
  const rdata = Uint8Array.of(octets.length, ...octets);
  return names.map((name) => ({ owner: Name.parse(name).octets, rdata }));
}

function isSameName(lower: Uint8Array, octets: Uint8Array, offset: number): boolean {
  for (let i = 0; i < lower.length; i++) if (lower[i] !== LOWER_CASE[octets[offset + i]!]) return false;
  return true;
}
