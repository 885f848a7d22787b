export {
  CLASS,
  classFromText,
  classToText,
  EDE,
  edeToText,
  isMetaType,
  OPCODE,
  opcodeFromText,
  opcodeToText,
  OPTION,
  optionToText,
  RCODE,
  rcodeFromText,
  rcodeToText,
  TYPE,
  typeFromText,
  typeToText,
} from "./codes.ts";
export { formatName, LABEL_OCTETS_MAX, LOWER_CASE, Name, NAME_OCTETS_MAX, NameError, nameLength } from "./name.ts";
export { type Question, recordsOf, type Rr, type Rrset, sanitizeTtl } from "./rrset.ts";
export { compareSerials, isNewerSerial, nextSerial } from "./serial.ts";
