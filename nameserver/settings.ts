/** What can be set of a name server, and what holds unless it is. */
import { PAYLOAD_OCTETS_MAX } from "../dns/index.ts";
import { LISTEN_LIMITS, Prefix } from "../net/index.ts";
import { RATE_LIMITS, type RateLimits } from "./limiter.ts";
import { RECURSION_LIMITS, type RecursionLimits } from "./recursion.ts";

export interface ServerSettings {
  /** NSID, id.server, hostname.bind, and how this server is called in chains; null tells nobody. */
  readonly identity: string | null;
  /** version.bind and version.server. */
  readonly version: string | null;
  /** Who may ask; null is everybody. */
  readonly allow: readonly Prefix[] | null;
  readonly deny: readonly Prefix[];
  /** For whom names are resolved. */
  readonly recursionAllow: readonly Prefix[];
  readonly recursionLimits: RecursionLimits;
  /** Null limits nobody. */
  readonly rateLimits: RateLimits | null;
  readonly unlimited: readonly Prefix[];
  /** 16 octets each; the first makes cookies, all are accepted. Empty: one drawn at random, until the next start. */
  readonly cookieSecrets: readonly Uint8Array[];
  /** Clients that send a cookie over UDP must have it from us: BADCOOKIE otherwise (RFC 7873 §5.2.3). */
  readonly cookieRequired: boolean;
  readonly payloadOctets: number;
  /** How long a connection without a query is kept: told to clients that ask (RFC 7828). */
  readonly tcpIdleMilliseconds: number;
}

const LOOPBACK: readonly Prefix[] = [Prefix.parse("127.0.0.0/8"), Prefix.parse("::1")];

/** Loopback may recurse and is not rate limited; everybody may ask. */
export const SERVER_SETTINGS: ServerSettings = {
  identity: null,
  version: null,
  allow: null,
  deny: [],
  recursionAllow: LOOPBACK,
  recursionLimits: RECURSION_LIMITS,
  rateLimits: RATE_LIMITS,
  unlimited: LOOPBACK,
  cookieSecrets: [],
  cookieRequired: false,
  payloadOctets: PAYLOAD_OCTETS_MAX,
  tcpIdleMilliseconds: LISTEN_LIMITS.tcpIdleMilliseconds,
};
