/** `strata propagation`: how far a change has travelled, server by server, and when the last cache must have forgotten what was before. */
import { sleep, stayAlive, systemClock, systemFiles, systemRandom } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { DNS_PORT, type Endpoint, parseEndpoint, systemAsk } from "../net/index.ts";
import type { NotifyStatus } from "../replication/index.ts";
import { createEngine, serversAt, serversOf, survey, type SurveyParts } from "../resolver/index.ts";
import type { Arguments } from "./arguments.ts";
import { findState, readHintsFile } from "./beginning.ts";
import { askControl, controlPlaces, controlSocketOf } from "./control/asking.ts";
import { isStatus } from "./control/commands.ts";
import { isLastChange, type LastChange } from "./control/last-changes.ts";
import { EXIT, WorkError } from "./failure.ts";
import { parseEndpoints, parseName, parsePort } from "./options-read.ts";
import type { Output } from "./output.ts";
import { jsonOf, type Propagation, textOf } from "./propagation-text.ts";
import { STATE_FOLDER } from "./state.ts";

const TIMEOUT_MILLISECONDS = 2000;
const WATCH_MILLISECONDS = 500;
const NEVER = new AbortController().signal;

export async function propagation(given: Arguments, output: Output): Promise<number> {
  const zone = parseName("ZONE", given.required("ZONE"));
  const configured = await beginningsOf(given);
  const parts = partsOf(given, configured);
  // Whom the primary tells is a server of the zone, also where no name says so.
  const hidden = (await notifiedBy(given, zone)).map(({ target }) => parseEndpoint(target));
  const servers = await serversOf(parts, zone, [...configured, ...hidden], NEVER);
  if (servers.length === 0) {
    throw new WorkError(`no server of ${zone.toString()} is known: name some with --server ADDR:PORT`);
  }
  const isJson = given.flag("json");
  using _alive = stayAlive();
  let shown = "";
  for (;;) {
    const now = await survey(parts, zone, servers, NEVER);
    const told: Propagation = {
      zone,
      survey: now,
      change: await lastChange(given, zone),
      notified: await notifiedBy(given, zone),
      atSeconds: systemClock.wallSeconds(),
    };
    const key = JSON.stringify(
      now.servers.map(({ standing }) => (standing.kind === "serves" ? standing.serial : standing.kind)),
    );
    // While it is watched, only what has changed is news.
    if (key !== shown) output.result(isJson ? JSON.stringify(jsonOf(told)) : textOf(told, output.paint));
    shown = key;
    if (now.isAgreed) return EXIT.ok;
    if (!given.flag("watch")) return now.newest === null ? EXIT.unknown : EXIT.no;
    await sleep(systemClock, WATCH_MILLISECONDS, NEVER);
  }
}

/** The servers that are named on the command line; where none is and the state folder is that of one server, where that listens. */
async function beginningsOf(given: Arguments): Promise<readonly Endpoint[]> {
  const named = parseEndpoints("server", given.texts("server"));
  const folder = given.text("state") ?? STATE_FOLDER;
  const socket = controlSocketOf(folder);
  if (named.length > 0 || given.text("hints") !== null || !systemFiles.exists(socket)) return named;
  const status = await askControl({ name: folder, socket }, { command: "status" });
  if (!isStatus(status)) return named;
  // Who listens on all addresses is asked on the loopback.
  return status.listen.map((text) =>
    parseEndpoint(text.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:")),
  );
}

const INSTEAD =
  "start it, or say where to begin: --hints FILE begins at the root, --server ADDR:PORT names servers of the zone";

/** Servers that are named on the command line will do where no root is known: then the zone is asked of them. */
function partsOf(given: Arguments, configured: readonly Endpoint[]): SurveyParts {
  const ask = systemAsk({ clock: systemClock, random: systemRandom });
  const portText = given.text("port");
  const port = portText === null ? null : parsePort("port", portText);
  const hintsFile = given.text("hints");
  const beside = hintsFile === null && configured.length === 0 ? findState(given.text("state") ?? "", INSTEAD) : null;
  const hints =
    hintsFile !== null
      ? readHintsFile(hintsFile)
      : beside !== null
        ? readHintsFile(beside.hintsFile)
        : serversAt(configured);
  const asked = port ?? beside?.state.port ?? configured[0]?.port ?? DNS_PORT;
  const engine = createEngine(
    { ask, clock: systemClock, random: systemRandom },
    { hints, port: asked, allowPrivate: true },
  );
  return { engine, ask, port: asked, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}

/** What the server that made it says of the last change; null where none of this machine can be asked. */
async function lastChange(given: Arguments, zone: Name): Promise<LastChange | null> {
  return (await toldBy(given, zone, "last-change")).find(isLastChange) ?? null;
}

/** How those whom the servers of this machine tell of changes have answered. */
async function notifiedBy(given: Arguments, zone: Name): Promise<readonly NotifyStatus[]> {
  return (await toldBy(given, zone, "notified")).flatMap((told) =>
    Array.isArray(told) ? told.filter(isNotifyStatus) : [],
  );
}

/** What each server of the zone on this machine says; none where none can be asked: the servers' answers are what was asked for. */
async function toldBy(given: Arguments, zone: Name, command: string): Promise<unknown[]> {
  try {
    const places = controlPlaces(given, zone, systemFiles);
    const asked = await Promise.allSettled(
      places.map((place) => askControl(place, { command, zone: zone.toString() })),
    );
    return asked.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  } catch {
    return [];
  }
}

const isNotifyStatus = (value: unknown): value is NotifyStatus =>
  typeof value === "object" && value !== null && "target" in value && "serial" in value && "answer" in value;
