/**
 * An ATM in the name space: `ID.atm.BANK` has its address, and `_atm._tcp.atm.BANK` leads there, under a lease (RFC 9664) for as long as it runs.
 * At that port it says that it is there, over HTTP, and nothing that is anybody else's business.
 */
import { type Log, systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import { type Endpoint, listenHttp } from "../../net/index.ts";
import type { Arguments } from "../arguments.ts";
import { keyFileIn } from "../bank/folder.ts";
import { primaryOf } from "../bank/naming.ts";
import { readKey } from "../keys.ts";
import { parseEndpointOrFree, parseSeconds } from "../options-read.ts";
import { Registration } from "../registration.ts";
import { runningState } from "../state.ts";
import { UpdateSender } from "../update-sender.ts";
import type { OpenAtm } from "./opening.ts";

const TIMEOUT_MILLISECONDS = 3000;
const TTL_SECONDS = 5;

export interface AtmWish {
  readonly bank: string;
  readonly id: string;
  readonly stateFolder: string;
  readonly listen: Endpoint;
  readonly leaseSeconds: number;
  /** Of a resolver; null: that of the running `strata up`. */
  readonly server: string | null;
  /** Null: the one that `strata up` made for the zone, or none. */
  readonly keyFile: string | null;
  readonly log: Log;
  readonly onTrouble: (message: string) => void;
}

export interface RegisteredAtm {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Resolves when the signal has come and all is withdrawn. */
  keep(stop: AbortSignal): Promise<void>;
}

/** On this machine, at a port that is free. */
const LISTEN_DEFAULT = "127.0.0.1:0";

/** As the command line says. Throws UsageError. */
export function wishOf(
  given: Arguments,
  { id, connection }: OpenAtm,
  parts: Pick<AtmWish, "log" | "onTrouble">,
): AtmWish {
  const { bank, stateFolder } = connection;
  return {
    ...{ bank, id, stateFolder, ...parts },
    listen: parseEndpointOrFree("listen", given.text("listen") ?? LISTEN_DEFAULT),
    leaseSeconds: parseSeconds("lease", given.text("lease") ?? "30"),
    server: given.text("server"),
    keyFile: given.text("update-key"),
  };
}

/** Throws WorkError, UsageError and ListenError. */
export async function registerAtm(wish: AtmWish): Promise<RegisteredAtm> {
  const { bank, id, stateFolder, server, leaseSeconds, onTrouble } = wish;
  const zone = `atm.${bank}`;
  const name = `${id}.${zone}`;
  const primary = await primaryOf(zone, { primary: null, server, state: runningState(stateFolder) });
  const keyFile = wish.keyFile ?? keyFileIn(stateFolder, zone);
  const key = keyFile === null ? null : await readKey(keyFile, systemFiles);
  const lease = { seconds: leaseSeconds, keySeconds: null };
  const sender = new UpdateSender({
    server: primary,
    zone: null,
    lease,
    key,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  const there = JSON.stringify({ id, bank, state: "ready" });
  const body = () => ({ status: 200, contentType: "application/json", text: `${there}\n` });
  const listener = await listenHttp(wish.listen, [{ path: "/", body }], { log: wish.log });
  const { endpoint } = listener;
  try {
    const registration = await Registration.begin(
      { sender, leaseSeconds, clock: systemClock, random: systemRandom },
      {
        lines: () => [...withdrawal(name, zone, endpoint), ...addition(name, zone, endpoint)],
        withdrawal: () => withdrawal(name, zone, endpoint),
        onMoved: () => undefined,
        onTrouble: (message) => onTrouble(`not renewed: ${message}`),
      },
    );
    const keep = async (stop: AbortSignal): Promise<void> => {
      try {
        await registration.keep(stop);
      } finally {
        await listener.close();
      }
    };
    return { name, endpoint, keep };
  } catch (error) {
    await listener.close();
    throw error;
  }
}

const serviceLine = (name: string, { port }: Endpoint): string => `SRV 0 0 ${port} ${name}`;

function addition(name: string, zone: string, endpoint: Endpoint): string[] {
  const { address } = endpoint;
  return [
    `add ${name} ${TTL_SECONDS} ${address.includes(":") ? "AAAA" : "A"} ${address}`,
    `add _atm._tcp.${zone} ${TTL_SECONDS} ${serviceLine(name, endpoint)}`,
  ];
}

/** Its own records only: other ATMs stand under the same service. */
const withdrawal = (name: string, zone: string, endpoint: Endpoint): string[] => [
  `delete ${name} A`,
  `delete ${name} AAAA`,
  `delete _atm._tcp.${zone} ${serviceLine(name, endpoint)}`,
];
