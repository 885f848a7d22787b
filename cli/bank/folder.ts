/** Where a bank and its ATMs keep what must outlive them, below the state folder. */
import { resolve } from "node:path";
import { type Files, systemFiles } from "../../base/index.ts";
import { UsageError } from "../failure.ts";
import { plainName, updateKeyFileOf } from "../state.ts";

/** Of one bank. */
export const bankFolderOf = (stateFolder: string, bank: string): string => `${stateFolder}/banks/${bank}`;
export const ledgerFileOf = (bankFolder: string): string => `${bankFolder}/ledger.sqlite`;
/** Which database a bank has its books in, for who looks after them. */
const placeFileOf = (bankFolder: string): string => `${bankFolder}/books.json`;

/** The URL of a database may have a password in it, so only our user may read it. */
export function noteBooks(bankFolder: string, database: string, files: Files = systemFiles): void {
  const place = isUrl(database) ? database : resolve(database);
  files.writeSafely(placeFileOf(bankFolder), [new TextEncoder().encode(`${JSON.stringify({ database: place })}\n`)]);
}

/** Where the bank of that folder has its books. */
export function booksOf(bankFolder: string, files: Files = systemFiles): string {
  const file = placeFileOf(bankFolder);
  if (!files.exists(file)) return ledgerFileOf(bankFolder);
  const noted: unknown = JSON.parse(new TextDecoder().decode(files.read(file)));
  if (typeof noted !== "object" || noted === null || !("database" in noted)) return ledgerFileOf(bankFolder);
  return typeof noted.database === "string" ? noted.database : ledgerFileOf(bankFolder);
}

const isUrl = (database: string): boolean => /^[a-z]+:\/\//.test(database);

/** Of one ATM of that bank. */
export const atmFolderOf = (stateFolder: string, bank: string, atm: string): string =>
  `${stateFolder}/atms/${bank}/${atm}`;

/** The key that `strata up` made for updates of that zone; null: it did not. */
export function keyFileIn(
  stateFolder: string,
  zone: string,
  files: Pick<Files, "exists"> = systemFiles,
): string | null {
  const file = updateKeyFileOf(stateFolder, zone);
  return files.exists(file) ? file : null;
}

/** The banks that have a folder there. */
export function banksIn(stateFolder: string, files: Pick<Files, "list"> = systemFiles): readonly string[] {
  return files.list(`${stateFolder}/banks`);
}

/** The one that is meant; without a name, the only one there is. Throws UsageError. */
export function chosenBank(stateFolder: string, name: string | null): string {
  if (name !== null) return plainName(name);
  const banks = banksIn(stateFolder);
  if (banks.length === 1) return banks[0]!;
  const what = banks.length === 0 ? "there is no bank" : `there are ${banks.join(", ")}`;
  throw new UsageError(`which bank is meant is missing: --bank NAME (in ${stateFolder} ${what})`);
}
