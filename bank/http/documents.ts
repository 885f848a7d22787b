/** Documents that are changed as they stand, whoever else changes them at the same moment. */
import type { DocumentKind, DocumentOf, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { submit } from "./asking.ts";
import type { Desk } from "./parts.ts";

/** Others change the same one at the same moment. */
const RACES_MAX = 8;

export interface DocumentPlace<K extends DocumentKind> {
  readonly what: K;
  readonly id: string;
  /** For the audit trail. */
  readonly by: string;
}

/**
 * `change` may be asked several times; null leaves it as it is. Returns what stands then; null where there was none. Throws BankError
 * "STORE" where others were always quicker.
 */
export async function changeDocument<K extends DocumentKind>(
  desk: Desk,
  place: DocumentPlace<K>,
  change: (value: DocumentOf<K>) => DocumentOf<K> | null,
): Promise<Versioned<DocumentOf<K>> | null> {
  for (let race = 0; race < RACES_MAX; race++) {
    const found = await desk.reader.document(place.what, place.id);
    if (found === null) return null;
    const value = change(found.value);
    if (value === null) return found;
    const version = await setDocument(desk, place, { value, ifVersion: found.version });
    if (version !== null) return { id: place.id, version, value };
  }
  throw new BankError("STORE", `${place.what} ${place.id} is being changed elsewhere: nothing was done, ask again`);
}

/** Its new version; null when it was changed meanwhile. */
export async function setDocument<K extends DocumentKind>(
  desk: Desk,
  { what, id, by }: DocumentPlace<K>,
  { value, ifVersion }: { readonly value: DocumentOf<K> | null; readonly ifVersion: number | null },
): Promise<number | null> {
  const key = `set:${Buffer.from(desk.random.octets(18)).toString("base64url")}`;
  const answer = await submit(desk, key, { command: { kind: "set", what, id, value, ifVersion }, by });
  return answer.status === "ok" ? answer.version : null;
}
