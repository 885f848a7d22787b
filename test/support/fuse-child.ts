/**
 * Serves a local directory by FUSE until its standard input ends: `node fuse-child.ts EXPORTED DIRECTORY [read-only] [exit]`. Prints "ready". What it is told on
 * standard input: "detach", "lazy", "exit" (at once, without a word to the mount), "throw".
 */
import { createInterface } from "node:readline";
import { silentLog, stayAlive, systemClock, systemRandom } from "../../base/index.ts";
import { attachFuse, LocalFileSystem } from "../../mount/index.ts";

const [directory, target, mode] = process.argv.slice(2);
const fileSystem = await LocalFileSystem.open({
  directory: directory!,
  tablePath: ":memory:",
  isWritable: mode !== "read-only",
  random: systemRandom,
  log: silentLog,
});
const attached = await attachFuse({ fileSystem, directory: target!, clock: systemClock, log: silentLog });
process.stdout.write("ready\n");
const alive = stayAlive();
void attached.ended.then((code) => {
  process.stdout.write(`ended ${code}\n`);
  alive[Symbol.dispose]();
  input.close();
});
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  switch (line) {
    case "exit":
      process.exit(7);
      break;
    case "throw":
      throw new Error("as told");
    default:
      attached
        .detach(line === "lazy" ? "lazy" : "whole")
        .catch((error: unknown) => process.stdout.write(`${String(error)}\n`));
  }
});
// Whoever started it has ended.
input.on("close", () => void attached.detach("lazy").catch(() => undefined));
