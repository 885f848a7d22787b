/** `strata bank serve`: a bank server, found by its name for as long as it runs. */
import { availableParallelism, hostname } from "node:os";
import { createLog, type Log, stayAlive, systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import { BankServer, type Identity, isCurrency, publicKeyDigest } from "../../bank/index.ts";
import { type Endpoint, formatEndpoint } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError } from "../failure.ts";
import { hostAddresses } from "../host-addresses.ts";
import { readKey } from "../keys.ts";
import { parseEndpointOrFree, parseSeconds, parseThreads } from "../options-read.ts";
import type { Output } from "../output.ts";
import { aborted, stopSignal } from "../signals.ts";
import { plainName, runningState, STATE_FOLDER } from "../state.ts";
import { bankFolderOf, keyFileIn, ledgerFileOf, noteBooks } from "./folder.ts";
import { type BankName, Epoch, primaryOf } from "./naming.ts";
import { becomePrimary, type Naming, registerBank, type StartedBank } from "./presence.ts";
import { authorityIn, certificateFrom, givenCertificate, serverKeyIn } from "./secrets.ts";

/** Where a bank listens that is not told where: on this machine, at a port that is free. */
const LISTEN_DEFAULT = "127.0.0.1:0";
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
  const work = { log, output, stop };
  if (naming === null) {
    await serveTerm(plan, null, work);
    return EXIT.ok;
  }
  let isAtOnce = given.flag("take-over");
  let hasServed = false;
  while (await becomePrimary(naming.epoch, { isAtOnce, isPatient: hasServed, database: plan.database, output, stop })) {
    [isAtOnce, hasServed] = [false, true];
    if (await serveTerm(plan, naming, work)) break;
    output.note(`another server of ${plan.bank} has taken over: this one waits`);
  }
  return EXIT.ok;
}

interface TermWork {
  readonly log: Log;
  readonly output: Output;
  readonly stop: AbortSignal;
}

/** From when it is the primary until it is told to stop (true), or another has taken over (false). */
async function serveTerm(plan: BankPlan, naming: Naming | null, { log, output, stop }: TermWork): Promise<boolean> {
  const started = await startBank(plan, naming?.epoch.number ?? null, log);
  const term = new AbortController();
  const isEnded = AbortSignal.any([stop, term.signal]);
  try {
    const { kept, over } =
      naming === null
        ? { kept: aborted(stop), over: aborted(stop) }
        : await registerBank(started, naming, { output, stop: isEnded });
    output.result(`${plan.bank} is at ${urlOf(plan, started)}`);
    output.result("ready");
    await Promise.race([kept, over]);
    term.abort();
    await kept;
  } finally {
    term.abort();
    await started.server.close();
  }
  return stop.aborted;
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

/** @param epoch See `BankServerParts`. */
export async function startBank(plan: BankPlan, epoch: number | null, log: Log): Promise<StartedBank> {
  const { bank, stateFolder, listen } = plan;
  const folder = bankFolderOf(stateFolder, bank);
  systemFiles.makeFolder(folder);
  noteBooks(folder, plan.database);
  const host = hostOf(plan);
  const addressesNow = (): readonly string[] => (isAnyAddress(listen.address) ? hostAddresses() : [listen.address]);
  const identity =
    plan.certificate ?? (await certificateFrom(await authorityIn(folder, bank), [host, bank], addressesNow()));
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
  const name: BankName = {
    ...{ bank, host, port: server.port, priority: 0, weight: 1, keyDigest },
    // A machine may get other addresses while it runs.
    get addresses() {
      return addressesNow();
    },
  };
  return { server, name };
}

/** Of its pages. */
export const urlOf = ({ listen }: BankPlan, { server }: StartedBank): string =>
  `https://${formatEndpoint({ address: listen.address, port: server.port })}/`;

const isAnyAddress = (address: string): boolean => address === "0.0.0.0" || address === "::";

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
  const epoch = new Epoch(bank, hostOf(plan), { primary, key });
  await epoch.check();
  return { primary, key, leaseSeconds, epoch };
}
