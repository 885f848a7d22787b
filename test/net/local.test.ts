import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLog, systemFiles } from "../../base/index.ts";
import { askLocal, LocalError, type LocalHandler, type LocalListener, listenLocal } from "../../net/index.ts";

let folder: string;
let listener: LocalListener | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-local-"));
});
afterEach(async () => {
  await listener?.close();
  listener = null;
  rmSync(folder, { recursive: true });
});

const parts = { files: systemFiles, log: silentLog };
const socket = (): string => join(folder, "s.sock");

async function listening(handler: LocalHandler): Promise<void> {
  listener = await listenLocal(socket(), handler, parts);
}

/** What comes back to these octets, until the other side or we have had enough. */
function talk(octets: string, linesWanted: number): Promise<string[]> {
  return new Promise((resolve) => {
    let text = "";
    const raw = connect(socket());
    raw.write(octets);
    raw.on("data", (chunk) => {
      text += chunk.toString();
      if (text.split("\n").length > linesWanted) raw.destroy();
    });
    raw.on("close", () => resolve(text.split("\n").filter((line) => line !== "")));
  });
}

describe("a channel between programs of one user", () => {
  test("tells how it goes on, then the outcome", async () => {
    await listening((request, tell) => {
      tell("half");
      return Promise.resolve({ request });
    });
    const told: unknown[] = [];
    const outcome = await askLocal(socket(), { command: "x" }, (progress) => told.push(progress));
    expect([told, outcome]).toEqual([["half"], { request: { command: "x" } }]);
  });

  test("nobody else may open it", async () => {
    await listening(() => Promise.resolve(null));
    expect(statSync(socket()).mode & 0o777).toBe(0o600);
  });

  test("a refusal comes with its code; a fault says that there was one and no more", async () => {
    await listening((request) => {
      if (request === "refuse") throw new LocalError("NO_ZONE", "no such zone");
      throw new Error("secret");
    });
    await expect(askLocal(socket(), "refuse")).rejects.toMatchObject({ code: "NO_ZONE", message: "no such zone" });
    const fault = askLocal(socket(), "else");
    await expect(fault).rejects.toMatchObject({ code: "FAULT" });
    await expect(fault).rejects.not.toThrow(/secret/);
  });

  test("what is no JSON is refused, and the next line is answered", async () => {
    await listening((request) => Promise.resolve(request));
    const [first, second] = await talk('nonsense\n{"a":1}\n', 2);
    expect(JSON.parse(first!)).toMatchObject({ error: { code: "MALFORMED" } });
    expect(JSON.parse(second!)).toEqual({ outcome: { a: 1 } });
  });

  test("where nobody listens that is said; what a dead server left there is no hindrance", async () => {
    await expect(askLocal(socket(), {})).rejects.toMatchObject({ code: "ABSENT" });
    writeFileSync(socket(), "");
    await listening(() => Promise.resolve("here"));
    expect(await askLocal(socket(), {})).toBe("here");
  });

  test("two cannot listen at one place", async () => {
    await listening(() => Promise.resolve("first"));
    await expect(listenLocal(socket(), () => Promise.resolve("second"), parts)).rejects.toMatchObject({
      code: "IN_USE",
    });
    expect(await askLocal(socket(), {})).toBe("first");
  });

  test("a path that the system has no room for is told as such", async () => {
    const long = join(folder, "x".repeat(120));
    await expect(listenLocal(long, () => Promise.resolve(null), parts)).rejects.toMatchObject({ code: "TOO_LONG" });
  });

  test("who asks hears of a server that ends on the way", async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    await listening(() => {
      enter();
      return new Promise(() => undefined);
    });
    const asked = askLocal(socket(), {});
    await entered;
    const closing = listener?.close();
    await expect(asked).rejects.toMatchObject({ code: "BROKEN" });
    await closing;
    listener = null;
  });
});
