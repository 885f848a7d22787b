/** `strata propagation`: how far a change has travelled, server by server, and when the last cache must have forgotten what was before. */
import { sleep, stayAlive, systemClock, systemFiles, systemRandom } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { DNS_PORT, type Endpoint, systemAsk } from "../net/index.ts";
import { createEngine, serversAt, serversOf, survey, type SurveyParts } from "../resolver/index.ts";
import type { Arguments } from "./arguments.ts";
import { findState, readHintsFile } from "./beginning.ts";
import { askControl, controlPlaces } from "./control/asking.ts";
import { isLastChange, type LastChange } from "./control/last-changes.ts";
import { EXIT, WorkError } from "./failure.ts";
import { parseEndpoints, parseName, parsePort } from "./options-read.ts";
import type { Output } from "./output.ts";
import { jsonOf, type Propagation, textOf } from "./propagation-text.ts";

const TIMEOUT_MILLISECONDS = 2000;
const WATCH_MILLISECONDS = 500;
const NEVER = new AbortController().signal;

export async function propagation(given: Arguments, output: Output): Promise<number> {
  const zone = parseName("ZONE", given.required("ZONE"));
  const configured = parseEndpoints("server", given.texts("server"));
  const parts = partsOf(given, configured);
  const servers = await serversOf(parts, zone, configured, NEVER);
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
  try {
    for (const place of controlPlaces(given, zone, systemFiles)) {
      const change = await askControl(place, { command: "last-change", zone: zone.toString() });
      if (isLastChange(change)) return change;
    }
  } catch {
    return null; // It is told where it can be; the servers are what was asked for.
  }
  return null;
}
