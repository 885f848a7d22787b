/**
 * Writes zone data as a master file (RFC 1035 §5.1): one record a line, every name absolute, TTL and class in each, in
 * canonical order (RFC 4034 §6) with the SOA first, so that equal zones give equal texts and every line can stand alone.
 * It reads back the same: what a type's own form cannot say is written as RFC 3597 §5 has it.
 */
import { classToText, type Name, type Rr, type Rrset, rdataType, recordsOf, typeToText } from "../../dns/index.ts";
import { RecordList } from "./record-list.ts";

/** The text of RRsets in any order. For large zones take `masterLines`. */
export function writeMaster(rrsets: Iterable<Rrset>): string {
  const list = RecordList.of(recordsOf([...rrsets]));
  let text = "";
  for (const line of masterLines(list.sorted().values())) text += line;
  return text;
}

/** One line a record, its end included, in the order given. */
export function* masterLines(rrsets: Iterable<Rrset>): Generator<string> {
  let owner: Name | null = null;
  let ownerText = "";
  for (const rrset of rrsets) {
    if (rrset.owner !== owner) ownerText = rrset.owner.toString();
    owner = rrset.owner;
    const type = rdataType(rrset.type);
    const middle = `${rrset.ttlSeconds}\t${classToText(rrset.class)}\t${typeToText(rrset.type)}`;
    for (const rdata of rrset.rdatas) yield `${ownerText}\t${middle}\t${type.format(rdata)}\n`;
  }
}

/** One record as a line, without its end. */
export function formatRecord({ owner, ttlSeconds, class: dnsClass, type, rdata }: Rr): string {
  const fields = [owner.toString(), ttlSeconds, classToText(dnsClass), typeToText(type), rdataType(type).format(rdata)];
  return fields.join("\t");
}
