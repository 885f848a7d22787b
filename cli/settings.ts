/**
 * What a name server is to do, decided: from a configuration file, from the command line, or from a file with the command
 * line on top. Paths are whole, addresses and names are read. Both ways end in the one schema, so defaults are the same.
 */
import { dirname } from "node:path";
import { type Files, fromHex } from "../base/index.ts";
import { Name, type TsigKey } from "../dns/index.ts";
import type { TsigKeys } from "../nameserver/index.ts";
import { type Endpoint, formatEndpoint, parseEndpoint, Prefix } from "../net/index.ts";
import { type Layer, LEASE_BOUNDS } from "../zones/index.ts";
import type { Arguments } from "./arguments.ts";
import type { Configuration } from "./configuration.ts";
import { DEFAULTS } from "./defaults.ts";
import { UsageError } from "./failure.ts";
import { givenZone, type GivenToAll, type GivenZone, NOTHING_GIVEN } from "./giving.ts";
import {
  parseEndpointOrPort,
  parseEndpoints,
  parseListen,
  parseName,
  parsePort,
  parsePrefixes,
  parseThreads,
} from "./options-read.ts";
import { KeyFiles } from "./key-files.ts";
import { keyOf } from "./key-text.ts";
import { readKeys } from "./keys.ts";
import { inFolder } from "./paths.ts";
import { parseSecondaries, primariesOf, type SecondaryZone, signedWith } from "./secondary-zones.ts";
import { checkGrants, wholeZone, type ZoneUpdates, zoneUpdates } from "./updating.ts";
import type { ImageSettings } from "./zone-images.ts";
import { readZoneList, type ZoneFile } from "./zone-list.ts";

export interface RecursionSettings {
  readonly allow: readonly Prefix[];
  readonly hintsFile: string | null;
  readonly port: number;
}

export interface ServeSettings {
  readonly listen: readonly Endpoint[];
  readonly zones: readonly ZoneFile[];
  /** Zones that are fetched from others. */
  readonly secondaries: readonly SecondaryZone[];
  /** Zones that take updates, and whose. */
  readonly updates: readonly ZoneUpdates[];
  /** What others may have of the zones, and are told of. */
  readonly given: readonly GivenZone[];
  readonly givenToAll: GivenToAll;
  /** For what must outlive the server, and its control socket; null: nothing does, and there is none. */
  readonly stateFolder: string | null;
  readonly keys: TsigKeys;
  /** Null: none. */
  readonly images: ImageSettings | null;
  readonly recursion: RecursionSettings | null;
  readonly allow: readonly Prefix[] | null;
  readonly deny: readonly Prefix[];
  readonly rateLimit: Configuration["rateLimit"];
  /** Never limited. */
  readonly exempt: readonly Prefix[];
  readonly cookieSecrets: readonly Uint8Array[];
  readonly identity: Configuration["identity"];
  readonly metrics: Endpoint | null;
  readonly threads: number | "auto";
  readonly log: string;
  readonly bounds: Configuration["bounds"];
}

/** Throws UsageError for what is wrong or missing on the command line or in the files it names. */
export async function serveSettings(given: Arguments, files: Files): Promise<ServeSettings> {
  const configFile = given.text("config");
  const fromFile = configFile === null ? null : await readConfiguration(configFile, files);
  if (fromFile === null && given.texts("listen").length === 0) {
    throw new UsageError("where to listen is missing: --listen ADDR:PORT (or --config FILE)");
  }
  const base = fromFile ?? { ...DEFAULTS, listen: parseListen(given.texts("listen")).map(formatEndpoint) };
  const settings = await settingsOf(base, configFile === null ? "." : dirname(configFile), files);
  const merged = await withKeys(withArguments(settings, given, files), given, files);
  if (merged.zones.length + merged.secondaries.length === 0) {
    throw new UsageError(
      "there is no zone to serve: --zone NAME=FILE, --zones LIST, --secondary NAME=ADDR:PORT, or zones in the configuration",
    );
  }
  checkTwice(merged);
  checkGrants(merged.updates, merged.keys);
  return merged;
}

/** Loads what reads configurations only when there is one. */
async function readConfiguration(file: string, files: Files): Promise<Configuration> {
  const [{ configuration }, { readYaml }] = await Promise.all([import("./configuration.ts"), import("./yaml.ts")]);
  return readYaml({ file, text: new TextDecoder().decode(files.read(file)) }, configuration);
}

/** @param folder Where relative files start. */
export async function settingsOf(config: Configuration, folder: string, files: Files): Promise<ServeSettings> {
  const keys = await keysOf(config, folder, files);
  const zones: ZoneFile[] = [];
  const secondaries: SecondaryZone[] = [];
  for (const { name: text, file, primaries, layer = null } of config.zones) {
    const name = Name.parse(text);
    if (file !== undefined) zones.push({ name, layer, file: inFolder(folder, file) });
    if (primaries !== undefined) secondaries.push({ name, layer, primaries: primariesOf(primaries, keys) });
  }
  const listed = config.zoneList === undefined ? [] : readZoneList(inFolder(folder, config.zoneList), null, files);
  const { recursion, access, cookies } = config;
  return {
    listen: config.listen.map((text) => parseEndpoint(text)),
    zones: [...zones, ...listed],
    secondaries,
    given: config.zones.map((zone) => givenZone(zone, keys)),
    givenToAll: NOTHING_GIVEN,
    updates: config.zones.flatMap(zoneUpdates),
    stateFolder: config.state === undefined ? null : inFolder(folder, config.state),
    keys,
    images: imagesOf(config.images, folder),
    recursion:
      recursion === undefined
        ? null
        : {
            allow: recursion.allow.map((text) => Prefix.parse(text)),
            hintsFile: recursion.hints === undefined ? null : inFolder(folder, recursion.hints),
            port: recursion.port,
          },
    allow: access.allow?.map((text) => Prefix.parse(text)) ?? null,
    deny: access.deny.map((text) => Prefix.parse(text)),
    rateLimit: config.rateLimit,
    exempt: config.rateLimit.exempt.map((text) => Prefix.parse(text)),
    cookieSecrets: cookies.secrets.flatMap((text) => fromHex(text) ?? []),
    identity: config.identity,
    metrics: config.metrics === undefined ? null : parseEndpointOrPort("metrics", config.metrics),
    threads: config.threads,
    log: config.log,
    bounds: config.bounds,
  };
}

function withArguments(settings: ServeSettings, given: Arguments, files: Files): ServeSettings {
  const layer = layerOf(given.text("layer"));
  const listen = parseListen(given.texts("listen"));
  const single = given.texts("zone").map((text) => ({ ...parseZone(text), layer }));
  const list = given.text("zones");
  const listed = list === null ? [] : readZoneList(list, layer, files);
  const metrics = given.text("metrics");
  const threads = given.text("threads");
  return {
    ...settings,
    listen: listen.length > 0 ? listen : settings.listen,
    zones: [...settings.zones, ...single, ...listed],
    secondaries: [...settings.secondaries, ...parseSecondaries(given.texts("secondary"), layer)],
    stateFolder: given.text("state") ?? settings.stateFolder,
    images: given.flag("no-images") ? null : settings.images,
    recursion: recursionFrom(settings.recursion, given),
    metrics: metrics === null ? settings.metrics : parseEndpointOrPort("metrics", metrics),
    threads: threads === null ? settings.threads : parseThreads(threads),
    log: given.isGiven("log") ? (given.text("log") ?? settings.log) : settings.log,
  };
}

/** Keys that options name, and what they may. */
async function withKeys(settings: ServeSettings, given: Arguments, files: Files): Promise<ServeSettings> {
  const keyFiles = new KeyFiles(settings.keys, files);
  const updateKeys = await Promise.all(given.texts("update-key").map((file) => keyFiles.read("update-key", file)));
  const grants = updateKeys.flat().map(wholeZone);
  const granted =
    grants.length === 0 ? [] : settings.zones.map(({ name }) => ({ apex: name, grants, leases: LEASE_BOUNDS }));
  const transferKey = await transferKeyOf(given, keyFiles);
  return {
    ...settings,
    updates: [...settings.updates, ...granted],
    givenToAll: {
      grant: {
        from: parsePrefixes("transfer", given.texts("transfer")),
        keys: transferKey === null ? [] : [transferKey.name],
      },
      targets: parseEndpoints("notify", given.texts("notify")),
    },
    secondaries: settings.secondaries.map((zone) => signedWith(transferKey, zone)),
    keys: keyFiles.all,
  };
}

async function transferKeyOf(given: Arguments, keyFiles: KeyFiles): Promise<TsigKey | null> {
  const file = given.text("transfer-key");
  if (file === null) return null;
  const [key, ...others] = await keyFiles.read("transfer-key", file);
  if (others.length === 0) return key!;
  throw new UsageError(`--transfer-key ${file}: ${others.length + 1} keys stand there and one is wanted`);
}

async function keysOf({ keys, keyFiles }: Configuration, folder: string, files: Files): Promise<TsigKeys> {
  const read = await Promise.all(keyFiles.map((file) => readKeys(inFolder(folder, file), files)));
  const all = new Map<string, TsigKey>();
  for (const key of [...keys.map(keyOf), ...read.flat()]) {
    if (all.has(key.name.key)) throw new UsageError(`the key ${key.name.toString()} is given twice`);
    all.set(key.name.key, key);
  }
  return all;
}

function imagesOf({ keep, folder }: Configuration["images"], base: string): ImageSettings | null {
  if (!keep) return null;
  return { folder: folder === undefined ? null : inFolder(base, folder) };
}

function recursionFrom(configured: RecursionSettings | null, given: Arguments): RecursionSettings | null {
  const allow = parsePrefixes("recursion", given.texts("recursion"));
  const hints = given.text("hints");
  const portText = given.text("port");
  const port = portText === null ? null : parsePort("port", portText);
  if (configured === null && allow.length === 0) {
    if (hints === null && port === null) return null;
    throw new UsageError(
      "--hints and --port are for recursion: say for whom with --recursion CIDR, such as 127.0.0.0/8",
    );
  }
  return {
    allow: allow.length > 0 ? allow : (configured?.allow ?? []),
    hintsFile: hints ?? configured?.hintsFile ?? null,
    port: port ?? configured?.port ?? 53,
  };
}

/** `vu.nl=vu.nl.zone`; a name has no `=` unless it is escaped. */
function parseZone(text: string): { name: Name; file: string } {
  const at = text.indexOf("=");
  if (at <= 0 || at === text.length - 1) {
    throw new UsageError(`--zone ${text}: NAME=FILE is wanted, such as vu.nl=vu.nl.zone`);
  }
  return { name: parseName("zone", text.slice(0, at)), file: text.slice(at + 1) };
}

function checkTwice({ zones, secondaries }: ServeSettings): void {
  const seen = new Map<string, string>();
  const all = [
    ...zones.map(({ name, file }) => ({ name, from: file })),
    ...secondaries.map(({ name, primaries }) => ({ name, from: formatEndpoint(primaries[0]!.endpoint) })),
  ];
  for (const { name, from } of all) {
    const before = seen.get(name.key);
    if (before !== undefined) throw new UsageError(`the zone ${name.toString()} is given twice: ${before} and ${from}`);
    seen.set(name.key, from);
  }
}

const layerOf = (text: string | null): Layer | null =>
  text === "global" || text === "administrational" || text === "managerial" ? text : null;
