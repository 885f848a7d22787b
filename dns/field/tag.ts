/** The tag of a CAA property (RFC 8659 §4.1): a length octet and ASCII letters and digits, written without quotes. */
import { WireError } from "../wire.ts";
import { asciiText, DataError, type Field, shown, STEP_STRING, wanted, whole, wrong } from "./field.ts";

const WANTED = "a property tag of letters and digits such as issue";

export const caaTag: Field = {
  step: STEP_STRING,
  name: null,
  end(octets, at, end) {
    if (at >= end || octets[at] === 0) throw new WireError("a CAA tag has one octet at least (RFC 8659 §4.1)", at);
    return whole(at, octets[at]! + 1, end, "a CAA tag");
  },
  isWritable: (octets, at, end) => isTag(octets.subarray(at + 1, end)),
  format: (octets, at, end) => asciiText(octets.subarray(at + 1, end)),
  parse(tokens, out, label) {
    const token = wanted(tokens, label, WANTED);
    if (token.quoted || !isTag(token.octets)) {
      throw wrong(
        token,
        `the ${label} cannot be ${shown(asciiText(token.octets))}; ${WANTED} is wanted (RFC 8659 §4.1)`,
      );
    }
    out.counted(token.octets);
  },
  toData: (octets, at, end) => asciiText(octets.subarray(at + 1, end)),
  fromData(data, out) {
    const octets = typeof data === "string" ? Buffer.from(data, "latin1") : null;
    if (octets === null || octets.length === 0 || octets.length > 255) {
      throw new DataError(`${WANTED} is wanted, not ${shown(data)}`);
    }
    out.counted(octets);
  },
};

function isTag(octets: Uint8Array): boolean {
  return (
    octets.length > 0 &&
    octets.length <= 255 &&
    octets.every((octet) => {
      const lower = octet | 0x20;
      return (octet >= 0x30 && octet <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
    })
  );
}
