/** Which zones a server has and which zone a file is: lists, origins, and keeping to what serves. */
import { describe, expect, test } from "vitest";
import { readZoneList } from "../../cli/zone-list.ts";
import { guessOrigin } from "../../cli/zone-origin.ts";
import { MemoryFiles } from "../support/memory-files.ts";

describe("a zone list", () => {
  test("names a zone and its file a line, relative to itself; comments and empty lines say nothing", () => {
    const files = new MemoryFiles({ "etc/list": "# ours\nvu.nl\tvu.nl.zone\r\n\n.\t/zones/root\n" });
    const zones = readZoneList("etc/list", "global", files);
    expect(zones.map(({ name, file, layer }) => [name.toString(), file, layer])).toEqual([
      ["vu.nl.", "etc/vu.nl.zone", "global"],
      [".", "/zones/root", "global"],
    ]);
  });

  test("tells every line that is wrong, with its place", () => {
    const files = new MemoryFiles({ list: "vu.nl vu.nl.zone\na..b\tx\nnl\t\n" });
    expect(() => readZoneList("list", null, files)).toThrow(/^list:1:1: .*\nlist:2:3: .*\nlist:3:1: /);
  });
});

describe("a file's zone, where nobody says it", () => {
  test.each([
    ["the SOA's owner", "x", "vu.nl. 300 IN SOA a b 1 2 3 4 5\n", "vu.nl."],
    ["the origin above the SOA", "x", "; a comment with SOA\n$ORIGIN vu.nl.\n$TTL 1h\n@ IN SOA a b (\n", "vu.nl."],
    ["the origin below which the owner stands", "x", "$ORIGIN nl.\nvu SOA a b 1 2 3 4 5\n", "vu.nl."],
    ["the origin, for an SOA without owner", "x", "$ORIGIN vu.nl.\n\t SOA a b 1 2 3 4 5\n", "vu.nl."],
    ["the root", "root.zone", ". SOA a b 1 2 3 4 5\n", "."],
    ["the file's name", "zones/vu.nl.zone", "@ SOA a b 1 2 3 4 5\n", "vu.nl."],
    ["the file's name without an ending", "cs.vu.nl", "$TTL 1\n@ SOA a b 1 2 3 4 5\n", "cs.vu.nl."],
  ])("%s", (_situation, file, text, origin) => {
    expect(guessOrigin(file, text).toString()).toBe(origin);
  });

  test("is asked for when neither says it", () => {
    expect(() => guessOrigin("a..b", "")).toThrow("--origin NAME");
  });
});
