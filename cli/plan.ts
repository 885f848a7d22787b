/**
 * A name space turned into plans: the configuration of each of its servers, the hints that lead to its root, and what
 * other commands want to know of it. Nothing is started here, so `strata up` and its tests see the same plan.
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Files } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import { formatEndpoint, parseEndpoint } from "../net/index.ts";
import type { z } from "zod";
import type { configuration } from "./configuration.ts";
import { UsageError } from "./failure.ts";
import { type Namespace, namespace } from "./namespace.ts";
import { inFolder } from "./paths.ts";
import { hintsFileOf, plainName, serverFolderOf, type State, updateKeyFileOf } from "./state.ts";
import { readYaml } from "./yaml.ts";

type ServerConfiguration = z.input<typeof configuration>;
type ZoneConfiguration = NonNullable<ServerConfiguration["zones"]>[number];

export interface ServerPlan {
  readonly name: string;
  readonly address: string;
  /** Whether it fetches a zone from another, which had better run before. */
  readonly isSecondary: boolean;
  readonly configuration: ServerConfiguration;
}

export interface NamespacePlan {
  readonly namespace: Namespace;
  readonly port: number;
  readonly servers: readonly ServerPlan[];
  /** A master file's text with the root's servers. */
  readonly hints: string;
  readonly state: State;
  /** What the file server serves; null: there is none. */
  readonly filesFolder: string | null;
}

export interface PlanWishes {
  /** The name space's file, or null for the example. */
  readonly file: string | null;
  readonly stateFolder: string;
  readonly port: number | null;
  readonly log: string;
}

/** Throws UsageError and FileError. */
export function planNamespace(wishes: PlanWishes, files: Files): NamespacePlan {
  const file = wishes.file ?? exampleFile(files);
  const description = readYaml({ file, text: new TextDecoder().decode(files.read(file)) }, namespace);
  const port = wishes.port ?? description.port;
  const context = { description, port, wishes, folder: resolve(dirname(file)) };
  return {
    namespace: description,
    port,
    servers: description.servers.map((server) => planServer(server, context)),
    hints: planHints(description, file),
    state: planState(description, port),
    filesFolder: description.files === undefined ? null : inFolder(context.folder, description.files.directory),
  };
}

interface PlanContext {
  readonly description: Namespace;
  readonly port: number;
  readonly wishes: PlanWishes;
  /** Where relative master files start. */
  readonly folder: string;
}

const isSameName = (one: string, other: string): boolean => Name.parse(one).equals(Name.parse(other));

function planServer(server: Namespace["servers"][number], context: PlanContext): ServerPlan {
  const { description, port, wishes } = context;
  const zones = description.zones
    .filter((zone) => server.zones.some((name) => isSameName(name, zone.name)))
    .map((zone) => planZone(zone, server, context));
  return {
    name: server.name,
    address: server.address,
    isSecondary: zones.some(({ primaries }) => primaries !== undefined),
    configuration: {
      listen: [formatEndpoint({ address: server.address, port })],
      zones,
      state: resolve(serverFolderOf(wishes.stateFolder, server.name)),
      keyFiles: zones.flatMap(({ name, update }) =>
        update === undefined ? [] : [resolve(updateKeyFileOf(wishes.stateFolder, plainName(name)))],
      ),
      recursion: { allow: description.recursion, hints: resolve(hintsFileOf(wishes.stateFolder)), port },
      identity: { id: server.name },
      // Many servers on one machine that nobody asks much: threads would only cost memory and time to start.
      threads: 0,
      log: logLevel(wishes.log),
    },
  };
}

/** All servers of a name space are on this machine, and the system chooses from which of its addresses one asks another. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/** The first server that has a zone is its primary and reads the file; the others fetch the zone from there. */
function planZone(
  zone: Namespace["zones"][number],
  server: Namespace["servers"][number],
  { description, port, folder }: PlanContext,
): ZoneConfiguration {
  const { name, layer } = zone;
  const having = description.servers.filter(({ zones }) => zones.some((one) => isSameName(one, name)));
  const [primary, ...secondaries] = having;
  const endpointOf = ({ address }: { readonly address: string }): string => formatEndpoint({ address, port });
  if (server !== primary) return { name, layer, primaries: [endpointOf(primary!)] };
  const file = inFolder(folder, zone.file);
  const update = zone.update ? { update: [{ key: updateKeyNameOf(name) }] } : {};
  if (secondaries.length === 0) return { name, layer, file, ...update };
  return { name, layer, file, ...update, transfer: { allow: LOOPBACK }, notify: secondaries.map(endpointOf) };
}

/** The key for updates of a zone that `strata up` makes. */
export const updateKeyNameOf = (zone: string): string => `update.${plainName(zone)}.`;

type LogLevel = NonNullable<ServerConfiguration["log"]>;

function logLevel(text: string): LogLevel {
  const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "silent"];
  return levels.find((level) => level === text) ?? "warn";
}

function planHints(description: Namespace, file: string): string {
  const roots = description.servers.filter((server) => server.zones.some((name) => Name.parse(name).isRoot));
  if (roots.length === 0) throw new UsageError(`${file}: no server has the root zone, so there is nowhere to begin`);
  const lines = roots.flatMap(({ name, address }) => {
    const absolute = Name.parse(name).toString();
    return [`. 3600000 NS ${absolute}`, `${absolute} 3600000 ${address.includes(":") ? "AAAA" : "A"} ${address}`];
  });
  return `; The root's servers of the name space in ${file}; written by strata up.\n${lines.join("\n")}\n`;
}

function planState(description: Namespace, port: number): State {
  const layerOf = (zone: string): string => description.zones.find(({ name }) => isSameName(name, zone))?.layer ?? "";
  return {
    pid: process.pid,
    port,
    resolver: formatEndpoint(parseEndpoint(description.resolver.address, port)),
    servers: description.servers.map(({ name, address, zones }) => ({
      name,
      address,
      zones,
      layer: layerOf(zones[0]!),
    })),
  };
}

/** The example stands beside the sources, and one folder higher beside compiled code. */
function exampleFile(files: Files): string {
  const places = ["../examples/internet/namespace.yaml", "../../examples/internet/namespace.yaml"];
  const found = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((file) => files.exists(file));
  if (found === undefined) throw new UsageError("the example name space is not installed; name a FILE of your own");
  return found;
}
