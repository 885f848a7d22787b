/**
 * Where a bank's servers are, by its name alone: SRV records of `_bank._tcp` (RFC 2782), their addresses, and the keys that they show in TLS
 * (TLSA, RFC 6698). Kept until a TTL ends or a connection has failed.
 */
import type { Clock, Random } from "../../base/index.ts";
import { CLASS, Name, type Rr, rdataType, TYPE } from "../../dns/index.ts";
import type { Exchange } from "../../net/index.ts";
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

/** A TTL of 0 is for the use at hand. */
const TTL_MAX_SECONDS = 3600;

export class BankFinder {
  readonly #parts: FinderParts;
  #known: readonly BankPlace[] | null = null;
  #keptUntil = 0;

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  /** In the order in which to try them; drawn anew each time within a priority. Throws BankError "STORE" when nothing leads to the bank. */
  async places(signal: AbortSignal): Promise<readonly BankPlace[]> {
    const { clock } = this.#parts;
    if (this.#known !== null && clock.now() < this.#keptUntil) return this.#known;
    const { places, ttlSeconds } = await this.#find(signal);
    this.#known = places;
    this.#keptUntil = clock.now() + 1000 * Math.min(ttlSeconds, TTL_MAX_SECONDS);
    return places;
  }

  /** A connection has failed: it may have moved. */
  forget(): void {
    this.#known = null;
  }

  async #find(signal: AbortSignal): Promise<{ places: readonly BankPlace[]; ttlSeconds: number }> {
    const { bank } = this.#parts;
    const found = await this.#records(`_bank._tcp.${bank}`, TYPE.SRV, signal);
    const services = found.texts.map(serviceFrom).filter(({ host }) => host !== ".");
    if (services.length === 0) {
      throw new BankError("STORE", `no server of ${bank} is registered (_bank._tcp.${bank} SRV): is its bank running?`);
    }
    const servers = await Promise.all(this.#inOrder(services).map((service) => this.#placesOf(service, signal)));
    const ttlSeconds = Math.min(found.ttlSeconds, ...servers.map((server) => server.ttlSeconds));
    return { places: servers.flatMap(({ places }) => places), ttlSeconds };
  }

  async #placesOf({ host, port }: Service, signal: AbortSignal): Promise<{ places: BankPlace[]; ttlSeconds: number }> {
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
    let answer: readonly Rr[];
    try {
      ({ answer } = await this.#parts.resolve(query, signal));
    } catch (error) {
      throw new BankError(
        "STORE",
        `${name} cannot be resolved: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    const records = answer.filter((rr) => rr.type === type);
    return {
      texts: records.map(({ rdata }) => rdataType(type).format(rdata)),
      ttlSeconds: Math.min(TTL_MAX_SECONDS, ...records.map(({ ttlSeconds }) => ttlSeconds)),
    };
  }
}

function serviceFrom(text: string): Service {
  const [priority = "0", weight = "0", port = "0", host = "."] = text.split(" ");
  return { priority: Number(priority), weight: Number(weight), port: Number(port), host };
}
