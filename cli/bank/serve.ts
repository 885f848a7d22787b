/** `strata bank serve`: a bank server, found by its name for as long as it runs. */
import { availableParallelism, hostname } from "node:os";
import { createLog, type Log, sleep, stayAlive, systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import {
  BankServer,
  type ChainHead,
  epochOfBooks,
  type Identity,
  isCurrency,
  publicKeyDigest,
} from "../../bank/index.ts";
import type { TsigKey } from "../../dns/index.ts";
import { type Endpoint, formatEndpoint } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, WorkError } from "../failure.ts";
import { hostAddresses } from "../host-addresses.ts";
import { readKey } from "../keys.ts";
import { parseEndpointOrFree, parseSeconds, parseThreads } from "../options-read.ts";
import type { Output } from "../output.ts";
import { Registration } from "../registration.ts";
import { aborted, stopSignal } from "../signals.ts";
import { plainName, runningState, STATE_FOLDER } from "../state.ts";
import { UpdateSender } from "../update-sender.ts";
import { bankFolderOf, keyFileIn, ledgerFileOf, noteBooks } from "./folder.ts";
import { type BankName, Epoch, primaryOf, registeredLines, withdrawalLines } from "./naming.ts";
import { authorityIn, certificateFrom, givenCertificate, serverKeyIn } from "./secrets.ts";

/** Where a bank listens that is not told where: on this machine, at a port that is free. */
const LISTEN_DEFAULT = "127.0.0.1:0";
const TIMEOUT_MILLISECONDS = 3000;
/** The head of the chain is told this often at most. */
const HEAD_MILLISECONDS = 10_000;
/** From one look at which server is the primary to the next. */
const STANDBY_MILLISECONDS = 1000;

export interface BankPlan {
  readonly bank: string;
  readonly stateFolder: string;
  readonly listen: Endpoint;
  readonly threads: number;
  readonly database: string;
  readonly currencies: readonly string[];
  readonly counter: "loopback" | "off";
  /** The first label of this server's own name. */
  readonly host: string;
  /** PEM files; null: one under the bank's own authority. */
  readonly certificate: Identity | null;
  readonly logLevel: string;
}

export async function bankServe(given: Arguments, output: Output): Promise<number> {
  const plan = planOf(given);
  const log = await createLog(plan.logLevel);
  const stop = stopSignal();
  using _alive = stayAlive();
  const naming = await namingOf(given, plan, output);
  const isAtOnce = given.flag("take-over");
  const { database } = plan;
  const isPrimary = naming === null || (await becomePrimary(naming.epoch, { isAtOnce, database, output, stop }));
  if (!isPrimary) return EXIT.ok;
  const started = await startBank(plan, naming?.epoch.number ?? null, log);
  try {
    const { kept, over } =
      naming === null
        ? { kept: aborted(stop), over: aborted(stop) }
        : await registerBank(started, naming, { output, stop });
    output.result(`${plan.bank} is at ${urlOf(plan, started)}`);
    output.result("ready");
    await Promise.race([kept, over]);
    if (stop.aborted) await kept;
    else throw new WorkError(`another server of ${plan.bank} has taken over: this one stops`);
  } finally {
    await started.server.close();
  }
  return EXIT.ok;
}

function planOf(given: Arguments): BankPlan {
  const text = given.text("name");
  if (text === null) throw new UsageError("the bank's name is missing: --name NAME, such as firstbank.com");
  const bank = plainName(text);
  const stateFolder = given.text("state") ?? STATE_FOLDER;
  const threads = parseThreads(given.text("threads") ?? "auto");
  const [certificate, key] = [given.text("certificate"), given.text("certificate-key")];
  if ((certificate === null) !== (key === null))
    throw new UsageError("--certificate and --certificate-key are given together");
  return {
    bank,
    stateFolder,
    listen: parseEndpointOrFree("listen", given.text("listen") ?? LISTEN_DEFAULT),
    threads: threads === "auto" ? Math.max(1, availableParallelism() - 1) : Math.max(1, threads),
    database: given.text("database") ?? ledgerFileOf(bankFolderOf(stateFolder, bank)),
    currencies: currenciesOf(given.texts("currency")),
    counter: given.text("counter") === "off" ? "off" : "loopback",
    host: given.text("host") ?? hostLabel(),
    certificate: certificate === null || key === null ? null : givenCertificate(certificate, key),
    logLevel: given.text("log") ?? "warn",
  };
}

function currenciesOf(texts: readonly string[]): readonly string[] {
  const wrong = texts.find((text) => !isCurrency(text));
  if (wrong !== undefined) throw new UsageError(`--currency ${wrong}: a code of ISO 4217 such as USD is wanted`);
  return texts.length === 0 ? ["USD", "EUR"] : texts;
}

/** As a label of a name. */
const hostLabel = (): string =>
  hostname()
    .split(".")[0]!
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63) || "bank";

/** This server's own name. */
export const hostOf = ({ host, bank }: BankPlan): string => `${host}.${bank}`;

export interface StartedBank {
  readonly server: BankServer;
  readonly name: BankName;
}

/** @param epoch See `BankServerParts`. */
export async function startBank(plan: BankPlan, epoch: number | null, log: Log): Promise<StartedBank> {
  const { bank, stateFolder, listen } = plan;
  const folder = bankFolderOf(stateFolder, bank);
  systemFiles.makeFolder(folder);
  noteBooks(folder, plan.database);
  const host = hostOf(plan);
  const addresses = isAnyAddress(listen.address) ? hostAddresses() : [listen.address];
  const identity =
    plan.certificate ?? (await certificateFrom(await authorityIn(folder, bank), [host, bank], addresses));
  const { currencies, counter, database, threads, logLevel } = plan;
  const server = await BankServer.start({
    task: {
      bank,
      currencies,
      counter,
      database,
      serverKey: serverKeyIn(folder),
      tls: { key: identity.key, cert: identity.certificate },
      endpoint: listen,
      log: logLevel,
    },
    threads,
    epoch,
    clock: systemClock,
    random: systemRandom,
    log,
  });
  const keyDigest = publicKeyDigest(identity.certificate);
  return { server, name: { bank, host, addresses, port: server.port, priority: 0, weight: 1, keyDigest } };
}

/** Of its pages. */
export const urlOf = ({ listen }: BankPlan, { server }: StartedBank): string =>
  `https://${formatEndpoint({ address: listen.address, port: server.port })}/`;

const isAnyAddress = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** Where and as whom it registers. */
export interface Naming {
  readonly primary: Endpoint;
  readonly key: TsigKey | null;
  readonly leaseSeconds: number;
  readonly epoch: Epoch;
}

/** Null, and a word about it, where nothing says who takes the registration. */
async function namingOf(given: Arguments, plan: BankPlan, output: Output): Promise<Naming | null> {
  const { bank, stateFolder } = plan;
  const state = runningState(stateFolder);
  const [primaryText, server] = [given.text("primary"), given.text("server")];
  if (state === null && primaryText === null && server === null) {
    output.note(`${bank} is not registered: nothing says where (--server ADDR:PORT of a resolver, or --primary)`);
    return null;
  }
  const keyFile = given.text("key") ?? keyFileIn(stateFolder, bank);
  const key = keyFile === null ? null : await readKey(keyFile, systemFiles);
  const primary = await primaryOf(bank, { primary: primaryText, server, state });
  const leaseSeconds = parseSeconds("lease", given.text("lease") ?? "30");
  return { primary, key, leaseSeconds, epoch: new Epoch(bank, hostOf(plan), { primary, key }) };
}

interface Beginning {
  /** Without waiting for who is the primary now. */
  readonly isAtOnce: boolean;
  /** The books, which may know a later epoch than the name space. */
  readonly database: string;
  readonly output: Output;
  readonly stop: AbortSignal;
}

/** Waits until no other server of the bank is registered, and takes the next epoch. False: it was stopped meanwhile. */
export async function becomePrimary(epoch: Epoch, { isAtOnce, database, output, stop }: Beginning): Promise<boolean> {
  let waitedFor: string | null = null;
  for (;;) {
    const other = isAtOnce ? null : await epoch.otherServer();
    // Others may want it at the same moment: whoever gets it is the primary.
    if (other === null && (await epoch.take(await epochOfBooks(database, systemClock)))) return true;
    if (other !== waitedFor && other !== null)
      output.note(`${other} is the bank's server now: this one waits until it is gone`);
    waitedFor = other;
    if (!(await paused(STANDBY_MILLISECONDS, stop))) return false;
  }
}

/** False when it was stopped. */
async function paused(milliseconds: number, stop: AbortSignal): Promise<boolean> {
  try {
    await sleep(systemClock, milliseconds, stop);
    return true;
  } catch {
    return false; // Nothing but the signal ends the wait.
  }
}

/** Registers; until the signal its records are renewed, then they are withdrawn. */
export async function registerBank(
  { server, name }: StartedBank,
  { primary, key, leaseSeconds, epoch }: Naming,
  { output, stop }: { readonly output: Output; readonly stop: AbortSignal },
): Promise<{ readonly kept: Promise<void>; readonly over: Promise<void> }> {
  const sender = new UpdateSender({
    server: primary,
    zone: null,
    lease: { seconds: leaseSeconds, keySeconds: null },
    key,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  const head = new LatestHead(server);
  const registration = await Registration.begin(
    { sender, leaseSeconds, clock: systemClock, random: systemRandom },
    {
      lines: () => registeredLines(name, head.latest()),
      withdrawal: () => withdrawalLines(name),
      onMoved: () => undefined,
      onTrouble: (message) => output.note(`not renewed: ${message}`),
    },
  );
  return { kept: registration.keep(stop), over: untilOver(epoch, stop) };
}

/** Resolves when another server has a later epoch, or the signal has come. */
async function untilOver(epoch: Epoch, stop: AbortSignal): Promise<void> {
  while (await paused(STANDBY_MILLISECONDS, stop)) {
    try {
      if (await epoch.isOver()) return;
    } catch (error) {
      // Who cannot be asked says nothing; the books themselves refuse a server whose epoch is over.
      if (!(error instanceof WorkError)) throw error;
    }
  }
}

/** Where the chain ends, looked up now and then. */
class LatestHead {
  readonly #server: BankServer;
  #head: ChainHead | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(server: BankServer) {
    this.#server = server;
  }

  latest(): ChainHead | null {
    if (systemClock.now() - this.#askedAt >= HEAD_MILLISECONDS) {
      this.#askedAt = systemClock.now();
      this.#server.head().then(
        (head) => (this.#head = head),
        () => undefined, // It is asked for again; what was told before stands meanwhile.
      );
    }
    return this.#head;
  }
}
