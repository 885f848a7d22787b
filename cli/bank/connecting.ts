/** How a command reaches a bank: the resolver that is told or that a running `strata up` has, the bank's name, and what is trusted. */
import { stayAlive, systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import { BankClient, BankFinder, httpsSender } from "../../bank/index.ts";
import type { Message } from "../../dns/index.ts";
import { type Endpoint, type Exchange, systemAsk } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { UsageError } from "../failure.ts";
import { plainName, runningState, STATE_FOLDER } from "../state.ts";
import { bankFolderOf } from "./folder.ts";
import { queryMessage, resolverOf } from "./naming.ts";
import { authorityFileOf, textOf } from "./secrets.ts";

const RESOLVE_MILLISECONDS = 5000;
const TRY_MILLISECONDS = 5000;
const TOTAL_MILLISECONDS = 10_000;
/** As long as one server takes to be known dead, and another to be asked. */
const ABSENT_MILLISECONDS = 2500;

export interface BankConnection {
  readonly bank: string;
  readonly stateFolder: string;
  readonly resolver: Endpoint;
  readonly finder: BankFinder;
  readonly client: BankClient;
  close(): void;
}

/** By --bank, --server and --state. Throws UsageError. */
export function connectBank(given: Arguments): BankConnection {
  const text = given.text("bank");
  if (text === null) throw new UsageError("which bank is missing: --bank NAME, such as firstbank.com");
  const bank = plainName(text);
  const stateFolder = given.text("state") ?? STATE_FOLDER;
  const resolver = resolverOf(given.text("server"), runningState(stateFolder));
  if (resolver === null) {
    const why = `no "strata up" has left its addresses in ${stateFolder}`;
    throw new UsageError(`who resolves names is missing: --server ADDR:PORT of a resolver (${why})`);
  }
  const finder = new BankFinder({ bank, resolve: askingResolver(resolver), clock: systemClock, random: systemRandom });
  const authorityFile = authorityFileOf(bankFolderOf(stateFolder, bank));
  const send = httpsSender(systemFiles.exists(authorityFile) ? textOf(systemFiles, authorityFile) : null, systemClock);
  const client = new BankClient({
    finder,
    send,
    clock: systemClock,
    random: systemRandom,
    tryMilliseconds: TRY_MILLISECONDS,
    totalMilliseconds: TOTAL_MILLISECONDS,
    absentMilliseconds: ABSENT_MILLISECONDS,
  });
  // Between one try and the next nothing else would keep the process alive.
  const alive = stayAlive();
  const close = (): void => {
    send.close();
    alive[Symbol.dispose]();
  };
  return { bank, stateFolder, resolver, finder, client, close };
}

/** A resolver somewhere else, as an Exchange. */
export function askingResolver(resolver: Endpoint): Exchange {
  const ask = systemAsk({ clock: systemClock, random: systemRandom });
  return async ({ question }, signal): Promise<Message> => {
    const message = queryMessage(question);
    const reply = await ask(resolver, message, { transport: "udp", timeoutMilliseconds: RESOLVE_MILLISECONDS, signal });
    return reply.message;
  };
}
