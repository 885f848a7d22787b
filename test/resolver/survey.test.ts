import { describe, expect, test } from "vitest";
import { Name, RCODE } from "../../dns/index.ts";
import { serversOf, survey, type Surveyed, type SurveyParts } from "../../resolver/index.ts";
import { PORT, ROOT, World } from "./world.ts";

const zone = Name.parse("vu.nl.");
const signal = new AbortController().signal;

const soa = (serial: number): string => `vu.nl. 300 SOA ns1.vu.nl. admin.vu.nl. ${serial} 3600 600 86400 300`;
const vu = (serial: number): string => `
  ${soa(serial)}
  vu.nl. 300 NS ns1.vu.nl.
  vu.nl. 300 NS ns2.vu.nl.
  ns1.vu.nl. 300 A 192.0.2.1
  ns2.vu.nl. 300 A 192.0.2.2`;

/** The root, nl above the zone, and servers of the zone with these serials; `named` are those that nl names. */
function world(serials: Readonly<Record<string, number>>, named = ["ns1", "ns2"]): World {
  const made = new World();
  made.server(ROOT, {
    ".": ". 300 SOA a.root. x. 1 3600 600 86400 300\n. 300 NS a.root.\na.root. 300 A 198.41.0.4\nnl. 300 NS ns.nl.\nns.nl. 300 A 192.0.2.9",
  });
  const delegation = named.map((name) => `vu.nl. 300 NS ${name}.vu.nl.`).join("\n");
  made.server("192.0.2.9", {
    "nl.": `nl. 300 SOA ns.nl. x. 1 3600 600 86400 300\nnl. 300 NS ns.nl.\nns.nl. 300 A 192.0.2.9\n${delegation}
      ns1.vu.nl. 300 A 192.0.2.1\nns2.vu.nl. 300 A 192.0.2.2\nold.vu.nl. 300 A 192.0.2.3`,
  });
  for (const [address, serial] of Object.entries(serials)) made.server(address, { "vu.nl.": vu(serial) });
  return made;
}

function partsOf(made: World): SurveyParts {
  return { engine: made.engine(), ask: made.network.ask("192.0.2.250"), port: PORT, timeoutMilliseconds: 1000 };
}

async function surveyed(made: World, hidden: readonly string[] = []): Promise<{ told: string[]; isAgreed: boolean }> {
  const parts = partsOf(made);
  const configured = hidden.map((address) => ({ address, port: PORT }));
  const servers = await made.clock.run(serversOf(parts, zone, configured, signal));
  const outcome = await made.clock.run(survey(parts, zone, servers, signal));
  return { told: outcome.servers.map(tell), isAgreed: outcome.isAgreed };
}

function tell({ endpoint, knownFrom, standing }: Surveyed): string {
  const where = `${endpoint?.address ?? "nowhere"} (${knownFrom.join(", ")})`;
  return `${where}: ${standing.kind === "serves" ? `${standing.serial} ${standing.transport}` : standing.kind}`;
}

describe("how far the servers of a zone are", () => {
  test("all have the same serial", async () => {
    expect(await surveyed(world({ "192.0.2.1": 7, "192.0.2.2": 7 }))).toEqual({
      told: ["192.0.2.1 (zone, parent): 7 udp", "192.0.2.2 (zone, parent): 7 udp"],
      isAgreed: true,
    });
  });

  test("one is behind; serials go round (RFC 1982)", async () => {
    const { told, isAgreed } = await surveyed(world({ "192.0.2.1": 3, "192.0.2.2": 4_294_967_295 }));
    expect(told).toEqual(["192.0.2.1 (zone, parent): 3 udp", "192.0.2.2 (zone, parent): 4294967295 udp"]);
    expect(isAgreed).toBe(false);
  });

  test("one that only the parent names, and one that nobody names", async () => {
    const made = world({ "192.0.2.1": 7, "192.0.2.2": 7, "192.0.2.4": 7 }, ["ns1", "ns2", "old"]);
    const { told, isAgreed } = await surveyed(made, ["192.0.2.4"]);
    // The zone itself does not know the name that the parent delegates to.
    expect(told.slice(2)).toEqual(["nowhere (parent): silent", "192.0.2.4 (configured): 7 udp"]);
    expect(isAgreed).toBe(false);
  });

  test("one answers nothing, one refuses, one speaks TCP alone", async () => {
    const made = world({ "192.0.2.1": 7 });
    made.server("192.0.2.2", { "vu.nl.": vu(7) }, (response, _request, peer) =>
      peer.transport === "udp" ? null : response,
    );
    made.server("192.0.2.4", { "vu.nl.": vu(7) }, (response) => ({ ...response, rcode: RCODE.REFUSED, answer: [] }));
    const { told, isAgreed } = await surveyed(made, ["192.0.2.4", "192.0.2.5"]);
    expect(told).toEqual([
      "192.0.2.1 (zone, parent): 7 udp",
      "192.0.2.2 (zone, parent): 7 tcp",
      "192.0.2.4 (configured): refuses",
      "192.0.2.5 (configured): silent",
    ]);
    expect(isAgreed).toBe(false);
  });
});
