/**
 * Makes node_modules what package-lock.json says, before npm's start, test and check. Instant when it already is.
 * Runs on the Node of the machine (20 or later) and needs nothing installed. Two runs at once wait for one another.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_MAJOR = 26;
/** How long a second run waits for the first one's npm ci before it says so and gives up. */
const WAIT_SECONDS_MAX = 900;

/** @returns {string} Digest of what decides the content of node_modules: the lock file and the platform. */
export function wantedDigest(root) {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
}

/** True when node_modules is what the lock file says; a plain `npm ci` by hand counts as well. */
export function isInstalled(root) {
  const modules = join(root, "node_modules");
  if (!existsSync(join(modules, ".bin", "node"))) return false;
  const digest = wantedDigest(root);
  const mark = markPath(root);
  if (existsSync(mark)) return readFileSync(mark, "utf8") === digest;
  if (!matchesHiddenLock(root)) return false;
  try {
    writeFileSync(mark, digest);
  } catch {
    // A read-only checkout: the comparison is only repeated next time.
  }
  return true;
}

function markPath(root) {
  return join(root, "node_modules", ".strata-lock");
}

/** Compares with the list that npm leaves in node_modules of what it installed. */
function matchesHiddenLock(root) {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const installed = packagesOf(hidden);
  const wanted = packagesOf(join(root, "package-lock.json"));
  delete wanted[""];
  const missing = Object.keys(wanted).filter((path) => wanted[path].version !== installed[path]?.version);
  const surplus = Object.keys(installed).filter((path) => !(path in wanted));
  return surplus.length === 0 && missing.every((path) => wanted[path].optional && !(path in installed));
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
}

/** Runs npm ci under the lock. Returns what to tell the user when it failed, or null. */
function install(root) {
  say("installing what package-lock.json says (npm ci) …");
  const began = Date.now();
  const { command, args } = npm();
  const run = spawnSync(
    command,
    [...args, "ci", "--include=dev", "--no-audit", "--no-fund", "--ignore-scripts=false"],
    {
      cwd: root,
      env: environment(root),
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      maxBuffer: 64 * 2 ** 20,
    },
  );
  if (run.error) return `npm could not be started: ${run.error.message}`;
  if (run.status !== 0) return `npm ci failed:\n${run.stdout}${run.stderr}`;
  const version = spawnSync(join(root, "node_modules", ".bin", "node"), ["--version"], { encoding: "utf8" });
  const major = Number(/^v(\d+)\./.exec(version.stdout ?? "")?.[1] ?? 0);
  if (major < NODE_MAJOR) {
    return `npm ci went through, but node_modules/.bin/node is not Node ${NODE_MAJOR}: its install script did not run.\n${run.stdout}${run.stderr}`;
  }
  writeFileSync(markPath(root), wantedDigest(root));
  say(`done in ${Math.round((Date.now() - began) / 1000)} s`);
  return null;
}

/** The npm that runs us, with its own Node: the one in node_modules disappears while npm ci works. */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script && node && existsSync(script) && existsSync(node) && !node.includes("node_modules")) {
    return { command: node, args: [script] };
  }
  return { command: "npm", args: [] };
}

/** Our environment without what an outer npm run left in it, and without node_modules on the PATH. */
function environment(root) {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(lifecycle|package|command|config_(dry_run|json|omit|include|ignore_scripts|local_prefix|prefix))/.test(
        name,
      ),
  );
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !resolve(folder).startsWith(join(root, "node_modules")))
    .join(delimiter);
  return { ...Object.fromEntries(kept), PATH: path, NODE_ENV: "development" };
}

/** Takes the lock (a folder: making one is atomic) and returns its release; waits while a living process has it. */
function lock(root) {
  const folder = join(root, ".cache", "setup.lock");
  const owner = join(folder, "pid");
  mkdirSync(dirname(folder), { recursive: true });
  let announced = false;
  for (let waited = 0; ; waited += 0.2) {
    try {
      mkdirSync(folder);
      writeFileSync(owner, String(process.pid));
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (cause) {
      if (cause.code !== "EEXIST") throw cause;
    }
    if (isAbandoned(folder, owner)) {
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    if (!announced) say("another run is installing; waiting for it …");
    announced = true;
    if (waited > WAIT_SECONDS_MAX) throw new Error(`gave up waiting; when no other run is left, remove ${folder}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** The process that took the lock is gone, or it died before it wrote its number. */
function isAbandoned(folder, owner) {
  const pid = existsSync(owner) ? Number(readFileSync(owner, "utf8")) : 0;
  if (pid > 0) return !isAlive(pid);
  const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > 5000;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause.code === "EPERM";
  }
}

function say(text) {
  process.stderr.write(`strata setup: ${text}\n`);
}

/** @returns {number} exit code */
export function setUp(root) {
  if (isInstalled(root)) return 0;
  const release = lock(root);
  try {
    // The run we waited for may have done the work.
    const failure = isInstalled(root) ? null : install(root);
    if (failure !== null) say(failure);
    return failure === null ? 0 : 1;
  } finally {
    release();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = setUp(resolve(dirname(fileURLToPath(import.meta.url)), ".."));
}
