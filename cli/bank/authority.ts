/** `strata bank ca`: the bank's certificate authority, made where there is none, and certificates under it. */
import { systemFiles } from "../../base/index.ts";
import { endOfCertificate, formatDate } from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { plainName, STATE_FOLDER } from "../state.ts";
import { bankFolderOf } from "./folder.ts";
import { authorityFileOf, authorityIn, certificateFrom, keepSecret } from "./secrets.ts";

export async function bankAuthority(given: Arguments, output: Output): Promise<number> {
  const text = given.text("bank");
  if (text === null) throw new UsageError("which bank is missing: --bank NAME, such as firstbank.com");
  const bank = plainName(text);
  const folder = bankFolderOf(given.text("state") ?? STATE_FOLDER, bank);
  const authority = await authorityIn(folder, bank);
  output.result(`${authorityFileOf(folder)} ends ${dayText(endOfCertificate(authority.certificate))}`);
  const names = given.texts("issue");
  if (names.length === 0) return EXIT.ok;
  const prefix = given.text("out");
  if (prefix === null) throw new UsageError("where to put it is missing: --out PREFIX makes PREFIX.pem and PREFIX.key");
  const identity = await certificateFrom(authority, names, given.texts("address"));
  keepSecret(systemFiles, `${prefix}.key`, identity.key);
  systemFiles.write(`${prefix}.pem`, identity.certificate);
  output.result(`${prefix}.pem is for ${names.join(", ")} and ends ${dayText(endOfCertificate(identity.certificate))}`);
  return EXIT.ok;
}

const dayText = (seconds: number): string => formatDate(Math.floor(seconds / 86_400));
