/**
 * Query threads that ask by themselves, held to the plain way: the same name space, with servers of every kind of behaviour, gives the same
 * octets to clients, the same cache, and the same messages to servers.
 */
import { describe, expect, test } from "vitest";
import { decodeMessage, Name, RCODE, TYPE, typeToText } from "../../dns/index.ts";
import type { Engine } from "../../resolver/index.ts";
import { DirectRig, PlainRig } from "../support/direct-rig.ts";
import { FORMS, makeWorld, requestFor, ROOT_ZONE, SEED, TWO_SERVERS } from "../support/direct-zone.ts";
import type { World } from "./world.ts";

const QUESTIONS: readonly (readonly [string, string])[] = [
  ["host1.example.", "A"],
  ["HOST1.eXample.", "A"],
  ...Array.from({ length: 40 }, (_, i) => [`host${i}.example.`, "A"] as const),
  ["host2.example.", "AAAA"],
  ["six.example.", "A"],
  ["six.example.", "AAAA"],
  ["text.example.", "TXT"],
  ["mail.example.", "MX"],
  ["two.example.", "A"],
  ["many.example.", "A"],
  ["wide.example.", "AAAA"],
  ["book.example.", "TXT"],
  ["alias.example.", "A"],
  ["outside.example.", "A"],
  ["tree.example.", "A"],
  ["under.tree.example.", "A"],
  ["gone.example.", "A"],
  ["gone.example.", "AAAA"],
  ["example.", "A"],
  ["example.", "NS"],
  ["www.cut.example.", "A"],
  ["ftp.cut.example.", "A"],
  ["cut.example.", "A"],
  ["a.deep.example.", "A"],
  ["deep.example.", "A"],
  ["none.example.", "A"],
  ["long.example.", "A"],
  ["x.wild.example.", "A"],
  [".", "A"],
  ["host1.example.", "ANY"],
  ["host1.example.", "DS"],
];
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

function remembered(engine: Engine): string[] {
  const types = [TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.MX, TYPE.CNAME, TYPE.DNAME, TYPE.NS];
  const names = new Set(QUESTIONS.map(([name]) => name.toLowerCase()));
  return [...names].flatMap((name) =>
    types.map((type) => {
      const found = engine.cache.get({ name: Name.parse(name), type, class: 1 }, false);
      return `${name} ${typeToText(type)} ${JSON.stringify(found, (_, value: unknown) => (value instanceof Name ? value.toLowerCase().toString() : value instanceof Uint8Array ? hex(value) : value))}`;
    }),
  );
}

describe.each([
  ["one server", ROOT_ZONE],
  ["two servers, of which one is honest", TWO_SERVERS],
])(`with %s (SEED=${SEED})`, (_, rootZone) => {
  test.each(FORMS.map((form) => [JSON.stringify(form), form] as const))(
    "%s: answers, cache and messages are those of the plain way",
    async (_form, form) => {
      const [plainWorld, directWorld] = [makeWorld(rootZone), makeWorld(rootZone)];
      const plain = new PlainRig(plainWorld);
      const direct = new DirectRig(directWorld, { keeps: false });
      for (const rig of [
        { world: plainWorld, ask: plain },
        { world: directWorld, ask: direct },
      ]) {
        await rig.world.clock.run(rig.ask.ask(requestFor(["host0.example.", "A"], {})));
      }
      const [expected, answered]: [string[], string[]] = [[], []];
      for (const question of QUESTIONS) {
        const request = requestFor(question, form);
        const theirs = await plainWorld.clock.run(plain.ask(request));
        const ours = await directWorld.clock.run(direct.ask(request));
        await level(plainWorld, directWorld);
        expected.push(`${question.join(" ")} ${shown(theirs)}`);
        answered.push(`${question.join(" ")} ${shown(ours)}`);
      }
      expect(answered).toEqual(expected);
      if (rootZone === ROOT_ZONE) {
        expect(remembered(direct.engine)).toEqual(remembered(plain.engine));
        expect(directWorld.asked).toEqual(plainWorld.asked);
      }
      const isPlainForm =
        form.checkingDisabled !== true && form.edns?.dnssecOk !== true && form.recursionDesired !== false;
      if (isPlainForm) expect(direct.answersAsked).toBeGreaterThan(20);
      else expect(direct.answersAsked).toBe(0);
    },
    60_000,
  );
});

/** A question that takes longer on one side is not to age what is learnt later. */
async function level(...worlds: readonly World[]): Promise<void> {
  const now = Math.max(...worlds.map(({ clock }) => clock.now()));
  for (const { clock } of worlds) await clock.advance(now - clock.now());
}

/** Which server answers is chance where there are two, so what a failure tells of servers is left out. */
function shown(octets: Uint8Array): string {
  const message = decodeMessage(octets);
  return message.rcode === RCODE.SERVFAIL ? "SERVFAIL" : hex(octets);
}
