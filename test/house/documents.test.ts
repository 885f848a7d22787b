/** Documents are true: links lead somewhere, examples have right types, commands exist, the RFC table names real files. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../cli/index.ts";
import { LAYER_NAMES, LAYERS, type LayerPromise } from "../../zones/index.ts";
import manifest from "../../package.json" with { type: "json" };
import {
  fences,
  linkComplaints,
  readDocuments,
  rfcComplaints,
  shellComplaints,
  shellLines,
  typeComplaints,
} from "./documents.ts";
import { ROOT } from "./sources.ts";

const documents = readDocuments();
const scripts = Object.keys(manifest.scripts);
const commands = COMMANDS.map(({ words }) => words.join(" "));
const sample = (text: string): { path: string; text: string }[] => [{ path: "SAMPLE.md", text }];

describe("links", () => {
  test("lead somewhere", () => expect(linkComplaints(documents)).toEqual([]));
  test.each(["[a](docs/gone.md)", "[a](README.md#no-such-heading)", "[a](#gone)"])("%s is seen", (text) => {
    expect(linkComplaints(sample(text))).toHaveLength(1);
  });
  test.each(["[a](README.md#five-things-to-try)", "[a](https://example.com/)", "`[a](gone.md)`", "# One\n[a](#one)"])(
    "%s is free",
    (text) => expect(linkComplaints(sample(text))).toEqual([]),
  );
});

describe("ts fences", () => {
  test("have right types", () => expect(typeComplaints(documents)).toEqual([]));
  test("a wrong one is seen", () => {
    expect(typeComplaints(sample('```ts\nconst port: number = "53";\n```'))).toHaveLength(1);
    expect(typeComplaints(sample('```ts\nimport { NoSuchThing } from "strata";\n```'))).toHaveLength(1);
    expect(typeComplaints(sample("```ts\nconst port: number = 53;\n```"))).toEqual([]);
  });
});

describe("sh fences", () => {
  test("call what is there", () => expect(shellComplaints(documents, scripts, commands)).toEqual([]));
  test.each(["npm run no-such-script", "bin/strata no-such-command", "rm -r x"])("%s is seen", (line) => {
    expect(shellComplaints(sample(`\`\`\`sh\n${line}\n\`\`\``), scripts, commands)).toHaveLength(1);
  });
  test("comments and continued lines", () => {
    expect(shellLines("npm test # all\n\n# why\nbin/strata resolve \\\n  a.example")).toEqual([
      "npm test",
      "bin/strata resolve    a.example",
    ]);
  });
  test("fences are found with their language and line", () => {
    expect(fences("a\n```sh\nb\n```\n```\nc\n```")).toEqual([
      { language: "sh", line: 2, text: "b" },
      { language: "", line: 5, text: "c" },
    ]);
  });
});

describe("docs/rfc.md", () => {
  const text = readFileSync(resolve(ROOT, "docs/rfc.md"), "utf8");
  test("names files and tests that are there", () => expect(rfcComplaints(text)).toEqual([]));
  test("a wrong row is seen", () => {
    expect(rfcComplaints("| RFC 1 §1 | `dns/gone.ts` | `test/house/sources.ts` |")).toHaveLength(1);
    expect(rfcComplaints("| RFC 1 §1 | `dns/name.ts` | |")).toHaveLength(1);
    expect(rfcComplaints("| RFC 1 §1 | `dns/name.ts` | `test/house/sources.ts` |")).toEqual([]);
  });
});

describe("the README's table of layers", () => {
  const row = (title: string, cell: (promise: LayerPromise) => string): string =>
    `| ${[title, ...LAYER_NAMES.map((name) => cell(LAYERS[name]))].join(" | ")} |`;
  test.each([
    row("stands for", ({ standsFor }) => standsFor),
    row("nodes", ({ nodes }) => nodes),
    row("responsiveness to lookups", ({ responsiveness }) => responsiveness),
    row("update propagation", ({ propagation }) => propagation),
    row("replicas", ({ replicas }) => replicas),
    row(
      "client-side caching",
      ({ clientCaching, ttlSecondsDefault }) => `${clientCaching}, default TTL ${ttlSecondsDefault}`,
    ),
  ])("says what zones/layer.ts says: %s", (line) => {
    expect(documents.find(({ path }) => path === "README.md")!.text.split("\n")).toContain(line);
  });
});
