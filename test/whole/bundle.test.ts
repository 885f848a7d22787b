/** One file of a program: it does what its modules did, in their order, and a source that cannot be bundled is told. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../support/repository-copy.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-bundle-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let programs = 0;

/** What the program of these modules says before it is bundled, and after, when all but its main module is gone. */
function said(modules: Readonly<Record<string, string>>): readonly [before: string, after: string] {
  const root = join(folder, `${programs++}`);
  for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }', ...modules })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const run = (...words: string[]): string =>
    execFileSync(process.execPath, words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const before = run("main/main.js");
  run(join(ROOT, "scripts", "bundle.mjs"), root, "main/main.js");
  for (const path of Object.keys(modules)) if (path !== "main/main.js") rmSync(join(root, path));
  return [before, run("main/main.js")];
}

const hello = `export const word = "hello"; console.log("a");\n`;

describe("the bundle says what its modules said", () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    [
      "names through an index, under other names, of modules that have the same names inside",
      {
        "a/index.js": `export { word, shout as cry } from "./a.js";\nexport { unused } from "./b.js";\n`,
        "a/a.js": `const inner = "A";\nexport const word = inner;\nexport function shout() { return inner + "!"; }\n`,
        "a/b.js": `export const unused = 1;\n`,
        "main/main.js": `import { cry, word as inner } from "../a/index.js";\nconsole.log(cry(), inner);\n`,
      },
    ],
    [
      "the order in which modules run, each once",
      {
        "a.js": hello,
        "b.js": `import { word } from "./a.js";\nconsole.log("b", word);\nexport class B {}\n`,
        "main/main.js": `import { B } from "../b.js";\nimport "../a.js";\nconsole.log("main", B.name);\n`,
      },
    ],
    [
      "all of a module; what Node has; its own place; letters beyond ASCII",
      {
        "main/a.js": `import path, { basename as last } from "node:path";
import * as all from "./deep/b.js";
// A comment → not kept.
export const told = [last(import.meta.url), path.posix.sep, all.one, Object.keys(all).join(), "…€😀", /[…]/u.test("…")];
export { one } from "./deep/b.js";\n`,
        "main/deep/b.js": `export const one = import.meta.url.endsWith("main/deep/b.js"), two = 2;\n`,
        "main/main.js": `import { one, told } from "./a.js";\nconsole.log(...told, one);\n`,
      },
    ],
    [
      "what is imported later, which shares what was imported before, and its packages",
      {
        "a.js": hello,
        "b.js": `import { word } from "./a.js";\nimport one, { two } from "some";\nconsole.log("late");\nexport const b = [word, one, two];\n`,
        "main/main.js": `import { word } from "../a.js";\nconsole.log("main", word);\nconsole.log((await import("../b.js")).b);\n`,
        "kept.js": "",
      },
    ],
  ])("%s", (_, modules) => {
    mkdirSync(join(folder, "node_modules", "some"), { recursive: true });
    writeFileSync(join(folder, "node_modules", "some", "index.mjs"), "export default 1; export const two = 2;\n");
    writeFileSync(join(folder, "node_modules", "some", "package.json"), '{ "main": "index.mjs" }');
    const [before, after] = said(modules);
    expect(after).toBe(before);
  });
});

describe("what cannot be bundled is told", () => {
  test.each<[string, string, RegExp]>([
    ["export *", `export * from "../b.js";`, /a\.js: export \* cannot be bundled/],
    ["a default", `export default 1;`, /a\.js: export default cannot be bundled/],
    ["a default function", `export default function f() {}`, /a\.js: export default cannot be bundled/],
    ["what may change", `export let a = 1;`, /a\.js: an export that may change cannot be bundled/],
    [
      "a ring",
      `import { b } from "../b.js"; export const a = () => b;`,
      /a ring of imports: .*a\.js → b\.js → main\/a\.js/,
    ],
  ])("%s", (_, text, told) => {
    const modules = {
      "b.js": `import * as a from "./main/a.js"; export const b = () => a;\n`,
      "main/a.js": text,
      "main/main.js": `import * as a from "./a.js";\nconsole.log(typeof a);\n`,
    };
    expect(() => said(modules)).toThrow(told);
  });
});
