/** A process that keeps a bank's books, in a file or on PostgreSQL, to be killed: takes requests from its parent, and answers what is on the disk. */
import { systemClock } from "../../base/index.ts";
import { BankError, type LedgerRequest, openEmbeddedLedger, openPostgresLedger } from "../../bank/index.ts";

export type ToChild = readonly [id: number, request: LedgerRequest];
export type FromChild = "ready" | readonly [id: number, octets: Uint8Array | null, why: string];

const database = process.argv[2]!;
const parts = { clock: systemClock, epoch: 0 };
const store = database.startsWith("postgres:")
  ? await openPostgresLedger(database, parts)
  : openEmbeddedLedger(database, parts);
const tell = (message: FromChild): void => void process.send!(message);

process.on("message", ([id, request]: ToChild) => {
  store.submit(request).then(
    (octets) => tell([id, octets, ""]),
    (error: unknown) => tell([id, null, error instanceof BankError ? error.message : String(error)]),
  );
});
process.on("disconnect", () => process.exit(0));
tell("ready");
