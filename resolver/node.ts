/**
 * In place of Node's own: the Resolver of `node:dns/promises`, and a function for the `lookup` option of `net.connect` and
 * `http.request`. Names, shapes and error codes are Node's; what resolves is ours.
 */
import type {
  AnyRecord,
  CaaRecord,
  MxRecord,
  NaptrRecord,
  RecordWithTtl,
  SoaRecord,
  SrvRecord,
  TlsaRecord,
} from "node:dns";
import { recordsOf, type Rr, TYPE, typeToText } from "../dns/index.ts";
import { addressOctets, parseEndpoint, formatEndpoint } from "../net/index.ts";
import * as shape from "./node-records.ts";
import { errorOf, isWanted, ResolveError, Resolver, type ResolverOptions } from "./resolver.ts";

/** As node:dns makes them: `queryA ENOTFOUND www.vu.nl`, with code, syscall and hostname. */
export class NodeDnsError extends Error {
  readonly code: string;
  readonly errno: undefined;
  readonly syscall: string;
  readonly hostname: string;

  constructor(code: string, syscall: string, hostname: string) {
    super(`${syscall} ${code} ${hostname}`);
    this.code = code;
    this.syscall = syscall;
    this.hostname = hostname;
  }
}

interface TtlOption {
  readonly ttl: boolean;
}

export class NodeResolver {
  readonly #options: ResolverOptions;
  #servers: readonly string[];
  #resolver: Resolver;

  constructor(options: ResolverOptions = {}) {
    this.#options = options;
    this.#servers = options.servers ?? [];
    this.#resolver = new Resolver(options);
  }

  cancel(): void {
    this.#resolver.cancel();
  }

  getServers(): string[] {
    return this.#servers.map((server) => {
      const endpoint = parseEndpoint(server, 53);
      return endpoint.port === 53 ? endpoint.address : formatEndpoint(endpoint);
    });
  }

  setServers(servers: readonly string[]): void {
    for (const server of servers) parseEndpoint(server, 53);
    this.#servers = [...servers];
    this.#resolver = new Resolver({ ...this.#options, servers });
  }

  resolve4(hostname: string): Promise<string[]>;
  resolve4(hostname: string, options: TtlOption & { readonly ttl: true }): Promise<RecordWithTtl[]>;
  resolve4(hostname: string, options?: TtlOption): Promise<string[] | RecordWithTtl[]>;
  async resolve4(hostname: string, options?: TtlOption): Promise<string[] | RecordWithTtl[]> {
    return this.#addresses(hostname, TYPE.A, options?.ttl === true);
  }

  resolve6(hostname: string): Promise<string[]>;
  resolve6(hostname: string, options: TtlOption & { readonly ttl: true }): Promise<RecordWithTtl[]>;
  resolve6(hostname: string, options?: TtlOption): Promise<string[] | RecordWithTtl[]>;
  async resolve6(hostname: string, options?: TtlOption): Promise<string[] | RecordWithTtl[]> {
    return this.#addresses(hostname, TYPE.AAAA, options?.ttl === true);
  }

  async resolveAny(hostname: string): Promise<AnyRecord[]> {
    const records = await this.#records(hostname, TYPE.ANY);
    return records.map((rr) => shape.any(rr)).filter((record) => record !== null);
  }

  async resolveCaa(hostname: string): Promise<CaaRecord[]> {
    return (await this.#records(hostname, TYPE.CAA)).map(shape.caa);
  }

  async resolveCname(hostname: string): Promise<string[]> {
    return (await this.#records(hostname, TYPE.CNAME)).map(shape.soleText);
  }

  async resolveMx(hostname: string): Promise<MxRecord[]> {
    return (await this.#records(hostname, TYPE.MX)).map(shape.mx);
  }

  async resolveNaptr(hostname: string): Promise<NaptrRecord[]> {
    return (await this.#records(hostname, TYPE.NAPTR)).map(shape.naptr);
  }

  async resolveNs(hostname: string): Promise<string[]> {
    return (await this.#records(hostname, TYPE.NS)).map(shape.soleText);
  }

  async resolvePtr(hostname: string): Promise<string[]> {
    return (await this.#records(hostname, TYPE.PTR)).map(shape.soleText);
  }

  async resolveSoa(hostname: string): Promise<SoaRecord> {
    const [record] = await this.#records(hostname, TYPE.SOA);
    return shape.soa(record!);
  }

  async resolveSrv(hostname: string): Promise<SrvRecord[]> {
    return (await this.#records(hostname, TYPE.SRV)).map(shape.srv);
  }

  async resolveTlsa(hostname: string): Promise<TlsaRecord[]> {
    return (await this.#records(hostname, TYPE.TLSA)).map(shape.tlsa);
  }

  async resolveTxt(hostname: string): Promise<string[][]> {
    return (await this.#records(hostname, TYPE.TXT)).map(shape.txt);
  }

  /** Any of Node's record types by name, A unless told. */
  async resolve(hostname: string, rrtype = "A"): Promise<unknown> {
    switch (rrtype) {
      case "A":
        return this.resolve4(hostname);
      case "AAAA":
        return this.resolve6(hostname);
      case "ANY":
        return this.resolveAny(hostname);
      case "CAA":
        return this.resolveCaa(hostname);
      case "CNAME":
        return this.resolveCname(hostname);
      case "MX":
        return this.resolveMx(hostname);
      case "NAPTR":
        return this.resolveNaptr(hostname);
      case "NS":
        return this.resolveNs(hostname);
      case "PTR":
        return this.resolvePtr(hostname);
      case "SOA":
        return this.resolveSoa(hostname);
      case "SRV":
        return this.resolveSrv(hostname);
      case "TLSA":
        return this.resolveTlsa(hostname);
      case "TXT":
        return this.resolveTxt(hostname);
      default:
        throw new TypeError(
          `the argument 'rrtype' must be a record type that node:dns knows, not ${JSON.stringify(rrtype)}`,
        );
    }
  }

  /** The names of an address (RFC 1035 §3.5, RFC 3596 §2.5). */
  async reverse(ip: string): Promise<string[]> {
    const octets = addressOctets(ip);
    if (octets === null) throw new NodeDnsError("EINVAL", "getHostByAddr", ip);
    try {
      return await this.resolvePtr(reverseName(octets));
    } catch (error) {
      throw error instanceof NodeDnsError ? new NodeDnsError(error.code, "getHostByAddr", ip) : error;
    }
  }

  async #addresses(hostname: string, type: number, withTtl: boolean): Promise<string[] | RecordWithTtl[]> {
    const records = await this.#records(hostname, type);
    return withTtl ? records.map(shape.withTtl) : records.map(shape.soleText);
  }

  async #records(hostname: string, type: number): Promise<Rr[]> {
    const text = typeToText(type);
    const syscall = `query${text.charAt(0)}${text.slice(1).toLowerCase()}`;
    try {
      const resolved = await this.#resolver.query(hostname, text);
      const records = recordsOf(resolved.answer).filter((rr) => isWanted(rr.type, type));
      if (records.length === 0) throw errorOf(resolved, hostname);
      return records;
    } catch (error) {
      throw error instanceof ResolveError ? new NodeDnsError(error.code, syscall, hostname) : error;
    }
  }
}

/** `4.3.2.1.in-addr.arpa`, or nibble by nibble below ip6.arpa. */
function reverseName(octets: Uint8Array): string {
  if (octets.length === 4) return `${[...octets].reverse().join(".")}.in-addr.arpa`;
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15]).reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join(".")}.ip6.arpa`;
}

export interface LookupAddress {
  readonly address: string;
  readonly family: number;
}

export interface LookupOptions {
  readonly family?: number | "IPv4" | "IPv6" | undefined;
  /** ADDRCONFIG (1024), V4MAPPED (8), ALL (16), added up. Only V4MAPPED and ALL mean something here. */
  readonly hints?: number | undefined;
  readonly all?: boolean | undefined;
  readonly order?: "ipv4first" | "ipv6first" | "verbatim" | undefined;
  readonly verbatim?: boolean | undefined;
}

export type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

export type LookupFunction = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

const V4MAPPED = 8;
const ALL = 16;

/**
 * For the `lookup` option of `net.connect` and `http.request`. Unlike getaddrinfo it reads no hosts file; `localhost` is
 * the loopback address (RFC 6761 §6.3).
 */
export function lookupFunction(resolver: NodeResolver): LookupFunction {
  return (hostname, options, callback) => {
    addressesOf(resolver, hostname, options).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else if (first !== undefined) callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ""),
    );
  };
}

async function addressesOf(resolver: NodeResolver, hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
  const octets = addressOctets(hostname);
  if (octets !== null) return [{ address: hostname, family: octets.length === 4 ? 4 : 6 }];
  const family = familyOf(options.family);
  const found = isLocalhost(hostname) ? loopback(family) : await bothFamilies(resolver, hostname, options);
  if (found.length === 0) throw new NodeDnsError("ENOTFOUND", "getaddrinfo", hostname);
  return ordered(found, options);
}

async function bothFamilies(
  resolver: NodeResolver,
  hostname: string,
  options: LookupOptions,
): Promise<LookupAddress[]> {
  const family = familyOf(options.family);
  const hints = options.hints ?? 0;
  const mayMap = family === 6 && (hints & V4MAPPED) !== 0;
  const six = family === 4 ? [] : await addressesOfFamily(resolver, hostname, 6);
  const wantsFour = family !== 6 || (mayMap && (six.length === 0 || (hints & ALL) !== 0));
  const four = wantsFour ? await addressesOfFamily(resolver, hostname, 4) : [];
  if (!mayMap) return [...six, ...four];
  return [...six, ...four.map(({ address }) => ({ address: `::ffff:${address}`, family: 6 }))];
}

/** A name without addresses of this family may have others; only when nobody could say is it an error. */
async function addressesOfFamily(resolver: NodeResolver, hostname: string, family: 4 | 6): Promise<LookupAddress[]> {
  try {
    const addresses = await (family === 4 ? resolver.resolve4(hostname) : resolver.resolve6(hostname));
    return addresses.map((address) => ({ address, family }));
  } catch (error) {
    if (!(error instanceof NodeDnsError)) throw error;
    if (error.code === "ENODATA" || error.code === "ENOTFOUND") return [];
    throw new NodeDnsError(error.code === "ETIMEOUT" ? "EAI_AGAIN" : error.code, "getaddrinfo", hostname);
  }
}

function familyOf(family: LookupOptions["family"]): 0 | 4 | 6 {
  if (family === 4 || family === "IPv4") return 4;
  return family === 6 || family === "IPv6" ? 6 : 0;
}

function isLocalhost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost");
}

function loopback(family: 0 | 4 | 6): LookupAddress[] {
  const both = [
    { address: "::1", family: 6 },
    { address: "127.0.0.1", family: 4 },
  ];
  return both.filter((each) => family === 0 || each.family === family);
}

/** Node's default is the resolver's own order; here that is IPv6 first, as RFC 6724 ranks equal candidates. */
function ordered(addresses: readonly LookupAddress[], { order, verbatim }: LookupOptions): LookupAddress[] {
  const wanted = order ?? (verbatim === false ? "ipv4first" : "verbatim");
  if (wanted === "verbatim") return [...addresses];
  const first = wanted === "ipv4first" ? 4 : 6;
  return [...addresses].sort((a, b) => Number(b.family === first) - Number(a.family === first));
}
