/** Reloading: what changed is read again, what is wrong leaves the old version serving, and both are said. */
import { expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { UsageError } from "../../cli/failure.ts";
import { ZoneKeeper } from "../../cli/zone-keeper.ts";
import { MemoryFiles } from "../support/memory-files.ts";

const text = (serial: number, more = ""): string =>
  `@ 300 SOA ns h ${serial} 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.1\n${more}`;
const zone = (name: string, file: string) => ({ name: Name.parse(name), file, layer: null });

function keeper(content: Record<string, string>, ...zones: ReturnType<typeof zone>[]) {
  const files = new MemoryFiles(content);
  const notes: string[] = [];
  const published: string[] = [];
  const store = {
    replace: (apex: Name) => ({
      add: () => "added",
      commit: () => void published.push(apex.toString()),
      abort: () => undefined,
    }),
  };
  return { files, notes, published, keeper: new ZoneKeeper(zones, { store, files, note: (note) => notes.push(note) }) };
}

test("only zones whose file has changed are read again", () => {
  const parts = keeper({ "/a": text(1), "/b": text(1) }, zone("a.", "/a"), zone("b.", "/b"));
  parts.keeper.load();
  parts.keeper.reload();
  expect(parts.notes).toEqual(["reload: no zone file has changed"]);
  parts.files.write("/b", text(2));
  parts.keeper.reload();
  expect(parts.published).toEqual(["a.", "b.", "b."]);
  expect(parts.notes[1]).toBe("reload: b. has 3 records, serial 2");
});

test("a change in an included file counts", () => {
  const parts = keeper({ "/z/a": text(1, "$INCLUDE more\n"), "/z/more": "x 300 A 192.0.2.2\n" }, zone("a.", "/z/a"));
  parts.keeper.load();
  expect(parts.keeper.records(Name.parse("a."))).toBe(4);
  parts.files.write("/z/more", "x 300 A 192.0.2.2\ny 300 A 192.0.2.3\n");
  parts.keeper.reload();
  expect(parts.keeper.records(Name.parse("a."))).toBe(5);
});

test("a broken file leaves the old version serving and says why; once mended it is taken", () => {
  const parts = keeper({ "/a": text(1) }, zone("a.", "/a"));
  parts.keeper.load();
  parts.files.write("/a", text(2, "x 300 A 192.0.2.999\n"));
  parts.keeper.reload();
  expect(parts.notes[0]).toMatch(/^\/a:4:9: error: /);
  expect(parts.notes[0]).toContain("reload: a. goes on with serial 1");
  expect(parts.keeper.records(Name.parse("a."))).toBe(3);
  parts.files.write("/a", text(3));
  parts.keeper.reload();
  expect(parts.notes[1]).toBe("reload: a. has 3 records, serial 3");
});

test("a file that is gone leaves the old version serving", () => {
  const parts = keeper({ "/a": text(1) }, zone("a.", "/a"));
  parts.keeper.load();
  parts.files.remove("/a");
  parts.keeper.reload();
  expect(parts.notes[0]).toContain("there is no such file");
  expect(parts.notes[0]).toContain("goes on with serial 1");
});

test("at the start one wrong zone does not take the others down, but is told", () => {
  const parts = keeper({ "/a": text(1), "/b": "nonsense\n" }, zone("a.", "/a"), zone("b.", "/b"));
  parts.keeper.load();
  expect(parts.published).toEqual(["a."]);
  expect(parts.notes[0]).toContain("not served until mended: b.");
});

test("when no zone can be served, that ends the start", () => {
  const parts = keeper({ "/b": "nonsense\n" }, zone("b.", "/b"));
  expect(() => parts.keeper.load()).toThrow(UsageError);
});

test("of very many problems in a file the first are shown and the rest is counted", () => {
  const parts = keeper({ "/b": "x 300 A nonsense\n".repeat(100) }, zone("b.", "/b"));
  expect(() => parts.keeper.load()).toThrow(/and \d+ more in the same file/);
});
