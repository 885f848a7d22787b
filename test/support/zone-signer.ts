/** Signs generated zones with throw-away keys, by the tools of BIND and ldns. A zone that the tool refuses stays unsigned. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "./peers.ts";
import type { Signing } from "./zone-draft.ts";

const run = promisify(execFile);

export interface ToSign {
  readonly apex: string;
  readonly file: string;
  readonly signing: Signing;
}

const INCEPTION = "20200101000000";
/** ldns 1.8 takes the times of RRSIG for signed numbers, so that its drill believes nothing that ends after 2038-01-19. */
const EXPIRATION = "20370101000000";

/** Replaces the file by its signed form. Returns null, or what the signer said against it. */
export async function sign(zone: ToSign, folder: string): Promise<string | null> {
  if (zone.signing === "none") return null;
  mkdirSync(folder, { recursive: true });
  try {
    await (zone.signing.startsWith("ldns") ? signWithLdns(zone, folder) : signWithBind(zone, folder));
    return null;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

async function signWithBind({ apex, file, signing }: ToSign, folder: string): Promise<void> {
  const options = { cwd: folder };
  await run(program("dnssec-keygen"), ["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", apex], options);
  const nsec3 =
    signing === "nsec" ? [] : ["-3", signing === "nsec3" ? "-" : "ab12", "-H", signing === "nsec3" ? "0" : "3"];
  const optOut = signing === "nsec3-opt-out" ? ["-A"] : [];
  const out = `${file}.signed`;
  const args = ["-S", "-z", "-x", "-K", folder, "-d", folder, "-s", INCEPTION, "-e", EXPIRATION];
  await run(
    program("dnssec-signzone"),
    [...args, ...nsec3, ...optOut, "-O", "full", "-o", apex, "-f", out, file],
    options,
  );
  writeFileSync(file, readFileSync(out));
}

async function signWithLdns({ apex, file, signing }: ToSign, folder: string): Promise<void> {
  const options = { cwd: folder };
  const { stdout } = await run(program("ldns-keygen"), ["-a", "ECDSAP256SHA256", "-k", apex], options);
  const out = `${file}.signed`;
  const nsec3 = signing === "ldns-nsec" ? [] : ["-n", "-t", "1", "-s", "beef"];
  const times = ["-i", INCEPTION, "-e", EXPIRATION];
  await run(
    program("ldns-signzone"),
    [...times, ...nsec3, "-o", apex, "-f", out, file, join(folder, stdout.trim())],
    options,
  );
  writeFileSync(file, readFileSync(out));
}
