/** Who may import whom (DESIGN §3). Each rule is first shown a small wrong sample, so that we know it can fail. */
import { describe, expect, test } from "vitest";
import { parseSource, readSources, type Source } from "./sources.ts";
import {
  cycleComplaints,
  doorComplaints,
  floorComplaints,
  hiddenExportComplaints,
  indexComplaints,
  missingFileComplaints,
  orphanComplaints,
  packageComplaints,
} from "./structure.ts";

const tree = readSources();

interface Rule {
  readonly name: string;
  readonly check: (sources: readonly Source[]) => string[];
  readonly wrong: readonly (readonly [path: string, text: string])[];
  readonly right: readonly (readonly [path: string, text: string])[];
}

const rules: readonly Rule[] = [
  {
    name: "floors: only a lower floor or the own folder, types included",
    check: floorComplaints,
    wrong: [
      ["dns/a.ts", `import type { Ask } from "../net/index.ts";`],
      ["resolver/a.ts", `import { respond } from "../nameserver/index.ts";`],
      ["net/a.ts", `const zones = await import("../zones/index.ts");`],
      ["base/a.ts", `export { Resolver } from "../index.ts";`],
      ["zones/a.ts", `type A = import("../cli/index.ts").A;`],
    ],
    right: [
      ["zones/a.ts", `import { Name } from "../dns/index.ts";`],
      ["zones/master/a.ts", `import { check } from "../check.ts";`],
      ["test/net/a.ts", `import { up } from "../../cli/up.ts";`],
    ],
  },
  {
    name: "doors: another folder is entered through its index",
    check: doorComplaints,
    wrong: [
      ["zones/a.ts", `import { Name } from "../dns/name.ts";`],
      ["bench/a.ts", `import { Name } from "../dns/name.ts";`],
      ["test/zones/a.test.ts", `import { Name } from "../../dns/name.ts";`],
    ],
    right: [
      ["zones/a.ts", `import { Name } from "../dns/index.ts"; import { b } from "./master/b.ts";`],
      ["test/dns/a.test.ts", `import { Name } from "../../dns/name.ts";`],
    ],
  },
  {
    name: "an index lists its names one by one and does nothing else",
    check: indexComplaints,
    wrong: [
      ["dns/index.ts", `export * from "./name.ts";`],
      ["net/index.ts", `export const port = 53;`],
      ["index.ts", `import "./dns/index.ts";`],
    ],
    right: [["dns/index.ts", `export { Name, type Rr } from "./name.ts";`]],
  },
  {
    name: "no export hides its names",
    check: hiddenExportComplaints,
    wrong: [["zones/a.ts", `export * from "./b.ts";`]],
    right: [["zones/a.ts", `export { b } from "./b.ts";`]],
  },
  {
    name: "no ring of imports",
    check: cycleComplaints,
    wrong: [
      ["dns/a.ts", `import "./b.ts";`],
      ["dns/b.ts", `import { type A, c } from "./c.ts";`],
      ["dns/c.ts", `import "./a.ts";`],
    ],
    right: [
      ["dns/a.ts", `import "./b.ts"; import "./c.ts";`],
      ["dns/b.ts", `import "./c.ts";`],
      ["dns/c.ts", `import type { A } from "./a.ts"; import { type B } from "./b.ts";`],
    ],
  },
  {
    name: "no file that nothing imports",
    check: orphanComplaints,
    wrong: [
      ["cli/main.ts", `import "./run.ts";`],
      ["cli/run.ts", ``],
      ["cli/lost.ts", ``],
      ["test/cli/lost.test.ts", `import "../../cli/lost.ts";`],
    ],
    right: [
      ["cli/main.ts", `const run = await import("./run.ts");`],
      ["cli/run.ts", ``],
      ["test/cli/run.test.ts", ``],
    ],
  },
  {
    name: "packages stand where DESIGN §7 puts them",
    check: packageComplaints,
    wrong: [
      ["dns/a.ts", `import packet from "dns-packet";`],
      ["zones/a.ts", `import yaml from "yaml";`],
    ],
    right: [
      ["cli/a.ts", `import yaml from "yaml"; import { pid } from "node:process";`],
      ["test/dns/a.ts", `import packet from "dns-packet";`],
    ],
  },
  {
    name: "imports name files that are there",
    check: missingFileComplaints,
    wrong: [["dns/a.ts", `import "./gone.ts";`]],
    right: [
      ["dns/a.ts", `import "./b.ts";`],
      ["dns/b.ts", ``],
    ],
  },
];

describe.each(rules)("$name", ({ check, wrong, right }) => {
  test("the tree keeps it", () => expect(check(tree)).toEqual([]));
  test("the rule sees what is wrong and leaves what is right", () => {
    const separately = check === cycleComplaints || check === orphanComplaints;
    const samples = wrong.map(([path, text]) => parseSource(path, text));
    if (separately) expect(check(samples)).not.toEqual([]);
    else for (const sample of samples) expect(check([sample]), sample.path).not.toEqual([]);
    expect(check(right.map(([path, text]) => parseSource(path, text)))).toEqual([]);
  });
});
