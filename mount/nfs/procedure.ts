/** What a procedure is: its number, and how its arguments and results are written and read. Client and server use the same declaration. */
import { type Status } from "../status.ts";
import { type XdrReader } from "../rpc/xdr-reader.ts";
import { type XdrWriter } from "../rpc/xdr-writer.ts";
import { mountStatusNumber, OK, statusNumber, statusOf } from "./status.ts";

/** One thing on the wire, in both directions. */
export interface Codec<T> {
  write(writer: XdrWriter, value: T): void;
  /** Throws an XdrError. */
  read(reader: XdrReader): T;
}

export interface Procedure<A, R> {
  readonly number: number;
  readonly name: string;
  readonly arguments: Codec<A>;
  readonly result: Codec<R>;
}

/** Most results begin with a status; on OK one thing follows, else another. */
export type Result<Good, Bad> =
  { readonly status: "OK"; readonly good: Good } | { readonly status: Status; readonly bad: Bad };

/** Nothing at all. */
export const nothing: Codec<null> = {
  write: () => undefined,
  read: () => null,
};

export function result<Good, Bad>(good: Codec<Good>, bad: Codec<Bad>): Codec<Result<Good, Bad>> {
  return resultBy(statusNumber, good, bad);
}

/** The result of MNT, which knows fewer statuses. */
export function mountResult<Good>(good: Codec<Good>): Codec<Result<Good, null>> {
  return resultBy(mountStatusNumber, good, nothing);
}

function resultBy<Good, Bad>(
  number: (status: Status) => number,
  good: Codec<Good>,
  bad: Codec<Bad>,
): Codec<Result<Good, Bad>> {
  return {
    write(writer, value) {
      if (value.status === "OK") {
        writer.u32(OK);
        good.write(writer, value.good);
      } else {
        writer.u32(number(value.status));
        bad.write(writer, value.bad);
      }
    },
    read(reader) {
      const status = reader.u32();
      return status === OK
        ? { status: "OK", good: good.read(reader) }
        : { status: statusOf(status), bad: bad.read(reader) };
    },
  };
}
