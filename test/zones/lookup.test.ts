import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { typeToText } from "../../dns/index.ts";
import { PlainZone, type Proof } from "../support/plain-zone.ts";
import { nearNames, WILD_QTYPES, wildZone } from "../support/wild-zone.ts";
import { chainOf } from "../support/zone-chain.ts";
import { storeWith, tell, viewOf } from "../support/zone-told.ts";

const PROOFS: readonly { readonly what: string; readonly proof: Proof; readonly hasOptOut: boolean }[] = [
  { what: "without proofs", proof: { kind: "none" }, hasOptOut: false },
  { what: "with NSEC", proof: { kind: "nsec" }, hasOptOut: false },
  { what: "with NSEC3", proof: { kind: "nsec3", iterations: 0, salt: new Uint8Array(0) }, hasOptOut: false },
  {
    what: "with NSEC3, salt and opt-out",
    proof: { kind: "nsec3", iterations: 2, salt: Uint8Array.of(0xab, 0x12) },
    hasOptOut: true,
  },
];

describe("the packed lookup says what the plain zone says", () => {
  test.each(PROOFS)("$what", ({ proof, hasOptOut }) => {
    const zones = proof.kind === "nsec3" ? 14 : 36;
    for (let seed = 1; seed <= zones; seed++) {
      const random = new SeededRandom(seed);
      const { apex, records } = wildZone(random);
      const all = [...records, ...chainOf(apex, records, proof, { hasOptOut })];
      const plain = new PlainZone(apex, all, proof);
      const packed = viewOf(storeWith(apex, all), apex);
      expect([...packed.names()].map((name) => name.key)).toEqual(plain.names.map((name) => name.key));
      for (const name of nearNames(apex, records, random)) {
        for (const qtype of WILD_QTYPES) {
          const told = tell(packed.lookup(name, qtype));
          const expected = plain.lookup(name, qtype);
          if (JSON.stringify(told) === JSON.stringify(expected)) continue;
          const zone = all.map(({ owner, type }) => `${owner.toString()} ${typeToText(type)}`).join("\n");
          expect(told, `seed ${seed}: ${name.toString()} ${typeToText(qtype)} in\n${zone}`).toEqual(expected);
        }
      }
    }
  });
});
