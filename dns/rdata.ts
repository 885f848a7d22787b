/**
 * The record types by number. A new type is one declaration in a file of `type/`; whatever is not declared there is opaque
 * octets (RFC 3597).
 */
import { typeToText } from "./codes.ts";
import { opaque, type RdataType } from "./declare.ts";
import { a, aaaa, cname, hinfo, mx, ns, ptr, soa, spf, srv, txt } from "./type/basic.ts";
import { cdnskey, cds, csync, dnskey, ds, nsec, nsec3, nsec3param, rrsig, zonemd } from "./type/dnssec.ts";
import { cert, dhcid, ipseckey, openpgpkey, smimea, sshfp, tlsa } from "./type/key.ts";
import { mb, md, mf, mg, minfo, mr, px, rt } from "./type/old.ts";
import { apl, loc } from "./type/place.ts";
import { afsdb, caa, dname, eui48, eui64, https, kx, naptr, rp, svcb, uri } from "./type/service.ts";

const DECLARED: readonly RdataType[] = [
  ...[a, aaaa, cname, hinfo, mx, ns, ptr, soa, spf, srv, txt],
  ...[cdnskey, cds, csync, dnskey, ds, nsec, nsec3, nsec3param, rrsig, zonemd],
  ...[cert, dhcid, ipseckey, openpgpkey, smimea, sshfp, tlsa],
  ...[mb, md, mf, mg, minfo, mr, px, rt],
  ...[apl, loc],
  ...[afsdb, caa, dname, eui48, eui64, https, kx, naptr, rp, svcb, uri],
].sort((one, other) => one.type - other.type);

const types = new Map<number, RdataType>(DECLARED.map((declared) => [declared.type, declared]));

/** Types that are not declared are kept once made, but not without end: others choose their numbers. */
const KEPT_MAX = 512;

/** What is known of a type; of one that is not declared, that it is opaque. */
export function rdataType(type: number): RdataType {
  const known = types.get(type);
  if (known !== undefined) return known;
  const unknown = opaque(type, typeToText(type));
  if (types.size < KEPT_MAX) types.set(type, unknown);
  return unknown;
}

/** The declared types in order of their numbers. */
export function rdataTypes(): readonly RdataType[] {
  return DECLARED;
}
