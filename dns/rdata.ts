/**
 * The record types by number. A new type is one declaration in `type/` and one line here; whatever is not declared is
 * opaque octets (RFC 3597).
 */
import { typeToText } from "./codes.ts";
import { opaque, type RdataType } from "./declare.ts";
import * as basic from "./type/basic.ts";

const DECLARED: readonly RdataType[] = [basic]
  .flatMap((family) => Object.values(family))
  .sort((a, b) => a.type - b.type);

const types = new Map<number, RdataType>(DECLARED.map((declared) => [declared.type, declared]));

/** What is known of a type; of one that is not declared, that it is opaque. */
export function rdataType(type: number): RdataType {
  const known = types.get(type);
  if (known !== undefined) return known;
  const unknown = opaque(type, typeToText(type));
  types.set(type, unknown);
  return unknown;
}

/** The declared types in order of their numbers. */
export function rdataTypes(): readonly RdataType[] {
  return DECLARED;
}
