/**
 * The addresses of a zone of hosts (`data.ts`), for the servers of this folder: they read no master files, so this reads the
 * one shape that the benchmark writes and nothing else.
 */
import { readFileSync } from "node:fs";

/** Owner, in lower case and without the last dot, as both packages show names, → address. */
export function readHosts(apex: string, file: string): ReadonlyMap<string, string> {
  const hosts = new Map<string, string>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [owner, type, address, ...rest] = line.split(" ");
    if (owner !== undefined && type === "A" && address !== undefined && rest.length === 0)
      hosts.set(`${owner}.${apex}`, address);
  }
  return hosts;
}

export const TTL_SECONDS = 3600;

/** What a denial carries (RFC 2308 §3): the fields of the zone's SOA. */
export const SOA = {
  primary: "ns1.example",
  admin: "admin.example",
  serial: 1,
  refresh: 3600,
  retry: 600,
  expiration: 86_400,
  minimum: 300,
};

/** The command line of both servers: `PORT APEX FILE`. */
export function readArguments(): {
  readonly port: number;
  readonly apex: string;
  readonly hosts: ReadonlyMap<string, string>;
} {
  const [port = "", apex = "", file = ""] = process.argv.slice(2);
  return { port: Number(port), apex, hosts: readHosts(apex, file) };
}
