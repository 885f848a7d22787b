/** Whatever is written as a source, as options, as a map or as a file name: what is right comes back the same, what is wrong is told by the right error. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { labelFromText, labelText, linkText, typeOfFile } from "../../mount/dns-tree/tree-name.ts";
import { TreeKeys } from "../../mount/dns-tree/tree-node.ts";
import { MapError } from "../../mount/automount/map-syntax.ts";
import { MapFile } from "../../mount/automount/map-file.ts";
import {
  FILE_KEY_OCTETS_MAX,
  fileKeyOf,
  fileNameLength,
  formatMountOptions,
  formatSource,
  MOUNT_OPTIONS_DEFAULT,
  MountOptionError,
  nameFault,
  parseMountOptions,
  parseSource,
  SourceError,
} from "../../mount/index.ts";

const SEED = { seed: 6, numRuns: 2000 };
const around = (words: readonly string[]) =>
  fc
    .array(
      fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6, unit: "binary" }), fc.string({ maxLength: 3 })),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(""));
const label = fc.uint8Array({ minLength: 1, maxLength: 63 });

/** Runs it; gives null when it throws that error. Any other is a fault of ours. */
function unless<T>(kind: new (...given: never[]) => Error, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof kind) return null;
    throw error;
  }
}

describe("text that comes from anywhere", () => {
  const SOURCE = [
    "nfs://",
    "dns://",
    "ns:",
    "file://",
    "auto:",
    "direct:",
    "/",
    "//",
    "[::1]",
    ":",
    "@",
    "?",
    "nfsport=",
    "&",
    "%2F",
    "%",
    "..",
    "a.b",
    "2049",
  ];
  test("as a source", () => {
    fc.assert(
      fc.property(around(SOURCE), (text) => {
        const source = unless(SourceError, () => parseSource(text));
        if (source !== null) expect(parseSource(formatSource(source))).toEqual(source);
      }),
      SEED,
    );
  });

  test("as mount options", () => {
    fc.assert(
      fc.property(around(["rw", ",", "=", "timeo", "noac", "actimeo", "7", "after", "create", "-1", "1e9"]), (text) => {
        const options = unless(MountOptionError, () => parseMountOptions(text));
        if (options !== null) expect(parseMountOptions(formatMountOptions(options))).toEqual(options);
      }),
      SEED,
    );
  });

  const MAP = [
    "a ",
    "* ",
    "&",
    "-rw ",
    "files:/x",
    ":/y",
    "\n",
    "\\\n",
    "\\",
    '"',
    "#",
    "+",
    "/sub ",
    "nfs://h/x",
    "$",
    "${A}",
    "[::1]:/z",
    "one,two(3):/r",
    "\r\n",
    "\t",
  ];
  test("as an automount map, asked for any key", () => {
    fc.assert(
      fc.property(
        around(MAP),
        fc.oneof(fc.constantFrom("a", "&", "..", "a:b"), fc.string({ maxLength: 5 })),
        (text, key) => {
          const map = MapFile.parse(text, { path: "/m", kind: "indirect", read: () => "+m\nb files:/b" });
          for (const one of [key, ...map.keys]) unless(MapError, () => map.find(one, MOUNT_OPTIONS_DEFAULT));
          for (const fault of map.faults) expect(fault.message).toMatch(/^\/[^]*:[0-9]+:[0-9]+: /);
        },
      ),
      SEED,
    );
  });

  test("as a key of a tree, or as a file name in it", () => {
    const keys = new TreeKeys(Name.parse("vu.nl"));
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: FILE_KEY_OCTETS_MAX }), (text) => {
        const octets = Buffer.from(text, "utf8").toString("latin1").slice(0, FILE_KEY_OCTETS_MAX);
        const node = keys.nodeOf(fileKeyOf(octets));
        if (node !== null && "name" in node) expect(node.name.isAtOrBelow(Name.parse("vu.nl"))).toBe(true);
        labelFromText(text);
      }),
      SEED,
    );
  });
});

test("every label has a file name that is one, is no type's, and comes back", () => {
  fc.assert(
    fc.property(label, (octets) => {
      const text = labelText(octets);
      expect(nameFault(text)).toBeNull();
      expect([".", ".."]).not.toContain(text);
      expect(fileNameLength(text)).toBeLessThanOrEqual(252);
      expect(typeOfFile(text)).toBeNull();
      const name = (one: Uint8Array): Name => Name.fromLabels([one]);
      expect(name(labelFromText(text)!).equals(name(octets))).toBe(true);
    }),
    SEED,
  );
});

test("every name below the root has a key that names it again, and a link that leads there", () => {
  const root = Name.parse("vu.nl");
  const below = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 });
  const named = (labels: readonly Uint8Array[]): Name => Name.fromLabels([...labels, ...root.labels]).toLowerCase();
  fc.assert(
    fc.property(below, below, fc.integer({ min: 0, max: 0xffff }), (one, other, type) => {
      const keys = new TreeKeys(root);
      const node = { name: named(one), type: type === 0 ? null : type };
      const key = keys.keyOf(node);
      expect(key.length).toBeLessThanOrEqual(64);
      expect(keys.nodeOf(key)).toEqual(node);
      let at = named(one);
      for (const step of linkText(at, named(other), root).split("/")) {
        if (step !== ".") at = step === ".." ? at.parent()! : at.child(labelFromText(step)!);
      }
      expect(at.equals(named(other))).toBe(true);
    }),
    SEED,
  );
});
