/** A process that keeps an embedded bank's books, to be killed: takes requests from its parent, and answers what is on the disk. */
import { systemClock } from "../../base/index.ts";
import { BankError, type LedgerRequest, openEmbeddedLedger } from "../../bank/index.ts";

export type ToChild = readonly [id: number, request: LedgerRequest];
export type FromChild = "ready" | readonly [id: number, octets: Uint8Array | null, why: string];

const store = openEmbeddedLedger(process.argv[2]!, { clock: systemClock, epoch: 0 });
const tell = (message: FromChild): void => void process.send!(message);

process.on("message", ([id, request]: ToChild) => {
  store.submit(request).then(
    (octets) => tell([id, octets, ""]),
    (error: unknown) => tell([id, null, error instanceof BankError ? error.message : String(error)]),
  );
});
process.on("disconnect", () => process.exit(0));
tell("ready");
