/** How far a change has travelled, for people and for programs. */
import type { Name } from "../dns/index.ts";
import { formatEndpoint } from "../net/index.ts";
import type { NotifyStatus } from "../replication/index.ts";
import type { Standing, Survey, Surveyed } from "../resolver/index.ts";
import type { LastChange } from "./control/last-changes.ts";
import type { Paint } from "./output.ts";

export interface Propagation {
  readonly zone: Name;
  readonly survey: Survey;
  readonly change: LastChange | null;
  /** How those who are told of changes have answered. */
  readonly notified: readonly NotifyStatus[];
  /** When this was seen, by the wall clock. */
  readonly atSeconds: number;
}

export function textOf(told: Propagation, paint: Paint): string {
  const { zone, survey, change } = told;
  const head = survey.newest === null ? "no server tells its serial" : `serial ${survey.newest}`;
  const rows = survey.servers.map((server) => [
    server.name?.toString() ?? "",
    server.endpoint === null ? "" : formatEndpoint(server.endpoint),
    [standingText(server.standing, told, paint), ...notifiedTexts(server, told)].join(", "),
    server.knownFrom.map((from) => WHENCE[from]).join(", "),
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    ([name, endpoint, standing, whence]) =>
      `  ${name!.padEnd(widths[0]!)}  ${endpoint!.padEnd(widths[1]!)}  ${standing!}  ${paint.dim(whence!)}`,
  );
  const changed = change === null ? [] : [`  ${changeText(change, told)}`];
  return [
    `${paint.bold(zone.toString())} ${head}`,
    ...lines,
    ...changed,
    ...forgettingTexts(told).map((text) => `  ${text}`),
  ].join("\n");
}

export function jsonOf(told: Propagation): unknown {
  const { zone, survey, change, atSeconds } = told;
  const { isAgreed, newest } = survey;
  return {
    zone: zone.toString(),
    atSeconds,
    agreed: isAgreed,
    serial: newest,
    change,
    forgottenAtSeconds: forgottenAt(told),
    servers: survey.servers.map(({ name, endpoint, knownFrom, standing }) => ({
      name: name?.toString() ?? null,
      endpoint: endpoint === null ? null : formatEndpoint(endpoint),
      knownFrom,
      ...standing,
      behind: behindOf(standing, newest),
      lagSeconds: lagOf(standing, told),
      notified: notifiedOf({ endpoint }, told),
    })),
  };
}

const WHENCE: Readonly<Record<Surveyed["knownFrom"][number], string>> = {
  zone: "named by the zone",
  parent: "named by its parent",
  configured: "given",
};

/** Versions between, by serial numbers (RFC 1982); they need not have followed one another. */
function behindOf(standing: Standing, newest: number | null): number | null {
  return standing.kind === "serves" && newest !== null ? (newest - standing.serial) >>> 0 : null;
}

/** Seconds for which it has not had the last change, at least; null where that is not known. */
function lagOf(standing: Standing, { survey, change, atSeconds }: Propagation): number | null {
  const behind = behindOf(standing, survey.newest);
  if (behind === null || change === null || change.serial !== survey.newest) return null;
  return behind === 0 ? 0 : Math.max(0, atSeconds - change.atSeconds);
}

function notifiedOf({ endpoint }: Pick<Surveyed, "endpoint">, { notified }: Propagation): NotifyStatus | null {
  const target = endpoint === null ? null : formatEndpoint(endpoint);
  return notified.find((status) => status.target === target) ?? null;
}

function notifiedTexts(server: Surveyed, told: Propagation): string[] {
  const status = notifiedOf(server, told);
  if (status === null) return [];
  const { answer, serial, atSeconds } = status;
  const ago = Math.max(0, told.atSeconds - atSeconds);
  return [`NOTIFY of ${serial}: ${answer ?? "not answered yet"}, ${ago} s ago`];
}

function standingText(standing: Standing, told: Propagation, paint: Paint): string {
  const { newest } = told.survey;
  if (standing.kind === "silent") return paint.red(`no answer: ${standing.reason}`);
  if (standing.kind === "refuses") return paint.red(standing.reason);
  const behind = behindOf(standing, newest);
  const how = `serial ${standing.serial} over ${standing.transport.toUpperCase()}`;
  return behind === 0
    ? `${how} ${paint.green("current")}`
    : `${how} ${paint.yellow(`behind by ${behind}${forText(lagOf(standing, told))}`)}`;
}

const forText = (seconds: number | null): string => (seconds === null ? "" : ` for ${seconds} s`);

function changeText({ serial, atSeconds, by }: LastChange, told: Propagation): string {
  return `serial ${serial} was made ${Math.max(0, told.atSeconds - atSeconds)} s ago (${by})`;
}

/** The moment at which the last well-behaved cache has forgotten what was before; null while servers still say it, or nobody knows. */
function forgottenAt({ survey, change, atSeconds }: Propagation): number | null {
  if (change === null || !survey.isAgreed || survey.newest !== change.serial) return null;
  const seconds = Math.max(change.oldSeconds ?? 0, change.newSeconds ?? 0);
  // The last server may have told it until this moment, and not earlier than the change did it begin to be forgotten.
  return Math.max(change.atSeconds, atSeconds) + seconds;
}

function forgettingTexts(told: Propagation): string[] {
  const { change } = told;
  if (change === null) return [];
  const { oldSeconds, newSeconds } = change;
  const parts = [
    ...(oldSeconds === null ? [] : [`old records for ${oldSeconds} s`]),
    ...(newSeconds === null ? [] : [`that new ones are not there for ${newSeconds} s`]),
  ];
  if (parts.length === 0) return [];
  const at = forgottenAt(told);
  const since =
    at === null ? "from the moment at which the last server has it" : `at most ${at - told.atSeconds} s from now`;
  return [`caches may say ${parts.join(", and ")}; ${since}`];
}
