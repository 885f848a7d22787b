/** Where a bank and its ATMs keep what must outlive them, below the state folder. */
import { type Files, systemFiles } from "../../base/index.ts";
import { UsageError } from "../failure.ts";
import { plainName, updateKeyFileOf } from "../state.ts";

/** Of one bank. */
export const bankFolderOf = (stateFolder: string, bank: string): string => `${stateFolder}/banks/${bank}`;
export const ledgerFileOf = (bankFolder: string): string => `${bankFolder}/ledger.sqlite`;
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
