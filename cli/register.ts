/**
 * `strata register`: keeps a name, and the services at it, where this host is, for as long as it runs. The records have a lease (RFC
 * 9664), so that they go by themselves when it dies; they are renewed in time, follow the host's addresses, and are withdrawn at the end.
 */
import { networkInterfaces } from "node:os";
import { sleep, stayAlive, systemClock, systemFiles, systemRandom } from "../base/index.ts";
import { type Name, RCODE, rcodeToText } from "../dns/index.ts";
import { addressOctets } from "../net/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT, UsageError, WorkError } from "./failure.ts";
import { readKey } from "./keys.ts";
import { parseName, parsePort, parseSeconds } from "./options-read.ts";
import type { Output } from "./output.ts";
import { stopSignal } from "./signals.ts";
import { readUpdateLines, type UpdateWork } from "./update-lines.ts";
import { targetOf, UpdateSender } from "./update-sender.ts";

/** A renewal is due after this part of the lease, and up to 4 % later so that not all come at once (RFC 9664 §5.2). */
const RENEW_AFTER = 0.8;
const RENEW_SPREAD = 0.04;
/** From one look at the host's addresses to the next, and from a failure to the next try. */
const LOOK_MILLISECONDS = 1000;
const TIMEOUT_MILLISECONDS = 3000;

interface Registration {
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
  if (target.server === null) throw new UsageError("whom to register with is missing: --server ADDR[:PORT]");
  const sender = new UpdateSender({
    ...target,
    lease: { seconds: leaseSeconds, keySeconds: null },
    key: keyFile === null ? null : await readKey(keyFile, systemFiles),
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  const registration = registrationOf(given, leaseSeconds);
  const stop = stopSignal();
  using _alive = stayAlive();
  let granted = await send(sender, additions(registration, registration.addressesOf()), leaseSeconds);
  let told = registration.addressesOf().join(" ");
  output.result(`${registration.name.toString()} is at ${told}, for ${granted} s at a time`);
  output.result("ready");
  let dueAt = nextDue(granted);
  while (!(await isStopped(stop))) {
    const addresses = registration.addressesOf();
    const moved = addresses.join(" ") !== told;
    if (!moved && systemClock.now() < dueAt) continue;
    try {
      granted = await send(sender, additions(registration, addresses), leaseSeconds);
      dueAt = nextDue(granted);
      if (moved) output.result(`${registration.name.toString()} has moved to ${addresses.join(" ")}`);
      told = addresses.join(" ");
    } catch (error) {
      if (!(error instanceof WorkError)) throw error;
      // The lease goes on meanwhile; the next look tries again.
      output.note(`not renewed: ${error.message}`);
    }
  }
  await send(sender, withdrawal(registration), leaseSeconds);
  output.result(`${registration.name.toString()} is withdrawn`);
  return EXIT.ok;
}

function registrationOf(given: Arguments, leaseSeconds: number): Registration {
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

/** Those of this host that others may reach, in order; loopback where there is no other. */
function hostAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  return (own.length > 0 ? own : all.filter(({ address }) => address === "127.0.0.1"))
    .map(({ address }) => address)
    .sort();
}

function additions(registration: Registration, addresses: readonly string[]): UpdateWork {
  const { name, services, ttlSeconds } = registration;
  const host = name.toString();
  const lines = addresses.map(
    (address) => `add ${host} ${ttlSeconds} ${address.includes(":") ? "AAAA" : "A"} ${address}`,
  );
  const srv = services.map(({ owner, port }) => `add ${owner} ${ttlSeconds} SRV 0 0 ${port} ${host}`);
  return workOf([...removals(registration), ...lines, ...srv]);
}

const withdrawal = (registration: Registration): UpdateWork => workOf(removals(registration));

function removals({ name, services }: Registration): string[] {
  const host = name.toString();
  const srv = services.map(({ owner, port }) => `delete ${owner} SRV 0 0 ${port} ${host}`);
  return [`delete ${host} A`, `delete ${host} AAAA`, ...srv];
}

function workOf(lines: readonly string[]): UpdateWork {
  const [work] = readUpdateLines(
    lines.map((text, i) => ({ text, file: "register", line: i + 1 })),
    null,
  );
  return work!;
}

/** Returns the lease that was granted. Throws WorkError when it was not made. */
async function send(sender: UpdateSender, work: UpdateWork, wantedSeconds: number): Promise<number> {
  const { message, lease } = await sender.send(work);
  if (message.rcode !== RCODE.NOERROR) throw new WorkError(`the server refuses: ${rcodeToText(message.rcode)}`);
  return lease?.seconds ?? wantedSeconds;
}

function nextDue(grantedSeconds: number): number {
  const part = RENEW_AFTER + (RENEW_SPREAD * systemRandom.below(1000)) / 1000;
  return systemClock.now() + 1000 * grantedSeconds * part;
}

/** Waits a moment; true when it is to end. */
async function isStopped(stop: AbortSignal): Promise<boolean> {
  try {
    await sleep(systemClock, LOOK_MILLISECONDS, stop);
    return false;
  } catch {
    return true; // Nothing but the signal ends the wait.
  }
}
