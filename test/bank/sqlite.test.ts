/** The embedded store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedLedger } from "../../bank/index.ts";
import { contractOfStores } from "./store-contract.ts";

contractOfStores("the embedded store", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-books-"));
  return {
    open: async (parts) => openEmbeddedLedger(join(folder, "ledger.sqlite"), parts),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
});
