/** A few seconds of what `npm run soak` does for minutes, by both transports. */
import { expect, test } from "vitest";
import { loadBatchSystem } from "../../net/index.ts";
import { soakServe } from "../soak/serve.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 2026);
const system = await loadBatchSystem();

test.each(["batch", "dgram"] as const)(
  `under full load by %s every answer comes and is right, reloads or not (seed ${SEED})`,
  async (transport) => {
    if (transport === "batch" && typeof system === "string") return;
    const wanted = { minutes: 0.2, transport, seed: SEED, rowMilliseconds: 60_000, reloadMilliseconds: 2000 };
    const { last, exitCode, logged } = await soakServe({ ...wanted, onRow: () => undefined });
    expect(last).toMatchObject({ wrong: 0, udpLost: 0, tcpErrors: 0, faults: [] });
    expect(last.udpAnswered).toBeGreaterThan(1000);
    expect(last.tcpAnswered).toBeGreaterThan(100);
    expect(last.reloads).toBeGreaterThan(1);
    expect(exitCode).toBe(0);
    expect(logged.filter((line) => !line.includes("Node's own sockets"))).toEqual([]);
  },
  60_000,
);
