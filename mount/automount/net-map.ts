/**
 * `/net`: every name of the DNS stands in it. A domain that publishes the root of its files (RFC 6641 §4) is that root; any other name is a host, with all that it
 * exports under it, each at its path.
 */
import { Name, NameError } from "../../dns/index.ts";
import { domainRootSource, type FindingParts, isFixedHost, nfsServerFinder } from "../finding/nfs-servers.ts";
import type { MountOptions } from "../options.ts";
import { type FoundServers, ServerNotFound } from "../server-finder.ts";
import type { NfsSource } from "../source.ts";
import { type ExportListParts, exportsOf } from "./export-list.ts";
import type { AutomountMap, MapAnswer } from "./map.ts";

export interface NetMapParts {
  readonly finding: FindingParts;
  readonly exporting: ExportListParts;
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

  faults(): readonly string[] {
    return [];
  }

  async find(key: string, signal: AbortSignal): Promise<MapAnswer> {
    const domain = isFixedHost(key) ? null : parseDomain(key);
    if (domain === undefined || !HOST.test(key)) return { kind: "none", reason: "that is no name of a host or domain" };
    try {
      const root = domain === null ? null : domainRootSource(domain);
      if (root !== null && (await this.#find(root, signal)) !== null) {
        return { kind: "mounts", mounts: [{ below: "", sources: [root], options: this.#parts.options }] };
      }
      const host: NfsSource = { ...domainRootSource(Name.root), host: key, path: "/" };
      const found = await this.#find(host, signal);
      if (found === null)
        return { kind: "none", reason: "there is no such host, and no domain that publishes its files" };
      const paths = await exportsOf(this.#parts.exporting, found);
      // Who tells of nothing may still have something; MNT will say.
      if (paths === null || paths.length === 0) return this.#mounts([host]);
      return this.#mounts(paths.map((path) => ({ ...host, path })));
    } catch (error) {
      if (!(error instanceof ServerNotFound)) throw error;
      return { kind: "failed", status: "TIMEDOUT", reason: error.message };
    }
  }

  /** A host's exports stand at their paths. */
  #mounts(sources: readonly NfsSource[]): MapAnswer {
    const { options } = this.#parts;
    const mounts = sources.map((source) => ({
      below: source.path === "/" ? "" : source.path,
      sources: [source],
      options,
    }));
    return { kind: "mounts", mounts };
  }

  /** Null when there is no such server. Throws a ServerNotFound when nobody says. */
  async #find(source: NfsSource, signal: AbortSignal): Promise<FoundServers | null> {
    try {
      return await nfsServerFinder(this.#parts.finding, source).find(signal);
    } catch (error) {
      if (error instanceof ServerNotFound && error.code !== "unknown") return null;
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
