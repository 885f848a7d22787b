/**
 * Documents run: every `sh` fence of the README and of docs/ is executed in a folder of its own, top to bottom, on another
 * port than the documents name, so that it does not meet a name space that runs on this machine.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fences, readDocuments, shellLines } from "../house/documents.ts";
import { end, findProgram, freePort } from "../support/peers.ts";
import { ROOT } from "../support/repository-copy.ts";

const DOCUMENTED_PORT = "8053";
const PEER_TOOLS = ["dig", "kdig", "drill"] as const;

const documents = readDocuments().filter(({ path }) => path === "README.md" || path.startsWith("docs/"));
const scripts = documents
  .map(({ path, text }) => ({
    path,
    lines: fences(text).flatMap((fence) => (fence.language === "sh" ? shellLines(fence.text) : [])),
  }))
  .filter(({ lines }) => lines.length > 0);

describe.each(scripts)("$path", ({ lines }) => {
  const folder = mkdtempSync(join(tmpdir(), "strata-document-"));
  mkdirSync(join(folder, "bin"));
  for (const entry of ["bin/strata", "examples"]) symlinkSync(join(ROOT, entry), join(folder, entry));
  let started: ChildProcess | null = null;
  let port = DOCUMENTED_PORT;
  afterAll(async () => {
    if (started !== null) await end(started, null);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(lines)("%s", async (line) => {
    if (line === "npm start") {
      port = String(await freePort());
      started = await start(folder, port);
      return;
    }
    // The other scripts of package.json are what runs this test; test/house looks up that they are there.
    if (line.startsWith("npm ") || line === ".ci/run") return;
    const tool = PEER_TOOLS.find((name) => line.startsWith(`${name} `));
    if (tool !== undefined && findProgram(tool) === null) {
      expect(process.env["CI"], `${tool} is not installed: npm run peers`).not.toBe("true");
      process.stderr.write(`SKIPPED ${line}: ${tool} is not installed: npm run peers\n`);
      return;
    }
    const typed = line.replaceAll(DOCUMENTED_PORT, port);
    const written = execFileSync("sh", ["-eu", "-c", typed], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (!typed.includes(">") && !typed.includes("check")) expect(written.trim()).not.toBe("");
  });
});

/** `npm start` as package.json has it, without npm. */
function start(folder: string, port: string): Promise<ChildProcess> {
  const child = spawn("bin/strata", ["up", "--port", port], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (/^ready$/m.test(text)) resolve(child);
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code}:\n${text}`)));
  });
}
