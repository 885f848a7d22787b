/** What a bank server keeps secret, made when it is first needed: its server key, its certificate authority, the local teller's token. */
import type { Files } from "../../base/index.ts";
import { systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import { createAuthority, endOfCertificate, type Identity, issueCertificate } from "../../bank/index.ts";
import { WorkError } from "../failure.ts";

const SERVER_KEY_OCTETS = 32;
const CERTIFICATE_DAYS = 30;
/** A bank server that runs for longer makes another in time. */
export const RENEW_BEFORE_SECONDS = 10 * 86_400;

export const authorityFileOf = (bankFolder: string): string => `${bankFolder}/ca.pem`;
const authorityKeyFileOf = (bankFolder: string): string => `${bankFolder}/ca.key`;

/** Written once; whoever has it can make tokens and try PINs. */
export function serverKeyIn(bankFolder: string, files: Files = systemFiles): Uint8Array {
  const file = `${bankFolder}/server.key`;
  if (!files.exists(file)) keepSecret(files, file, systemRandom.octets(SERVER_KEY_OCTETS));
  const key = files.read(file);
  if (key.length === SERVER_KEY_OCTETS) return key;
  throw new WorkError(
    `${file} is damaged: it has ${key.length} octets in place of ${SERVER_KEY_OCTETS}; put back the copy you kept`,
  );
}

/** The bank's own authority, made when there is none. */
export async function authorityIn(bankFolder: string, bank: string, files: Files = systemFiles): Promise<Identity> {
  const [certificateFile, keyFile] = [authorityFileOf(bankFolder), authorityKeyFileOf(bankFolder)];
  if (files.exists(certificateFile) && files.exists(keyFile)) {
    return { certificate: textOf(files, certificateFile), key: textOf(files, keyFile) };
  }
  files.makeFolder(bankFolder);
  const authority = await createAuthority(bank, { nowSeconds: systemClock.wallSeconds(), random: systemRandom });
  keepSecret(files, keyFile, authority.key);
  files.write(certificateFile, authority.certificate);
  return authority;
}

/** For a server of those names and addresses, under that authority. */
export function certificateFrom(
  authority: Identity,
  names: readonly string[],
  addresses: readonly string[],
): Promise<Identity> {
  const wish = { names, addresses, days: CERTIFICATE_DAYS };
  return issueCertificate(authority, wish, { nowSeconds: systemClock.wallSeconds(), random: systemRandom });
}

/** PEM files that were given. Throws FileError, and WorkError for one whose time is over. */
export function givenCertificate(certificateFile: string, keyFile: string, files: Files = systemFiles): Identity {
  const identity = { certificate: textOf(files, certificateFile), key: textOf(files, keyFile) };
  if (endOfCertificate(identity.certificate) > systemClock.wallSeconds()) return identity;
  throw new WorkError(`${certificateFile}: the certificate has ended: get another`);
}

export const textOf = (files: Files, file: string): string => new TextDecoder().decode(files.read(file));

export function keepSecret(files: Files, file: string, content: Uint8Array | string): void {
  const folder = file.slice(0, file.lastIndexOf("/"));
  files.makeFolder(folder);
  files.writeSafely(file, [typeof content === "string" ? new TextEncoder().encode(content) : content]);
}
