import { describe, expect, test } from "vitest";
import { SeededRandom, silentLog, SimulatedClock } from "../../base/index.ts";
import {
  CLASS,
  decodeMessage,
  EDE,
  encodeMessage,
  extendedErrors,
  findOption,
  type Message,
  Name,
  OPCODE,
  OPTION,
  RCODE,
  rcodeToText,
  TYPE,
} from "../../dns/index.ts";
import { NameServer, updateHandler } from "../../nameserver/index.ts";
import { LATER, Prefix, type Transport } from "../../net/index.ts";
import {
  type ChangeLog,
  ChangeLogError,
  type JournalEntry,
  LEASE_BOUNDS,
  Leases,
  UpdatePolicy,
  ZoneChanger,
  type ZoneStore,
  ZoneView,
} from "../../zones/index.ts";
import { edns, query } from "../support/messages.ts";
import { storeOf } from "../support/name-server.ts";
import { updateOf } from "../support/updates.ts";

const apex = Name.parse("example.");
const ZONES = {
  "example.": `
    example.     300 SOA ns.example. admin.example. 7 3600 600 86400 300
    example.     300 NS ns.example.
    www.example. 300 A 192.0.2.2`,
  "signed.": `
    signed. 300 SOA ns.example. admin.example. 7 3600 600 86400 300
    signed. 300 NSEC a.signed. SOA NSEC`,
  "closed.": "closed. 300 SOA ns.example. admin.example. 7 3600 600 86400 300",
};

class MemoryLog implements ChangeLog {
  readonly entries: JournalEntry[] = [];
  isFull = false;

  append(entries: readonly JournalEntry[]): void {
    if (this.isFull) throw new ChangeLogError("the disk is full");
    this.entries.push(...entries);
  }
}

/** A server whose zones, all but `closed.`, clients on 192.0.2.0/24 may change. */
class Rig {
  readonly clock = new SimulatedClock();
  readonly log = new MemoryLog();
  readonly store: ZoneStore = storeOf(ZONES);
  readonly leases = new Leases({ clock: this.clock, log: silentLog });
  readonly changer = new ZoneChanger({
    store: this.store,
    clock: this.clock,
    log: silentLog,
    changeLog: this.log,
    leases: this.leases,
  });
  readonly #policy = new UpdatePolicy([
    { to: { from: [Prefix.parse("192.0.2.0/24")] }, names: { kind: "zone" }, types: null },
  ]);
  readonly #server = new NameServer({
    store: this.store,
    clock: this.clock,
    random: new SeededRandom(1),
    recursion: null,
    control: {
      keys: new Map(),
      transfer: null,
      notify: null,
      update: updateHandler({
        changer: this.changer,
        log: silentLog,
        treatmentOf: (zone) => {
          if (this.store.zoneOf(zone) === 0) return null;
          return zone.toString() === "closed."
            ? { kind: "refused", text: "it takes no updates" }
            : { kind: "taken", policy: this.#policy, leases: LEASE_BOUNDS };
        },
      }),
    },
  });

  constructor() {
    this.leases.start(this.changer, []);
  }

  send(message: Message, from = "192.0.2.7", transport: Transport = "tcp"): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    const response = new Uint8Array(65_535);
    const peer = { address: from, port: 5353, transport };
    const length = this.#server.handle(encodeMessage(message), response, peer, (octets) => {
      resolve(decodeMessage(octets));
    });
    if (length !== LATER) resolve(decodeMessage(response.slice(0, length)));
    return this.clock.run(promise);
  }

  /** All that comes back for these octets. */
  async sendOctets(octets: Uint8Array): Promise<Uint8Array[]> {
    const sent: Uint8Array[] = [];
    const response = new Uint8Array(65_535);
    const peer = { address: "192.0.2.7", port: 5353, transport: "tcp" } as const;
    const length = this.#server.handle(octets, response, peer, (later) => void sent.push(later));
    await this.clock.advance(1);
    return length > 0 ? [response.slice(0, length)] : sent;
  }

  update(text: string, zone = "example.", from?: string): Promise<Message> {
    return this.send(updateMessage(text, zone), from);
  }

  addresses(name: string): number {
    return ZoneView.of(this.store, apex)!.get(Name.parse(name), TYPE.A)?.rdatas.length ?? 0;
  }

  get serial(): number {
    return ZoneView.of(this.store, apex)!.serial;
  }
}

function updateMessage(text: string, zone = "example."): Message {
  const { prerequisites, updates } = updateOf(text);
  return query(zone, "SOA", { id: 5, opcode: OPCODE.UPDATE, answer: prerequisites, authority: updates, edns });
}

const told = (message: Message): string[] => [
  rcodeToText(message.rcode),
  ...extendedErrors(message.edns).map(({ infoCode, text }) => `${infoCode} ${text}`),
];

const ADD = "add new.example. 60 A 192.0.2.9";

describe("an update", () => {
  test("is in the journal, with who made it, and seen by the next query, once it is acknowledged", async () => {
    const rig = new Rig();
    const response = await rig.update(ADD);
    expect(response).toMatchObject({ id: 5, opcode: OPCODE.UPDATE, response: true, rcode: RCODE.NOERROR });
    expect(response.question[0]?.name.toString()).toBe("example.");
    expect([rig.addresses("new.example."), rig.serial]).toEqual([1, 8]);
    expect(rig.log.entries.map(({ by }) => by)).toEqual(["client 192.0.2.7"]);
  });

  test("that changes nothing is acknowledged and leaves the serial as it is", async () => {
    const rig = new Rig();
    expect(told(await rig.update("add www.example. 300 A 192.0.2.2"))).toEqual(["NOERROR"]);
    expect(rig.serial).toBe(7);
    expect(rig.log.entries).toEqual([]);
  });

  test("that sets a newer serial has that one", async () => {
    const rig = new Rig();
    await rig.update(`${ADD}\nadd example. 300 SOA ns.example. admin.example. 2026112301 3600 600 86400 300`);
    expect(rig.serial).toBe(2_026_112_301);
  });

  test("whose prerequisites do not hold does nothing, and says which", async () => {
    const rig = new Rig();
    const response = await rig.update(`yes www.example. TXT\n${ADD}`);
    expect(told(response)).toEqual(["NXRRSET", "0 www.example. TXT: there is no such RRset"]);
    expect([rig.addresses("new.example."), rig.serial]).toEqual([0, 7]);
  });

  test("sees what the one before it did, though both share a commit", async () => {
    const rig = new Rig();
    const both = [rig.update(`no new.example.\n${ADD}`), rig.update(`no new.example.\n${ADD}`)];
    expect((await Promise.all(both)).map(({ rcode }) => rcodeToText(rcode))).toEqual(["NOERROR", "YXDOMAIN"]);
    expect(rig.serial).toBe(8);
  });

  test("that goes wrong half way does nothing, and nothing to another in the same commit", async () => {
    const rig = new Rig();
    const many = Array.from({ length: 101 }, (_, i) => `add many.example. 1 A 192.0.3.${i}`).join("\n");
    const both = [rig.update(`${ADD}\n${many}`), rig.update("add other.example. 1 A 192.0.2.10")];
    expect((await Promise.all(both)).map(({ rcode }) => rcodeToText(rcode))).toEqual(["REFUSED", "NOERROR"]);
    expect(["new", "many", "other"].map((label) => rig.addresses(`${label}.example.`))).toEqual([0, 0, 1]);
  });

  test("that cannot be written to the journal is SERVFAIL, and the next one is taken", async () => {
    const rig = new Rig();
    rig.log.isFull = true;
    expect(told(await rig.update(ADD))).toEqual(["SERVFAIL", "0 the disk is full"]);
    expect([rig.addresses("new.example."), rig.serial]).toEqual([0, 7]);
    rig.log.isFull = false;
    expect(told(await rig.update(ADD))).toEqual(["NOERROR"]);
    expect(rig.serial).toBe(8);
  });
});

describe("no update", () => {
  test.each([
    ["of a zone that is not served", ADD, "other.", "NOTAUTH", EDE.NOT_AUTHORITATIVE],
    ["of a name within a zone", ADD, "www.example.", "NOTAUTH", EDE.NOT_AUTHORITATIVE],
    ["of a zone that takes none", ADD, "closed.", "REFUSED", EDE.PROHIBITED],
    ["of a signed zone", "add new.signed. 60 A 192.0.2.9", "signed.", "REFUSED", EDE.NOT_SUPPORTED],
    ["of another zone's names", "add new.closed. 60 A 192.0.2.9", "example.", "NOTZONE", EDE.INVALID_DATA],
  ])("%s", async (_situation, text, zone, rcode, infoCode) => {
    const [code, error] = told(await new Rig().update(text, zone));
    expect(code).toBe(rcode);
    expect(error).toMatch(new RegExp(`^${infoCode} `));
  });

  test("of strangers, who do not even learn what is there", async () => {
    const rig = new Rig();
    const response = await rig.update(`yes gone.example.\n${ADD}`, "example.", "198.51.100.1");
    expect(told(response)).toEqual(["REFUSED", "18 updates have to be signed with a key that is allowed here"]);
  });

  test("of an address that the sender may only claim: over UDP, without a cookie and without a signature", async () => {
    const rig = new Rig();
    const message = updateMessage("add a.example. 300 A 192.0.2.9", "example.");
    const refused = await rig.send(message, "192.0.2.7", "udp");
    expect([refused.rcode, rig.serial]).toEqual([RCODE.REFUSED, 7]);
    expect(extendedErrors(refused.edns)[0]?.text).toContain("over UDP anybody could send it");
    const cookieOf = ({ edns: told }: Message) => findOption(told, OPTION.COOKIE)!;
    const first = { code: OPTION.COOKIE, data: new Uint8Array(8) };
    const asked = query("example.", "SOA", { edns: { ...edns, options: [first] } });
    const given = await rig.send(asked, "192.0.2.7", "udp");
    const again = { ...message, edns: { ...edns, options: [cookieOf(given)] } };
    expect((await rig.send(again, "192.0.2.8", "udp")).rcode).toBe(RCODE.REFUSED);
    expect((await rig.send(again, "192.0.2.7", "udp")).rcode).toBe(RCODE.NOERROR);
    expect(rig.serial).toBe(8);
  });

  test("of a frozen zone", async () => {
    const rig = new Rig();
    rig.changer.freeze(apex);
    const [code, error] = told(await rig.update(ADD));
    expect(code).toBe("REFUSED");
    expect(error).toContain("strata thaw example.");
  });

  test.each([
    ["without a zone section", { question: [] }, "FORMERR"],
    ["with another type there", { question: [{ name: apex, type: TYPE.A, class: CLASS.IN }] }, "FORMERR"],
    ["of another class", { question: [{ name: apex, type: TYPE.SOA, class: CLASS.CH }] }, "NOTAUTH"],
  ])("%s", async (_situation, part, rcode) => {
    const [code] = told(await new Rig().send({ ...updateMessage(ADD), ...part }));
    expect(code).toBe(rcode);
  });
});

describe("a lease (RFC 9664 §4.3)", () => {
  const withLease = (octets: number[], text = ADD): Message => ({
    ...updateMessage(text),
    edns: { ...edns, options: [{ code: OPTION.UPDATE_LEASE, data: Uint8Array.from(octets) }] },
  });
  const granted = (message: Message): unknown => findOption(message.edns, OPTION.UPDATE_LEASE)?.data.join(" ");

  test.each([
    ["granted as it was asked for", [0, 0, 1, 0], "0 0 1 0"],
    ["at least half a minute", [0, 0, 0, 1], "0 0 0 30"],
    ["a day at most", [255, 255, 255, 255], "0 1 81 128"],
    ["with one for keys of a week at most", [0, 0, 1, 0, 255, 255, 255, 255], "0 0 1 0 0 9 58 128"],
  ])("is %s", async (_what, asked, expected) => {
    const response = await new Rig().send(withLease(asked));
    expect(rcodeToText(response.rcode)).toBe("NOERROR");
    expect(granted(response)).toBe(expected);
  });

  test("is not spoken of where none was asked for, or nothing was done", async () => {
    expect(granted(await new Rig().update(ADD))).toBeUndefined();
    expect(granted(await new Rig().send(withLease([0, 0, 1, 0], `yes gone.example.\n${ADD}`)))).toBeUndefined();
  });

  test("of another length is malformed", async () => {
    const response = await new Rig().send(withLease([0, 0, 1]));
    expect(rcodeToText(response.rcode)).toBe("FORMERR");
  });

  test("ends the record, and is taken for the record alone", async () => {
    const rig = new Rig();
    await rig.send(withLease([0, 0, 0, 30], `${ADD}\ndelete www.example.`));
    await rig.clock.advance(31_000);
    expect([rig.addresses("new.example."), rig.addresses("www.example.")]).toEqual([0, 0]);
    expect(rig.log.entries.map(({ by }) => by)).toEqual(["client 192.0.2.7", "lease"]);
  });
});

const SEED = Number(process.env["STRATA_SEED"] ?? 2136);

test(`3,000 spoilt updates each get one response, and leave a zone that is one (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  const rig = new Rig();
  const whole = encodeMessage({
    ...updateMessage(
      `yes www.example.\n${ADD}\ndelete www.example. TXT\ndelete example. NS\nadd x.example. 1 MX 1 a.example.`,
    ),
    edns: { ...edns, options: [{ code: OPTION.UPDATE_LEASE, data: Uint8Array.of(0, 0, 1, 0) }] },
  });
  const seen = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const spoilt = whole.slice(0, random.below(20) === 0 ? random.below(whole.length) : whole.length);
    for (let flips = random.below(4); flips > 0; flips--)
      spoilt[2 + random.below(spoilt.length)]! ^= 1 << random.below(8);
    const responses = await rig.sendOctets(spoilt);
    const isQuery = (spoilt[2]! & 0x80) === 0 && spoilt.length >= 12;
    expect(responses.length, `message ${i} of seed ${SEED}`).toBe(Number(isQuery));
    const rcode = responses.length === 0 ? "silence" : rcodeToText(responses[0]![3]! & 15);
    seen.set(rcode, (seen.get(rcode) ?? 0) + 1);
    const view = ZoneView.of(rig.store, apex)!;
    expect(view.get(apex, TYPE.SOA)?.rdatas).toHaveLength(1);
    expect(view.get(apex, TYPE.NS)?.rdatas.length).toBeGreaterThan(0);
  }
  for (const rcode of ["NOERROR", "FORMERR", "NXRRSET", "silence"]) expect(seen.has(rcode), rcode).toBe(true);
});
