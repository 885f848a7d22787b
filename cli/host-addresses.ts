/** The addresses of this host that others may reach. */
import { networkInterfaces } from "node:os";

/** In order; loopback where there is no other. */
export function hostAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  return (own.length > 0 ? own : all.filter(({ address }) => address === "127.0.0.1"))
    .map(({ address }) => address)
    .sort();
}
