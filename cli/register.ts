/**
 * `strata register`: keeps a name, and the services at it, where this host is, for as long as it runs. The records have a lease (RFC
 * 9664), so that they go by themselves when it dies; they are renewed in time, follow the host's addresses, and are withdrawn at the end.
 */
import { stayAlive, systemClock, systemFiles, systemRandom } from "../base/index.ts";
import type { Name } from "../dns/index.ts";
import { addressOctets } from "../net/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT, UsageError } from "./failure.ts";
import { hostAddresses } from "./host-addresses.ts";
import { readKey } from "./keys.ts";
import { parseName, parsePort, parseSeconds } from "./options-read.ts";
import type { Output } from "./output.ts";
import { Registration } from "./registration.ts";
import { stopSignal } from "./signals.ts";
import { targetOf, UpdateSender } from "./update-sender.ts";

const TIMEOUT_MILLISECONDS = 3000;

interface Wanted {
  readonly name: Name;
  /** The service's owner and port. */
  readonly services: readonly { readonly owner: string; readonly port: number }[];
  readonly addressesOf: () => readonly string[];
  readonly ttlSeconds: number;
}

export async function register(given: Arguments, output: Output): Promise<number> {
  const keyFile = given.text("key");
  const leaseSeconds = parseSeconds("lease", given.text("lease") ?? "30");
  const target = targetOf(given);
  const sender = new UpdateSender({
    ...target,
    lease: { seconds: leaseSeconds, keySeconds: null },
    key: keyFile === null ? null : await readKey(keyFile, systemFiles),
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  const registration = registrationOf(given, leaseSeconds);
  const stop = stopSignal();
  using _alive = stayAlive();
  const whereabouts = (): string => registration.addressesOf().join(" ");
  const name = registration.name.toString();
  const registered = await Registration.begin(
    { sender, leaseSeconds, clock: systemClock, random: systemRandom },
    {
      lines: () => additions(registration),
      withdrawal: () => removals(registration),
      onMoved: () => output.result(`${name} has moved to ${whereabouts()}`),
      onTrouble: (message) => output.note(`not renewed: ${message}`),
    },
  );
  output.result(`${name} is at ${whereabouts()}, for ${registered.leaseSeconds} s at a time`);
  output.result("ready");
  await registered.keep(stop);
  output.result(`${name} is withdrawn`);
  return EXIT.ok;
}

function registrationOf(given: Arguments, leaseSeconds: number): Wanted {
  const text = given.text("name");
  if (text === null) throw new UsageError("what to register is missing: --name NAME");
  const name = parseName("name", text);
  const parent = name.parent();
  if (parent === null) throw new UsageError(`--name ${text}: a name below a zone is wanted, such as pc24.cs.vu.nl`);
  const ttl = given.text("ttl");
  return {
    name,
    services: given.texts("srv").map((srv) => serviceOf(srv, parent)),
    addressesOf: addressesOf(given.texts("address")),
    // Caches are not to keep it for longer than it is promised.
    ttlSeconds: ttl === null ? Math.min(leaseSeconds, 30) : parseSeconds("ttl", ttl),
  };
}

/** `_printer._tcp:631`, in the domain that the host is in (RFC 2782). */
function serviceOf(text: string, domain: Name): { readonly owner: string; readonly port: number } {
  const [service = "", port = ""] = text.split(":");
  if (!/^_[^.]+\._(tcp|udp|sctp)$/i.test(service)) {
    throw new UsageError(`--srv ${text}: _SERVICE._PROTOCOL:PORT is wanted, such as _printer._tcp:631`);
  }
  return { owner: `${service}.${domain.toString()}`, port: parsePort("srv", port) };
}

function addressesOf(texts: readonly string[]): () => readonly string[] {
  const fixed = texts.filter((text) => text !== "auto");
  for (const text of fixed) {
    if (addressOctets(text) === null) throw new UsageError(`--address ${text}: auto or an IP address is wanted`);
  }
  return fixed.length > 0 ? () => fixed : hostAddresses;
}

function additions(registration: Wanted): string[] {
  const { name, services, ttlSeconds, addressesOf } = registration;
  const host = name.toString();
  const lines = addressesOf().map(
    (address) => `add ${host} ${ttlSeconds} ${address.includes(":") ? "AAAA" : "A"} ${address}`,
  );
  const srv = services.map(({ owner, port }) => `add ${owner} ${ttlSeconds} SRV 0 0 ${port} ${host}`);
  return [...removals(registration), ...lines, ...srv];
}

function removals({ name, services }: Wanted): string[] {
  const host = name.toString();
  const srv = services.map(({ owner, port }) => `delete ${owner} SRV 0 0 ${port} ${host}`);
  return [`delete ${host} A`, `delete ${host} AAAA`, ...srv];
}
