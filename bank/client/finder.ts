/**
 * Where a bank's servers are, by its name alone: SRV records of `_bank._tcp` (RFC 2782), their addresses, and the keys that they show in TLS
 * (TLSA, RFC 6698). Kept until a TTL ends or a connection has failed.
 */
import type { Clock, Random } from "../../base/index.ts";
import { CLASS, type Message, Name, RCODE, rcodeToText, rdataType, TYPE } from "../../dns/index.ts";
import { type Exchange, ExchangeError, type Query } from "../../net/index.ts";
import { BankError } from "../error.ts";

/** One address of one server. */
export interface BankPlace {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** SHA-256 of public keys that are right for it, in hexadecimal; none: nothing is said. */
  readonly keyDigests: readonly string[];
}

export interface FinderParts {
  readonly bank: string;
  /** Resolves whole names: a resolver, or what asks one. */
  readonly resolve: Exchange;
  readonly clock: Clock;
  readonly random: Random;
}

interface Service {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly host: string;
}

interface Records {
  readonly texts: readonly string[];
  readonly ttlSeconds: number;
}

const TTL_MAX_SECONDS = 3600;
/** A TTL of 0 is for the use at hand, which is all tries of a request. */
const TTL_MIN_SECONDS = 1;
/** What was known is better than nothing while nobody answers (RFC 8767 §5 has a bound of days). */
const STALE_SECONDS_MAX = 86_400;
/** A place that failed is tried after the others for so long. */
const FAILED_MILLISECONDS = 30_000;
/** Of one name, however many it has. */
const SERVERS_MAX = 8;

interface Found {
  readonly places: readonly BankPlace[];
  readonly ttlSeconds: number;
}

interface Known extends Found {
  readonly foundAt: number;
  readonly keptUntil: number;
}

export class BankFinder {
  readonly #parts: FinderParts;
  #known: Known | null = null;
  #finding: Promise<Found> | null = null;
  readonly #failedAt = new Map<string, number>();

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  /** In the order in which to try them; drawn anew each time they are looked up. Throws BankError "STORE" when there is no
   * server of it, "UNKNOWN" when nobody can say. */
  async places(signal: AbortSignal): Promise<readonly BankPlace[]> {
    const known = this.#known;
    const { clock } = this.#parts;
    const { places } = known !== null && clock.now() < known.keptUntil ? known : await this.#findAgain(signal);
    if (this.#failedAt.size === 0) return places;
    const hasFailed = (place: BankPlace): boolean =>
      clock.now() - (this.#failedAt.get(nameOf(place)) ?? -Infinity) < FAILED_MILLISECONDS;
    return [...places.filter((place) => !hasFailed(place)), ...places.filter(hasFailed)];
  }

  /** It could not be reached there, so it may have moved: all is looked up again. */
  failed(place: BankPlace): void {
    this.#failedAt.set(nameOf(place), this.#parts.clock.now());
    if (this.#known !== null) this.#known = { ...this.#known, keptUntil: -Infinity };
  }

  succeeded(place: BankPlace): void {
    this.#failedAt.delete(nameOf(place));
  }

  /** Several that ask at once cost one look-up. */
  async #findAgain(signal: AbortSignal): Promise<Found> {
    this.#finding ??= this.#find(signal).finally(() => (this.#finding = null));
    const { clock } = this.#parts;
    try {
      const found = await this.#finding;
      const foundAt = clock.now();
      const seconds = Math.max(TTL_MIN_SECONDS, Math.min(found.ttlSeconds, TTL_MAX_SECONDS));
      this.#known = { ...found, foundAt, keptUntil: foundAt + 1000 * seconds };
      return found;
    } catch (error) {
      const known = this.#known;
      const isSilent = error instanceof BankError && error.code === "UNKNOWN";
      if (isSilent && known !== null && clock.now() - known.foundAt < 1000 * STALE_SECONDS_MAX) return known;
      throw error;
    }
  }

  async #find(signal: AbortSignal): Promise<Found> {
    const { bank } = this.#parts;
    const found = await this.#records(`_bank._tcp.${bank}`, TYPE.SRV, signal);
    const services = found.texts
      .map(serviceFrom)
      .filter(({ host }) => host !== ".")
      .slice(0, SERVERS_MAX);
    if (services.length === 0) {
      throw new BankError("STORE", `no server of ${bank} is registered (_bank._tcp.${bank} SRV): is its bank running?`);
    }
    const servers = await Promise.all(this.#inOrder(services).map((service) => this.#placesOf(service, signal)));
    const ttlSeconds = Math.min(found.ttlSeconds, ...servers.map((server) => server.ttlSeconds));
    return { places: servers.flatMap(({ places }) => places), ttlSeconds };
  }

  async #placesOf({ host, port }: Service, signal: AbortSignal): Promise<Found> {
    const [ipv4, ipv6, keys] = await Promise.all([
      this.#records(host, TYPE.A, signal),
      this.#records(host, TYPE.AAAA, signal),
      this.#records(`_${port}._tcp.${host}`, TYPE.TLSA, signal),
    ]);
    const keyDigests = keys.texts.flatMap((text) => /^3 1 1 ([0-9A-Fa-f]+)$/.exec(text)?.[1]?.toLowerCase() ?? []);
    const places = [...ipv4.texts, ...ipv6.texts].map((address) => ({
      host: host.replace(/\.$/, ""),
      address,
      port,
      keyDigests,
    }));
    const ttls = [ipv4, ipv6, keys].filter(({ texts }) => texts.length > 0).map(({ ttlSeconds }) => ttlSeconds);
    return { places, ttlSeconds: Math.min(TTL_MAX_SECONDS, ...ttls) };
  }

  /** RFC 2782: lower priorities first; within one, drawn by weight, and weight 0 has a small chance. */
  #inOrder(services: readonly Service[]): Service[] {
    const left = [...services].sort((one, other) => one.priority - other.priority || one.weight - other.weight);
    const ordered: Service[] = [];
    while (left.length > 0) {
      const candidates = left.filter(({ priority }) => priority === left[0]!.priority);
      const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
      let draw = this.#parts.random.below(total + 1);
      const chosen = candidates.find(({ weight }) => (draw -= weight) <= 0)!;
      ordered.push(chosen);
      left.splice(left.indexOf(chosen), 1);
    }
    return ordered;
  }

  async #records(name: string, type: number, signal: AbortSignal): Promise<Records> {
    const question = { name: Name.parse(name), type, class: CLASS.IN };
    const query = { question, recursionDesired: true, dnssecOk: false, checkingDisabled: false };
    const { answer, rcode } = await this.#answerTo(query, name, signal);
    if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) throw silence(name, rcodeToText(rcode));
    const records = answer.filter((rr) => rr.type === type);
    return {
      texts: records.map(({ rdata }) => rdataType(type).format(rdata)),
      ttlSeconds: Math.min(TTL_MAX_SECONDS, ...records.map(({ ttlSeconds }) => ttlSeconds)),
    };
  }

  async #answerTo(query: Query, name: string, signal: AbortSignal): Promise<Message> {
    try {
      return await this.#parts.resolve(query, signal);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      throw silence(name, error.message);
    }
  }
}

/** Nobody can say where the bank is, which is not that it is nowhere. */
const silence = (name: string, why: string): BankError =>
  new BankError("UNKNOWN", `${name} cannot be resolved: ${why}`);

const nameOf = ({ address, port }: BankPlace): string => `${address} ${port}`;

function serviceFrom(text: string): Service {
  const [priority = "0", weight = "0", port = "0", host = "."] = text.split(" ");
  return { priority: Number(priority), weight: Number(weight), port: Number(port), host };
}
