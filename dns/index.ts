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
export {
  decodeMessage,
  decodeReplyTo,
  emptyMessage,
  encodeMessage,
  type EncodeOptions,
  groupRrsets,
  type Message,
} from "./message.ts";
export { FLAG, type RequestOutcome, RequestView } from "./view.ts";
export { MessageWriter, OPT_OCTETS, SECTION } from "./writer.ts";
export { COMPRESSED_NAMES_MAX } from "./suffixes.ts";
export {
  DecompressionWork,
  expandName,
  HEADER_OCTETS,
  MESSAGE_OCTETS_MAX,
  POINTER_HOPS_MAX,
  readName,
  type ReadName,
  skipName,
  WireError,
} from "./wire.ts";
export {
  type Cookie,
  decodeCookie,
  decodeExtendedError,
  decodeOptions,
  decodeUpdateLease,
  DNSSEC_OK,
  type Edns,
  EDNS_OPTIONS_MAX,
  EDNS_VERSION,
  type EdnsOption,
  encodeCookie,
  encodeExpire,
  encodeExtendedError,
  encodeOptions,
  encodeUpdateLease,
  expireOf,
  expireQuestion,
  type ExtendedError,
  extendedErrors,
  findOption,
  isCookieLength,
  nsidRequest,
  PAYLOAD_OCTETS_DEFAULT,
  PAYLOAD_OCTETS_MAX,
  plainEdns,
  type UpdateLease,
} from "./edns.ts";
export { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "./field/address.ts";
export { DataError } from "./field/field.ts";
export { timeFromText, timeToText } from "./field/signature-time.ts";
export { decimalOf, secondsOf } from "./field/number.ts";
export { type NameField, type RdataType } from "./declare.ts";
export { rdataType, rdataTypes } from "./rdata.ts";
export {
  BAD_ESCAPE,
  escapeAt,
  isDelimiter,
  parseName,
  quoteEnd,
  type RdataTokens,
  TextError,
  type Token,
  tokenEnd,
  tokenize,
  tokenText,
  unescape,
} from "./text.ts";
export {
  fromPacket,
  fromPacketAnswer,
  fromPacketQuestion,
  type Packet,
  type PacketAnswer,
  type PacketAnswerInput,
  type PacketInput,
  type PacketOpt,
  type PacketQuestion,
  type PacketQuestionInput,
  toPacket,
  toPacketAnswer,
  toPacketQuestion,
} from "./packet.ts";
export {
  appendTsigError,
  type Signed,
  type Signing,
  signMessage,
  TSIG_ERROR,
  TSIG_FUDGE_SECONDS,
  TSIG_UNSIGNED_MAX,
  TsigError,
  tsigOctets,
  TsigSigner,
  TsigVerifier,
  verifyTsig,
} from "./tsig.ts";
export { findTsig, readTsig, timeOctets, type TsigRecord, withoutTsig } from "./tsig-record.ts";
export { TSIG_ALGORITHMS, type TsigAlgorithm, tsigAlgorithmFromText, TsigKey } from "./tsig-key.ts";
export { type PacketOption, type PacketOptionInput } from "./packet-option.ts";
