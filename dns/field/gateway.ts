/** The gateway of IPSECKEY (RFC 4025 §2.5), whose form the octet two before it says: none, an address, or a name. */
import { tokenText } from "../text.ts";
import { ipv4, ipv6 } from "./address.ts";
import { DataError, type Field, shown, STEP_REST, wanted, wrong } from "./field.ts";
import { plainName } from "./name.ts";

const NO_GATEWAY = ".";

const none: Field = {
  step: 0,
  name: null,
  end: (_octets, at) => at,
  format: () => NO_GATEWAY,
  parse(tokens, _out, label) {
    const token = wanted(tokens, label, `${NO_GATEWAY} because the gateway type is 0`);
    const text = tokenText(token);
    if (text !== NO_GATEWAY) throw wrong(token, `the ${label} is ${NO_GATEWAY} when its type is 0, not ${shown(text)}`);
  },
  toData: () => NO_GATEWAY,
  fromData(data) {
    if (data !== NO_GATEWAY) throw new DataError(`${NO_GATEWAY} is wanted because the gateway type is 0`);
  },
};

const FORMS: readonly Field[] = [none, ipv4, ipv6, plainName];
const WANTED = "a gateway type from 0 (none), 1 (IPv4), 2 (IPv6), 3 (a name)";

/** Distance from the gateway back to its type: the algorithm stands between. */
const BACK = 2;

/**
 * Its octets are taken to the end of the RDATA when the type is one we do not know, so that the record gets through.
 * Its name is not among the type's `names`: it is never compressed and keeps its case.
 */
export const ipsecGateway: Field = {
  step: STEP_REST,
  name: null,
  end: (octets, at, end) => FORMS[octets[at - BACK]!]?.end(octets, at, end) ?? end,
  isWritable: (octets, at) => octets[at - BACK]! < FORMS.length,
  format: (octets, at, end) => FORMS[octets[at - BACK]!]?.format(octets, at, end) ?? "",
  parse(tokens, out, label) {
    const form = FORMS[out.before(BACK)];
    if (form === undefined)
      throw tokens.error(tokens.peek(), `only the generic form can say this; ${WANTED} is wanted`);
    form.parse(tokens, out, label);
  },
  toData: (octets, at, end) =>
    FORMS[octets[at - BACK]!]?.toData(octets, at, end) ?? Buffer.from(octets.subarray(at, end)),
  fromData(data, out) {
    const form = FORMS[out.before(BACK)];
    if (form !== undefined) form.fromData(data, out);
    else if (data instanceof Uint8Array) out.octets(data);
    else throw new DataError(`${WANTED}, or octets, are wanted`);
  },
};
