/** What `strata up` shows of a running name space: which zone is where, layer by layer, and what to try. */
import { type Endpoint, formatEndpoint } from "../net/index.ts";
import type { Output, Paint } from "./output.ts";

export interface PicturedZone {
  readonly name: string;
  readonly layer: string;
  /** Null where another process knows. */
  readonly records: number | null;
  readonly servers: readonly { readonly name: string; readonly address: string }[];
}

export interface PicturedBank {
  readonly name: string;
  readonly url: string;
  readonly holders: readonly { readonly name: string; readonly card: string; readonly pin: string }[];
}

export interface Picture {
  readonly port: number;
  readonly resolver: string;
  readonly zones: readonly PicturedZone[];
  readonly bank: PicturedBank | null;
  /** The file server. */
  readonly files: { readonly endpoint: Endpoint; readonly exports: readonly string[] } | null;
  readonly suggestions: readonly string[];
}

const LAYERS: readonly (readonly [layer: string, what: string])[] = [
  ["global", "the root and its children: groups of organisations"],
  ["administrational", "one organisation each"],
  ["managerial", "one department each: hosts, people, things that move"],
];

export function drawPicture(picture: Picture, output: Output): void {
  const { paint } = output;
  const servers = new Set(picture.zones.flatMap((zone) => zone.servers.map(({ address }) => address)));
  output.result(paint.bold(`${picture.zones.length} zones on ${servers.size} servers, port ${picture.port}`));
  const widths = columnWidths(picture.zones);
  for (const [layer, what] of LAYERS) {
    const zones = picture.zones.filter((zone) => zone.layer === layer);
    if (zones.length === 0) continue;
    output.result(`\n  ${layerPaint(layer, paint)(layer)} ${paint.dim(`· ${what}`)}`);
    for (const zone of zones) drawZone(zone, widths, output);
  }
  output.result(`\n  ${paint.cyan("resolver")} ${paint.dim("· keeps answers for its clients")}`);
  output.result(`    ${"any name".padEnd(widths.zone)}  ${picture.resolver}`);
  if (picture.bank !== null) drawBank(picture.bank, widths, output);
  if (picture.files !== null) {
    const { endpoint, exports } = picture.files;
    output.result(`\n  ${paint.cyan("files")} ${paint.dim("· mounted by the server's name")}`);
    output.result(`    ${exports.join(" ").padEnd(widths.zone)}  ${formatEndpoint(endpoint)}`);
  }
  if (picture.suggestions.length === 0) return;
  output.result(`\n${paint.bold("To try in another shell:")}`);
  for (const suggestion of picture.suggestions) output.result(`  ${suggestion}`);
  output.result("");
}

interface Widths {
  readonly zone: number;
  readonly address: number;
  readonly server: number;
}

function columnWidths(zones: readonly PicturedZone[]): Widths {
  const widest = (texts: readonly string[]): number => Math.max(8, ...texts.map((text) => text.length));
  const servers = zones.flatMap((zone) => zone.servers);
  return {
    zone: widest(zones.map(({ name }) => name)),
    address: widest(servers.map(({ address }) => address)),
    server: widest(servers.map(({ name }) => name)),
  };
}

function drawBank({ name, url, holders }: PicturedBank, widths: Widths, { result, paint }: Output): void {
  result(`\n  ${paint.cyan("bank")} ${paint.dim("· found by its name")}`);
  result(`    ${name.padEnd(widths.zone)}  ${url}`);
  for (const { name: holder, card, pin } of holders)
    result(`    ${holder.padEnd(widths.zone)}  card ${card}, PIN ${pin}`);
}

function drawZone(zone: PicturedZone, widths: Widths, { result, paint }: Output): void {
  zone.servers.forEach(({ name, address }, i) => {
    const first = i === 0;
    const zoneText = (first ? zone.name : "").padEnd(widths.zone);
    const records = first && zone.records !== null ? paint.dim(`${zone.records} records`) : "";
    const text = `    ${paint.bold(zoneText)}  ${address.padEnd(widths.address)}  ${name.padEnd(widths.server)}  ${records}`;
    result(text.trimEnd());
  });
}

function layerPaint(layer: string, paint: Paint): (text: string) => string {
  if (layer === "global") return paint.blue;
  return layer === "administrational" ? paint.green : paint.yellow;
}
