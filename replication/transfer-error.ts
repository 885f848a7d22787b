/** Why what a primary sent does not become a version of the zone. */

export class TransferError extends Error {
  /**
   * - `RCODE`: the primary answered with an error.
   * - `BROKEN`: what came breaks the rules of a transfer.
   * - `UNFIT`: a well-formed transfer that does not fit the zone, or that makes none.
   * - `TOO_LARGE`: it goes beyond what is taken.
   */
  readonly code: "RCODE" | "BROKEN" | "UNFIT" | "TOO_LARGE";

  constructor(code: TransferError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
