/**
 * `/net`: every name of the DNS stands in it. A domain that publishes the root of its files (RFC 6641 §4) is that root; any other name is a host, whose "/" it is: a
 * server lets everybody see there what he may mount (ours does; others have to export it).
 */
import { Name, NameError } from "../../dns/index.ts";
import { domainRootSource, type FindingParts, isFixedHost, nfsServerFinder } from "../finding/nfs-servers.ts";
import type { MountOptions } from "../options.ts";
import { ServerNotFound } from "../server-finder.ts";
import type { NfsSource } from "../source.ts";
import type { AutomountMap, MapAnswer } from "./map.ts";

export interface NetMapParts {
  readonly finding: FindingParts;
  readonly options: MountOptions;
}

/** Letters, digits, "-", "_" and dots between them, or an address in text; so that what file managers and shells look for everywhere is not asked of the DNS. */
const HOST =
  /^([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$|^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$/;

export class NetMap implements AutomountMap {
  readonly #parts: NetMapParts;

  constructor(parts: NetMapParts) {
    this.#parts = parts;
  }

  /** Nobody lists the world. */
  names(): readonly string[] {
    return [];
  }

  async find(key: string, signal: AbortSignal): Promise<MapAnswer> {
    if (!HOST.test(key)) return { kind: "none" };
    const domain = isFixedHost(key) ? null : parseDomain(key);
    if (domain === undefined) return { kind: "none" };
    try {
      if (domain !== null && (await this.#isThere(domainRootSource(domain), signal))) {
        return this.#mounts(domainRootSource(domain));
      }
      const host = { ...domainRootSource(domain ?? Name.root), host: key, path: "/" };
      return (await this.#isThere(host, signal)) ? this.#mounts(host) : { kind: "none" };
    } catch (error) {
      if (!(error instanceof ServerNotFound)) throw error;
      return { kind: "failed", status: "TIMEDOUT", reason: error.message };
    }
  }

  #mounts(source: NfsSource): MapAnswer {
    return { kind: "mounts", mounts: [{ below: "", sources: [source], options: this.#parts.options }] };
  }

  /** Whether there is such a server. Throws a ServerNotFound when nobody says. */
  async #isThere(source: NfsSource, signal: AbortSignal): Promise<boolean> {
    try {
      await nfsServerFinder(this.#parts.finding, source).find(signal);
      return true;
    } catch (error) {
      if (error instanceof ServerNotFound && error.code !== "unknown") return false;
      throw error;
    }
  }
}

function parseDomain(text: string): Name | undefined {
  try {
    return Name.parse(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    return undefined;
  }
}
