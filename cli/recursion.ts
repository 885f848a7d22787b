/** Recursion of a name server: the engine that names are handed down to. */
import { type Files, systemClock, systemRandom } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import { addressOctets, type Endpoint, type Recursion, systemAsk } from "../net/index.ts";
import { addressKind, createEngine, handDown, readHints, type ZoneServers } from "../resolver/index.ts";
import type { RecursionSettings, ServeSettings } from "./settings.ts";

export interface RecursionContext {
  readonly settings: ServeSettings;
  readonly identity: string;
  readonly files: Files;
}

/** Throws UsageError and FileError for hints that cannot be read. */
export function recursionOf(recursion: RecursionSettings, { settings, identity, files }: RecursionContext): Recursion {
  const { hintsFile, port } = recursion;
  const engine = createEngine(
    { ask: systemAsk({ clock: systemClock, random: systemRandom }), clock: systemClock, random: systemRandom },
    {
      hints: hintsFile === null ? NO_HINTS : readHints(files.read(hintsFile), hintsFile),
      mode: "iterative",
      port,
      own: settings.listen,
      cache: { octetsMax: settings.bounds.cacheOctets },
      // Without hints the only sign that servers may have private addresses is that we have one ourselves.
      ...(hintsFile === null ? { allowPrivate: settings.listen.some(isPrivate) } : {}),
      layerOf: layersOf(settings),
    },
  );
  return handDown(engine, { identity });
}

/** Only names below the server's own zones can then be handed down. */
const NO_HINTS: ZoneServers = { zone: Name.root, servers: [], endsAt: Number.POSITIVE_INFINITY };

function isPrivate({ address }: Endpoint): boolean {
  const octets = addressOctets(address);
  return octets !== null && addressKind(octets) === "private";
}

function layersOf({ zones, secondaries }: ServeSettings): (zone: Name) => string | null {
  const layers = new Map([...zones, ...secondaries].map(({ name, layer }) => [name.key, layer]));
  return (zone) => layers.get(zone.key) ?? null;
}
