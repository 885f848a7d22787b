/**
 * PostgreSQL for tests and benchmarks: a cluster of our own in a temporary folder, on a high loopback port, by itself or with a standby that
 * confirms each commit. As root it runs as user postgres, which is the only one that it wants to run as. It is ended by its process id, and
 * ends by itself when whoever started it is killed.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePort, type Program, program } from "./peer-configuration.ts";

const STEP_MILLISECONDS = 60_000;
const USER = "postgres";

/** Where a server runs: what stands before its commands, so that they run in a network of its own, and its address there. */
export interface PostgresPlace {
  readonly within: readonly string[];
  readonly address: string;
}

const LOOPBACK: PostgresPlace = { within: [], address: "127.0.0.1" };

/** One server, which may be killed and started again. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #place: PostgresPlace;
  readonly #folder: string;
  #child: ChildProcess | null = null;
  #log = "";

  private constructor(folder: string, port: number, place: PostgresPlace) {
    this.#folder = folder;
    this.port = port;
    this.#place = place;
  }

  /** A new cluster, with these settings besides; durable as PostgreSQL is unless told. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    place: PostgresPlace = LOOPBACK,
  ): Promise<PostgresServer> {
    const server = new PostgresServer(newFolder(), await freePort(), place);
    try {
      server.#command("initdb", [
        "-D",
        server.#data,
        "-A",
        "trust",
        "-U",
        USER,
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
      ]);
      server.#configure({ ...settings, unix_socket_directories: server.#folder });
      server.#configureAddress();
      await server.resume();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A standby of this one; from when it has caught up no commit is answered before it has it too. */
  async startStandby(name: string, place: PostgresPlace = LOOPBACK): Promise<PostgresServer> {
    const standby = new PostgresServer(newFolder(), await freePort(), place);
    try {
      const from = `host=${this.#place.address} port=${this.port} user=${USER} application_name=${name}`;
      standby.#command("pg_basebackup", [
        "-d",
        from,
        "-D",
        standby.#data,
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
        "--no-sync",
      ]);
      standby.#configure({ synchronous_standby_names: "", unix_socket_directories: standby.#folder });
      standby.#configureAddress();
      await standby.resume();
      await this.run(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
      await this.run("SELECT pg_reload_conf()");
      await this.#until("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'");
      return standby;
    } catch (error) {
      await standby[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `postgres://${USER}@${this.#place.address}:${this.port}/postgres`;
  }

  /** From any network of this machine: by its socket in the file system. */
  get localUrl(): string {
    return `postgres://${USER}@${encodeURIComponent(this.#folder)}:${this.port}/postgres`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The folder of its files. */
  get #data(): string {
    return join(this.#folder, "data");
  }

  /** Starts it, or starts it again. */
  async resume(): Promise<void> {
    const [command, ...before] = [...this.#place.within, ...asUser("INT")];
    const args = [...before, program("postgres"), "-D", this.#data, "-p", String(this.port)];
    const child = spawn(command!, args, { stdio: ["ignore", "ignore", "pipe"], cwd: this.#folder });
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    try {
      await this.#until("SELECT 1");
    } catch (cause) {
      throw new Error(`postgres does not answer:\n${this.#log.slice(-4000)}`, { cause });
    }
  }

  /** As when its machine loses power: nothing is written any more. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    // The postmaster's children notice that it is gone, and end; SIGQUIT ends them at once, and nothing is written either.
    await ended(child, "SIGQUIT");
    this.#child = null;
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.run("SELECT pg_promote(true, 30)");
  }

  async run(sql: string, url: string = this.localUrl): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 2000,
      query_timeout: STEP_MILLISECONDS,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== null) await ended(this.#child, "SIGINT");
    this.#child = null;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Asks until there is a row, within a bound. */
  async #until(sql: string): Promise<void> {
    const deadline = performance.now() + STEP_MILLISECONDS;
    for (;;) {
      const rows = await this.run(sql).catch((error: unknown) => {
        if (this.#child?.exitCode !== null || performance.now() > deadline) throw error;
        return [];
      });
      if (rows.length > 0) return;
      if (performance.now() > deadline) throw new Error(`${sql} gives nothing`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  #configure(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
    appendFileSync(join(this.#data, "postgresql.conf"), lines.join(""));
  }

  #configureAddress(): void {
    this.#configure({ listen_addresses: this.#place.address });
    // Whoever reaches it in a network of its own is one of ours.
    appendFileSync(join(this.#data, "pg_hba.conf"), `host all,replication all samenet trust\n`);
  }

  #command(name: Program, args: readonly string[]): void {
    const [command, ...before] = [...this.#place.within, ...asUser("KILL")];
    const { status, stderr } = spawnSync(command!, [...before, program(name), ...args], {
      cwd: this.#folder,
      timeout: STEP_MILLISECONDS,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${name} failed:\n${stderr}`);
  }
}

/** What stands before a command: it ends by that signal when whoever started it ends, and is not root. */
function asUser(signal: string): string[] {
  const user = process.getuid?.() === 0 ? [`--reuid=${USER}`, `--regid=${USER}`, "--init-groups"] : [];
  return ["setpriv", ...user, "--pdeathsig", signal];
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "strata-postgres-"));
  if (process.getuid?.() === 0) {
    const id = (flag: string): number => Number(spawnSync("id", [flag, USER], { encoding: "utf8" }).stdout);
    chownSync(folder, id("-u"), id("-g"));
  }
  return folder;
}

async function ended(child: ChildProcess, signal: "SIGINT" | "SIGQUIT"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  const impatient = setTimeout(() => child.kill("SIGQUIT"), 10_000);
  const last = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await exit;
  clearTimeout(impatient);
  clearTimeout(last);
}
