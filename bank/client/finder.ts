/**
 * Where a bank's servers are, by its name alone: SRV records of `_bank._tcp` (RFC 2782), their addresses, and the keys that they show in TLS
 * (TLSA, RFC 6698). Kept until a TTL ends or a connection has failed.
 */
import type { Clock, Random } from "../../base/index.ts";
import { Name, rdataType, TYPE } from "../../dns/index.ts";
import type { Exchange } from "../../net/index.ts";
import {
  findAddresses,
  findRecords,
  findService,
  NoWordError,
  serviceName,
  type ServiceTarget,
} from "../../resolver/index.ts";
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

const TTL_MAX_SECONDS = 3600;
/** A TTL of 0 is for the use at hand, which is all tries of a request. */
const TTL_MIN_SECONDS = 1;
/** What was known is better than nothing while nobody answers (RFC 8767 §5 has a bound of days). */
const STALE_SECONDS_MAX = 86_400;
/** A place that failed is tried after the others for so long. */
const FAILED_MILLISECONDS = 30_000;

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
    try {
      const { targets, found } = await findService(this.#parts, Name.parse(`_bank._tcp.${bank}`), signal);
      if (targets.length === 0) {
        const why = `no server of ${bank} is registered (_bank._tcp.${bank} SRV)`;
        throw new BankError("STORE", `${why}: is its bank running?`);
      }
      const servers = await Promise.all(targets.map((target) => this.#placesOf(target, signal)));
      const ttlSeconds = Math.min(found.ttlSeconds, ...servers.map((server) => server.ttlSeconds));
      return { places: servers.flatMap(({ places }) => places), ttlSeconds };
    } catch (error) {
      if (!(error instanceof NoWordError)) throw error;
      throw new BankError("UNKNOWN", error.message);
    }
  }

  async #placesOf({ host: name, port }: ServiceTarget, signal: AbortSignal): Promise<Found> {
    const { resolve } = this.#parts;
    const keyName = serviceName(`_${port}._tcp`, name);
    const [{ addresses, ttlSeconds }, keys] = await Promise.all([
      findAddresses(resolve, name, signal),
      keyName === null ? null : findRecords(resolve, { name: keyName, type: TYPE.TLSA }, signal),
    ]);
    const texts = keys?.records.map(({ rdata, type }) => rdataType(type).format(rdata)) ?? [];
    const keyDigests = texts.flatMap((text) => /^3 1 1 ([0-9A-Fa-f]+)$/.exec(text)?.[1]?.toLowerCase() ?? []);
    const host = name.toString().replace(/\.$/, "");
    const places = addresses.map((address) => ({ host, address, port, keyDigests }));
    return { places, ttlSeconds: Math.min(ttlSeconds, keys?.ttlSeconds ?? Infinity) };
  }
}

const nameOf = ({ address, port }: BankPlace): string => `${address} ${port}`;
