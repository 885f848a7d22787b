/**
 * `strata update`: reads what is to be changed, finds the zone, and sends each message to the primary (RFC 2136 §4). Over TCP: an update
 * that is sent again because its response was lost over UDP may come a second time after somebody else's.
 */
import { systemFiles } from "../base/index.ts";
import { EDE, edeToText, extendedErrors, RCODE, rcodeToText, type UpdateLease } from "../dns/index.ts";
import { formatEndpoint } from "../net/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT, UsageError } from "./failure.ts";
import { readKey } from "./keys.ts";
import { parseSeconds } from "./options-read.ts";
import type { Output } from "./output.ts";
import { readUpdateLines, type UpdateLine } from "./update-lines.ts";
import { targetOf, type UpdateOutcome, UpdateSender } from "./update-sender.ts";

const STANDARD_INPUT = "/dev/stdin";

export async function update(given: Arguments, output: Output): Promise<number> {
  const works = readUpdateLines(linesOf(given), ttlOf(given));
  if (works.length === 0) throw new UsageError("there is nothing to be changed: no add, delete or prereq was given");
  const keyFile = given.text("key");
  const sender = new UpdateSender({
    ...targetOf(given),
    lease: leaseOf(given),
    key: keyFile === null ? null : await readKey(keyFile, systemFiles),
    timeoutMilliseconds: Math.ceil((given.number("timeout") ?? 10) * 1000),
  });
  const outcomes: UpdateOutcome[] = [];
  for (const work of works) {
    const outcome = await sender.send(work);
    outcomes.push(outcome);
    if (!given.flag("json")) tell(outcome, output);
    // What follows may build on it.
    if (outcome.message.rcode !== RCODE.NOERROR) break;
  }
  const unsent = works.length - outcomes.length;
  if (unsent > 0) output.note(`${output.notePaint.yellow("strata:")} not sent after that: ${unsent} more`);
  if (given.flag("json")) output.result(JSON.stringify(outcomes.map(jsonOf), null, 2));
  return exitCodeOf(outcomes.at(-1)!.message.rcode);
}

/** Commands of the command line are one message. */
function linesOf(given: Arguments): UpdateLine[] {
  const commands = given.positionals("COMMAND");
  const file = given.text("file");
  if (commands.length > 0) {
    if (file !== null) throw new UsageError("commands are given twice: on the command line and by --file");
    return commands.map((text, i) => ({ text: text.trim(), file: "argument", line: i + 1 }));
  }
  const path = file === null || file === "-" ? STANDARD_INPUT : file;
  const text = new TextDecoder().decode(systemFiles.read(path));
  return text.split("\n").map((line, i) => ({ text: line, file: path, line: i + 1 }));
}

function ttlOf(given: Arguments): number | null {
  const ttl = given.text("ttl");
  return ttl === null ? null : parseSeconds("ttl", ttl);
}

function leaseOf(given: Arguments): UpdateLease | null {
  const lease = given.text("lease");
  const keyLease = given.text("key-lease");
  if (lease === null) {
    if (keyLease !== null) throw new UsageError("--key-lease is of the KEY records in a lease: give --lease too");
    return null;
  }
  return {
    seconds: parseSeconds("lease", lease),
    keySeconds: keyLease === null ? null : parseSeconds("key-lease", keyLease),
  };
}

function tell({ zone, server, message, asked, lease, ttls }: UpdateOutcome, output: Output): void {
  const where = `${zone.toString()} at ${formatEndpoint(server)}`;
  if (message.rcode === RCODE.NOERROR) {
    const keySeconds = lease?.keySeconds ?? null;
    const forKeys = keySeconds === null ? "" : ` (KEY records ${keySeconds} s)`;
    output.result(`${where}: done${lease === null ? "" : `, for ${lease.seconds} s${forKeys}`}`);
    const longest = Math.max(0, ...ttls);
    if (lease !== null && longest > lease.seconds) {
      output.note(
        `${output.notePaint.yellow("strata:")} caches keep it for its TTL, ${longest} s, which is longer than its lease`,
      );
    }
    if (asked !== null && lease === null) {
      output.note(
        `${output.notePaint.yellow("strata:")} the server grants no leases: what was added stays until it is deleted`,
      );
    }
    return;
  }
  const why = extendedErrors(message.edns).map(({ infoCode, text }) =>
    [infoCode === EDE.OTHER ? "" : edeToText(infoCode), text].filter((part) => part !== "").join(": "),
  );
  const meaning = MEANINGS.get(message.rcode);
  const told = [rcodeToText(message.rcode), ...(why.length > 0 ? why : meaning === undefined ? [] : [meaning])];
  output.note(`${output.notePaint.yellow("strata:")} ${where}: ${told.join(", ")}; nothing was changed`);
}

/** For servers that say no more (RFC 2136 §2.2, §3). */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [RCODE.FORMERR, "the server could not make sense of it"],
  [RCODE.NOTIMP, "the server takes no updates"],
  [RCODE.REFUSED, "the server does not allow this"],
  [RCODE.YXDOMAIN, "a name is in use that must not be"],
  [RCODE.YXRRSET, "an RRset is there that must not be"],
  [RCODE.NXDOMAIN, "a name is not in use that has to be"],
  [RCODE.NXRRSET, "an RRset is not there, or not so, that has to be"],
  [RCODE.NOTAUTH, "the server is no authority for the zone, or does not know the key"],
  [RCODE.NOTZONE, "a name is not in the zone"],
]);

function jsonOf({ zone, server, message, lease }: UpdateOutcome): unknown {
  return {
    zone: zone.toString(),
    server: formatEndpoint(server),
    rcode: rcodeToText(message.rcode),
    errors: extendedErrors(message.edns),
    lease,
  };
}

/** A server that cannot now may another time, or another server may; the rest is a no. */
function exitCodeOf(rcode: number): number {
  if (rcode === RCODE.NOERROR) return EXIT.ok;
  return rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP ? EXIT.unknown : EXIT.no;
}
