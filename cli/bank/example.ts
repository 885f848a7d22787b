/** The bank of a name space that `strata up` starts: its keys, its server, and the holders that the description names. */
import { createHash } from "node:crypto";
import { type Files, type Log, systemFiles, systemRandom, toBase64 } from "../../base/index.ts";
import { BankClient, BankFinder, httpsSender, isCurrency } from "../../bank/index.ts";
import { systemClock } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { parseEndpoint } from "../../net/index.ts";
import { registerAtm, type RegisteredAtm } from "../atm/registering.ts";
import { UsageError, WorkError } from "../failure.ts";
import { formatKey } from "../key-text.ts";
import { readKey } from "../keys.ts";
import type { Namespace } from "../namespace.ts";
import type { Output } from "../output.ts";
import { type NamespacePlan, updateKeyNameOf } from "../plan.ts";
import { plainName, updateKeyFileOf } from "../state.ts";
import { askingResolver } from "./connecting.ts";
import { bankFolderOf, ledgerFileOf } from "./folder.ts";
import { Epoch, primaryOf } from "./naming.ts";
import { answerIn } from "./open.ts";
import { authorityFileOf, textOf } from "./secrets.ts";
import { becomePrimary, registerBank } from "./presence.ts";
import { type BankPlan, hostOf, startBank, urlOf } from "./serve.ts";

const NEVER = new AbortController().signal;
const SECRET_OCTETS = 32;
const LEASE_SECONDS = 30;
const OPEN_MILLISECONDS = 10_000;

/** The keys of zones that programs change, made where there are none; servers read them as they start. */
export function makeUpdateKeys({ zones }: Namespace, stateFolder: string, files: Files = systemFiles): void {
  for (const { name, update } of zones) {
    const file = updateKeyFileOf(stateFolder, plainName(name));
    if (!update || files.exists(file)) continue;
    const secret = toBase64(systemRandom.octets(SECRET_OCTETS));
    const text = formatKey(Name.parse(updateKeyNameOf(name)), "hmac-sha256", secret);
    files.makeFolder(`${stateFolder}/keys`);
    files.writeSafely(file, [new TextEncoder().encode(text)]);
  }
}

export interface ExampleBank {
  readonly name: string;
  readonly url: string;
  readonly holders: readonly ExampleHolder[];
  close(): Promise<void>;
}

export interface ExampleHolder {
  readonly name: string;
  readonly account: string;
  readonly card: string;
  readonly pin: string;
}

export interface ExampleWork {
  readonly plan: NamespacePlan;
  readonly stateFolder: string;
  readonly log: Log;
  readonly logLevel: string;
  readonly output: Output;
}

/** Started when its name servers run. Throws WorkError. */
export async function startExampleBank(work: ExampleWork): Promise<ExampleBank | null> {
  const { plan, stateFolder, output } = work;
  const described = plan.namespace.bank;
  if (described === undefined) return null;
  const bankPlan = bankPlanOf(described, work);
  const key = await readKey(updateKeyFileOf(stateFolder, bankPlan.bank), systemFiles);
  const primary = await primaryOf(bankPlan.bank, { primary: null, server: null, state: plan.state });
  const epoch = new Epoch(bankPlan.bank, hostOf(bankPlan), { primary, key });
  const ending = new AbortController();
  // A name space that was killed has left its bank's records, which have its name.
  await becomePrimary(epoch, {
    isAtOnce: true,
    isPatient: false,
    database: bankPlan.database,
    output,
    stop: ending.signal,
  });
  const started = await startBank(bankPlan, epoch.number, work.log);
  /** What is registered for as long as it runs. */
  const kept: Promise<void>[] = [];
  const close = async (): Promise<void> => {
    ending.abort(new Error("stopped"));
    for (const outcome of await Promise.allSettled(kept)) {
      if (outcome.status === "rejected") output.note(`not withdrawn: ${String(outcome.reason)}`);
    }
    await started.server.close();
  };
  try {
    const naming = { primary, key, leaseSeconds: LEASE_SECONDS, epoch };
    kept.push((await registerBank(started, naming, { output, stop: ending.signal })).kept);
    const holders = await openHolders(described, bankPlan, plan);
    for (const id of described.atms) kept.push((await registerExampleAtm(id, described, work)).keep(ending.signal));
    return { name: bankPlan.bank, url: urlOf(bankPlan, started), holders, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** It stands in the name space; whoever walks up to it is `strata atm --id ID`. */
function registerExampleAtm(id: string, { name, address }: Described, work: ExampleWork): Promise<RegisteredAtm> {
  const { stateFolder, log, output } = work;
  return registerAtm({
    bank: plainName(name),
    id,
    stateFolder,
    listen: { address, port: 0 },
    leaseSeconds: LEASE_SECONDS,
    server: null,
    keyFile: null,
    log,
    onTrouble: (message) => output.note(`ATM ${id}: ${message}`),
  });
}

type Described = NonNullable<Namespace["bank"]>;

function bankPlanOf(
  { name, address, port, currency }: Described,
  { plan, stateFolder, logLevel }: ExampleWork,
): BankPlan {
  const bank = plainName(name);
  if (!isCurrency(currency)) throw new UsageError(`bank: currency: ${currency} is no currency of this bank`);
  const isAsDescribed = plan.port === plan.namespace.port;
  return {
    bank,
    stateFolder,
    // Beside another one on this machine its port is taken.
    listen: { address, port: isAsDescribed ? port : 0 },
    threads: 1,
    database: ledgerFileOf(bankFolderOf(stateFolder, bank)),
    currencies: [currency],
    counter: "loopback",
    host: "bank",
    certificate: null,
    logLevel,
  };
}

/** The key of each follows from what is asked, so that they are opened once, however often the name space is started. */
async function openHolders(
  { holders, billers }: Described,
  { bank, stateFolder }: BankPlan,
  plan: NamespacePlan,
): Promise<ExampleHolder[]> {
  const resolve = askingResolver(parseEndpoint(plan.state.resolver));
  const finder = new BankFinder({ bank, resolve, clock: systemClock, random: systemRandom });
  const send = httpsSender(textOf(systemFiles, authorityFileOf(bankFolderOf(stateFolder, bank))), systemClock);
  const total = { totalMilliseconds: OPEN_MILLISECONDS, absentMilliseconds: OPEN_MILLISECONDS };
  const limits = { tryMilliseconds: OPEN_MILLISECONDS, ...total };
  const client = new BankClient({ finder, send, clock: systemClock, random: systemRandom, ...limits });
  try {
    for (const biller of billers) {
      await client.call({ method: "POST", path: "/v1/billers", body: { biller }, key: `example-${biller}` }, NEVER);
    }
    return await Promise.all(
      holders.map(async ({ name, pin, deposit }) => {
        const body = { holder: name, pin, deposit };
        const key = `example-${createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 24)}`;
        const outcome = await client.call({ method: "POST", path: "/v1/holders", body, key }, NEVER);
        const { isDone, why, body: opened } = answerIn(outcome, key);
        if (!isDone) throw new WorkError(`no account could be opened for ${name}: ${why}`);
        return { name, pin, account: String(opened["account"]), card: String(opened["card"]) };
      }),
    );
  } finally {
    send.close();
  }
}
