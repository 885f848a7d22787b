/**
 * EDNS options in dns-packet's shape: `code`, `type` and `data` always, and the parts of those options it takes apart
 * (client subnet RFC 7871, TCP keepalive RFC 7828, key tag RFC 8145), to which extended errors (RFC 8914) are added.
 */
import { OPTION, optionToText } from "./codes.ts";
import { decodeExtendedError, type EdnsOption, encodeExtendedError } from "./edns.ts";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "./field/address.ts";
import { DataError } from "./field/field.ts";

export interface PacketOption {
  readonly code: number;
  readonly type: string;
  readonly data: Buffer;
  readonly family?: number;
  readonly sourcePrefixLength?: number;
  readonly scopePrefixLength?: number;
  readonly ip?: string;
  readonly timeout?: number;
  readonly tags?: readonly number[];
  readonly infoCode?: number;
  readonly extraText?: string;
}

/** `data` decides when it is given; otherwise the parts. */
export interface PacketOptionInput {
  readonly code: number | string;
  readonly data?: Uint8Array | null | undefined;
  readonly sourcePrefixLength?: number | undefined;
  readonly scopePrefixLength?: number | undefined;
  readonly ip?: string | undefined;
  readonly timeout?: number | undefined;
  readonly length?: number | undefined;
  readonly tags?: readonly number[] | undefined;
  readonly infoCode?: number | undefined;
  readonly extraText?: string | undefined;
}

export function toPacketOption(option: EdnsOption): PacketOption {
  const { code, data } = option;
  return { code, type: optionToText(code), data: Buffer.from(data), ...parts(option) };
}

/** The parts of the options that have some. One whose octets are not what they should be has only its data. */
function parts(option: EdnsOption): Partial<PacketOption> {
  const { code, data } = option;
  switch (code) {
    case OPTION.CLIENT_SUBNET:
      return subnetParts(data);
    case OPTION.TCP_KEEPALIVE:
      return data.length === 2 ? { timeout: word(data, 0) } : {};
    case OPTION.KEY_TAG:
      return { tags: Array.from({ length: data.length >> 1 }, (_, i) => word(data, 2 * i)) };
    case OPTION.EDE: {
      if (data.length < 2) return {};
      const { infoCode, text } = decodeExtendedError(option);
      return { infoCode, extraText: text };
    }
    default:
      return {};
  }
}

function subnetParts(data: Uint8Array): Partial<PacketOption> {
  if (data.length < 4) return {};
  const family = word(data, 0);
  const size = family === 1 ? 4 : 16;
  if (family < 1 || family > 2 || data.length > 4 + size) return {};
  const address = new Uint8Array(size);
  address.set(data.subarray(4));
  return {
    family,
    sourcePrefixLength: data[2]!,
    scopePrefixLength: data[3]!,
    ip: family === 1 ? formatIpv4(address) : formatIpv6(address),
  };
}

/** Throws DataError. */
export function fromPacketOption(option: PacketOptionInput): EdnsOption {
  const code = typeof option.code === "number" ? option.code : codeOf(option.code);
  if (!Number.isInteger(code) || code < 0 || code > 0xffff) throw new DataError("code: 0 to 65535 is wanted");
  if (option.data !== undefined && option.data !== null) return { code, data: new Uint8Array(option.data) };
  switch (code) {
    case OPTION.CLIENT_SUBNET:
      return { code, data: subnetData(option) };
    case OPTION.TCP_KEEPALIVE:
      return { code, data: option.timeout === undefined ? new Uint8Array(0) : words([option.timeout]) };
    case OPTION.PADDING:
      return { code, data: new Uint8Array(option.length ?? 0) };
    case OPTION.KEY_TAG:
      return { code, data: words(option.tags ?? []) };
    case OPTION.EDE:
      return encodeExtendedError({ infoCode: option.infoCode ?? 0, text: option.extraText ?? "" });
    default:
      return { code, data: new Uint8Array(0) };
  }
}

function subnetData(option: PacketOptionInput): Uint8Array {
  const text = option.ip ?? "";
  const address = parseIpv4(text) ?? parseIpv6(text);
  if (address === null) throw new DataError(`ip: ${JSON.stringify(text)} is no address`);
  const source = option.sourcePrefixLength ?? 0;
  const octets = Math.ceil(source / 8);
  if (octets > address.length) throw new DataError("sourcePrefixLength: longer than the address");
  const head = Uint8Array.of(0, address.length === 4 ? 1 : 2, source, option.scopePrefixLength ?? 0);
  const data = new Uint8Array(4 + octets);
  data.set(head);
  data.set(address.subarray(0, octets), 4);
  // Bits beyond the prefix must be zero (RFC 7871 §6).
  if (source % 8 !== 0) data[data.length - 1]! &= 0xff << (8 - (source % 8));
  return data;
}

function codeOf(text: string): number {
  const upper = text.toUpperCase();
  for (const [name, code] of Object.entries(OPTION)) if (name === upper) return code;
  const digits = /^(?:OPTION_|OPT)(\d{1,5})$/.exec(upper)?.[1];
  if (digits === undefined) throw new DataError(`code: ${JSON.stringify(text)} is no EDNS option`);
  return Number(digits);
}

function word(data: Uint8Array, at: number): number {
  return (data[at]! << 8) | data[at + 1]!;
}

function words(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}
