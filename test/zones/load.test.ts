import { describe, expect, test } from "vitest";
import { FileError, type Files } from "../../base/index.ts";
import { Name } from "../../dns/index.ts";
import { formatProblem, loadZone, loadZones } from "../../zones/index.ts";

const SOA = "@ 60 SOA ns admin 1 2h 15m 2w 5m\n@ 60 NS ns\n";

/** A store that only notes what happened to it. */
function parts(texts: Record<string, string>) {
  const events: string[] = [];
  const files = {
    read(path: string): Uint8Array {
      const text = texts[path];
      if (text === undefined) throw new FileError("read", path, Object.assign(new Error("none"), { code: "ENOENT" }));
      return new TextEncoder().encode(text);
    },
  } as Files;
  const store = {
    replace: () => {
      const known = new Set<string>();
      return {
        add(owner: Uint8Array, _o: number, type: number, _t: number, rdata: Uint8Array, at: number, length: number) {
          const name = Name.fromWire(owner).toString();
          if (name !== "vu.nl." && !name.endsWith(".vu.nl.")) return "outside-zone";
          const key = `${Name.fromWire(owner).key} ${type} ${rdata.slice(at, at + length).join()}`;
          if (known.has(key)) return "duplicate";
          known.add(key);
          return "added";
        },
        commit: () => void events.push("commit"),
        abort: () => void events.push("abort"),
      };
    },
  };
  return { parts: { store, files }, events };
}

const zone = (file: string) => ({ apex: Name.parse("vu.nl."), file });

describe("loading a zone", () => {
  test("a good file is committed", () => {
    const { parts: given, events } = parts({ "/z/a": SOA });
    expect(loadZone(given, zone("/z/a"))).toMatchObject({ kind: "loaded", records: 2, serial: 1, problems: [] });
    expect(events).toEqual(["commit"]);
  });

  test.each([
    ["a syntax error", `${SOA}www 60 A 192.0.2\n`, "/z/a:3:10: error:"],
    ["no SOA", "@ 60 NS ns\n", "has no SOA"],
    ["two SOAs", `${SOA}@ 60 SOA ns admin 2 2h 15m 2w 5m\n`, "a second SOA"],
    ["an SOA elsewhere", `${SOA}cs 60 SOA ns admin 2 2h 15m 2w 5m\n`, "not at the apex"],
    [
      "an owner of another zone",
      `${SOA}www.yale.edu. 60 A 192.0.2.1\n`,
      "/z/a:3:1: error: this owner is not in the zone",
    ],
    ["an owner that only looks like one of the zone", `${SOA}xvu.nl. 60 A 192.0.2.1\n`, "is not in the zone"],
  ])("%s: the old version goes on serving", (_, text, message) => {
    const { parts: given, events } = parts({ "/z/a": text });
    const outcome = loadZone(given, zone("/z/a"));
    expect(outcome.kind).toBe("refused");
    expect(outcome.problems.map(formatProblem).join("\n")).toContain(message);
    expect(events).toEqual(["abort"]);
  });

  test("a record twice is a warning, and so is the SOA at the end of a transfer's text", () => {
    const { parts: given } = parts({ "/z/a": `${SOA}@ 60 NS ns\n@ 60 SOA ns admin 1 2h 15m 2w 5m\n` });
    const outcome = loadZone(given, zone("/z/a"));
    expect(outcome).toMatchObject({ kind: "loaded", records: 2, duplicates: 2 });
    expect(outcome.problems.map(({ severity, line }) => [severity, line])).toEqual([
      ["warning", 3],
      ["warning", 4],
    ]);
  });

  test("a file that is not there is a problem, and keeps no other zone back", () => {
    const { parts: given } = parts({ "/z/a": SOA });
    const outcomes = [...loadZones(given, [zone("/z/gone"), zone("/z/a")])];
    expect(outcomes.map(({ kind }) => kind)).toEqual(["refused", "loaded"]);
    expect(outcomes[0]!.problems[0]!.message).toContain("there is no such file");
  });
});

test("$INCLUDE stays in the zone file's folder", () => {
  const texts = { "/z/sub/b": "www 60 A 192.0.2.1\n$INCLUDE c\n", "/z/sub/c": "ftp 60 A 192.0.2.2\n" };
  const { parts: given } = parts({ "/z/a": `${SOA}$INCLUDE sub/b\n`, ...texts });
  expect(loadZone(given, zone("/z/a"))).toMatchObject({ kind: "loaded", records: 4 });
  for (const file of ["../etc/passwd", "/etc/passwd", "sub/../../x", "."]) {
    const { parts: other } = parts({ "/z/a": `${SOA}$INCLUDE ${file}\n`, "/etc/passwd": "" });
    expect(loadZone(other, zone("/z/a")).problems[0]!.message).toContain("outside the zone file's folder");
  }
});
