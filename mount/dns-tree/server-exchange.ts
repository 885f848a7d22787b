/**
 * One name server as an Exchange, for `dns://zone@server`: over UDP, over TCP what does not fit; the next of its addresses where one is silent. What it
 * refers to others is asked of the resolver.
 */
import { emptyMessage, type Message, plainEdns, RCODE, TYPE } from "../../dns/index.ts";
import { addressOctets, type Ask, type Endpoint, type Exchange, ExchangeError, type Query } from "../../net/index.ts";
import { findAddresses, NoWordError } from "../../resolver/index.ts";
import { Name } from "../../dns/index.ts";

export interface ServerExchangeParts {
  readonly ask: Ask;
  /** For the server's own name, and for what it does not answer itself. */
  readonly resolve: Exchange;
}

const UDP_MILLISECONDS = 2000;
const TCP_MILLISECONDS = 5000;
const ADDRESSES_MAX = 4;
const ROUNDS = 2;

export function serverExchange(
  parts: ServerExchangeParts,
  server: { readonly host: string; readonly port: number },
): Exchange {
  return async (query, signal) => {
    const endpoints = await serverEndpoints(parts.resolve, server, signal);
    const message = await askAny(parts.ask, endpoints, query, signal);
    return isReferral(message) ? parts.resolve(query, signal) : message;
  };
}

/** Where a name server listens. Throws an ExchangeError when nobody says, or it has no address. */
export async function serverEndpoints(
  resolve: Exchange,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Endpoint[]> {
  if (addressOctets(host) !== null) return [{ address: host, port }];
  try {
    const { addresses } = await findAddresses(resolve, Name.parse(host), signal);
    if (addresses.length > 0) return addresses.slice(0, ADDRESSES_MAX).map((address) => ({ address, port }));
  } catch (error) {
    if (!(error instanceof NoWordError)) throw error;
    throw new ExchangeError("TIMEOUT", error.message);
  }
  throw new ExchangeError("UNREACHABLE", `${host} has no address`);
}

async function askAny(ask: Ask, endpoints: readonly Endpoint[], query: Query, signal: AbortSignal): Promise<Message> {
  let failure: ExchangeError | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    for (const endpoint of endpoints) {
      try {
        return await askOne(ask, endpoint, query, signal);
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        failure = error;
      }
    }
  }
  throw failure ?? new ExchangeError("UNREACHABLE", "the server has no address");
}

async function askOne(ask: Ask, endpoint: Endpoint, query: Query, signal: AbortSignal): Promise<Message> {
  const { question, dnssecOk } = query;
  // RD is set because the server may be a resolver; one that is not passes over it (RFC 1035 §4.1.1).
  const message = { ...emptyMessage, recursionDesired: true, question: [question], edns: { ...plainEdns, dnssecOk } };
  const overUdp = { transport: "udp", timeoutMilliseconds: UDP_MILLISECONDS, signal } as const;
  const reply = await ask(endpoint, message, overUdp);
  if (!reply.message.truncated) return reply.message;
  return (await ask(endpoint, message, { transport: "tcp", timeoutMilliseconds: TCP_MILLISECONDS, signal })).message;
}

function isReferral({ rcode, answer, authority }: Message): boolean {
  const has = (type: number): boolean => authority.some((rr) => rr.type === type);
  return rcode === RCODE.NOERROR && answer.length === 0 && has(TYPE.NS) && !has(TYPE.SOA);
}
