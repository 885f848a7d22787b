/**
 * Where the servers of an `nfs:` source are now: by SRV records of `_nfs._tcp` (RFC 2782), else by the addresses of the host. A source whose path is
 * the root of its domain's files (RFC 6641 §3, §4: `/.domainroot/vu.nl` of `vu.nl`) is served by whoever `_nfs-domainroot._tcp` names, and by nobody else.
 *
 * A port that the source gives is right whatever SRV records say; then they are not asked, unless they alone know the hosts.
 */
import type { Random } from "../../base/index.ts";
import { Name, type Rr, rdataType, typeToText } from "../../dns/index.ts";
import { addressOctets, type Exchange } from "../../net/index.ts";
import {
  findAddresses,
  findService,
  type FoundAddresses,
  NoWordError,
  serviceName,
  type ServiceTarget,
} from "../../resolver/index.ts";
import { type FoundServers, type ServerAddress, type ServerFinder, ServerNotFound } from "../server-finder.ts";
import type { NfsSource } from "../source.ts";

export interface FindingParts {
  /** Resolves whole names: a resolver, or what asks one. */
  readonly resolve: Exchange;
  readonly random: Random;
  /** Who is asked, for `strata why`: "the resolver 127.0.1.53". */
  readonly asked: string;
}

/** NFS's own (RFC 1813 §2.1). MOUNT is expected at the same one, since there is no port mapper. */
export const NFS_PORT = 2049;
const DOMAIN_ROOT = "/.domainroot/";
/** An address that is written out does not change. */
const FOR_EVER_SECONDS = 0x7fff_ffff;
/** Of all servers together. */
const ADDRESSES_MAX = 16;

/** The source of a domain's files (RFC 6641 §4). */
export function domainRootSource(domain: Name): NfsSource {
  const host = textOf(domain);
  const path = DOMAIN_ROOT + host.toLowerCase();
  return { kind: "nfs", host, path, nfsPort: null, mountPort: null, uid: null, gid: null };
}

export function nfsServerFinder(parts: FindingParts, source: NfsSource): ServerFinder {
  const name = source.host;
  const fixed = fixedAddresses(name);
  if (fixed !== null) {
    const servers = fixed.map((address) => serverAt(address, source, NFS_PORT));
    const origin = `${name} is an address`;
    return { name, find: () => Promise.resolve({ servers, lifeSeconds: FOR_EVER_SECONDS, origin }) };
  }
  return { name, find: (signal) => find(parts, source, signal) };
}

/** Whether nobody has to be asked where the host is. */
export function isFixedHost(host: string): boolean {
  return fixedAddresses(host) !== null;
}

/** Null for a name that has to be looked up. Nobody asks the DNS where localhost is (RFC 6761 §6.3). */
function fixedAddresses(host: string): readonly string[] | null {
  if (addressOctets(host) !== null) return [host];
  return host.toLowerCase() === "localhost" ? ["127.0.0.1", "::1"] : null;
}

function isBelowDomainRoot({ host, path }: NfsSource): boolean {
  const root = DOMAIN_ROOT + host.toLowerCase();
  return path.toLowerCase() === root || path.toLowerCase().startsWith(`${root}/`);
}

async function find(parts: FindingParts, source: NfsSource, signal: AbortSignal): Promise<FoundServers> {
  try {
    const host = Name.parse(source.host);
    if (isBelowDomainRoot(source)) {
      const found = await byService(parts, { source, labels: "_nfs-domainroot._tcp", host }, signal);
      if (found !== null) return found;
      const why = `${source.host} publishes no files: it has no SRV record _nfs-domainroot._tcp.${source.host} (RFC 6641)`;
      throw new ServerNotFound("no-name", why);
    }
    const isPortGiven = source.nfsPort !== null || source.mountPort !== null;
    const found = isPortGiven ? null : await byService(parts, { source, labels: "_nfs._tcp", host }, signal);
    return found ?? (await byAddress(parts, source, signal));
  } catch (error) {
    if (error instanceof NoWordError) throw new ServerNotFound("unknown", error.message);
    throw error;
  }
}

interface ServiceAsked {
  readonly source: NfsSource;
  readonly labels: string;
  readonly host: Name;
}

/** Null when there are no such records. */
async function byService(parts: FindingParts, asked: ServiceAsked, signal: AbortSignal): Promise<FoundServers | null> {
  const { source, labels, host } = asked;
  const name = serviceName(labels, host);
  if (name === null) return null;
  const { targets, isDenied, found } = await findService(parts, name, signal);
  if (isDenied) {
    throw new ServerNotFound("no-address", `${textOf(name)} SRV says that ${source.host} serves no files`);
  }
  if (targets.length === 0) return null;
  const places = await addressesOfAll(parts.resolve, targets, signal);
  const servers = places.flatMap(({ target, found: { addresses } }) =>
    addresses.map((address) => serverAt(address, source, target.port)),
  );
  if (servers.length === 0) {
    const hosts = targets.map(({ host: server }) => textOf(server)).join(", ");
    throw new ServerNotFound("no-address", `${textOf(name)} SRV names ${hosts}, without an address`);
  }
  return {
    servers: servers.slice(0, ADDRESSES_MAX),
    lifeSeconds: Math.min(found.ttlSeconds, ...places.map((place) => place.found.ttlSeconds)),
    origin: originOf(parts, [found.chain, ...places.map((place) => place.found.chain)]),
  };
}

interface FoundTarget {
  readonly target: ServiceTarget;
  readonly found: FoundAddresses;
}

/** Of those that can be found out; throws only when that is none. */
async function addressesOfAll(
  resolve: Exchange,
  targets: readonly ServiceTarget[],
  signal: AbortSignal,
): Promise<FoundTarget[]> {
  const asked = targets.map(async (target) => ({ target, found: await findAddresses(resolve, target.host, signal) }));
  const outcomes = await Promise.allSettled(asked);
  const answered = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const isOneThere = answered.some(({ found }) => found.addresses.length > 0);
  return isOneThere ? answered : Promise.all(asked);
}

async function byAddress(parts: FindingParts, source: NfsSource, signal: AbortSignal): Promise<FoundServers> {
  const { host } = source;
  const { exists, addresses, chain, ttlSeconds } = await findAddresses(parts.resolve, Name.parse(host), signal);
  if (addresses.length === 0) {
    if (!exists) throw new ServerNotFound("no-name", `there is no name ${host}`);
    throw new ServerNotFound("no-address", `${host} has no address and no SRV record _nfs._tcp.${host}`);
  }
  const servers = addresses.slice(0, ADDRESSES_MAX).map((address) => serverAt(address, source, NFS_PORT));
  return { servers, lifeSeconds: ttlSeconds, origin: originOf(parts, [chain]) };
}

function serverAt(address: string, { nfsPort, mountPort }: NfsSource, port: number): ServerAddress {
  return { address, nfsPort: nfsPort ?? port, mountPort: mountPort ?? nfsPort ?? port };
}

/** Each step's records with their TTLs; an alias led to both kinds of addresses. */
function originOf({ asked }: FindingParts, steps: readonly (readonly Rr[])[]): string {
  const texts = steps
    .filter((chain) => chain.length > 0)
    .map((chain) => [...new Set(chain.map(recordText))].join(", "));
  return `${texts.join(" → ")} (${asked})`;
}

const recordText = ({ owner, type, rdata, ttlSeconds }: Rr): string =>
  `${textOf(owner)} ${typeToText(type)} ${rdataType(type).format(rdata)} (${ttlSeconds} s)`;

const textOf = (name: Name): string => (name.isRoot ? "." : name.toString().slice(0, -1));
