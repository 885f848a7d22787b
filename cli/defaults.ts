/**
 * What a server does of which neither a configuration file nor the command line says anything. The schema says the same of a
 * file, and test/cli/configuration.test.ts holds the two to each other; without a file the schema's library, which takes a tenth
 * of a server's start to load, is not needed.
 */
import type { Configuration } from "./configuration.ts";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

export const DEFAULTS: Omit<Configuration, "listen"> = {
  zones: [],
  keys: [],
  keyFiles: [],
  images: { keep: true },
  access: { deny: [] },
  rateLimit: {
    responsesPerSecond: 200,
    errorsPerSecond: 200,
    windowSeconds: 15,
    slip: 2,
    counters: 65_536,
    exempt: LOOPBACK,
  },
  cookies: { secrets: [] },
  identity: {},
  threads: "auto",
  log: "warn",
  bounds: {
    udpPayloadOctets: 1232,
    tcpConnections: 1024,
    tcpConnectionsPerClient: 32,
    tcpIdleSeconds: 10,
    tcpHeaderSeconds: 2,
    tcpPipelined: 100,
    tcpUnsentOctets: 1_000_000,
    transfersAtOnce: 10,
    transferOctets: 1_073_741_824,
    transferIdleSeconds: 30,
    transferSeconds: 3600,
    cacheOctets: 16_777_216,
  },
};
