/** Texts of options read as what they mean; what is wrong with one becomes a UsageError that names the option. */
import { Name, NameError, secondsOf } from "../dns/index.ts";
import { AddressError, type Endpoint, parseEndpoint, Prefix } from "../net/index.ts";
import { UsageError } from "./failure.ts";
import { THREADS_MAX } from "./options.ts";

function readOption<T>(option: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof AddressError || error instanceof NameError)) throw error;
    throw new UsageError(`--${option} ${text}: ${error.message}`);
  }
}

export const parseName = (option: string, text: string): Name => readOption(option, text, (given) => Name.parse(given));

export function parsePrefixes(option: string, texts: readonly string[]): Prefix[] {
  return texts.map((text) => readOption(option, text, (given) => Prefix.parse(given)));
}

export function parseEndpoints(option: string, texts: readonly string[]): Endpoint[] {
  return texts.map((text) => readOption(option, text, (given) => parseEndpoint(given)));
}

export const parseListen = (texts: readonly string[]): Endpoint[] => parseEndpoints("listen", texts);

/** `ADDR:PORT`, or a port alone for 127.0.0.1. */
export function parseEndpointOrPort(option: string, text: string): Endpoint {
  if (/^\d+$/.test(text)) return { address: "127.0.0.1", port: parsePort(option, text) };
  return readOption(option, text, (given) => parseEndpoint(given));
}

/** As `parseEndpointOrPort`; `ADDR:0` is a port that is free. */
export function parseEndpointOrFree(option: string, text: string): Endpoint {
  if (!text.endsWith(":0")) return parseEndpointOrPort(option, text);
  return { ...readOption(option, text.replace(/:0$/, ":1"), (given) => parseEndpoint(given)), port: 0 };
}

export function parsePort(option: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`--${option} ${text}: a port is a whole number from 1 to 65535`);
  }
  return port;
}

export function parseThreads(text: string): number | "auto" {
  if (text === "auto") return text;
  const threads = /^\d{1,3}$/.test(text) ? Number(text) : -1;
  if (threads < 0 || threads > THREADS_MAX) {
    throw new UsageError(`--threads ${text}: auto is wanted, or a whole number from 0 to ${THREADS_MAX}`);
  }
  return threads;
}

/** `30`, `30s`, `1h30m`. */
export function parseSeconds(option: string, text: string): number {
  const seconds = secondsOf(new TextEncoder().encode(text));
  if (seconds >= 0) return seconds;
  throw new UsageError(`--${option} ${text}: a number of seconds is wanted, or such as 30s or 1h30m`);
}
