/**
 * Where node:dgram is to listen. It cannot say from which address a response leaves, so where all addresses of the machine are
 * wanted each has a socket of its own: a client takes no response from another address than it asked (RFC 1122 §4.1.3.5).
 */
import { networkInterfaces } from "node:os";
import { addressOctets } from "./address.ts";
import type { Endpoint, Handler } from "./exchange.ts";
import { type Listener, ListenError, type ListenParts } from "./listener.ts";
import { listenUdpAt } from "./udp.ts";

/** A port that is free at one address may be taken at another: so often another one is tried where any would do. */
const PORTS_TRIED = 8;

/** Resolves when it is bound. Throws ListenError. */
export async function listenUdp(endpoint: Endpoint, handler: Handler, parts: ListenParts): Promise<Listener> {
  const octets = addressOctets(endpoint.address);
  if (octets?.every((octet) => octet === 0) !== true) return listenUdpAt(endpoint, handler, parts);
  const family = octets.length === 4 ? "IPv4" : "IPv6";
  const addresses = parts.localAddresses ?? localAddresses(family);
  parts.log.warn(
    { ...endpoint, addresses },
    "each address of this machine has a socket of its own: one that it gets later is answered after a restart",
  );
  for (let tries = 1; ; tries++) {
    try {
      return await listenAtAll(endpoint, addresses, (at) => listenUdpAt(at, handler, parts));
    } catch (error) {
      const isOfPort = error instanceof ListenError && error.code === "IN_USE";
      if (endpoint.port !== 0 || !isOfPort || tries === PORTS_TRIED) throw error;
    }
  }
}

async function listenAtAll(
  endpoint: Endpoint,
  addresses: readonly string[],
  open: (at: Endpoint) => Promise<Listener>,
): Promise<Listener> {
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  let { port } = endpoint;
  const noAddress = Object.assign(new Error("no address of this kind"), { code: "EADDRNOTAVAIL" });
  let missing: unknown = new ListenError(endpoint, "udp", noAddress);
  try {
    for (const address of addresses) {
      try {
        const listener = await open({ address, port });
        listeners.push(listener);
        port = listener.endpoint.port;
      } catch (error) {
        // It is gone again, or not ready yet (RFC 4862 §5.4).
        if (!(error instanceof ListenError) || error.code !== "NO_SUCH_ADDRESS") throw error;
        missing = error;
      }
    }
    if (listeners.length === 0) throw missing;
  } catch (error) {
    await close();
    throw error;
  }
  return { endpoint: { address: endpoint.address, port }, transport: "udp", close };
}

/** Without those of one link only, which mean nothing without its name. */
function localAddresses(family: "IPv4" | "IPv6"): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((each) => each.family === family && !/^fe[89ab]/i.test(each.address))
    .map(({ address }) => address);
}
