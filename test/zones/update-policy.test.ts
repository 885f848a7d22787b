import { describe, expect, test } from "vitest";
import { Name, typeFromText } from "../../dns/index.ts";
import { Prefix } from "../../net/index.ts";
import {
  type GrantedNames,
  type UpdateGrant,
  UpdatePolicy,
  type UpdateRequester,
  ZoneDraft,
} from "../../zones/index.ts";
import { ZoneStore } from "../../zones/index.ts";
import { rrs } from "../support/messages.ts";
import { updateOf } from "../support/updates.ts";
import { addRecord } from "../support/zone-changes.ts";

const apex = Name.parse("example.");
const store = ZoneStore.create({ capacityOctets: 1 << 20 });
const edit = store.edit(apex);
for (const record of rrs(`
  example.     300 SOA ns.example. admin.example. 7 3600 600 86400 300
  example.     300 NS ns.example.
  pc.example.  300 A 192.0.2.1
  pc.example.  300 TXT "x"
  sub.example. 300 NS ns.sub.example.
`)) {
  addRecord(edit, record);
}
edit.commit();
const zone = new ZoneDraft(store.edit(apex));

const by = (key: string | null, address = [192, 0, 2, 9]): UpdateRequester => ({
  key: key === null ? null : Name.parse(key),
  addressOctets: Uint8Array.from(address),
});

function grant(key: string, names: string, types = ""): UpdateGrant {
  const [kind = "", name = "."] = names.split(" ");
  return {
    to: { key: Name.parse(key) },
    names: namesOf(kind, Name.parse(name)),
    types: types === "" ? null : types.split(" ").map((type) => typeFromText(type)!),
  };
}

function namesOf(kind: string, name: Name): GrantedNames {
  if (kind === "zone" || kind === "self") return { kind };
  if (kind === "name" || kind === "subdomain" || kind === "wildcard") return { kind, name };
  throw new Error(kind);
}

describe("a key changes", () => {
  test.each([
    ["zone", "", "add x.example. 1 A 192.0.2.1\ndelete example. NS\ndelete sub.example.", true],
    ["zone", "A TXT", "delete pc.example.", true],
    ["zone", "A", "delete pc.example.", false],
    ["zone", "A", "add pc.example. 1 AAAA 2001:db8::1", false],
    ["zone", "A", "add pc.example. 1 A 192.0.2.2\nadd pc.example. 1 TXT y", false],
    ["self", "", "delete PC.example. A", true],
    ["self", "", "add a.pc.example. 1 A 192.0.2.1", false],
    ["self", "", "add pc.example. 1 NS a.", false],
    ["self", "NS", "add pc.example. 1 NS a.", true],
    ["name sub.example.", "A", "add sub.example. 1 A 192.0.2.1", true],
    ["name sub.example.", "A", "add a.sub.example. 1 A 192.0.2.1", false],
    ["name sub.example.", "A", "delete sub.example.", false],
    ["subdomain sub.example.", "A", "add sub.example. 1 A 192.0.2.1\nadd a.b.sub.example. 1 A 192.0.2.1", true],
    ["subdomain sub.example.", "A", "add asub.example. 1 A 192.0.2.1", false],
    ["wildcard *.sub.example.", "A", "add a.b.sub.example. 1 A 192.0.2.1", true],
    ["wildcard *.sub.example.", "A", "add sub.example. 1 A 192.0.2.1", false],
    ["name pc.example.", "", "delete gone.example.", false],
    ["name gone.example.", "A", "delete gone.example.", true],
    // All that may be deleted of the apex is what is not kept there anyhow.
    ["name example.", "A", "delete example.", true],
  ])("with %s [%s]: %s: %s", (names, types, text, isAllowed) => {
    const policy = new UpdatePolicy([grant("pc.example.", names, types)]);
    const refusal = policy.refusalOfUpdates(zone, by("PC.example."), updateOf(text).updates);
    expect(refusal === null).toBe(isAllowed);
  });
});

test("several grants of one key add up; those of another do not", () => {
  const policy = new UpdatePolicy([
    grant("k.", "name a.example.", "A"),
    grant("k.", "name b.example."),
    grant("l.", "zone"),
  ]);
  const { updates } = updateOf("add a.example. 1 A 192.0.2.1\nadd b.example. 1 TXT x");
  expect(policy.refusalOfUpdates(zone, by("k."), updates)).toBeNull();
  const more = updateOf("add a.example. 1 A 192.0.2.1\nadd a.example. 1 TXT x").updates;
  expect(policy.refusalOfUpdates(zone, by("k."), more)?.text).toBe("the key k. may not change a.example. TXT");
});

test("who is granted nothing is told so before anything of the zone is looked at", () => {
  const policy = new UpdatePolicy([grant("k.", "zone")]);
  expect(policy.refusalOf(by("k."))).toBeNull();
  expect(policy.refusalOf(by("l."))?.text).toBe("the key l. may change nothing in this zone");
  expect(policy.refusalOf(by(null))?.text).toContain("signed");
});

test("clients without a key change what their address is granted", () => {
  const from = [Prefix.parse("127.0.0.0/8"), Prefix.parse("::1")];
  const policy = new UpdatePolicy([{ to: { from }, names: { kind: "zone" }, types: null }]);
  expect(policy.refusalOf(by(null, [127, 0, 0, 1]))).toBeNull();
  expect(policy.refusalOf(by("k.", [127, 0, 0, 1]))).toBeNull();
  expect(policy.refusalOf(by(null))).not.toBeNull();
  const self = new UpdatePolicy([{ to: { from }, names: { kind: "self" }, types: null }]);
  const { updates } = updateOf("add a.example. 1 A 192.0.2.1");
  expect(self.refusalOfUpdates(zone, by(null, [127, 0, 0, 1]), updates)).not.toBeNull();
});
