/** Zones that are wrong: each mistake writes the records that make it and names the names worth asking for. */
import type { ZoneDraft } from "./zone-draft.ts";

const address = (draft: ZoneDraft): string => `192.0.2.${draft.random.below(256)}`;

/** What somebody's script makes by mistake. Peers refuse some of these zones; then they are left out for that peer. */
export const HOSTILE: Readonly<Record<string, (draft: ZoneDraft) => void>> = {
  "wildcard delegation"(draft) {
    draft.add("*.bad", "NS", "ns1");
    for (const name of ["bad", "x.bad", "y.x.bad", "*.bad"]) draft.ask(name, "A", "NS");
  },
  "data below a dname"(draft) {
    draft.add("hidden.hides", "A", address(draft));
    draft.add("hides", "DNAME", "www");
    draft.ask("hidden.hides", "A");
    draft.ask("x.hidden.hides", "A");
  },
  "wildcard dname"(draft) {
    draft.add("*.bad", "DNAME", "www");
    for (const name of ["x.bad", "y.x.bad", "*.bad", "y.*.bad"]) draft.ask(name, "A", "DNAME");
  },
  "cname beside other data"(draft) {
    draft.add("both", "CNAME", "www");
    draft.add("both", "A", address(draft));
    draft.ask("both", "A", "CNAME", "TXT");
  },
  "two aliases"(draft) {
    draft.add("twice", "CNAME", "www");
    draft.add("twice", "CNAME", "ftp");
    draft.ask("twice", "A", "CNAME");
  },
  "lifetimes that differ"(draft) {
    draft.add("mixed-ttl", "A", "192.0.2.7", 100);
    draft.add("mixed-ttl", "A", "192.0.2.8", 200);
    draft.ask("mixed-ttl", "A");
  },
  "the same record again"(draft) {
    for (let i = 0; i < 3; i++) draft.add("again", "A", "192.0.2.7");
    draft.add("AGAIN", "A", "192.0.2.7");
  },
  "out of zone"(draft) {
    draft.add("www.elsewhere.invalid.", "A", "192.0.2.7");
    draft.add("fine", "A", "192.0.2.8");
  },
  "dname at the apex"(draft) {
    draft.add("@", "DNAME", "elsewhere.invalid.");
    for (const name of ["www", "x.y.z"]) draft.ask(name, "A", "SOA");
  },
  "cname and dname at one name"(draft) {
    draft.add("cd", "CNAME", "www");
    draft.add("cd", "DNAME", "elsewhere.invalid.");
    for (const name of ["cd", "x.cd"]) draft.ask(name, "A", "CNAME", "DNAME");
  },
  "delegation to an alias"(draft) {
    draft.add("aliased", "NS", "c-ns");
    draft.add("c-ns", "CNAME", "ns1");
    draft.add("mx-alias2", "MX", "10 c-ns");
    for (const name of ["aliased", "x.aliased", "mx-alias2"]) draft.ask(name, "A", "NS", "MX");
  },
  "ns and dname at one name"(draft) {
    draft.add("nd", "NS", "ns1");
    draft.add("nd", "DNAME", "www");
    for (const name of ["nd", "x.nd"]) draft.ask(name, "A", "NS", "DNAME", "DS");
  },
  "ds without a delegation"(draft) {
    draft.add("lone-ds", "DS", "1 13 2 49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0000");
    draft.add("@", "DS", "1 13 2 49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0000");
    draft.ask("lone-ds", "DS", "A");
    draft.ask("@", "DS");
  },
  "signatures without a key"(draft) {
    draft.add("nsec", "NSEC", "www A NSEC");
    draft.add("nsec", "RRSIG", "NSEC 13 3 300 20300101000000 20200101000000 1 @ AAAA");
    draft.add("nsec", "A", address(draft));
    draft.ask("nsec", "NSEC", "RRSIG", "A", "TXT");
  },
};
