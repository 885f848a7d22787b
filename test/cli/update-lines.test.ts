/** What strata update is told, as nsupdate and knsupdate write it. */
import { describe, expect, test } from "vitest";
import { readUpdateLines, type UpdateWork } from "../../cli/update-lines.ts";
import { classToText, rdataType, type Rr, typeToText } from "../../dns/index.ts";
import { updateOf } from "../support/updates.ts";

const read = (text: string, ttlSeconds: number | null = null): UpdateWork[] =>
  readUpdateLines(
    text.split("\n").map((line, i) => ({ text: line, file: "changes", line: i + 1 })),
    ttlSeconds,
  );
const told = ({ owner, ttlSeconds, class: rrClass, type, rdata }: Rr): string =>
  [
    owner.toString(),
    ttlSeconds,
    classToText(rrClass),
    typeToText(type),
    rdata.length > 0 ? rdataType(type).format(rdata) : "-",
  ].join(" ");

describe("a line", () => {
  test.each([
    ["add www.vu.nl 30 A 192.0.2.1", "add www.vu.nl. 30 A 192.0.2.1"],
    ["update add www.vu.nl. 1h IN TXT \"a b\" 'c'", 'www.vu.nl. 3600 IN TXT "a b" "\'c\'"'],
    ["ADD www.vu.nl 30 in mx 10 Mail.vu.nl", "add www.vu.nl. 30 MX 10 Mail.vu.nl."],
    ["add www.vu.nl A 192.0.2.1", "add www.vu.nl. 60 A 192.0.2.1"],
    ["add www.vu.nl 5 TYPE731 \\# 2 abcd", "www.vu.nl. 5 IN TYPE731 \\# 2 abcd"],
    ["update delete www.vu.nl", "delete www.vu.nl."],
    ["del www.vu.nl 0 IN A", "delete www.vu.nl. A"],
    ["delete www.vu.nl A 192.0.2.1 ; gone", "delete www.vu.nl. A 192.0.2.1"],
  ])("%s", (text, expected) => {
    const [work] = read(text, 60);
    const lines = /^(add|delete)/.test(expected) ? updateOf(expected).updates.map(told) : [expected];
    expect(work!.updates.map(told)).toEqual(lines);
  });

  test.each([
    ["prereq yxdomain www.vu.nl", "yes www.vu.nl."],
    ["nxdomain www.vu.nl", "no www.vu.nl."],
    ["prereq nxrrset www.vu.nl IN A", "no www.vu.nl. A"],
    ["prereq yxrrset www.vu.nl A", "yes www.vu.nl. A"],
    ["prereq yxrrset www.vu.nl IN A 192.0.2.1", "yes www.vu.nl. A 192.0.2.1"],
  ])("%s", (text, expected) => {
    expect(read(text)[0]!.prerequisites.map(told)).toEqual(updateOf(expected).prerequisites.map(told));
  });

  test.each([
    ["add www.vu.nl A 192.0.2.1", "changes:1:15: a TTL is wanted"],
    ["add www.vu.nl 99999999999 A 192.0.2.1", "changes:1:15: 99999999999 is no TTL"],
    ["add www.vu.nl 5 AAA 192.0.2.1", "changes:1:17: AAA is no record type; did you mean AAAA?"],
    ["add www.vu.nl 5 A 192.0.2", "changes:1:19: "],
    ["add www.vu.nl 5 A 192.0.2.1 x", "changes:1:29: "],
    ["add www.vu.nl 5 CH A 192.0.2.1", "changes:1:17: only zones of the class IN"],
    ["add www..nl 5 A 192.0.2.1", "changes:1:9: a label cannot be empty"],
    ["delete", "changes:1:7: the name is wanted here"],
    ["prereq yxdomain a b", 'changes:1:19: "b" is one word too many'],
    ["prereq nxrrset a", "changes:1:17: a record type is wanted"],
    ["prereq is a", "changes:1:8: after prereq one of nxdomain"],
    ["update a", "changes:1:8: after update one of add"],
    ["remove a", 'changes:1:1: there is no command "remove"'],
    ["server localhost", "changes:1:8: "],
    ["key hmac-sha256:k c2VjcmV0", "changes:1:1: keys are given by --key FILE"],
    ['add a 5 TXT "x', "changes:1:13: a quoted string is not closed"],
  ])("%s is wrong", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

test("all that is wrong is told at once, and no secret with it", () => {
  const text = "add a A 192.0.2.1\nkey k c2VjcmV0\ndelet a";
  expect(() => read(text)).toThrow(/^changes:1:.*\nchanges:2:((?!c2VjcmV0).)*\nchanges:3:/);
});

test("an empty line and send end a message; server, zone and TTL hold from where they stand", () => {
  const works = read(`
    ; nothing yet

    server 127.0.0.1 5300
    add a.vu.nl 1 A 192.0.2.1

    zone vu.nl
    ttl 7
    debug
    add b.vu.nl A 192.0.2.1
    show
    ; this sends nothing
    add c.vu.nl A 192.0.2.1
    send
    server [::1]:53
    answer
    delete d.vu.nl
    quit
    add e.vu.nl A 192.0.2.1`);
  expect(
    works.map(({ server, zone, updates }) => [
      server?.port,
      zone?.toString(),
      ...updates.map(({ owner }) => `${owner.toString()}`),
    ]),
  ).toEqual([
    [5300, undefined, "a.vu.nl."],
    [5300, "vu.nl.", "b.vu.nl.", "c.vu.nl."],
    [53, "vu.nl.", "d.vu.nl."],
  ]);
  expect(works[1]!.updates.map(({ ttlSeconds }) => ttlSeconds)).toEqual([7, 7]);
});
