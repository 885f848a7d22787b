/**
 * The configuration of `strata serve` as a schema: the one source of what is checked, of the defaults, and of the JSON
 * Schema for editors. Bounds are those of DESIGN §8.
 */
import { z } from "zod";
import { AddressError, parseEndpoint, Prefix } from "../net/index.ts";
import { Name, NameError, typeFromText } from "../dns/index.ts";
import { keys } from "./key-schema.ts";
import { LAYER_NAMES, THREADS_MAX } from "./options.ts";

/** A text that `read` accepts; what it throws of the given class becomes the message. */
function readable(read: (text: string) => unknown, failure: abstract new (...given: never[]) => Error): z.ZodString {
  return z.string().superRefine((text, context) => {
    try {
      read(text);
    } catch (error) {
      if (!(error instanceof failure)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });
}

export const domainName = readable((text) => Name.parse(text), NameError).describe("A domain name.");
export const endpoint = readable((text) => parseEndpoint(text), AddressError).describe(
  "ADDR:PORT; [ADDR]:PORT for IPv6.",
);
export const prefix = readable((text) => Prefix.parse(text), AddressError).describe("A prefix such as 127.0.0.0/8.");
const file = z.string().min(1).describe("A file; a relative path starts at the folder of this file.");
export const layer = z.enum(LAYER_NAMES);
export const port = z.int().min(1).max(65_535);
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

const recordType = z
  .string()
  .refine((text) => typeFromText(text) !== null, "a record type is wanted, such as AAAA or TYPE731");
const REQUESTERS = ["key", "from"] as const;
const NAMES = ["self", "name", "subdomain", "wildcard"] as const;
const grant = z
  .strictObject({
    key: domainName.optional().describe("Whoever signs with this key."),
    from: z
      .array(prefix)
      .min(1)
      .optional()
      .describe("Whoever asks from one of these prefixes, signed or not: addresses can be forged, so loopback alone."),
    self: z.literal(true).optional().describe("The name that is the key's."),
    name: domainName.optional().describe("This name."),
    subdomain: domainName.optional().describe("This name and all below it."),
    wildcard: domainName.optional().describe("All names that this wildcard can stand for."),
    types: z
      .array(recordType)
      .min(1)
      .optional()
      .describe("Only these types. Unless given: all, without SOA and NS where it is not of the whole zone."),
  })
  .superRefine((given, context) => {
    const count = (keys: readonly (keyof typeof given)[]): number =>
      keys.filter((key) => given[key] !== undefined).length;
    if (count(REQUESTERS) !== 1) {
      context.addIssue({ code: "custom", message: "to whom is wanted: either key, or from with address prefixes" });
    }
    if (count(NAMES) > 1) {
      context.addIssue({ code: "custom", message: `one of ${NAMES.join(", ")} at most; another grant can say more` });
    }
    if (given.self === true && given.key === undefined) {
      context.addIssue({ code: "custom", message: "self is the name of a key, so key is wanted" });
    }
    if (given.wildcard !== undefined && !given.wildcard.startsWith("*.")) {
      context.addIssue({ code: "custom", path: ["wildcard"], message: "a wildcard begins with *." });
    }
  });

const leases = z
  .strictObject({
    secondsMin: z.int().min(1).default(30),
    secondsMax: z.int().min(1).default(86_400),
    keySecondsMax: z.int().min(1).default(604_800).describe("For KEY records."),
  })
  .describe("What is granted to those who ask that what they add goes by itself (RFC 9664).");

const primary = z.union([
  endpoint,
  z.strictObject({
    address: endpoint,
    key: domainName.describe("The key, among keys, that it is asked with (TSIG)."),
  }),
]);

const zone = z
  .strictObject({
    name: domainName,
    file: file.optional(),
    primaries: z
      .array(primary)
      .min(1)
      .optional()
      .describe("Fetch the zone from these servers, asked in turn, in place of reading a file (RFC 5936, RFC 1995)."),
    layer: layer.optional().describe("The layer of the name space it belongs to."),
    update: z
      .array(grant)
      .min(1)
      .optional()
      .describe("Who may change what of it by UPDATE (RFC 2136). Absent: nobody anything."),
    transfer: z
      .strictObject({
        allow: z.array(prefix).default([]).describe("From these prefixes, signed or not."),
        keys: z.array(domainName).default([]).describe("Signed with one of these keys, from wherever."),
      })
      .optional()
      .describe("Who may have the whole zone (AXFR, IXFR). Absent: nobody."),
    notify: z
      .array(primary)
      .optional()
      .describe("Who is told of changes (NOTIFY, RFC 1996); ADDR:PORT, or with a key."),
    notifyWindow: z
      .number()
      .min(0)
      .max(86_400)
      .optional()
      .describe("Seconds for which changes are gathered before they are told: 60 in the global layer, else 0."),
    leases: leases.optional(),
  })
  .superRefine((given, context) => {
    if ((given.file === undefined) === (given.primaries === undefined)) {
      context.addIssue({
        code: "custom",
        message: "where it comes from is wanted: either file, or primaries with the servers that have it",
      });
    }
  });

const images = z
  .strictObject({
    keep: z.boolean().default(true).describe("false: zone files are read as text at each start."),
    folder: z
      .string()
      .min(1)
      .optional()
      .describe("Where they stand; it must be there. Beside each zone file, as FILE.strata, unless given."),
  })
  .describe("Images of zones whose files are larger than 1 MB: a restart reads them instead of an unchanged file.");

const recursion = z
  .strictObject({
    allow: z.array(prefix).default(LOOPBACK).describe("Clients for which names are handed down when RD is set."),
    hints: file
      .optional()
      .describe("The root's servers; without it only names below this server's own zones are handed down."),
    port: port.default(53).describe("The port of the servers that are asked."),
  })
  .describe("Recursion by handing down. Absent: none is offered.");

const access = z
  .strictObject({
    allow: z.array(prefix).min(1).optional().describe("Only these clients are answered."),
    deny: z.array(prefix).default([]).describe("These clients are refused, allowed or not."),
  })
  .describe("Who may ask at all.");

const rate = z.int().min(0).default(200);
const rateLimit = z
  .strictObject({
    responsesPerSecond: rate.describe("Like responses a second to one client network (/24, /56); 0: no limit."),
    errorsPerSecond: rate.describe("Error responses a second to one client network; 0: no limit."),
    windowSeconds: z.int().min(1).max(3600).default(15).describe("How long a network stays limited at most."),
    slip: z.int().min(0).max(10).default(2).describe("Every so-manieth limited response is sent truncated; 0: none."),
    counters: z.int().min(16).max(16_777_216).default(65_536).describe("Counters kept, 12 octets each."),
    exempt: z.array(prefix).default(LOOPBACK).describe("Clients that are never limited."),
  })
  .describe("Response rate limiting against amplification.");

const secret = z
  .string()
  .regex(/^[0-9a-fA-F]{32}$/, "32 hexadecimal digits are wanted, such as openssl rand -hex 16 prints");
const cookies = z
  .strictObject({
    secrets: z.array(secret).default([]).describe("The first makes cookies, all are accepted; none: a fresh one."),
  })
  .describe("The secrets of server cookies (RFC 9018), shared by servers behind one address.");

const identity = z
  .strictObject({
    id: z
      .string()
      .max(255)
      .optional()
      .describe(
        "Told to id.server CH TXT and NSID (RFC 5001): the addresses it listens on unless given; empty: refused.",
      ),
    version: z
      .string()
      .max(255)
      .optional()
      .describe("The answer to version.bind CH TXT: Strata unless given; empty: refused."),
  })
  .describe("What the server says about itself.");

const bounds = z
  .strictObject({
    udpPayloadOctets: z.int().min(512).max(4096).default(1232),
    tcpConnections: z.int().min(1).max(1_000_000).default(1024),
    tcpConnectionsPerClient: z.int().min(1).default(32).describe("A client is an IPv4 address or an IPv6 /64."),
    tcpIdleSeconds: z
      .number()
      .min(1)
      .max(6553)
      .default(10)
      .describe("How long a connection without a query is kept; told to clients that ask (RFC 7828)."),
    tcpHeaderSeconds: z.number().min(0.1).default(2).describe("From a message's first octet to its whole header."),
    tcpPipelined: z.int().min(1).default(100).describe("Queries of one connection that are being answered."),
    tcpUnsentOctets: z
      .int()
      .min(262_144)
      .default(1_000_000)
      .describe("What a client has not taken of its responses when its connection is closed."),
    transfersAtOnce: z.int().min(1).default(10).describe("Zones that are fetched from primaries at once."),
    transferOctets: z
      .int()
      .min(65_536)
      .default(1_073_741_824)
      .describe("Of a zone that is fetched, its records in memory; one that is larger is not taken."),
    transferIdleSeconds: z
      .number()
      .min(1)
      .default(30)
      .describe("How long a primary may pause in the middle of a zone."),
    transferSeconds: z.number().min(1).default(3600).describe("How long fetching a zone may take in all."),
    cacheOctets: z.int().min(65_536).default(16_777_216).describe("The cache of recursion."),
  })
  .describe("Limits; each is counted when it is reached.");

export const configuration = z
  .strictObject({
    listen: z.array(endpoint).min(1).describe("Where to answer, over UDP and TCP."),
    zones: z.array(zone).default([]),
    zoneList: file.optional().describe("More zones: a file with one NAME<tab>FILE a line."),
    state: z
      .string()
      .min(1)
      .optional()
      .describe("The folder for what must outlive the server: its journal, copies of zones, its control socket."),
    keys: keys.default([]),
    keyFiles: z.array(file).default([]).describe("Files with more keys, in BIND's form or as this list."),
    images: images.prefault({}),
    recursion: recursion.optional(),
    access: access.prefault({}),
    rateLimit: rateLimit.prefault({}),
    cookies: cookies.prefault({}),
    identity: identity.prefault({}),
    metrics: z.string().optional().describe("[ADDR:]PORT of Prometheus metrics and the health check."),
    threads: z
      .union([z.literal("auto"), z.int().min(0).max(THREADS_MAX)])
      .default("auto")
      .describe(
        "Threads that answer over UDP (one more is for TCP); auto: one for each core; 0: none, for the smallest of servers.",
      ),
    log: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("warn"),
    bounds: bounds.prefault({}),
  })
  .meta({ title: "strata serve", description: "The configuration of one Strata name server." });

export type PrimaryConfiguration = z.output<typeof primary>;
export type GrantConfiguration = z.output<typeof grant>;
export type ZoneConfiguration = z.output<typeof zone>;
export type Configuration = z.output<typeof configuration>;
