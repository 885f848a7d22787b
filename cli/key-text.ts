/** A key as text: what may stand in its parts, and BIND's form of it. */
import { fromBase64 } from "../base/index.ts";
import { Name, NameError, TSIG_ALGORITHMS, tsigAlgorithmFromText, TsigKey } from "../dns/index.ts";

/** So that a signature has room in a response of 512 octets behind the longest question. */
const KEY_NAME_OCTETS_MAX = 64;

/** As a schema has checked it. */
export interface KeyText {
  readonly name: string;
  readonly algorithm: string;
  readonly secret: string;
}

export function keyOf({ name, algorithm, secret }: KeyText): TsigKey {
  return new TsigKey(
    Name.parse(name),
    tsigAlgorithmFromText(algorithm) ?? "hmac-sha256",
    fromBase64(secret) ?? new Uint8Array(0),
  );
}

/** What is wrong with a key's name; null when nothing is. */
export function keyNameProblem(text: string): string | null {
  try {
    const { octets } = Name.parse(text);
    if (octets.length <= KEY_NAME_OCTETS_MAX) return null;
    return `a key's name has at most ${KEY_NAME_OCTETS_MAX} octets on the wire`;
  } catch (error) {
    if (error instanceof NameError) return error.message;
    throw error;
  }
}

export function algorithmProblem(text: string): string | null {
  return tsigAlgorithmFromText(text) === null ? `one of ${TSIG_ALGORITHMS.join(", ")} is wanted` : null;
}

export function secretProblem(text: string): string | null {
  const octets = fromBase64(text);
  return octets === null || octets.length === 0 ? "a secret is base64, such as strata key generate prints" : null;
}

/** BIND's form, as `tsig-keygen` prints it. */
export function formatKey(name: Name, algorithm: string, secret: string): string {
  const text = name.toString();
  return `key "${text === "." ? text : text.slice(0, -1)}" {\n\talgorithm ${algorithm};\n\tsecret "${secret}";\n};\n`;
}
