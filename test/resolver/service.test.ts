/** Where a service is, by its name. */
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { Name, RCODE } from "../../dns/index.ts";
import { findAddresses, findRecords, findService, NoWordError, serviceName } from "../../resolver/service.ts";
import { KnownNames } from "../support/known-names.ts";

const NEVER = new AbortController().signal;

const knowing = (...records: string[]): KnownNames => {
  const names = new KnownNames();
  names.records = records;
  return names;
};
const serviceIn = (names: KnownNames, seed = 1) =>
  findService({ resolve: names.resolve, random: new SeededRandom(seed) }, Name.parse("_nfs._tcp.vu.nl"), NEVER);
const hostsIn = async (names: KnownNames, seed = 1): Promise<string[]> =>
  (await serviceIn(names, seed)).targets.map(({ host }) => host.toString());

describe("the servers of a service (RFC 2782)", () => {
  test("lower priorities first", async () => {
    const names = knowing(
      "_nfs._tcp.vu.nl 60 SRV 20 0 1 c.vu.nl.",
      "_nfs._tcp.vu.nl 60 SRV 0 0 2 a.vu.nl.",
      "_nfs._tcp.vu.nl 60 SRV 10 65535 3 b.vu.nl.",
    );
    for (let seed = 0; seed < 20; seed++)
      expect(await hostsIn(names, seed)).toEqual(["a.vu.nl.", "b.vu.nl.", "c.vu.nl."]);
  });

  test("within a priority by weight, and weight 0 has a small chance", async () => {
    const names = knowing(...[0, 10, 30].map((weight) => `_nfs._tcp.vu.nl 60 SRV 0 ${weight} 1 w${weight}.vu.nl.`));
    const firsts = new Map<string, number>();
    for (let seed = 0; seed < 1000; seed++) {
      const [first = ""] = await hostsIn(names, seed);
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect(firsts.get("w0.vu.nl.")).toBeGreaterThan(0);
    expect(firsts.get("w0.vu.nl.")).toBeLessThan(80);
    expect(firsts.get("w10.vu.nl.")).toBeGreaterThan(180);
    expect(firsts.get("w30.vu.nl.")).toBeGreaterThan(600);
  });

  test('a target of "." says that there is none', async () => {
    expect(await serviceIn(knowing("_nfs._tcp.vu.nl 60 SRV 0 0 0 ."))).toMatchObject({ targets: [], isDenied: true });
    expect(await serviceIn(knowing())).toMatchObject({ targets: [], isDenied: false });
  });

  test("are at most 8 of however many", async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `_nfs._tcp.vu.nl 60 SRV 0 ${i} ${i} h${i}.vu.nl.`);
    expect(await hostsIn(knowing(...lines))).toHaveLength(8);
  });

  test("have no name where the host's is too long already", () => {
    const long = Name.parse(`${`${"x".repeat(49)}.`.repeat(5)}nl`);
    expect(serviceName("_nfs._tcp", long)).toBeNull();
    expect(serviceName("_nfs._tcp", Name.parse("vu.nl"))).toEqual(Name.parse("_nfs._tcp.vu.nl"));
  });
});

describe("the addresses of a host", () => {
  test("IPv4 first, along aliases, with the least TTL of the way", async () => {
    const names = knowing("w.nl 20 CNAME h.nl.", "h.nl 60 AAAA ::2", "h.nl 30 A 192.0.2.1");
    expect(await findAddresses(names.resolve, Name.parse("w.nl"), NEVER)).toMatchObject({
      ...{ exists: true, addresses: ["192.0.2.1", "::2"], ttlSeconds: 20 },
    });
  });

  test("are those of one family when nobody tells of the other", async () => {
    const names = knowing("h.nl 30 A 192.0.2.1");
    names.silentAbout.add("h.nl AAAA");
    expect((await findAddresses(names.resolve, Name.parse("h.nl"), NEVER)).addresses).toEqual(["192.0.2.1"]);
    names.records = ["h.nl 30 TXT x"];
    await expect(findAddresses(names.resolve, Name.parse("h.nl"), NEVER)).rejects.toBeInstanceOf(NoWordError);
  });
});

test("a name that is not there, one that has no such records, and one of which nobody says anything", async () => {
  const names = knowing("h.nl 30 A 192.0.2.1");
  const asked = (name: string) => findRecords(names.resolve, { name: Name.parse(name), type: 16 }, NEVER);
  expect(await asked("h.nl")).toMatchObject({ exists: true, records: [], ttlSeconds: Infinity });
  expect(await asked("x.nl")).toMatchObject({ exists: false, records: [] });
  names.rcode = RCODE.SERVFAIL;
  await expect(asked("h.nl")).rejects.toThrow("h.nl cannot be resolved: SERVFAIL");
  names.isSilent = true;
  await expect(asked("h.nl")).rejects.toThrow("h.nl cannot be resolved: no answer");
});
